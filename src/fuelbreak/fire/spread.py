"""Compiled fire spread: sixteen fires at a time settle on their arrival times.

All costs are positive, so the arrival times are the one fixed point of `t[v] = min over u of fl(t[u] + cost(u, v))`
with the ignition's times given: whatever the order of the updates, the result is the same to the last bit. Cells
whose neighbours changed are marked and visited in sweeps, forwards and backwards through the rows, each visit
serving all sixteen fires.

After new breaks the same marks repair what is there: first every time that no neighbour accounts for any more is
withdrawn, to the end of the tree that hung on it; then the gaps settle anew. What results is a fixed point of the
new graph, hence equal to a run from nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from fuelbreak.fire.lanes import LANES, relax, unsupported
from fuelbreak.fire.neighbours import MOVES
from fuelbreak.fire.travel_time import FloatArray, Graph, IntArray

__all__ = ["Front", "add_up", "allocate_front", "ignite", "order_by_place", "repair", "run_fires", "settle"]


_LOOK, _GAP = 1, 2  # flags in Front.marked


class Front(NamedTuple):
    """Sixteen fires on their way.

    Attributes:
        times: float32 ((margin + cells + margin) * LANES,), minutes; inf where a fire has not come.
        marked: uint8 (margin + cells + margin,), flags: 1 to be looked at, 2 withdrawn and not yet settled.
        span: int64 (4,), first and last marked cell, first and last cell ever marked.
    """

    times: FloatArray
    marked: npt.NDArray[np.uint8]
    span: IntArray

    def copy(self) -> Front:
        """The same fires, independent of these."""
        return Front(self.times.copy(), self.marked.copy(), self.span.copy())


def allocate_front(graph: Graph) -> Front:
    """Room for sixteen fires, none of them lit.

    Args:
        graph: Whose cells they burn in.

    Returns:
        68 bytes or so per cell.
    """
    cells = graph.burns.size + 2 * graph.margin
    nowhere = np.array([graph.burns.size, -1, graph.burns.size, -1])
    return Front(np.full(cells * LANES, np.inf, np.float32), np.zeros(cells, np.uint8), nowhere)


def order_by_place(starts: IntArray, width: int) -> IntArray:
    """An order of fires in which those of one batch start close together (Morton 1966), so that they share visits.

    Args:
        starts: int64 (n,), cell numbers.
        width: Columns of the grid.

    Returns:
        int64 (n,), indices into `starts`.
    """
    row, column = np.divmod(starts, width)
    key = np.zeros_like(starts)
    for bit in range(16):
        key |= ((row >> bit) & 1) << (2 * bit + 1) | ((column >> bit) & 1) << (2 * bit)
    return np.argsort(key, kind="stable")


@numba.njit(cache=True, nogil=True)
def run_fires(
    graph: Graph, front: Front, starts: IntArray, limit: float, burned: IntArray, reached: IntArray
) -> None:
    """Burn many fires from nothing, a batch after the other in the same room.

    Args:
        graph: Where.
        front: Room; fresh, and of no further use afterwards.
        starts: int64 (n,), cell numbers.
        limit: Minutes that a fire burns.
        burned: int64 (n,), zeros; becomes the number of cells of each fire.
        reached: int64 (cells,), zeros; becomes the number of fires that reach each cell.
    """
    for batch in range(0, len(starts), LANES):
        count = min(LANES, len(starts) - batch)
        ignite(graph, front, starts[batch : batch + count], limit)
        settle(graph, front, limit)
        add_up(graph, front, burned[batch : batch + count], reached)
        low, high = front.span[2], front.span[3]
        front.times[(graph.margin + low) * LANES : (graph.margin + high + 1) * LANES] = np.inf
        front.span[2], front.span[3] = graph.burns.size, -1


@numba.njit(cache=True, nogil=True)
def ignite(graph: Graph, front: Front, starts: IntArray, limit: float) -> None:
    """Light lane i at starts[i]; again where a fire burns already, after cells around it were withdrawn.

    A start that cannot burn, or is negative, lights nothing.
    """
    cells = graph.burns.size
    for lane in range(len(starts)):
        start = starts[lane]
        if start < 0 or not graph.burns.flat[start]:
            continue
        _offer(graph, front, start, lane, np.float32(0.0))
        for k in range(MOVES):
            end = start + graph.ahead[k]
            if not 0 <= end < cells or graph.costs[end * MOVES + k] == np.inf:
                continue
            if graph.first[start, k] <= limit:
                _offer(graph, front, end, lane, graph.first[start, k])


@numba.njit(cache=True, nogil=True)
def settle(graph: Graph, front: Front, limit: float) -> None:
    """Sweep to and fro over the marked cells until no time changes.

    Args:
        graph: Where.
        front: Changed: its times become arrival times, its marks vanish.
        limit: Times beyond it stay inf.
    """
    last = np.float32(limit)
    forwards = True
    while front.span[0] <= front.span[1]:
        low, high = front.span[0], front.span[1]
        front.span[0], front.span[1] = graph.burns.size, -1
        cell = low if forwards else high
        while low <= cell <= high:
            place = graph.margin + cell
            if front.marked[place] != 0:
                front.marked[place] = 0
                if relax(front.times, graph.costs, graph.back, place * LANES, cell * MOVES, last) != 0:
                    _mark_around(graph, front, cell)
                    low, high = min(low, front.span[0]), max(high, front.span[1])
            cell += 1 if forwards else -1
        forwards = not forwards


@numba.njit(cache=True, nogil=True)
def repair(graph: Graph, front: Front, starts: IntArray, limit: float) -> None:
    """Bring settled fires in line with a graph that lost moves.

    Args:
        graph: As it is now.
        front: Changed; the cells that lost a move are marked.
        starts: int64 (n,), cell numbers by lane; -1 where the fire can no longer start.
        limit: Minutes that a fire burns.
    """
    low, high = _withdraw(graph, front, starts)
    for cell in range(low, high + 1):
        if front.marked[graph.margin + cell] == _GAP:
            front.marked[graph.margin + cell] = _LOOK
    front.span[0], front.span[1] = low, high
    ignite(graph, front, starts, limit)
    settle(graph, front, limit)


@numba.njit(cache=True, nogil=True)
def _withdraw(graph: Graph, front: Front, starts: IntArray) -> tuple[int, int]:
    """Withdraw every time that hangs on a lost move; gaps stay marked as such, between the cells returned."""
    gap_low, gap_high = graph.burns.size, -1
    while front.span[0] <= front.span[1]:
        low, high = front.span[0], front.span[1]
        front.span[0], front.span[1] = graph.burns.size, -1
        for cell in range(low, high + 1):
            place = graph.margin + cell
            if front.marked[place] & _LOOK:
                front.marked[place] &= _GAP
                lanes = unsupported(front.times, graph.costs, graph.back, place * LANES, cell * MOVES)
                if lanes != 0 and _withdraw_lanes(graph, front, starts, cell, lanes):
                    front.marked[place] |= _GAP
                    gap_low, gap_high = min(gap_low, cell), max(gap_high, cell)
                    _mark_around(graph, front, cell)
    return gap_low, gap_high


@numba.njit(cache=True, nogil=True)
def _withdraw_lanes(graph: Graph, front: Front, starts: IntArray, cell: int, lanes: int) -> bool:
    """Withdraw the times of a cell in some lanes, save where the fire was lit; tell whether any was."""
    withdrawn = False
    for lane in range(len(starts)):
        at = (graph.margin + cell) * LANES + lane
        if (lanes >> lane) & 1 and not _is_lit(graph, starts[lane], cell, front.times[at]):
            front.times[at] = np.inf
            withdrawn = True
    return withdrawn


@numba.njit(cache=True, nogil=True)
def _is_lit(graph: Graph, start: int, cell: int, time: float) -> bool:
    """Whether a fire lit at `start` comes to a cell at that time straight from its burning disc."""
    if start < 0 or cell == start:
        return start >= 0
    for k in range(MOVES):
        if start + graph.ahead[k] == cell:
            return bool(graph.costs[cell * MOVES + k] < np.inf and graph.first[start, k] == time)
    return False


@numba.njit(cache=True, nogil=True)
def add_up(graph: Graph, front: Front, burned: IntArray, reached: IntArray) -> None:
    """Add the cells of each lane to `burned` and the lanes of each cell to `reached`."""
    for cell in range(max(front.span[2], 0), min(front.span[3] + 1, graph.burns.size)):
        first = (graph.margin + cell) * LANES
        for lane in range(len(burned)):
            if front.times[first + lane] < np.inf:
                burned[lane] += 1
                reached[cell] += 1


@numba.njit(cache=True, nogil=True)
def _offer(graph: Graph, front: Front, cell: int, lane: int, time: float) -> None:
    """Let fire come to a cell at a time, unless it was there before."""
    at = (graph.margin + cell) * LANES + lane
    if time < front.times[at]:
        front.times[at] = time
        _mark_around(graph, front, cell)


@numba.njit(cache=True, nogil=True)
def _mark_around(graph: Graph, front: Front, cell: int) -> None:
    """Have every cell looked at that a move from `cell` may end in.

    Moves off the sides mark cells at the other end of a row, where they cost inf and do no harm.
    """
    for k in range(MOVES):
        front.marked[graph.margin + cell + graph.ahead[k]] |= _LOOK
    front.span[0] = min(front.span[0], max(cell - graph.margin, 0))
    front.span[1] = max(front.span[1], min(cell + graph.margin, graph.burns.size - 1))
    front.span[2] = min(front.span[2], cell)
    front.span[3] = max(front.span[3], cell)
