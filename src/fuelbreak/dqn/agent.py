"""Choosing k cells at once, and the double-DQN loss that matches that choice.

The value of a set is the sum of its cells' values, so the best legal set of k cells are the k legal cells with the
highest values, and the target of a transition is the reward plus the target network's sum over the set that the
online network would choose next (van Hasselt et al. 2016, with the maximum over sets in place of the maximum over
actions). Where fewer than k cells are legal, or the budget pays for fewer, the set is smaller.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from fuelbreak.dqn.replay import Batch
from fuelbreak.observation import LayoutName, break_mask, legal_cells

__all__ = [
    "double_dqn_loss",
    "double_dqn_targets",
    "epsilon_greedy",
    "exploration_rate",
    "greedy_actions",
    "select_cells",
    "set_values",
]

ValueFunction = Callable[[Tensor], Tensor]
"""From float32 (N, C, H, W) to values (N, H*W)."""

PerObservation = int | npt.NDArray[np.int64]
"""One number for all observations, or int64 (N,), one for each."""


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
    network: ValueFunction,
    observations: npt.NDArray[np.float32],
    k: PerObservation,
    device: torch.device | str,
    *,
    layout: LayoutName = "legacy",
    budget: PerObservation | None = None,
) -> npt.NDArray[np.int8]:
    """The best k legal cells of each observation, in one pass through the network.

    Args:
        network: Maps float32 (N, C, H, W) to values (N, H*W).
        observations: float32 (N, C, H, W).
        k: Cells wanted in each, or int64 (N,).
        device: Where the network lives.
        layout: Of the observations.
        budget: Breaks that may stand in the end, or int64 (N,); None = as many as one likes.

    Returns:
        int8 (N, H*W), 1 at the chosen cells.
    """
    return _best(network, observations, _cells_to_place(observations, k, layout, budget), device, layout)


def _best(
    network: ValueFunction,
    observations: npt.NDArray[np.float32],
    counts: npt.NDArray[np.int64],
    device: torch.device | str,
    layout: LayoutName,
) -> npt.NDArray[np.int8]:
    """As many of the best legal cells of each observation as `counts` says."""
    legal = legal_cells(observations, layout)
    with torch.inference_mode():
        values = network(torch.as_tensor(observations, device=device)).float().cpu().numpy()
    actions = np.zeros(legal.shape, dtype=np.int8)
    for row, (value, mask, count) in enumerate(zip(values, legal, counts, strict=True)):
        actions[row, select_cells(value, mask, count)] = 1
    return actions


def epsilon_greedy(
    network: ValueFunction,
    observations: npt.NDArray[np.float32],
    k: PerObservation,
    epsilon: float,
    rng: np.random.Generator,
    device: torch.device | str,
    *,
    layout: LayoutName = "legacy",
    budget: PerObservation | None = None,
) -> npt.NDArray[np.int8]:
    """`greedy_actions`, but with probability `epsilon` an environment gets k legal cells drawn uniformly."""
    explores = rng.random(len(observations)) < epsilon
    legal = legal_cells(observations, layout)
    counts = _cells_to_place(observations, k, layout, budget)
    actions = np.zeros(legal.shape, dtype=np.int8)
    if not explores.all():
        actions[~explores] = _best(network, observations[~explores], counts[~explores], device, layout)
    for row in np.flatnonzero(explores):
        candidates = np.flatnonzero(legal[row])
        actions[row, rng.choice(candidates, size=min(counts[row], candidates.size), replace=False)] = 1
    return actions


def _cells_to_place(
    observations: npt.NDArray[np.float32],
    k: PerObservation,
    layout: LayoutName,
    budget: PerObservation | None,
) -> npt.NDArray[np.int64]:
    """k, or what the budget has left where that is less, for each observation: int64 (N,)."""
    if budget is None:
        return np.broadcast_to(np.asarray(k), len(observations))
    standing = np.count_nonzero(break_mask(observations, layout), axis=1)
    counts: npt.NDArray[np.int64] = np.minimum(k, np.maximum(0, budget - standing))
    return counts


def exploration_rate(step: int, total_steps: int, start: float, end: float, fraction: float) -> float:
    """Epsilon after `step` of `total_steps`: linear from `start` to `end` over the first `fraction`, then constant."""
    progress = min(1.0, step / max(1.0, fraction * total_steps))
    return start + (end - start) * progress


def double_dqn_loss(
    online: ValueFunction, target: ValueFunction, batch: Batch, k: int, gamma: float
) -> Tensor:
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
    wanted = double_dqn_targets(online, target, batch, k, gamma)
    return functional.smooth_l1_loss(set_values(online(batch.obs), batch.action), wanted)


def set_values(values: Tensor, action: Tensor) -> Tensor:
    """Q(s, A), the sum of the values (N, H*W) of the chosen cells, 1 in float32 (N, H*W): float (N,)."""
    return (values * action).sum(dim=1)


def double_dqn_targets(
    online: ValueFunction, target: ValueFunction, batch: Batch, k: int, gamma: float
) -> Tensor:
    """What Q(s, A) should be; arguments as of `double_dqn_loss`.

    Returns:
        float32 (N,), without a gradient.
    """
    wanted = batch.reward.clone()
    going_on = torch.nonzero(batch.terminated == 0).squeeze(1)
    if len(going_on) == 0:
        return wanted
    with torch.no_grad():
        next_obs = batch.next_obs[going_on]
        preferred = online(next_obs).masked_fill(~batch.next_mask[going_on], -torch.inf)
        best = preferred.topk(min(k, preferred.shape[1]), dim=1)
        place = torch.arange(best.values.shape[1], device=best.values.device)
        is_legal = ~best.values.isneginf() & (place < batch.room.expand_as(wanted)[going_on].unsqueeze(1))
        future = target(next_obs).gather(1, best.indices).masked_fill(~is_legal, 0.0).sum(dim=1)
        wanted[going_on] += gamma ** batch.steps.expand_as(wanted)[going_on] * future
    return wanted
