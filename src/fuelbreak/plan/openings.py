"""What each barrier of a plan holds back: the fires that reach it, burned again with it open.

A large landscape has thousands of barriers, and most fires come near none of them. So every fire burns once with all
barriers standing; then each barrier is opened in turn, in place, and only the fires that came within reach of it or
start on it burn again. Nothing else can have changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import product

import numpy as np
import numpy.typing as npt

from fuelbreak.fire.neighbours import MOVES, REACH
from fuelbreak.fire.room import allocate_room
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.spread import arrival_times, run_fires
from fuelbreak.fire.travel_time import block_cells

__all__ = ["losses"]

IntArray = npt.NDArray[np.int64]

_BURNED_AGAIN = 5e8
_FEWEST_FIRES = 100


def losses(
    simulator: FireSimulator, barriers: Sequence[IntArray], ignitions: IntArray
) -> npt.NDArray[np.float64]:
    """What burns more where one barrier is missing and all others stand.

    Args:
        simulator: Landscape and weather.
        barriers: Each int64 (n, 2), (row, column); no cell twice.
        ignitions: int64 (n, 2), n > 0; where large fires come to many barriers, no more of them are burned again
            than half a billion burned cells pay for, but a hundred.

    Returns:
        float64 (barriers,), cells of the expected burned area.
    """
    if not barriers:
        return np.zeros(0)
    openings = _Openings(simulator, barriers)
    starts = simulator.starts(ignitions)
    burned, touched = openings.first_look(starts)
    again = np.cumsum(burned * [len(each) for each in touched])
    fires = int(np.clip(np.searchsorted(again, _BURNED_AGAIN), min(_FEWEST_FIRES, len(starts)), len(starts)))
    visitors: list[list[int]] = [[] for _ in barriers]
    for fire, numbers in enumerate(touched[:fires]):
        for number in numbers:
            visitors[number].append(fire)
    lost = [
        openings.burned_without(number, starts[came]).sum() - burned[came].sum()
        for number, came in enumerate(visitors)
    ]
    return np.array(lost, np.float64) / fires


class _Openings:
    """A landscape in which all barriers stand but the one that is open."""

    def __init__(self, simulator: FireSimulator, barriers: Sequence[IntArray]) -> None:
        height, width = simulator.landscape.shape
        self._limit, self._shape = simulator.weather.duration_min, (height, width)
        self._free = simulator.graph
        self._owner = np.full(height * width, -1, np.int64)
        burning = simulator.graph.burns.ravel()
        numbers = [cells[:, 0] * width + cells[:, 1] for cells in barriers]
        self._cells = [cells[burning[cells]] for cells in numbers]
        for number, cells in enumerate(self._cells):
            self._owner[cells] = number
        self._graph = simulator.with_breaks((self._owner >= 0).reshape(height, width))
        self._room = allocate_room(self._graph)
        self._near = [self._around(cells, REACH) for cells in self._cells]

    def first_look(self, starts: IntArray) -> tuple[IntArray, list[IntArray]]:
        """int64 (n,), what each fire burns with all barriers standing; and the barriers that it comes near."""
        near = np.concatenate(self._near)
        owner = np.repeat(np.arange(len(self._near)), [len(cells) for cells in self._near])
        burned, touched = np.zeros(len(starts), np.int64), []
        for fire, start in enumerate(starts.tolist()):
            if self._owner[start] >= 0:
                touched.append(self._owner[start : start + 1])
                continue
            came = np.isfinite(arrival_times(self._graph, self._room, start, self._limit)).ravel()
            burned[fire] = came.sum()
            touched.append(np.unique(owner[came[near]]))
        return burned, touched

    def burned_without(self, number: int, starts: IntArray) -> IntArray:
        """int64 (n,), what fires burn where one barrier is open."""
        burned = np.zeros(len(starts), np.int64)
        if len(starts):
            with self._open(number):
                reached = np.zeros(self._graph.burns.size, np.int64)
                run_fires(self._graph, self._room, starts, self._limit, burned, reached)
        return burned

    @contextmanager
    def _open(self, number: int) -> Iterator[None]:
        """Give back the moves that one barrier alone took away."""
        cells, near = self._cells[number], self._near[number]
        moves, free = (
            costs[: self._owner.size * MOVES].reshape(-1, MOVES)
            for costs in (self._graph.costs, self._free.costs)
        )
        closed = moves[near]
        moves[near] = free[near]
        self._graph.burns.flat[cells] = True
        others = self._around(cells, 2 * REACH)
        block_cells(self._graph, others[(self._owner[others] >= 0) & (self._owner[others] != number)])
        try:
            yield
        finally:
            self._graph.burns.flat[cells] = False
            moves[near] = closed

    def _around(self, cells: IntArray, distance: int) -> IntArray:
        """Cells at most so many king's moves from some, themselves among them."""
        height, width = self._shape
        steps = np.array(list(product(range(-distance, distance + 1), repeat=2)))
        row, column = (
            part[:, None] + step for part, step in zip(np.divmod(cells, width), steps.T, strict=True)
        )
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        return np.unique((row * width + column)[inside])
