"""A state that an agent decides in, with the lines that it may draw; and how many of them become one batch.

facts of a segment: its cells / 50; its cells / room; log(room) / 6; cells of the compartments it touches / all that
burn; what it saves if every fire burns all that it can reach, as the fall of the logarithm of the expected burned
area; the share of those compartments' expected fires that it saves; the fifth over the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from fuelbreak.dqn.lines.network import FACTS, LOG_ROOM, LineBatch
from fuelbreak.dqn.lines.scene import Scene, turn, turned_cells
from fuelbreak.dqn.lines.segments import compartments_squared, propose_segments
from fuelbreak.plans.separation import Segments, separation

__all__ = ["LineState", "collate"]

BoolGrid = npt.NDArray[np.bool_]

_LONG = 50.0
_LEFT = 1e-3


@dataclass(frozen=True, eq=False)
class LineState:
    """Breaks that stand, and what may come next.

    Attributes:
        scene: Where.
        breaks: bool (H, W).
        room: Breaks that may still be built.
        segments: Candidates.
        facts: float32 (M, FACTS), as the module says.
    """

    scene: Scene
    breaks: BoolGrid
    room: int
    segments: Segments
    facts: npt.NDArray[np.float32]

    @classmethod
    def of(
        cls, scene: Scene, breaks: BoolGrid, room: int, rng: np.random.Generator | None = None
    ) -> LineState:
        """The state with all its candidates; arguments as in `propose_segments`."""
        free = scene.fuel & ~breaks
        segments = propose_segments(free, room, grounds=scene.grounds, rng=rng)
        return cls(scene, breaks, room, segments, _facts(scene.fuel, free, room, segments))

    def take(self, indices: npt.NDArray[np.int64]) -> LineState:
        """The same state with some of its candidates."""
        return LineState(self.scene, self.breaks, self.room, self.segments.take(indices), self.facts[indices])


def _facts(fuel: BoolGrid, free: BoolGrid, room: int, segments: Segments) -> npt.NDArray[np.float32]:
    touched, before, after = separation(free, segments).T
    everything = compartments_squared(free) / max(int(free.sum()), 1)
    left = np.maximum(1.0 - (before - after) / max(everything, 1.0), _LEFT)
    facts = np.empty((len(segments), FACTS), np.float32)
    facts[:, 0] = segments.lengths / _LONG
    facts[:, 1] = segments.lengths / room
    facts[:, 2] = np.log(room) / LOG_ROOM
    facts[:, 3] = touched / max(int(fuel.sum()), 1)
    facts[:, 4] = -np.log(left)
    facts[:, 5] = 1.0 - after / np.maximum(before, _LEFT)
    facts[:, 6] = facts[:, 4] / facts[:, 0]
    return facts


def collate(
    states: Sequence[LineState], turns: Sequence[int] | None = None, device: torch.device | str = "cpu"
) -> LineBatch:
    """One batch of several states, all of one shape, each seen from one of eight sides.

    Args:
        states: At least one.
        turns: As in `fuelbreak.dqn.lines.scene.turn`; None = all as they are.
        device: Where the batch goes.

    Returns:
        The batch.
    """
    turns = [0] * len(states) if turns is None else turns
    shape = states[0].breaks.shape
    grids, cells = [], []
    for number, (state, way) in enumerate(zip(states, turns, strict=True)):
        grids.append(turn(state.scene.observe(state.breaks), way))
        moved = turned_cells(shape, way)[state.segments.cells] if way else state.segments.cells
        cells.append(moved + number * shape[0] * shape[1])
    lengths = np.concatenate([state.segments.lengths for state in states])
    counts = [len(state.segments) for state in states]
    facts = np.concatenate([state.facts for state in states])
    arrays = (
        np.stack(grids),
        np.concatenate(cells),
        np.repeat(np.arange(len(lengths)), lengths),
        np.repeat(np.arange(len(states)), counts),
        facts,
    )
    return LineBatch(*(torch.from_numpy(array).to(device) for array in arrays))
