"""How the agent draws while it learns: its own best candidates and a few others are simulated, one is built."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from fuelbreak.dqn.lines.drawing import Valuation, network_values
from fuelbreak.dqn.lines.episodes import Step, run_episode, varied
from fuelbreak.dqn.lines.network import LineNetwork
from fuelbreak.dqn.lines.states import LineState, collate
from fuelbreak.dqn.lines.training_ground import Task

__all__ = ["explored_episode", "network_returns", "taught_episode"]

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

TEACHERS_SLIPS = 0.15
OWN_SLIPS = 0.1

_BEST, _OTHERS = 5, 4


def taught_episode(task: Task, rng: np.random.Generator) -> list[Step]:
    """An episode of the teacher: of two dozen simulated lines it builds the one that saves most per cell.

    Now and then it builds another, so that its pupil sees what comes of that.
    """
    pick = _Slips(rng, TEACHERS_SLIPS)
    return run_episode(
        task,
        lambda state: varied(state, rng),
        lambda state, rewards: pick(rewards / state.segments.lengths),
        rng,
    )


def explored_episode(
    network: LineNetwork, task: Task, by_return: bool, rng: np.random.Generator
) -> list[Step]:
    """An episode of the network's own.

    Args:
        network: Values the candidates.
        task: Where.
        by_return: Whether it builds the line of the highest return, or that of the highest reward per cell.
        rng: Of the candidates, the fires and the slips.

    Returns:
        The steps, with the candidates of highest value by either measure and some at random.
    """
    pick = _Slips(rng, OWN_SLIPS)
    per_cell, returns = network_values(network, trust=1.0), network_returns(network)
    values = returns if by_return else per_cell

    def sketch(state: LineState) -> IntArray:
        best = [np.argsort(-measure(state))[:_BEST] for measure in (per_cell, returns)]
        count = len(state.segments)
        return np.unique(np.concatenate([*best, rng.choice(count, min(_OTHERS, count), replace=False)]))

    return run_episode(task, sketch, lambda state, _: pick(values(state)), rng)


def network_returns(network: LineNetwork) -> Valuation:
    """The returns that a network expects of the candidates of a state, rather than what each saves per cell."""

    def values(state: LineState) -> FloatArray:
        with torch.inference_mode():
            _, returns = network(collate([state], device=next(network.parameters()).device))
        return np.asarray(returns.float().cpu().numpy())

    return values


@dataclass(frozen=True)
class _Slips:
    """Takes the highest of some values, or with a small probability any."""

    rng: np.random.Generator
    probability: float

    def __call__(self, values: npt.NDArray[np.floating]) -> int:
        slips = self.rng.random() < self.probability
        return int(self.rng.integers(len(values)) if slips else np.argmax(values))
