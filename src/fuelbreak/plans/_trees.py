"""Fire trees: through which cell the fire came to each cell, and what lies downstream of every cell.

A fire's arrival times are a shortest-path tree: each cell's time is, to the last bit, that of its parent plus the
cost of one move. Taking a cell away leaves every time outside its subtree as it is, hence the cells downstream of it
are the most that a break there can save.
"""

# mypy: allow-untyped-decorators
# numba.njit has no types

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from fuelbreak.fire.lanes import LANES
from fuelbreak.fire.neighbours import MOVES
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.spread import Front, allocate_front, burn, order_by_place
from fuelbreak.fire.travel_time import Graph

__all__ = ["downstream_cells"]

BoolGrid = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

_NOWHERE = -1


def downstream_cells(
    simulator: FireSimulator,
    ignitions: IntArray,
    breaks: BoolGrid | None = None,
    *,
    counts_itself: bool = True,
) -> npt.NDArray[np.float64]:
    """Mean number of cells that a fire reaches through each cell.

    Where a fire starts it counts nothing: with a sample of ignitions, the cells on which they happen to lie would
    otherwise seem worth a whole fire each.

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
    total = np.zeros(graph.burns.size, np.int64)
    for batch in range(0, len(starts), LANES):
        lit, front = starts[batch : batch + LANES], allocate_front(graph)
        burn(graph, front, lit, simulator.weather.duration_min)
        _add_downstream(graph, front, lit, total, int(counts_itself))
    return (total / len(starts)).reshape(graph.burns.shape)


@numba.njit(cache=True, nogil=True)
def _add_downstream(graph: Graph, front: Front, starts: IntArray, total: IntArray, itself: int) -> None:
    """Add to every cell what lies downstream of it in each of up to sixteen fires."""
    cells = graph.burns.size
    parent, waiting = np.empty(cells, np.int64), np.empty(cells, np.int64)
    size, ready = np.empty(cells, np.int64), np.empty(cells, np.int64)
    for lane in range(len(starts)):
        if graph.burns.flat[starts[lane]]:
            parent[:], waiting[:], size[:] = _NOWHERE, 0, 1
            _find_parents(graph, front, starts[lane], lane, parent, waiting)
            _add_up_branches(parent, waiting, size, ready, total, itself)


@numba.njit(cache=True, nogil=True)
def _find_parents(
    graph: Graph, front: Front, start: int, lane: int, parent: IntArray, waiting: IntArray
) -> None:
    """Note each burned cell's parent, and how many children each cell waits for."""
    times = front.times
    for place in range(front.span[2], front.span[3] + 1):
        cell, time = place - graph.margin, times[place * LANES + lane]
        if cell == start or time == np.inf:
            continue
        for k in range(MOVES):
            cost, before = graph.costs[place * MOVES + k], place - graph.ahead[k]
            if cost == np.inf:
                continue
            is_first = before - graph.margin == start and graph.first[start, k] == time
            if is_first or np.float32(times[before * LANES + lane] + cost) == time:
                parent[cell] = before - graph.margin
                waiting[before - graph.margin] += 1
                break


@numba.njit(cache=True, nogil=True)
def _add_up_branches(
    parent: IntArray, waiting: IntArray, size: IntArray, ready: IntArray, total: IntArray, itself: int
) -> None:
    """Hand sizes from the leaves down to the root, each cell after all of its children."""
    count = 0
    for cell in range(len(parent)):
        if parent[cell] != _NOWHERE and waiting[cell] == 0:
            ready[count] = cell
            count += 1
    while count > 0:
        count -= 1
        cell = ready[count]
        total[cell] += size[cell] - 1 + itself
        below = parent[cell]
        size[below] += size[cell]
        waiting[below] -= 1
        if waiting[below] == 0 and parent[below] != _NOWHERE:
            ready[count] = below
            count += 1
