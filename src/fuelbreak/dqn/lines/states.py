"""A state that an agent decides in, with the lines that it may draw; and how many of them become one batch.

facts of a segment, where log-saving is the fall of the logarithm of the expected burned area:

0-3    its cells / 50; its cells / room; log(room) / 6; cells of the compartments it touches / all that burn
4-6    log-saving if every fire burns all that it can reach; the share of those compartments' expected fires that it
       saves; the log-saving for 50 such cells
7-9    log-saving if no fire of the sample can go around it; for 50 such cells; log(1 + cells it saves a fire) / 6, each
10-13  log-saving if every fire stops at it; for 50 such cells; log(1 + cells that come through its cells) / 6, each;
       the same for those that burn in the last quarter of the time; 14: the share of these
15-16  share of the fires that come to its cells; log(1 + cells that a fire burns) / 9
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from fuelbreak.dqn.lines.burning import Burning, FireSample
from fuelbreak.dqn.lines.network import FACTS, LOG_ROOM, PER_CELLS, LineBatch
from fuelbreak.dqn.lines.savings import savings
from fuelbreak.dqn.lines.scene import Scene, turn, turned_cells
from fuelbreak.dqn.lines.segments import propose_segments
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.plans.separation import Segments, compartments

__all__ = ["SEPARATED", "THROUGH", "LineState", "Lookout", "collate"]

BoolGrid = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]

SEPARATED, THROUGH = 5, 11
"""Facts by which candidates are chosen: the share of fires that a segment separates, and what it saves per cell at
most."""

_DEAREST = 8.0
_LEFT, _LEFT_OF_SAMPLE = 1e-3, 0.02
_LOG_FIRE = 9.0


class Lookout(NamedTuple):
    """Where an agent looks from: one landscape under one weather.

    Attributes:
        scene: What stays as it is.
        fires: What burns there.
    """

    scene: Scene
    fires: FireSample

    @classmethod
    def of(cls, simulator: FireSimulator) -> Lookout:
        """That of a simulator's landscape and weather."""
        return cls(Scene(simulator), FireSample(simulator))


@dataclass(frozen=True, eq=False)
class LineState:
    """Breaks that stand, and what may come next; all of it follows from lookout, breaks and room.

    Attributes:
        scene: Where.
        breaks: bool (H, W).
        room: Breaks that may still be built.
        burns: uint8 (4, H, W), how fires burn, as `Burning.channels` returns.
        segments: Candidates.
        facts: float32 (M, FACTS), as the module says.
    """

    scene: Scene
    breaks: BoolGrid
    room: int
    burns: npt.NDArray[np.uint8]
    segments: Segments
    facts: npt.NDArray[np.float32]

    @classmethod
    def of(cls, lookout: Lookout, breaks: BoolGrid, room: int, most: int | None = None) -> LineState:
        """The state with its candidates.

        Args:
            lookout: Where.
            breaks: bool (H, W).
            room: Breaks that may still be built, at least 1 and no more than cells that burn are left.
            most: Candidates at most, those through whose cells most of the fires come; None = all.

        Returns:
            The same each time.
        """
        scene = lookout.scene
        free, burning = scene.fuel & ~breaks, lookout.fires.burn(breaks)
        segments = propose_segments(free, room, burning.visits)
        if most is not None and len(segments) > most:
            through = _along(burning.passing, segments) / segments.lengths
            segments = segments.take(np.sort(np.argsort(-through, kind="stable")[:most]))
        facts = _facts(scene.fuel, free, room, segments, burning)
        return cls(scene, breaks, room, burning.channels(free.shape), segments, facts)

    def take(self, indices: npt.NDArray[np.int64]) -> LineState:
        """The same state with some of its candidates."""
        segments, facts = self.segments.take(indices), self.facts[indices]
        return LineState(self.scene, self.breaks, self.room, self.burns, segments, facts)


def _facts(
    fuel: BoolGrid, free: BoolGrid, room: int, segments: Segments, burning: Burning
) -> npt.NDArray[np.float32]:
    if len(segments) == 0:
        return np.empty((0, FACTS), np.float32)
    touched, before, after, closed = savings(free, segments, burning).T
    squares = float((compartments(free)[1].astype(np.float64) ** 2).sum())
    burned, fires = max(float(burning.burned.sum()), 1.0), max(int((burning.burned > 0).sum()), 1)
    through, late, visits = (
        _along(each, segments) for each in (burning.passing, burning.late, burning.visits)
    )
    lengths, each = segments.lengths, segments.lengths * float(fires)
    separating = _log_saving((before - after) / squares, _LEFT)
    closing, stopping = (_log_saving(saved / burned, _LEFT_OF_SAMPLE) for saved in (closed, through))
    columns = (
        *(lengths / PER_CELLS, lengths / room, np.log(room) / LOG_ROOM, touched / int(fuel.sum())),
        *(separating, 1.0 - after / before, _for_many(separating, lengths)),
        *(closing, _for_many(closing, lengths), np.log1p(closed / each) / LOG_ROOM),
        *(stopping, _for_many(stopping, lengths), np.log1p(through / each) / LOG_ROOM),
        *(np.log1p(late / each) / LOG_ROOM, late / np.maximum(through, 1.0)),
        *(visits / each, np.log1p(burned / fires) / _LOG_FIRE),
    )
    return np.stack([np.broadcast_to(column, lengths.shape) for column in columns], axis=1).astype(np.float32)


def _along(values: npt.NDArray[np.generic], segments: Segments) -> FloatArray:
    """float64 (M,), the sum of what the cells of each segment have, int or float (cells,)."""
    return np.asarray(np.add.reduceat(values[segments.cells], segments.starts[:-1]), np.float64)


def _log_saving(share: FloatArray, left: float) -> FloatArray:
    """The fall of a logarithm by a share, of which `left` remains at least."""
    return -np.log(np.maximum(1.0 - share, left))


def _for_many(saving: FloatArray, lengths: npt.NDArray[np.int64]) -> FloatArray:
    return np.minimum(saving * (PER_CELLS / lengths), _DEAREST)


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
        grids.append(turn(state.scene.observe(state.breaks, state.burns), way))
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
