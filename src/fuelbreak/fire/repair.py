"""Fires that are kept while breaks are built, and repaired instead of burned anew.

Breaks only take moves away, or make them dearer. Every time that came by such a move is withdrawn, to the end of the
tree that hung on it; the cells around spread once more, and the gaps settle. What results is a fixed point of the new
graph, hence equal to a run from nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numba
import numpy as np

from fuelbreak.fire.neighbours import MOVES, REACH
from fuelbreak.fire.room import LEFT, Room, cell_at, clear, place_of, put_back, take_out
from fuelbreak.fire.spread import burn_one, light, look_around, settle_fire
from fuelbreak.fire.stencil import WIDE, expose, first_bit, hanging
from fuelbreak.fire.travel_time import FloatArray, Graph, IntArray, Lost

__all__ = ["Kept", "LostWays", "add_up", "keep_fires", "lost_ways", "repair_fires"]

COMPILED_WITH = "e324032b444b"
"""Digest of stencil.py, neighbours.py, room.py and spread.py, which are compiled into this file's kernels; see
`fuelbreak.fire.spread`."""


class Kept(NamedTuple):
    """Fires kept to be repaired, each in the rectangle that it burns in.

    Attributes:
        times: float32, rectangle after rectangle, row by row, minutes; inf where a fire does not come.
        box: int64 (n, 4), first and last row and first and last column of each rectangle.
        at: int64 (n,), where in `times` each starts.
    """

    times: FloatArray
    box: IntArray
    at: IntArray

    @staticmethod
    def joined(parts: Sequence[Kept]) -> Kept:
        """Fires of several lots, in their order."""
        before = np.cumsum([0] + [len(part.times) for part in parts[:-1]])
        return Kept(
            np.concatenate([part.times for part in parts]),
            np.concatenate([part.box for part in parts]),
            np.concatenate([part.at + start for part, start in zip(parts, before, strict=True)]),
        )

    def fire(self, number: int, shape: tuple[int, int]) -> FloatArray:
        """float32 `shape`, the times of one fire in the whole grid."""
        times = np.full(shape, np.inf, np.float32)
        top, bottom, left, right = self.box[number]
        inside = times[top : bottom + 1, left : right + 1]
        start = self.at[number]
        inside[:] = self.times[start : start + inside.size].reshape(inside.shape)
        return times

    def copy(self) -> Kept:
        """The same fires, independent of these."""
        return self._replace(times=self.times.copy())


class LostWays(NamedTuple):
    """Moves that breaks took away or made dearer, by place.

    Attributes:
        start: int64 (m,), places where they start.
        end: int64 (m,), places where they end.
        moves: int64 (m,), where in the costs they stood.
        minutes: float32 (m,), what they cost.
        around: int64 (b, 2), rows and columns of the breaks.
    """

    start: IntArray
    end: IntArray
    moves: IntArray
    minutes: FloatArray
    around: IntArray


def lost_ways(graph: Graph, lost: Lost, cells: IntArray, room: Room) -> LostWays:
    """Moves that breaks took away or made dearer, by the places where they start and end.

    Args:
        graph: Where.
        lost: The moves.
        cells: int64 (b,), numbers of the new breaks.
        room: Whose places.

    Returns:
        What `repair_fires` needs.
    """
    width = graph.burns.shape[1]
    starts, move = np.divmod(lost.moves, MOVES)
    rows = np.divmod(np.stack([starts, starts + graph.ahead[move]]), width)
    start, end = (rows[0] + REACH) * room.stride + rows[1] + LEFT
    return LostWays(start, end, lost.moves, lost.minutes, np.stack(np.divmod(cells, width), axis=1))


@numba.njit(cache=True, nogil=True)
def keep_fires(graph: Graph, room: Room, starts: IntArray, limit: float, kept: Kept, burned: IntArray) -> int:
    """Burn fires from nothing and keep their times.

    Args:
        graph: Where.
        room: Left as it was.
        starts: int64 (n,), cell numbers.
        limit: Minutes that a fire burns.
        kept: Room for n times as many times as there are cells; overwritten.
        burned: int64 (n,), becomes the number of cells of each fire.

    Returns:
        How many times were kept.
    """
    end = 0
    for i in range(len(starts)):
        kept.at[i] = end
        kept.box[i] = (0, -1, 0, -1)
        if graph.burns.flat[starts[i]]:
            burn_one(graph, room, starts[i], limit)
            kept.box[i] = room.box
            height, width = room.box[1] - room.box[0] + 1, room.box[3] - room.box[2] + 1
            inside = kept.times[end : end + height * width].reshape(height, width)
            burned[i] = take_out(room, limit, inside)
            end += inside.size
            clear(room)
    return end


@numba.njit(cache=True, nogil=True)
def add_up(graph: Graph, kept: Kept, reached: IntArray) -> None:
    """Add the number of kept fires that reach each cell to int64 (cells,) `reached`."""
    width = graph.burns.shape[1]
    for i in range(len(kept.at)):
        top, bottom, left, right = kept.box[i]
        at = kept.at[i]
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                reached[row * width + column] += kept.times[at] < np.inf
                at += 1


@numba.njit(cache=True, nogil=True)
def repair_fires(
    graph: Graph, room: Room, starts: IntArray, limit: float, kept: Kept, lost: LostWays, burned: IntArray
) -> None:
    """Bring kept fires in line with a graph that lost moves.

    Args:
        graph: As it is now.
        room: Left as it was.
        starts: int64 (n,), cell numbers.
        limit: Minutes that a fire burns.
        kept: Changed.
        lost: The moves.
        burned: int64 (n,), cells that each fire burned; changed.
    """
    for i in range(len(starts)):
        top, bottom, left, right = kept.box[i]
        height, width = bottom - top + 1, right - left + 1
        inside = kept.times[kept.at[i] : kept.at[i] + height * width].reshape(height, width)
        if not graph.burns.flat[starts[i]]:
            inside[:] = np.inf
            burned[i] = 0
        elif _is_near(kept.box[i], lost.around):
            put_back(room, kept.box[i], inside)
            count = _withdraw(graph, room, starts[i], lost)
            if count > 0:
                burned[i] -= count - _refill(graph, room, starts[i], limit, inside, count)
                room.box[:] = kept.box[i]
            clear(room)


@numba.njit(cache=True, nogil=True)
def _is_near(box: IntArray, around: IntArray) -> bool:
    """Whether a break may touch a move inside of a box."""
    for b in range(len(around)):
        row, column = around[b, 0], around[b, 1]
        in_rows = box[0] <= row + REACH and row - REACH <= box[1]
        if in_rows and box[2] <= column + REACH and column - REACH <= box[3]:
            return True
    return False


@numba.njit(cache=True, nogil=True)
def _withdraw(graph: Graph, room: Room, start: int, lost: LostWays) -> int:
    """Withdraw every time that came by a lost move, and all that hung on it; counts them.

    A time that came by two ways at once is withdrawn with either: it comes back by the other. What the times were
    is left in `told`.
    """
    times, told, stride, withdrawn = room.times, room.told, room.stride, room.withdrawn
    lit, count, done = place_of(graph, room, start), 0, 0
    for m in range(len(lost.moves)):
        end, time = lost.end[m], times[lost.end[m]]
        if time < np.inf:
            first = lost.minutes[m] - graph.lead[start, lost.moves[m] % MOVES]
            is_first = lost.start[m] == lit and first == time
            if is_first or told[lost.start[m]] + lost.minutes[m] == time:
                times[end] = np.inf
                withdrawn[count] = end
                count += 1
    while done < count:
        place = withdrawn[done]
        row, column = cell_at(room, place)
        move = (row * graph.burns.shape[1] + column) * MOVES
        bits = hanging(times, graph.costs, place, move, stride, told[place])
        while bits != 0:
            bit = first_bit(bits)
            bits &= bits - np.uint64(1)
            end = place + (bit // WIDE - REACH) * stride + bit % WIDE - REACH
            times[end] = np.inf
            withdrawn[count] = end
            count += 1
        done += 1
    return count


@numba.njit(cache=True, nogil=True)
def _refill(graph: Graph, room: Room, start: int, limit: float, inside: FloatArray, count: int) -> int:
    """Let the fire into the cells whose times were withdrawn, and keep what comes of it; counts those it reaches."""
    top, left = room.box[0], room.box[2]
    room.box[:] = (graph.burns.shape[0], -1, graph.burns.shape[1], -1)
    for i in range(count):
        room.told[room.withdrawn[i]] = np.inf
        expose(room.told, room.withdrawn[i], room.stride)
        row, column = cell_at(room, room.withdrawn[i])
        room.box[0], room.box[1] = min(room.box[0], row), max(room.box[1], row)
        room.box[2], room.box[3] = min(room.box[2], column), max(room.box[3], column)
    light(graph, room, start, limit)
    look_around(room, graph.burns.shape[0], room.box[0], room.box[1])
    settle_fire(graph, room, limit, 1.0)
    reached = 0
    for i in range(count):
        row, column = cell_at(room, room.withdrawn[i])
        time = room.times[room.withdrawn[i]]
        came = time <= np.float32(limit)
        inside[row - top, column - left] = time if came else np.inf
        reached += came
    return reached
