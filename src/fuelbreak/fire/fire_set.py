"""`FireSet`: fires that stay alight while breaks are built, repaired instead of burned anew.

An environment that adds breaks step by step needs, after each step, what the same fires burn now. Only what hung on
the new breaks has changed; everything else stands. The outcome equals a run from nothing, to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fuelbreak.errors import SimulationError
from fuelbreak.fire.lanes import LANES
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.spread import Front, add_up, allocate_front, burn, order_by_place, repair
from fuelbreak.fire.travel_time import Graph, block_cells

__all__ = ["FireSet", "Snapshot"]

BoolGrid = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What `FireSet.restore` needs to be where it was; picklable, about 300 kB + 10 kB a fire on 50 x 50 cells."""

    graph: Graph
    starts: IntArray
    fronts: tuple[Front, ...]
    burned: IntArray
    reached: IntArray


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
        self._fronts = tuple(allocate_front(self._graph) for _ in range(0, len(starts), LANES))
        lit = self._batches(self._starts)
        self._for_each_batch(lambda batch: burn(self._graph, self._fronts[batch], lit[batch], self._limit))
        self._add_up()

    @property
    def burned(self) -> IntArray:
        """int64 (n,): cells that each fire burns, in the order of the ignitions; 0 where it starts on a break."""
        burned = np.empty_like(self._burned)
        burned[self._order] = self._burned
        return burned

    @property
    def burn_probability(self) -> FloatArray:
        """float32 (H, W): share of the fires that reach each cell."""
        share = self._reached / len(self._starts)
        return share.astype(np.float32).reshape(self._graph.burns.shape)

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
            lost = np.zeros_like(self._fronts[0].marked)
            block_cells(self._graph, numbers, lost)
            self._starts[np.isin(self._starts, numbers)] = -1
            self._repair(lost, numbers)
            self._add_up()
        return self.burned

    def arrival_time_min(self, fire: int) -> FloatArray:
        """When a fire of the set reaches each cell now.

        Args:
            fire: Its place among the ignitions.

        Returns:
            float32 (H, W), minutes; inf where it does not come within the duration.
        """
        place = int(np.flatnonzero(self._order == fire)[0])
        times = self._fronts[place // LANES].times.reshape(-1, LANES)
        inside = slice(self._graph.margin, self._graph.margin + self._graph.burns.size)
        return times[inside, place % LANES].reshape(self._graph.burns.shape).copy()

    def snapshot(self) -> Snapshot:
        """The state of the fires and breaks, independent of what happens next."""
        fronts = tuple(front.copy() for front in self._fronts)
        return Snapshot(
            self._graph.copy(), self._starts.copy(), fronts, self._burned.copy(), self._reached.copy()
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a snapshot of this set, which remains usable.

        Args:
            snapshot: From `snapshot` of this set, or of one made from the same simulator and ignitions.
        """
        self._graph = snapshot.graph.copy()
        self._starts = snapshot.starts.copy()
        self._fronts = tuple(front.copy() for front in snapshot.fronts)
        self._burned, self._reached = snapshot.burned.copy(), snapshot.reached.copy()

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

    def _repair(self, lost: npt.NDArray[np.uint8], numbers: IntArray) -> None:
        margin, last = self._graph.margin, self._graph.burns.size - 1
        low, high = max(int(numbers[0]), margin), min(int(numbers[-1]) + 2 * margin, last + margin)
        starts = self._batches(self._starts)

        def repair_batch(batch: int) -> None:
            front = self._fronts[batch]
            front.marked[:] = lost
            front.span[:2] = low, high
            repair(self._graph, front, starts[batch], self._limit)

        self._for_each_batch(repair_batch)

    def _for_each_batch(self, function: Callable[[int], None]) -> None:
        self._simulator.threads.for_each(function, range(len(self._fronts)))

    def _add_up(self) -> None:
        self._burned = np.zeros(len(self._starts), np.int64)
        self._reached = np.zeros(self._graph.burns.size, np.int64)
        for front, burned in zip(self._fronts, self._batches(self._burned), strict=True):
            add_up(self._graph, front, burned, self._reached)

    def _batches(self, values: IntArray) -> list[IntArray]:
        """Views of sixteen values each."""
        return [values[start : start + LANES] for start in range(0, len(values), LANES)]
