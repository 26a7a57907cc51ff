"""The graph of moves between cells that fire travels along, and what fuel breaks take out of it.

Cells are numbered row by row. The cost of a move is the sum over the cells it crosses of metres times minutes per
metre. Costs are kept by the cell in which a move ends, since a cell asks its neighbours when fire arrives.
"""

from __future__ import annotations

from math import pi, sqrt
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from fuelbreak.fire.lanes import LANES
from fuelbreak.fire.neighbours import MOVES, REACH, moves

__all__ = ["IGNITION_RADIUS_CELLS", "Graph", "block_cells", "graph_of_moves"]

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
BoolGrid = npt.NDArray[np.bool_]

IGNITION_RADIUS_CELLS = 1.0 / (3.0 * sqrt(pi))
"""A fire starts as a burning disc of a ninth of its cell, 5.6 m in radius on 30 m cells.

A fire that is reported has a size; the finest reference at hand, solved on a grid three times as fine, starts from
one of its own cells. It matters for the first cells only."""


class Graph(NamedTuple):
    """Moves of one landscape under one weather; `cells` is H * W and K the number of moves.

    Attributes:
        costs: float32 (cells * K,), minutes of the move k that ends in a cell; inf where it is not possible.
        first: float32 (cells, K), minutes of move k that starts in a cell where a fire is lit.
        burns: bool (H, W), False where nothing burns, breaks among it.
        ahead: int64 (K,), how many cells further a move ends.
        back: int64 (K,), the same as a distance in an array of LANES times per cell.
        margin: Cells to leave before the first and after the last in arrays that moves index.
    """

    costs: FloatArray
    first: FloatArray
    burns: BoolGrid
    ahead: IntArray
    back: IntArray
    margin: int

    def copy(self) -> Graph:
        """A graph of its own to block cells in."""
        return self._replace(costs=self.costs.copy(), burns=self.burns.copy())


def graph_of_moves(slowness: npt.NDArray[np.float64], burns: BoolGrid, cell_size_m: float) -> Graph:
    """The graph in which no break stands yet.

    Args:
        slowness: float64 (H, W, K), minutes per metre along the K moves' directions; inf where a cell does not burn.
        burns: bool (H, W), True where fire can spread.
        cell_size_m: Edge of a cell.

    Returns:
        Costs that are inf where a move leaves the grid, crosses a cell that does not burn, or slips through the
        corner between two such cells.
    """
    plan = moves()
    _, width, _ = slowness.shape
    ahead = plan.step[:, 0] * width + plan.step[:, 1]
    length = plan.length * cell_size_m
    radius = IGNITION_RADIUS_CELLS * cell_size_m
    costs, first = _costs(slowness, burns, plan.step, plan.pieces, plan.cell, length, plan.corner, radius)
    return Graph(costs, first, burns.copy(), ahead, ahead * LANES, REACH * (width + 1))


def block_cells(graph: Graph, cells: IntArray, touched: npt.NDArray[np.uint8]) -> None:
    """Make cells impassable, in place: moves that touch them, or a corner they now close, cost inf.

    Args:
        graph: Changed.
        cells: int64 (n,), numbers of the cells.
        touched: uint8 (margin + cells + margin,), set to 1 where a cell loses a move; changed.
    """
    plan = moves()
    _block_cells(graph, cells, plan.step, plan.pieces, plan.cell, plan.corner, touched)


@numba.njit(cache=True, nogil=True)
def _costs(
    slowness: npt.NDArray[np.float64],
    burns: BoolGrid,
    step: IntArray,
    pieces: IntArray,
    cell: IntArray,
    length: npt.NDArray[np.float64],
    corner: IntArray,
    radius: float,
) -> tuple[FloatArray, FloatArray]:
    height, width, count = slowness.shape
    costs = np.full(height * width * count, np.inf, dtype=np.float32)
    first = np.full((height * width, count), np.inf, dtype=np.float32)
    for row in range(height):
        for column in range(width):
            for k in range(count):
                to_row, to_column = row + step[k, 0], column + step[k, 1]
                if to_row < 0 or to_row >= height or to_column < 0 or to_column >= width:
                    continue
                if _slips_through(burns, row, column, step[k], corner[k]):
                    continue
                total = 0.0
                for p in range(pieces[k]):
                    total += length[k, p] * slowness[row + cell[k, p, 0], column + cell[k, p, 1], k]
                if total < np.inf:
                    costs[(to_row * width + to_column) * count + k] = total
                    first[row * width + column, k] = total - radius * slowness[row, column, k]
    return costs, first


@numba.njit(cache=True, nogil=True)
def _slips_through(burns: BoolGrid, row: int, column: int, step: IntArray, corner: IntArray) -> bool:
    """Whether a move passes exactly between two cells that do not burn."""
    if step[0] % 2 == 0 or step[1] % 2 == 0:
        return False
    beside = burns[row + corner[0, 0], column + corner[0, 1]]
    return not (beside or bool(burns[row + corner[1, 0], column + corner[1, 1]]))


@numba.njit(cache=True, nogil=True)
def _block_cells(
    graph: Graph,
    cells: IntArray,
    step: IntArray,
    pieces: IntArray,
    cell: IntArray,
    corner: IntArray,
    touched: npt.NDArray[np.uint8],
) -> None:
    width = graph.burns.shape[1]
    for number in cells:
        row, column = number // width, number % width
        graph.burns[row, column] = False
        for k in range(MOVES):
            for p in range(pieces[k]):
                _block_move(graph, row - cell[k, p, 0], column - cell[k, p, 1], k, step, touched)
            if step[k, 0] % 2 != 0 and step[k, 1] % 2 != 0:
                for side in range(2):
                    from_row, from_column = row - corner[k, side, 0], column - corner[k, side, 1]
                    beside_row, beside_column = (
                        from_row + corner[k, 1 - side, 0],
                        from_column + corner[k, 1 - side, 1],
                    )
                    if (
                        _is_inside(graph.burns, beside_row, beside_column)
                        and not graph.burns[beside_row, beside_column]
                    ):
                        _block_move(graph, from_row, from_column, k, step, touched)


@numba.njit(cache=True, nogil=True)
def _block_move(
    graph: Graph, row: int, column: int, k: int, step: IntArray, touched: npt.NDArray[np.uint8]
) -> None:
    """Take out the move k that starts in a cell, if there is one."""
    to_row, to_column = row + step[k, 0], column + step[k, 1]
    if not (_is_inside(graph.burns, row, column) and _is_inside(graph.burns, to_row, to_column)):
        return
    end = to_row * graph.burns.shape[1] + to_column
    if graph.costs[end * MOVES + k] < np.inf:
        graph.costs[end * MOVES + k] = np.inf
        touched[graph.margin + end] = 1


@numba.njit(cache=True, nogil=True)
def _is_inside(grid: BoolGrid, row: int, column: int) -> bool:
    return bool(0 <= row < grid.shape[0] and 0 <= column < grid.shape[1])
