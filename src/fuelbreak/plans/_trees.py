"""Fire trees: along which moves the fire came to each cell, and what lies downstream of every cell.

A fire's arrival times are a shortest-path tree: each cell's time is, to the last bit, that of its parent plus the
cost of one move. A move may cross cells on its way, and taking one of those away takes the move away, too, or sends
it by the slower side of a corner. Every time whose way back avoids a cell stays as it is when that cell becomes a
break; hence the cells downstream of it are the most that a break there can save.
"""

# mypy: allow-untyped-decorators
# numba.njit has no types

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from fuelbreak.fire.neighbours import moves
from fuelbreak.fire.room import allocate_room
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.spread import arrival_times, order_by_place
from fuelbreak.fire.travel_time import FloatArray, Graph

__all__ = ["FireTrees", "crossed_cells", "downstream_cells"]

BoolGrid = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

_NONE = -1


class _Tree(NamedTuple):
    """Room for the tree of one fire, between fires as `_allocate` leaves it.

    Attributes:
        move: int64 (cells,), the move by which the fire came to a cell, or none.
        waiting: int64 (cells,), moves from a cell whose ends have not been added up.
        size: int64 (cells,), what those downstream weigh that were added up so far, itself among them.
        ready: int64 (cells,), cells of which nothing is waited for.
    """

    move: IntArray
    waiting: IntArray
    size: IntArray
    ready: IntArray


def downstream_cells(
    simulator: FireSimulator,
    ignitions: IntArray,
    breaks: BoolGrid | None = None,
    *,
    counts_itself: bool = True,
) -> npt.NDArray[np.float64]:
    """Mean number of cells that a fire reaches through each cell, whether it stops there or crosses it.

    Where a fire starts it counts nothing: with a sample of ignitions, the cells on which they happen to lie would
    otherwise seem worth a whole fire each. (Rarely a way needs a cell twice, inside of one move and at the corner of
    another; then it counts twice, and where a fire starts it counts for what passes its corner.)

    Args:
        simulator: Landscape and weather.
        ignitions: int (n, 2), (row, column), n > 0.
        breaks: bool (H, W), True at fuel breaks.
        counts_itself: Whether a cell that burns is one of those that a fire reaches through it.

    Returns:
        float64 (H, W), cells per fire; 0 on breaks and where nothing burns.

    Raises:
        SimulationError: An ignition is off the grid or on a non-burnable cell.
    """
    graph = simulator.with_breaks(breaks)
    starts = simulator.starts(ignitions)
    starts = starts[order_by_place(starts, graph.burns.shape[1])]
    trees, weight = FireTrees(graph), np.ones(graph.burns.size, np.int64)
    room, limit = allocate_room(graph), simulator.weather.duration_min
    for start in starts.tolist():
        if graph.burns.flat[start]:
            times = arrival_times(graph, room, start, limit).ravel()
            trees.add(times, start, weight, counts_itself=counts_itself)
    return (trees.total / len(starts)).reshape(graph.burns.shape)


class FireTrees:
    """Adds up what lies downstream of each cell, fire by fire.

    Args:
        graph: That the fires burn on.

    Attributes:
        total: int64 (cells,), over the fires so far.
    """

    def __init__(self, graph: Graph) -> None:
        cells = graph.burns.size
        self._graph, self._crossed = graph, crossed_cells()
        waiting, ready = np.zeros(cells, np.int64), np.empty(cells, np.int64)
        self._tree = _Tree(np.full(cells, _NONE, np.int64), waiting, np.zeros(cells, np.int64), ready)
        self.total = np.zeros(cells, np.int64)

    def add(self, times: FloatArray, start: int, weight: IntArray, *, counts_itself: bool = True) -> None:
        """Add a fire.

        Args:
            times: float32 (cells,), minutes, inf where it does not come.
            start: The cell that it starts in.
            weight: int64 (cells,), what each cell counts where it burns.
            counts_itself: Whether a cell lies downstream of itself.
        """
        _add_downstream(
            self._graph, times, start, *self._crossed, int(counts_itself), weight, self._tree, self.total
        )


@cache
def crossed_cells() -> tuple[IntArray, IntArray]:
    """Cells between the ends of each move, as rows for `_add_crossed`, and where each move's rows begin.

    A row is: the move, where it ends relative to the cell, the number among moves past a corner (-1 where both of its
    lines cross the cell), and which line crosses it.
    """
    plan = moves()
    ends = (plan.affected[:, 1:3] == 0).all(axis=1) | (
        plan.affected[:, 1:3] == plan.step[plan.affected[:, 0]]
    ).all(axis=1)
    between = plan.affected[~ends]
    sided = np.where(between[:, 3] >= 0, plan.sided[between[:, 0]], _NONE)
    between = np.insert(between, 3, sided, axis=1)
    return between, np.searchsorted(between[:, 0], np.arange(len(plan.step) + 1))


@numba.njit(cache=True, nogil=True)
def _add_downstream(
    graph: Graph,
    times: FloatArray,
    start: int,
    crossed: IntArray,
    rows: IntArray,
    itself: int,
    weight: IntArray,
    tree: _Tree,
    total: IntArray,
) -> None:
    """Add to every cell what lies downstream of it in one fire; `times` by cell."""
    move, waiting, size, ready, count = tree.move, tree.waiting, tree.size, tree.ready, 0
    burned = np.flatnonzero(times < np.inf)
    _find_moves(graph, times, start, burned, move, waiting)
    for cell in burned:
        size[cell] = weight[cell]
    for cell in burned:
        if move[cell] != _NONE and waiting[cell] == 0:
            ready[count] = cell
            count += 1
    while count > 0:
        count -= 1
        cell = ready[count]
        total[cell] += size[cell] - (1 - itself) * weight[cell]
        _add_crossed(graph, cell, crossed[rows[move[cell]] : rows[move[cell] + 1]], size[cell], total)
        below = cell - graph.ahead[move[cell]]
        size[below] += size[cell]
        waiting[below] -= 1
        if waiting[below] == 0 and move[below] != _NONE:
            ready[count] = below
            count += 1
    for cell in burned:
        move[cell], waiting[cell] = _NONE, 0


@numba.njit(cache=True, nogil=True)
def _find_moves(
    graph: Graph, times: FloatArray, start: int, burned: IntArray, move: IntArray, waiting: IntArray
) -> None:
    """Note the move by which the fire came to each cell, and how many moves start in each."""
    moves = len(graph.ahead)
    for cell in burned:
        for k in range(moves):
            before = cell - graph.ahead[k]
            if cell == start or not 0 <= before < len(times) or graph.costs[before * moves + k] == np.inf:
                continue
            cost = graph.costs[before * moves + k]
            is_first = before == start and cost - graph.lead[start, k] == times[cell]
            if is_first or np.float32(times[before] + cost) == times[cell]:
                move[cell] = k
                waiting[before] += 1
                break


@numba.njit(cache=True, nogil=True)
def _add_crossed(graph: Graph, end: int, crossed: IntArray, size: int, total: IntArray) -> None:
    """Add what lies beyond a move to the cells between its ends; beside a corner, to the one that it passes faster."""
    width = graph.burns.shape[1]
    for m in range(len(crossed)):
        row, column = end // width - crossed[m, 1], end % width - crossed[m, 2]
        sided, line = crossed[m, 3], crossed[m, 4]
        before = end - graph.ahead[crossed[m, 0]]
        if sided == _NONE or graph.sides[before, sided, line] < graph.sides[before, sided, 1 - line]:
            total[row * width + column] += size
