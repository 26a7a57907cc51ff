"""Compiled fire spread: a fire settles on its arrival times.

All costs are positive, so the arrival times are the one fixed point of `t[v] = min over u of fl(t[u] + cost(u, v))`
with the ignition's times given: whatever the order of the updates, the result is the same to the last bit. A cell
waits while its time is lower than the one it last spread from. Sweeps to and fro over the rows have waiting cells
spread, a block of 64 columns looked at together, in spans of time: what is due later waits, for it may yet come
earlier.
"""

from __future__ import annotations

import numba
import numpy as np

from fuelbreak.fire.neighbours import MOVES, REACH
from fuelbreak.fire.room import LEFT, Room, cell_at, clear, count_cells, place_of, take_out
from fuelbreak.fire.stencil import BLOCK, first_bit, last_bit, spread_from, waiting
from fuelbreak.fire.travel_time import FloatArray, Graph, IntArray

__all__ = ["arrival_times", "burn_one", "light", "look_around", "order_by_place", "run_fires", "settle_fire"]


COMPILED_WITH = "834eae67874d"
"""Digest of stencil.py, neighbours.py and room.py: Numba keeps compiled code until the file it stands in changes, and
what is compiled here contains those three. A test holds this line, so that whoever changes them changes this file."""


_FIRST_SPAN = 1 / 8  # of the duration: the first span of time, which then adapts


def order_by_place(starts: IntArray, width: int) -> IntArray:
    """An order of fires in which those that start close together follow each other (Morton 1966): they share costs.

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
    graph: Graph, room: Room, starts: IntArray, limit: float, burned: IntArray, reached: IntArray
) -> None:
    """Burn many fires from nothing, one after the other in the same room.

    Args:
        graph: Where.
        room: Left as it was.
        starts: int64 (n,), cell numbers; a fire that would start where nothing burns lights nothing.
        limit: Minutes that a fire burns.
        burned: int64 (n,), zeros; becomes the number of cells of each fire.
        reached: int64 (cells,), zeros; becomes the number of fires that reach each cell.
    """
    for i in range(len(starts)):
        if graph.burns.flat[starts[i]]:
            burn_one(graph, room, starts[i], limit)
            burned[i] = count_cells(graph, room, limit, reached)
            clear(room)


@numba.njit(cache=True, nogil=True)
def arrival_times(graph: Graph, room: Room, start: int, limit: float) -> FloatArray:
    """Burn one fire from nothing.

    Args:
        graph: Where.
        room: Left as it was.
        start: Cell number; nothing burns where that cell does not.
        limit: Minutes that a fire burns.

    Returns:
        float32 (H, W), minutes; inf where the fire does not come.
    """
    times = np.full(graph.burns.shape, np.inf, np.float32)
    if graph.burns.flat[start]:
        burn_one(graph, room, start, limit)
        top, bottom, left, right = room.box
        take_out(room, limit, times[top : bottom + 1, left : right + 1])
        clear(room)
    return times


@numba.njit(cache=True, nogil=True)
def burn_one(graph: Graph, room: Room, start: int, limit: float) -> None:
    """Burn one fire from a cell that burns."""
    place = place_of(graph, room, start)
    row, column = cell_at(room, place)
    room.times[place] = room.told[place] = 0.0
    room.box[:] = (row, row, column, column)
    light(graph, room, start, limit)
    look_around(room, graph.burns.shape[0], row, row)
    settle_fire(graph, room, limit, _FIRST_SPAN)


@numba.njit(cache=True, nogil=True)
def light(graph: Graph, room: Room, start: int, limit: float) -> None:
    """Let the fire come to the neighbours of its start straight from the disc that it is lit as."""
    for k in range(MOVES):
        time = graph.costs[start * MOVES + k] - graph.lead[start, k]
        if time <= limit:
            end = place_of(graph, room, start + graph.ahead[k])
            room.times[end] = min(room.times[end], time)


@numba.njit(cache=True, nogil=True)
def look_around(room: Room, height: int, top: int, bottom: int) -> None:
    """Have rows looked at that moves from these rows end in."""
    room.look[0] = max(top - REACH, 0)
    room.look[1] = min(bottom + REACH, height - 1)


@numba.njit(cache=True, nogil=True)
def settle_fire(graph: Graph, room: Room, limit: float, share: float) -> None:
    """Have cells spread until none waits, span of time after span.

    The first is that share of the limit; then they are as wide as makes looking about as cheap as spreading.
    """
    last = np.float32(limit)
    span = np.float32(limit * share)
    until = min(span, last)
    while True:
        looked = spread = 0
        forwards = True
        while room.look[0] <= room.look[1]:
            blocks, cells = _sweep(graph, room, until, forwards)
            looked, spread, forwards = looked + blocks, spread + cells, not forwards
        if until >= last:
            return
        if 2 * looked > spread:
            span *= np.float32(2.0)
        elif 8 * looked < spread:
            span *= np.float32(0.5)
        until = min(until + span, last)
        look_around(room, graph.burns.shape[0], room.box[0], room.box[1])


@numba.njit(cache=True, nogil=True)
def _sweep(graph: Graph, room: Room, until: float, forwards: bool) -> tuple[int, int]:
    """Have the cells spread that wait in the rows to be looked at; counts the blocks looked at and those cells."""
    (height, width), look, box = graph.burns.shape, room.look, room.box
    low, high = look[0], look[1]
    look[0], look[1] = height, -1
    looked = spread = 0
    row = low if forwards else high
    while low <= row <= high:
        cells = 0
        first, last = max(box[2] - REACH, 0) // BLOCK, min(box[3] + REACH, width - 1) // BLOCK
        for block in range(first, last + 1):
            cells += _spread_block(graph, room, row, block, until, forwards)
        if cells > 0:
            box[0], box[1] = min(box[0], row), max(box[1], row)
            look[0], look[1] = min(look[0], max(row - REACH, 0)), max(look[1], min(row + REACH, height - 1))
            low, high = min(low, look[0]), max(high, look[1])
        looked += last - first + 1
        spread += cells
        row += 1 if forwards else -1
    return looked, spread


@numba.njit(cache=True, nogil=True)
def _spread_block(graph: Graph, room: Room, row: int, block: int, until: float, forwards: bool) -> int:
    """Have the cells of a block spread until none of them waits; counts them."""
    times, told, stride, box = room.times, room.told, room.stride, room.box
    first = row * graph.burns.shape[1] + block * BLOCK
    base = (row + REACH) * stride + block * BLOCK + LEFT
    cells = 0
    bits = waiting(times, told, base, until)
    if bits == 0:
        return 0
    seen = np.uint64(0)
    while bits != 0:
        seen |= bits
        while bits != 0:
            bit = first_bit(bits) if forwards else last_bit(bits)
            bits ^= np.uint64(1) << np.uint64(bit)
            own = times[base + bit]
            told[base + bit] = own
            spread_from(times, graph.costs, base + bit, (first + bit) * MOVES, stride, own)
            cells += 1
        bits = waiting(times, told, base, until)
    box[2] = min(box[2], block * BLOCK + first_bit(seen))
    box[3] = max(box[3], block * BLOCK + last_bit(seen))
    return cells
