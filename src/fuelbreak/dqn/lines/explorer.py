"""How the agent draws while it learns: its own best candidates and a few others are simulated, one is built."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from fuelbreak.dqn.lines.drawing import line_values
from fuelbreak.dqn.lines.episodes import Step, run_episode, varied
from fuelbreak.dqn.lines.network import LineNetwork
from fuelbreak.dqn.lines.states import LineState, collate
from fuelbreak.dqn.lines.training_ground import Task

__all__ = ["explored_episode", "taught_episode"]

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
    values = network_returns if by_return else line_values

    def sketch(state: LineState) -> IntArray:
        best = [np.argsort(-measure(network, state))[:_BEST] for measure in (line_values, network_returns)]
        count = len(state.segments)
        return np.unique(np.concatenate([*best, rng.choice(count, min(_OTHERS, count), replace=False)]))

    return run_episode(task, sketch, lambda state, _: pick(values(network, state)), rng)


def network_returns(network: LineNetwork, state: LineState) -> FloatArray:
    """float32 (M,), the return that the network expects of each candidate."""
    with torch.inference_mode():
        values: FloatArray = (
            network(collate([state], device=next(network.parameters()).device))[1].cpu().numpy()
        )
    return values


@dataclass(frozen=True)
class _Slips:
    """Takes the highest of some values, or with a small probability any."""

    rng: np.random.Generator
    probability: float

    def __call__(self, values: npt.NDArray[np.floating]) -> int:
        slips = self.rng.random() < self.probability
        return int(self.rng.integers(len(values)) if slips else np.argmax(values))
