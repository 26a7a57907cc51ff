"""Episodes of drawing lines, burned as they go: what a line saves is known at once, and is the reward.

The reward of a line is the fall of the logarithm of the expected burned area. Rewards of an episode add up to the
logarithm of what is left of it, so that the highest return is the lowest burned area, on a tile that hardly burns as
on one that burns down, and early lines count no more than late ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fuelbreak.dqn.lines.fires import LineFires
from fuelbreak.dqn.lines.network import CLOSED
from fuelbreak.dqn.lines.states import THROUGH, LineState, Lookout
from fuelbreak.dqn.lines.training_ground import Task
from fuelbreak.fire.simulator import FireSimulator

__all__ = ["Step", "rewards_of", "run_episode", "varied"]

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

FIRES, BURNED_CELLS = 800, 60_000
"""Of the fires that rewards are taken from: more states are worth more than more exact rewards."""

_LIKELY, _LOOKED_AT = 60, 8


class Step(NamedTuple):
    """One decision.

    Attributes:
        state: With the candidates that were simulated.
        rewards: float32 (M,), of each of them.
        chosen: Which was built.
    """

    state: LineState
    rewards: FloatArray
    chosen: int


Sketch = Callable[[LineState], IntArray]
"""Which candidates of a state to simulate, int64, at least one."""

Choice = Callable[[LineState, FloatArray], int]
"""Which of the simulated ones to build, given their rewards."""


def run_episode(task: Task, sketch: Sketch, choose: Choice, rng: np.random.Generator) -> list[Step]:
    """Draw lines until the budget is spent.

    Args:
        task: Where and how many.
        sketch: What to simulate.
        choose: What to build.
        rng: Of the fires.

    Returns:
        The steps in their order.
    """
    simulator = FireSimulator(task.landscape, task.weather)
    lookout = Lookout.of(simulator)
    fires = LineFires(simulator, int(rng.integers(1 << 30)), FIRES, BURNED_CELLS)
    steps: list[Step] = []
    while (room := task.budget - int(fires.breaks.sum())) > 0 and fires.burned > 0.0:
        state = LineState.of(lookout, fires.breaks.copy(), room)
        if len(state.segments) == 0:
            break
        state = state.take(sketch(state))
        rewards = rewards_of(fires, state)
        steps.append(Step(state, rewards, choose(state, rewards)))
        fires.build(state.segments[steps[-1].chosen])
    return steps


def rewards_of(fires: LineFires, state: LineState) -> FloatArray:
    """float32 (M,): the fall of the logarithm of the expected burned area by each candidate, at most 6.9."""
    segments = [state.segments[number] for number in range(len(state.segments))]
    return fires.log_savings(segments).astype(np.float32)


def varied(state: LineState, rng: np.random.Generator) -> IntArray:
    """Candidates to learn from: a few that close much, a few that much comes through, a few of any kind.

    Returns:
        int64, up to 24 indices.
    """
    best = [np.argsort(-state.facts[:, fact], kind="stable")[:_LIKELY] for fact in (CLOSED, THROUGH)]
    groups = (*best, np.arange(len(state.segments)))
    drawn = [rng.choice(group, min(_LOOKED_AT, len(group)), replace=False) for group in groups]
    return np.unique(np.concatenate(drawn))
