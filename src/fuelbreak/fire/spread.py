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

from fuelbreak.fire.lanes import LANES, hanging, relax, tally, unsupported
from fuelbreak.fire.neighbours import MOVES
from fuelbreak.fire.travel_time import FloatArray, Graph, IntArray

__all__ = ["Front", "add_up", "allocate_front", "burn", "order_by_place", "repair", "run_fires"]


COMPILED_WITH = "418dfdceb063"
"""Digest of lanes.py and neighbours.py: Numba keeps compiled code until the file it stands in changes, and what is
compiled here contains those two. A test holds this line, so that whoever changes them changes this file."""

_LOOK, _GAP = 1, 2  # flags in Front.marked
_WORD = 8  # flags that are passed over in one step where none is set


class Front(NamedTuple):
    """Sixteen fires on their way; a place is the number of a cell plus the graph's margin.

    Attributes:
        times: float32 ((margin + cells + margin) * LANES,), minutes; inf where a fire has not come.
        marked: uint8 (margin + cells + margin, and up to a multiple of 8), flags: 1 to be looked at, 2 withdrawn and
            not yet settled.
        span: int64 (4,), first and last place marked, first and last place ever reached.
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
        65 bytes per cell, and as much for each cell of the margins.
    """
    places = graph.burns.size + 2 * graph.margin
    nowhere = np.array([places, -1, places, -1])
    marked = np.zeros(-(-places // _WORD) * _WORD, np.uint8)
    return Front(np.full(places * LANES, np.inf, np.float32), marked, nowhere)


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
        burn(graph, front, starts[batch : batch + count], limit)
        add_up(graph, front, burned[batch : batch + count], reached)
        front.times[front.span[2] * LANES : (front.span[3] + 1) * LANES] = np.inf
        front.span[2], front.span[3] = len(front.marked), -1


@numba.njit(cache=True, nogil=True)
def burn(graph: Graph, front: Front, starts: IntArray, limit: float) -> None:
    """Burn up to sixteen fires.

    Args:
        graph: Where.
        front: Room in which nothing burns yet; becomes the arrival times.
        starts: int64 (n,), cell numbers, n at most LANES; one that cannot burn lights nothing.
        limit: Minutes that a fire burns.
    """
    _ignite(graph, front, starts, limit)
    _settle(graph, front, limit, _LOOK)


@numba.njit(cache=True, nogil=True)
def _ignite(graph: Graph, front: Front, starts: IntArray, limit: float) -> None:
    """Light lane i at starts[i]; a second time where times around a start were withdrawn."""
    burns, costs, first, ahead = graph.burns, graph.costs, graph.first, graph.ahead
    for lane in range(len(starts)):
        start = starts[lane]
        if start < 0 or not burns.flat[start]:
            continue
        place = graph.margin + start
        _offer(graph, front, place, lane, np.float32(0.0))
        for k in range(MOVES):
            end = place + ahead[k]
            if costs[end * MOVES + k] < np.inf and first[start, k] <= limit:
                _offer(graph, front, end, lane, first[start, k])


@numba.njit(cache=True, nogil=True)
def _settle(graph: Graph, front: Front, limit: float, flags: int) -> None:
    """Sweep to and fro over the places marked with all `flags` until no time changes."""
    costs, ahead, back = graph.costs, graph.ahead, graph.back
    times, marked, span = front.times, front.marked, front.span
    words = marked.view(np.uint64)
    margin, end = graph.margin, graph.margin + graph.burns.size - 1
    last, forwards = np.float32(limit), True
    while span[0] <= span[1]:
        low, high = span[0], span[1]
        span[0], span[1] = len(marked), -1
        place = low if forwards else high
        while low <= place <= high:
            if words[place // _WORD] == 0:
                place = (place // _WORD + 1) * _WORD if forwards else place // _WORD * _WORD - 1
                continue
            if marked[place] & flags == flags:
                marked[place] &= ~_LOOK
                if relax(times, costs, back, place, last) != 0:
                    _mark_around(marked, span, ahead, margin, end, place)
                    low, high = min(low, span[0]), max(high, span[1])
            place += 1 if forwards else -1
        forwards = not forwards


@numba.njit(cache=True, nogil=True)
def repair(graph: Graph, front: Front, starts: IntArray, limit: float) -> None:
    """Bring settled fires in line with a graph that lost moves.

    Only places with a withdrawn time are visited again: taking moves away makes no fire come earlier.

    Args:
        graph: As it is now.
        front: Changed; the cells that lost a move are marked.
        starts: int64 (n,), cell numbers by lane; -1 where the fire can no longer start.
        limit: Minutes that a fire burns.
    """
    low, high = _withdraw(graph, front, starts)
    for place in range(low, high + 1):
        if front.marked[place] == _GAP:
            front.marked[place] = _GAP | _LOOK
    front.span[0], front.span[1] = low, high
    _ignite(graph, front, starts, limit)
    _settle(graph, front, limit, _LOOK | _GAP)
    front.span[0], front.span[1] = len(front.marked), -1


@numba.njit(cache=True, nogil=True)
def _withdraw(graph: Graph, front: Front, starts: IntArray) -> tuple[int, int]:
    """Withdraw every time that hangs on a lost move; gaps stay marked as such, between the places returned."""
    costs, back = graph.costs, graph.back
    times, marked, span = front.times, front.marked, front.span
    gap_low, gap_high = len(marked), -1
    withdrawn, forwards = np.empty(LANES, np.float32), True
    while span[0] <= span[1]:
        low, high = span[0], span[1]
        span[0], span[1] = len(marked), -1
        place = low if forwards else high
        while low <= place <= high:
            if marked[place] & _LOOK:
                marked[place] &= ~_LOOK
                lanes = unsupported(times, costs, back, place)
                if lanes != 0 and _withdraw_lanes(graph, times, starts, place, lanes, withdrawn):
                    marked[place] |= _GAP
                    gap_low, gap_high = min(gap_low, place), max(gap_high, place)
                    _mark_hanging(graph, front, place, withdrawn)
                    low, high = min(low, span[0]), max(high, span[1])
            place += 1 if forwards else -1
        forwards = not forwards
    return gap_low, gap_high


@numba.njit(cache=True, nogil=True)
def _withdraw_lanes(
    graph: Graph, times: FloatArray, starts: IntArray, place: int, lanes: int, withdrawn: FloatArray
) -> bool:
    """Withdraw the times of a place in some lanes, save where the fire was lit; tell whether any was.

    The times that were go to `withdrawn`, NaN in the other lanes.
    """
    any_withdrawn = False
    withdrawn[:] = np.nan
    for lane in range(len(starts)):
        at = place * LANES + lane
        if (lanes >> lane) & 1 and not _is_lit(graph, starts[lane], place, times[at]):
            withdrawn[lane] = times[at]
            times[at] = np.inf
            any_withdrawn = True
    return any_withdrawn


@numba.njit(cache=True, nogil=True)
def _is_lit(graph: Graph, start: int, place: int, time: float) -> bool:
    """Whether a fire lit at `start` comes to a place at that time straight from its burning disc."""
    ahead = place - graph.margin - start
    if start < 0 or ahead == 0:
        return start >= 0
    for k in range(MOVES):
        if graph.ahead[k] == ahead and graph.costs[place * MOVES + k] < np.inf:
            return bool(graph.first[start, k] == time)
    return False


@numba.njit(cache=True, nogil=True)
def _mark_hanging(graph: Graph, front: Front, place: int, withdrawn: FloatArray) -> None:
    """Have every place looked at whose time came from one that was withdrawn."""
    found = hanging(front.times, graph.costs, graph.ahead, place, withdrawn)
    for k in range(MOVES):
        if (found >> k) & 1:
            end = place + graph.ahead[k]
            front.marked[end] |= _LOOK
            front.span[0], front.span[1] = min(front.span[0], end), max(front.span[1], end)


@numba.njit(cache=True, nogil=True)
def add_up(graph: Graph, front: Front, burned: IntArray, reached: IntArray) -> None:
    """Add the cells of each lane to `burned` and the lanes of each cell to `reached`."""
    times = front.times
    counts = np.zeros(LANES, np.int32)
    for place in range(front.span[2], front.span[3] + 1):
        reached[place - graph.margin] += tally(times, place, counts)
    for lane in range(len(burned)):
        burned[lane] += counts[lane]


@numba.njit(cache=True, nogil=True)
def _offer(graph: Graph, front: Front, place: int, lane: int, time: float) -> None:
    """Let a fire come to a place at a time, unless it was there before."""
    at = place * LANES + lane
    if time < front.times[at]:
        front.times[at] = time
        last = graph.margin + graph.burns.size - 1
        _mark_around(front.marked, front.span, graph.ahead, graph.margin, last, place)


@numba.njit(cache=True, nogil=True)
def _mark_around(
    marked: npt.NDArray[np.uint8], span: IntArray, ahead: IntArray, margin: int, last: int, place: int
) -> None:
    """Have every place looked at that a move from here may end in.

    Moves off the sides mark cells at the other end of a row, where they cost inf and do no harm. The margins are
    marked but never visited: nothing burns there.
    """
    for k in range(MOVES):
        marked[place + ahead[k]] |= _LOOK
    span[0] = min(span[0], max(place - margin, margin))
    span[1] = max(span[1], min(place + margin, last))
    span[2] = min(span[2], place)
    span[3] = max(span[3], place)
