"""What the network learns: the reward of every line that was simulated, and by double DQN the return of those drawn.

The return of a line is its reward and whatever the rest of the budget then saves. Its target is the n-step one of a
double DQN (van Hasselt, Guez and Silver 2016; Hessel et al. 2018): n rewards, and the target network's value of the
line that the online network would draw next. An episode has 4 to 20 lines and ends with its budget, so that nothing
is discounted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from fuelbreak.dqn.lines.episodes import Step
from fuelbreak.dqn.lines.network import LineBatch, LineNetwork
from fuelbreak.dqn.lines.scene import TURNS
from fuelbreak.dqn.lines.states import LineState, collate

__all__ = ["Transition", "best_following", "return_loss", "reward_loss", "transitions"]

_REWARD_BETA, _RETURN_BETA = 0.2, 0.2


class Transition(NamedTuple):
    """n steps of an episode.

    Attributes:
        state: With one candidate, the line that was drawn.
        reward: Sum of the n rewards.
        following: The state n steps on with its candidates; None where the episode had ended.
    """

    state: LineState
    reward: float
    following: LineState | None


def transitions(steps: Sequence[Step], n: int) -> list[Transition]:
    """All n-step transitions of an episode; those at its end are shorter."""
    rewards = [float(step.rewards[step.chosen]) for step in steps]
    return [
        Transition(
            step.state.take(np.array([step.chosen])),
            sum(rewards[i : i + n]),
            steps[i + n].state if i + n < len(steps) else None,
        )
        for i, step in enumerate(steps)
    ]


def reward_loss(network: LineNetwork, steps: Sequence[Step], rng: np.random.Generator) -> Tensor:
    """Huber loss of the predicted rewards per cell, in those of a line of 50, each state seen from a random side."""
    batch = collate([step.state for step in steps], _random_turns(rng, len(steps)), _device(network))
    wanted = torch.from_numpy(np.concatenate([step.rewards for step in steps])).to(batch.facts.device)
    length = batch.facts[:, 0]
    return functional.smooth_l1_loss(network(batch)[0] / length, wanted / length, beta=_REWARD_BETA)


def return_loss(
    network: LineNetwork, target: LineNetwork, batch: Sequence[Transition], rng: np.random.Generator
) -> Tensor:
    """Huber loss between the predicted returns and the double-DQN targets of the module's description."""
    device = _device(network)
    wanted = torch.tensor([transition.reward for transition in batch], device=device)
    going_on = [i for i, transition in enumerate(batch) if transition.following is not None]
    if going_on:
        states = [state for transition in batch if (state := transition.following) is not None]
        wanted[going_on] += best_following(network, target, collate(states, device=device))
    drawn = collate([transition.state for transition in batch], _random_turns(rng, len(batch)), device)
    return functional.smooth_l1_loss(network(drawn)[1], wanted, beta=_RETURN_BETA)


def best_following(network: LineNetwork, target: LineNetwork, batch: LineBatch) -> Tensor:
    """The target network's return of the candidate that the online network prefers, in each state.

    Args:
        network: The network that learns.
        target: Its slow copy.
        batch: N states, each with at least one candidate.

    Returns:
        float32 (N,), without a gradient.
    """
    with torch.no_grad():
        preferred, values = network(batch)[1], target(batch)[1]
        states = len(batch.grids)
        best = preferred.new_full((states,), -torch.inf)
        best = best.scatter_reduce(0, batch.state, preferred, "amax")
        is_best = preferred == best[batch.state]
        places = torch.arange(len(preferred), device=preferred.device)
        first = places.new_full((states,), len(preferred))
        first = first.scatter_reduce(0, batch.state[is_best], places[is_best], "amin")
        chosen: Tensor = values[first]
        return chosen


def _random_turns(rng: np.random.Generator, count: int) -> list[int]:
    return [int(number) for number in rng.integers(TURNS, size=count)]


def _device(network: LineNetwork) -> torch.device:
    return next(network.parameters()).device
