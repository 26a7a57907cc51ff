"""The graph of moves between cells that fire travels along, and what fuel breaks take out of it.

Cells are numbered row by row. The cost of a move is the sum over the cells it crosses of metres times minutes per
metre, along the faster of its two lines. Costs are kept by the cell in which a move starts, since a cell that burns
lights its neighbours.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from fuelbreak.fire.neighbours import MOVES, Moves, moves
from fuelbreak.fire.stencil import WIDE

__all__ = ["IGNITION_RADIUS_CELLS", "Graph", "Lost", "block_cells", "graph_of_moves"]

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
BoolGrid = npt.NDArray[np.bool_]

IGNITION_RADIUS_CELLS = 0.2
"""A fire starts as a burning disc a fifth of a cell in radius: 6 m on 30 m cells.

A fire that is reported has a size. The finest reference at hand, solved on a grid three times as fine, lights one of
its own cells, so that its front starts 5 to 7 m out. It matters for the first cells only."""


COMPILED_WITH = "38d931d1a0ed"
"""Digest of neighbours.py, which is compiled into this file's kernels; see `fuelbreak.fire.spread`."""


class Graph(NamedTuple):
    """Moves of one landscape under one weather; `cells` is H * W, K the number of moves, C of which pass a corner.

    Attributes:
        costs: float32 (cells * K + WIDE,), minutes of the move k that starts in a cell, at `cell * K + k`; inf where
            it is not possible.
        sides: float32 (cells, C, 2), minutes along each line of a move past a corner, of which its cost is the lesser;
            without meaning where a move is not possible.
        lead: float32 (cells, K), minutes that move k takes less where a fire is lit in the cell.
        burns: bool (H, W), False where nothing burns, breaks among it.
        ahead: int64 (K,), how many cells further a move ends.
    """

    costs: FloatArray
    sides: FloatArray
    lead: FloatArray
    burns: BoolGrid
    ahead: IntArray

    def copy(self) -> Graph:
        """A graph of its own to block cells in."""
        return self._replace(costs=self.costs.copy(), sides=self.sides.copy(), burns=self.burns.copy())

    @property
    def nbytes(self) -> int:
        """Bytes of its arrays."""
        return sum(array.nbytes for array in self)


class Lost(NamedTuple):
    """Moves that breaks took away, or made dearer: those past a corner whose faster side they took.

    Attributes:
        moves: int64 (n,), where in `Graph.costs` each stands.
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
    cells = height * width
    graph = Graph(
        costs=np.full(cells * MOVES + WIDE, np.inf, np.float32),  # vectors reach beyond the last move
        sides=np.full((cells, int(plan.sided.max()) + 1, 2), np.inf, np.float32),
        lead=np.zeros((cells, MOVES), np.float32),
        burns=burns.copy(),
        ahead=plan.step[:, 0] * width + plan.step[:, 1],
    )
    _fill(graph, slowness, plan, cell_size_m)
    return graph


def block_cells(graph: Graph, cells: IntArray) -> Lost:
    """Make cells impassable, in place: the graph is then as if it had been made without them.

    Args:
        graph: Changed.
        cells: int64 (n,), numbers of the cells.

    Returns:
        The moves that were possible before, or cost less.
    """
    plan = moves()
    most = len(cells) * len(plan.affected)
    lost = Lost(np.empty(most, np.int64), np.empty(most, np.float32))
    count = _block_cells(graph, cells, plan, lost)
    return Lost(lost.moves[:count], lost.minutes[:count])


@numba.njit(cache=True, nogil=True)
def _fill(graph: Graph, slowness: FloatArray, plan: Moves, cell_size_m: float) -> None:
    """Work out every cost."""
    _, height, width = slowness.shape
    minutes = np.empty((2, width))
    for k in range(MOVES):
        down, right = plan.step[k]
        low, high = max(0, -right), min(width, width - right)
        for row in range(max(0, -down), min(height, height - down)):
            minutes[:] = 0.0
            for side in range(2):
                for p in range(plan.pieces[k]):
                    metres, cell = plan.length[k, side, p] * cell_size_m, plan.cell[k, p]
                    _add_piece(minutes[side], metres, slowness[k, row + cell[0]], cell[1], low, high)
                if plan.sided[k] >= 0:
                    metres, cell = plan.cut[k] * cell_size_m, plan.corner[k, side]
                    _add_piece(minutes[side], metres, slowness[k, row + cell[0]], cell[1], low, high)
            _keep_row(graph, k, plan.sided[k], row * width, low, high, minutes)
            for column in range(low, high):
                lead = IGNITION_RADIUS_CELLS * cell_size_m * slowness[k, row, column]
                graph.lead[row * width + column, k] = lead if lead < np.inf else 0.0


@numba.njit(cache=True, nogil=True)
def _add_piece(
    minutes: npt.NDArray[np.float64], metres: float, along: FloatArray, right: int, low: int, high: int
) -> None:
    """A loop along a row, which becomes vector instructions."""
    for column in range(low, high):
        minutes[column] += metres * along[column + right]


@numba.njit(cache=True, nogil=True)
def _keep_row(
    graph: Graph, k: int, sided: int, first: int, low: int, high: int, minutes: npt.NDArray[np.float64]
) -> None:
    """Note what a move costs that starts in the cells of a row, which begins with cell `first`."""
    for column in range(low, high):
        cell = first + column
        graph.costs[cell * MOVES + k] = min(minutes[0, column], minutes[1, column])
        if sided >= 0:
            graph.sides[cell, sided, 0] = minutes[0, column]
            graph.sides[cell, sided, 1] = minutes[1, column]


@numba.njit(cache=True, nogil=True)
def _block_cells(graph: Graph, cells: IntArray, plan: Moves, lost: Lost) -> int:
    """One flat loop: calls with arrays as arguments inside it would make it twenty times slower."""
    burns, costs, sides, ahead = graph.burns, graph.costs, graph.sides, graph.ahead
    affected, sided = plan.affected, plan.sided
    height, width = burns.shape
    count = 0
    for number in cells:
        row, column = number // width, number % width
        burns[row, column] = False
        for m in range(len(affected)):
            move, line = affected[m, 0], affected[m, 3]
            end_row, end_column = row + affected[m, 1], column + affected[m, 2]
            if not (0 <= end_row < height and 0 <= end_column < width):
                continue
            start = end_row * width + end_column - ahead[move]
            index = start * MOVES + move
            if not (0 <= start < burns.size and costs[index] < np.inf):
                continue
            minutes = np.float32(np.inf)
            if line >= 0:
                sides[start, sided[move], line] = np.inf
                minutes = sides[start, sided[move], 1 - line]
            if minutes != costs[index]:
                lost.moves[count], lost.minutes[count] = index, costs[index]
                costs[index] = minutes
                count += 1
    return count
