"""The graph of moves between cells that fire travels along, and what fuel breaks take out of it.

Cells are numbered row by row. The cost of a move is the sum over the cells it crosses of metres times minutes per
metre. Costs are kept by the cell in which a move starts, since a cell that burns lights its neighbours.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from fuelbreak.fire.neighbours import MOVES, moves
from fuelbreak.fire.stencil import WIDE

__all__ = ["IGNITION_RADIUS_CELLS", "Graph", "Lost", "block_cells", "graph_of_moves"]

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
BoolGrid = npt.NDArray[np.bool_]

IGNITION_RADIUS_CELLS = 0.2
"""A fire starts as a burning disc a fifth of a cell in radius: 6 m on 30 m cells.

A fire that is reported has a size. The finest reference at hand, solved on a grid three times as fine, lights one of
its own cells, so that its front starts 5 to 7 m out. It matters for the first cells only."""


COMPILED_WITH = "b29759a27945"
"""Digest of neighbours.py, which is compiled into this file's kernels; see `fuelbreak.fire.spread`."""


class Graph(NamedTuple):
    """Moves of one landscape under one weather; `cells` is H * W and K the number of moves.

    Attributes:
        costs: float32 (cells * K + WIDE,), minutes of the move k that starts in a cell, at `cell * K + k`; inf where
            it is not possible.
        first: float32 (cells, K), minutes of move k that starts in a cell where a fire is lit.
        burns: bool (H, W), False where nothing burns, breaks among it.
        ahead: int64 (K,), how many cells further a move ends.
    """

    costs: FloatArray
    first: FloatArray
    burns: BoolGrid
    ahead: IntArray

    def copy(self) -> Graph:
        """A graph of its own to block cells in."""
        return self._replace(costs=self.costs.copy(), burns=self.burns.copy())


class Lost(NamedTuple):
    """Moves that breaks took away.

    Attributes:
        moves: int64 (n,), where in `Graph.costs` each stood.
        minutes: float32 (n,), what it cost.
    """

    moves: IntArray
    minutes: FloatArray


def graph_of_moves(slowness: FloatArray, burns: BoolGrid, cell_size_m: float) -> Graph:
    """The graph in which no break stands yet.

    Args:
        slowness: float32 (K, H, W), minutes per metre along the K moves' directions; inf where a cell does not burn.
        burns: bool (H, W), True where fire can spread.
        cell_size_m: Edge of a cell.

    Returns:
        Costs that are inf where a move leaves the grid, crosses a cell that does not burn, or slips through the
        corner between two such cells.
    """
    plan = moves()
    _, height, width = slowness.shape
    costs = np.full(
        height * width * MOVES + WIDE, np.inf, dtype=np.float32
    )  # vectors reach beyond the last move
    first = np.full((height * width, MOVES), np.inf, dtype=np.float32)
    graph = Graph(costs, first, burns.copy(), plan.step[:, 0] * width + plan.step[:, 1])
    radius = IGNITION_RADIUS_CELLS * cell_size_m
    _fill(graph, slowness, plan.step, plan.pieces, plan.cell, plan.length * cell_size_m, plan.corner, radius)
    return graph


def block_cells(graph: Graph, cells: IntArray) -> Lost:
    """Make cells impassable, in place: moves that touch them, or a corner they now close, cost inf.

    Args:
        graph: Changed.
        cells: int64 (n,), numbers of the cells.

    Returns:
        The moves that were possible before.
    """
    plan = moves()
    most = len(cells) * len(plan.affected)
    lost = Lost(np.empty(most, np.int64), np.empty(most, np.float32))
    count = _block_cells(graph, cells, plan.affected, lost)
    return Lost(lost.moves[:count], lost.minutes[:count])


@numba.njit(cache=True, nogil=True)
def _fill(
    graph: Graph,
    slowness: FloatArray,
    step: IntArray,
    pieces: IntArray,
    cell: IntArray,
    length: npt.NDArray[np.float64],
    corner: IntArray,
    radius: float,
) -> None:
    """Work out every cost; the innermost loops run along rows, where they become vector instructions."""
    _, height, width = slowness.shape
    costs, first, burns = graph.costs, graph.first, graph.burns
    total = np.empty(width)
    for k in range(MOVES):
        down, right = step[k, 0], step[k, 1]
        low, high = max(0, -right), min(width, width - right)
        passes_corner = down % 2 != 0 and right % 2 != 0
        for row in range(max(0, -down), min(height, height - down)):
            total[:] = 0.0
            for p in range(pieces[k]):
                metres, along = length[k, p], slowness[k, row + cell[k, p, 0]]
                for column in range(low, high):
                    total[column] += metres * along[column + cell[k, p, 1]]
            for column in range(low, high):
                if total[column] == np.inf or (passes_corner and _is_closed(burns, row, column, corner[k])):
                    continue
                cell_number = row * width + column
                costs[cell_number * MOVES + k] = total[column]
                first[cell_number, k] = total[column] - radius * slowness[k, row, column]


@numba.njit(cache=True, nogil=True)
def _is_closed(burns: BoolGrid, row: int, column: int, corner: IntArray) -> bool:
    """Whether neither of the two cells beside a corner burns."""
    beside = burns[row + corner[0, 0], column + corner[0, 1]]
    return not (beside or bool(burns[row + corner[1, 0], column + corner[1, 1]]))


@numba.njit(cache=True, nogil=True)
def _block_cells(graph: Graph, cells: IntArray, affected: IntArray, lost: Lost) -> int:
    """One flat loop: calls with arrays as arguments inside it would make it twenty times slower."""
    burns, costs, ahead = graph.burns, graph.costs, graph.ahead
    height, width = burns.shape
    count = 0
    for number in cells:
        row, column = number // width, number % width
        burns[row, column] = False
        for m in range(len(affected)):
            end_row, end_column = row + affected[m, 1], column + affected[m, 2]
            if not (0 <= end_row < height and 0 <= end_column < width):
                continue
            beside_row, beside_column = row + affected[m, 3], column + affected[m, 4]
            is_beside_inside = 0 <= beside_row < height and 0 <= beside_column < width
            if not is_beside_inside or burns[beside_row, beside_column]:
                continue
            start = end_row * width + end_column - ahead[affected[m, 0]]
            index = start * MOVES + affected[m, 0]
            if 0 <= start < burns.size and costs[index] < np.inf:
                lost.moves[count], lost.minutes[count] = index, costs[index]
                costs[index] = np.inf
                count += 1
    return count
