"""Minimum travel time of a fire over a raster: the graph of moves between cells, and the shortest paths in it.

Cells are numbered row by row. The cost of a move is the sum over the cells it crosses of metres times minutes per
metre. Times are float32 and every cost is positive, so the shortest times are the one fixed point of
`t[v] = min over u of fl(t[u] + cost(u, v))`: however they are computed, they agree to the last bit.
"""

from __future__ import annotations

import heapq

import numba
import numpy as np
import numpy.typing as npt

from fuelbreak.fire.neighbours import moves

__all__ = ["block_cells", "move_costs", "travel_times"]

FloatGrid = npt.NDArray[np.float32]
BoolGrid = npt.NDArray[np.bool_]


def move_costs(slowness: npt.NDArray[np.float64], burns: BoolGrid, cell_size_m: float) -> FloatGrid:
    """Minutes that each move takes from each cell.

    Args:
        slowness: float64 (H, W, K), minutes per metre along the K moves' directions; inf where a cell does not burn.
        burns: bool (H, W), True where fire can spread.
        cell_size_m: Edge of a cell.

    Returns:
        float32 (H * W, K); inf where the move leaves the grid, crosses a cell that does not burn, or slips through
        the corner between two such cells.
    """
    plan = moves()
    return _move_costs(slowness, burns, plan.step, plan.pieces, plan.cell, plan.length * cell_size_m, plan.corner)


def block_cells(costs: FloatGrid, burns: BoolGrid, cells: npt.NDArray[np.int64]) -> None:
    """Make cells impassable, in place: every move that touches them, or a corner they now close, costs inf.

    Args:
        costs: float32 (H * W, K) from `move_costs`; changed.
        burns: bool (H, W); changed, False at `cells`.
        cells: int64 (n,), numbers of the cells.
    """
    plan = moves()
    _block_cells(costs, burns, cells, plan.pieces, plan.cell, plan.corner)


def travel_times(costs: FloatGrid, width: int, start: int, limit_min: float) -> FloatGrid:
    """Arrival times of one fire, by Dijkstra's algorithm.

    Args:
        costs: float32 (H * W, K), minutes per move.
        width: Columns of the grid.
        start: Number of the cell where the fire starts.
        limit_min: Times beyond it are inf.

    Returns:
        float32 (H * W,), minutes.
    """
    step = moves().step
    times = np.full(len(costs), np.inf, dtype=np.float32)
    return _dijkstra(costs, step[:, 0] * width + step[:, 1], start, np.float32(limit_min), times)


@numba.njit(cache=True, nogil=True)
def _move_costs(slowness, burns, step, pieces, cell, length, corner):  # type: ignore[no-untyped-def]
    height, width, count = slowness.shape
    costs = np.full((height * width, count), np.inf, dtype=np.float32)
    for row in range(height):
        for column in range(width):
            for k in range(count):
                end_row, end_column = row + step[k, 0], column + step[k, 1]
                if end_row < 0 or end_row >= height or end_column < 0 or end_column >= width:
                    continue
                if step[k, 0] % 2 != 0 and step[k, 1] % 2 != 0:
                    first = burns[row + corner[k, 0, 0], column + corner[k, 0, 1]]
                    second = burns[row + corner[k, 1, 0], column + corner[k, 1, 1]]
                    if not (first or second):
                        continue
                total = 0.0
                for p in range(pieces[k]):
                    total += length[k, p] * slowness[row + cell[k, p, 0], column + cell[k, p, 1], k]
                costs[row * width + column, k] = total
    return costs


@numba.njit(cache=True, nogil=True)
def _block_cells(costs, burns, cells, pieces, cell, corner):  # type: ignore[no-untyped-def]
    height, width = burns.shape
    for number in cells:
        row, column = number // width, number % width
        burns[row, column] = False
        for k in range(costs.shape[1]):
            for p in range(pieces[k]):
                from_row, from_column = row - cell[k, p, 0], column - cell[k, p, 1]
                if 0 <= from_row < height and 0 <= from_column < width:
                    costs[from_row * width + from_column, k] = np.inf
            for side in range(2):
                _close_corner(costs, burns, row, column, k, corner[k, side], corner[k, 1 - side])


@numba.njit(cache=True, nogil=True, inline="always")
def _close_corner(costs, burns, row, column, k, own, other):  # type: ignore[no-untyped-def]
    height, width = burns.shape
    from_row, from_column = row - own[0], column - own[1]
    other_row, other_column = from_row + other[0], from_column + other[1]
    if not (0 <= from_row < height and 0 <= from_column < width):
        return
    if not (0 <= other_row < height and 0 <= other_column < width):
        return
    if not burns[other_row, other_column]:
        costs[from_row * width + from_column, k] = np.inf


@numba.njit(cache=True, nogil=True)
def _dijkstra(costs, offset, start, limit, times):  # type: ignore[no-untyped-def]
    heap = [(np.float32(0.0), np.int64(start))]
    times[start] = 0.0
    while len(heap) > 0:
        time, here = heapq.heappop(heap)
        if time > times[here]:
            continue
        for k in range(costs.shape[1]):
            arrival = np.float32(time + costs[here, k])
            if arrival <= limit:
                there = here + offset[k]
                if arrival < times[there]:
                    times[there] = arrival
                    heapq.heappush(heap, (arrival, there))
    return times
