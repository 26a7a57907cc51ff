"""Choosing k cells at once, and the double-DQN loss that matches that choice.

The value of a set is the sum of its cells' values, so the best legal set of k cells are the k legal cells with the
highest values, and the target of a transition is the reward plus the target network's sum over the set that the
online network would choose next (van Hasselt et al. 2016, with the maximum over sets in place of the maximum over
actions). Where fewer than k cells are legal, the set is smaller.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from fuelbreak.dqn.replay import Batch
from fuelbreak.observation import legal_cells

__all__ = ["double_dqn_loss", "epsilon_greedy", "exploration_rate", "greedy_actions", "select_cells"]


def select_cells(
    values: npt.NDArray[np.float32], legal: npt.NDArray[np.bool_], k: int
) -> npt.NDArray[np.int64]:
    """The k legal cells of highest value, all legal ones where there are fewer.

    Args:
        values: float32 (H*W,).
        legal: bool (H*W,).
        k: Cells wanted.

    Returns:
        int64 (min(k, legal cells),), in no particular order.
    """
    candidates = np.flatnonzero(legal)
    if candidates.size <= k:
        return candidates
    best = np.argpartition(-values[candidates], k - 1)[:k]
    return candidates[best]


def greedy_actions(
    network: nn.Module, observations: npt.NDArray[np.float32], k: int, device: torch.device | str
) -> npt.NDArray[np.int8]:
    """The best k legal cells of each observation, in one pass through the network.

    Args:
        network: Maps float32 (N, C, H, W) to values (N, H*W).
        observations: float32 (N, C, H, W).
        k: Cells wanted in each.
        device: Where the network lives.

    Returns:
        int8 (N, H*W), 1 at the chosen cells.
    """
    legal = legal_cells(observations)
    with torch.inference_mode():
        values = network(torch.as_tensor(observations, device=device)).float().cpu().numpy()
    actions = np.zeros(legal.shape, dtype=np.int8)
    for row, (value, mask) in enumerate(zip(values, legal, strict=True)):
        actions[row, select_cells(value, mask, k)] = 1
    return actions


def epsilon_greedy(
    network: nn.Module,
    observations: npt.NDArray[np.float32],
    k: int,
    epsilon: float,
    rng: np.random.Generator,
    device: torch.device | str,
) -> npt.NDArray[np.int8]:
    """`greedy_actions`, but with probability `epsilon` an environment gets k legal cells drawn uniformly."""
    explores = rng.random(len(observations)) < epsilon
    legal = legal_cells(observations)
    actions = np.zeros(legal.shape, dtype=np.int8)
    if not explores.all():
        actions[~explores] = greedy_actions(network, observations[~explores], k, device)
    for row in np.flatnonzero(explores):
        candidates = np.flatnonzero(legal[row])
        actions[row, rng.choice(candidates, size=min(k, candidates.size), replace=False)] = 1
    return actions


def exploration_rate(step: int, total_steps: int, start: float, end: float, fraction: float) -> float:
    """Epsilon after `step` of `total_steps`: linear from `start` to `end` over the first `fraction`, then constant."""
    progress = min(1.0, step / max(1.0, fraction * total_steps))
    return start + (end - start) * progress


def double_dqn_loss(online: nn.Module, target: nn.Module, batch: Batch, k: int, gamma: float) -> Tensor:
    """Huber loss between Q(s, A) and the double-DQN target of the module's description.

    Args:
        online: The network that learns.
        target: Its slow copy.
        batch: Valid transitions only.
        k: Cells that a step places.
        gamma: Discount.

    Returns:
        Scalar loss with a gradient to `online`.
    """
    chosen = (online(batch.obs) * batch.action).sum(dim=1)
    with torch.no_grad():
        preferred = online(batch.next_obs).masked_fill(~batch.next_mask, -torch.inf)
        best = preferred.topk(min(k, preferred.shape[1]), dim=1)
        values = target(batch.next_obs).gather(1, best.indices)
        future = values.masked_fill(best.values.isneginf(), 0.0).sum(dim=1)
        wanted = batch.reward + gamma * (1.0 - batch.terminated) * future
    return functional.smooth_l1_loss(chosen, wanted)
