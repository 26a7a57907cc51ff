"""`FireSet`: fires that stay alight while breaks are built, repaired instead of burned anew.

An environment that adds breaks step by step needs, after each step, what the same fires burn now. Only what hung on
the new breaks has changed; everything else stands. The outcome equals a run from nothing, to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fuelbreak.errors import SimulationError
from fuelbreak.fire.repair import Kept, add_up, keep_fires, lost_ways, repair_fires
from fuelbreak.fire.room import allocate_room
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.spread import order_by_place
from fuelbreak.fire.travel_time import Graph, block_cells

__all__ = ["FireSet", "Snapshot"]

BoolGrid = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

_AT_ONCE = 16
"""Fires that are burned before their times are brought together; room for whole grids is set aside for so many."""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What `FireSet.restore` needs to be where it was; picklable, 650 kB + at most 10 kB a fire on 50 x 50 cells."""

    graph: Graph
    kept: tuple[Kept, ...]
    burned: IntArray


class FireSet:
    """Fires on one landscape under one weather, and the breaks that stand.

    Args:
        simulator: The landscape and the weather.
        ignitions: int (n, 2), (row, column), n > 0; they stay for the life of the set.

    Raises:
        SimulationError: An ignition is off the grid or on a non-burnable cell, or there is none.
    """

    def __init__(self, simulator: FireSimulator, ignitions: IntArray) -> None:
        starts = simulator.starts(ignitions)
        if len(starts) == 0:
            raise SimulationError(f"{simulator.landscape.name}: a set of fires needs at least one ignition")
        self._simulator = simulator
        self._graph = simulator.graph.copy()
        self._order = order_by_place(starts, self._graph.burns.shape[1])
        self._starts = starts[self._order]
        self._burned = np.zeros(len(starts), np.int64)
        self._shares = simulator.threads.shares(len(starts))
        self._rooms = [allocate_room(self._graph) for _ in self._shares]
        kept: dict[int, Kept] = {}
        simulator.threads.for_each(
            lambda share: kept.update({share: self._burn(share)}), range(len(self._shares))
        )
        self._kept = tuple(kept[share] for share in range(len(self._shares)))

    @property
    def burned(self) -> IntArray:
        """int64 (n,): cells that each fire burns, in the order of the ignitions; 0 where it starts on a break."""
        burned = np.empty_like(self._burned)
        burned[self._order] = self._burned
        return burned

    @property
    def burn_probability(self) -> FloatArray:
        """float32 (H, W): share of the fires that reach each cell."""
        reached = np.zeros(self._graph.burns.size, np.int64)
        for kept in self._kept:
            add_up(self._graph, kept, reached)
        return (reached / len(self._starts)).astype(np.float32).reshape(self._graph.burns.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of arrival times that are kept: 4 for each cell of the rectangle that a fire burns in."""
        return sum(kept.times.nbytes for kept in self._kept)

    @property
    def breaks(self) -> BoolGrid:
        """bool (H, W): the burnable cells that breaks took away."""
        return self._simulator.graph.burns & ~self._graph.burns

    def add_breaks(self, cells: IntArray) -> IntArray:
        """Build breaks and let the fires go around them.

        Args:
            cells: int (m, 2), (row, column); on breaks and on non-burnable cells they change nothing.

        Returns:
            int64 (n,), cells that each fire burns now.

        Raises:
            SimulationError: A cell is off the grid.
        """
        numbers = self._new_cells(np.asarray(cells, dtype=np.int64).reshape(-1, 2))
        if len(numbers):
            lost = lost_ways(self._graph, block_cells(self._graph, numbers), numbers, self._rooms[0])

            def repair_share(share: int) -> None:
                part, room = self._shares[share], self._rooms[share]
                starts, burned = self._starts[part], self._burned[part]
                repair_fires(self._graph, room, starts, self._limit, self._kept[share], lost, burned)

            self._simulator.threads.for_each(repair_share, range(len(self._shares)))
        return self.burned

    def arrival_time_min(self, fire: int) -> FloatArray:
        """When a fire of the set reaches each cell now.

        Args:
            fire: Its place among the ignitions.

        Returns:
            float32 (H, W), minutes; inf where it does not come within the duration.
        """
        place = int(np.flatnonzero(self._order == fire)[0])
        share = next(i for i, part in enumerate(self._shares) if place < part.stop)
        return self._kept[share].fire(place - self._shares[share].start, self._graph.burns.shape)

    def snapshot(self) -> Snapshot:
        """The state of the fires and breaks, independent of what happens next."""
        return Snapshot(self._graph.copy(), tuple(kept.copy() for kept in self._kept), self._burned.copy())

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a snapshot of this set, which remains usable.

        Args:
            snapshot: From `snapshot` of this set, or of one made from the same simulator and ignitions.
        """
        self._graph = snapshot.graph.copy()
        self._kept = tuple(kept.copy() for kept in snapshot.kept)
        self._burned = snapshot.burned.copy()

    @property
    def _limit(self) -> float:
        return self._simulator.weather.duration_min

    def _new_cells(self, cells: IntArray) -> IntArray:
        """Numbers of the cells that burn so far, each once."""
        height, width = self._graph.burns.shape
        outside = np.any((cells < 0) | (cells >= (height, width)), axis=1)
        if outside.any():
            row, column = cells[np.argmax(outside)]
            raise SimulationError(
                f"break at row {row}, column {column} is outside the {height} x {width} cells"
            )
        numbers = np.unique(cells[:, 0] * width + cells[:, 1])
        return numbers[self._graph.burns.flat[numbers]]

    def _burn(self, share: int) -> Kept:
        """Burn a share of the fires from nothing, some at a time: how much room they take is known when they burned."""
        part, cells = self._shares[share], self._graph.burns.size
        found = []
        for first in range(part.start, part.stop, _AT_ONCE):
            some = slice(first, min(first + _AT_ONCE, part.stop))
            count = some.stop - some.start
            room_for = Kept(
                np.empty(count * cells, np.float32), np.empty((count, 4), np.int64), np.empty(count, np.int64)
            )
            starts, burned = self._starts[some], self._burned[some]
            end = keep_fires(self._graph, self._rooms[share], starts, self._limit, room_for, burned)
            found.append(room_for._replace(times=room_for.times[:end].copy()))
        return Kept.joined(found)
