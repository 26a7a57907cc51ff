"""Room for a fire to burn in: where the time of each cell lies while it burns.

The place of a cell is `(row + REACH) * stride + column + 16`: every cell has REACH places around it, and a row has room
for whole blocks of the columns that the kernels look at together.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from fuelbreak.fire.neighbours import REACH
from fuelbreak.fire.stencil import BLOCK
from fuelbreak.fire.travel_time import FloatArray, Graph, IntArray

__all__ = [
    "LEFT",
    "Room",
    "allocate_room",
    "cell_at",
    "clear",
    "count_cells",
    "place_of",
    "put_back",
    "take_out",
]

COMPILED_WITH = "f2b3cf96bef6"
"""Digest of stencil.py and neighbours.py, of which this file's kernels contain numbers; see `fuelbreak.fire.spread`."""


LEFT = 16
"""Places before the first column of a row, so that rows keep REACH cells apart."""


class Room(NamedTuple):
    """Room for one fire to burn in, all inf between fires: its memory is touched where the fire comes, no further.

    The place of a cell is `(row + REACH) * stride + column + 16`.

    Attributes:
        times: float32, by place, minutes; inf where the fire has not come, of no meaning where over the duration.
        told: float32, by place, the time with which a cell last spread; inf where it never did.
        stride: From a place to the one below it.
        look: int64 (2,), first and last row where cells may wait.
        box: int64 (4,), first and last row and first and last column that spread.
        withdrawn: int64 (cells,), places whose time is being withdrawn.
    """

    times: FloatArray
    told: FloatArray
    stride: int
    look: IntArray
    box: IntArray
    withdrawn: IntArray


def allocate_room(graph: Graph) -> Room:
    """Room for a fire.

    Args:
        graph: Where it burns.

    Returns:
        16 bytes per cell, and more for margins and for widths that are no multiple of BLOCK.
    """
    height, width = graph.burns.shape
    stride = -(-width // BLOCK) * BLOCK + LEFT
    places = (height + 2 * REACH) * stride + LEFT
    times, told = np.full(places, np.inf, np.float32), np.full(places, np.inf, np.float32)
    look, box = np.zeros(2, np.int64), np.zeros(4, np.int64)
    return Room(times, told, stride, look, box, np.empty(graph.burns.size, np.int64))


@numba.njit(cache=True, nogil=True)
def place_of(graph: Graph, room: Room, cell: int) -> int:
    """The place of a cell."""
    width = graph.burns.shape[1]
    return int((cell // width + REACH) * room.stride + cell % width + LEFT)


@numba.njit(cache=True, nogil=True)
def cell_at(room: Room, place: int) -> tuple[int, int]:
    """Row and column of a place."""
    return place // room.stride - REACH, place % room.stride - LEFT


@numba.njit(cache=True, nogil=True)
def count_cells(graph: Graph, room: Room, limit: float, reached: IntArray) -> int:
    """Count the cells that burned, and add 1 to each in `reached`."""
    last, count = np.float32(limit), 0
    width = room.box[3] - room.box[2] + 1
    for row in range(room.box[0], room.box[1] + 1):
        at = (row + REACH) * room.stride + room.box[2] + LEFT
        cell = row * graph.burns.shape[1] + room.box[2]
        times, fires = room.times[at : at + width], reached[cell : cell + width]
        for i in range(width):
            came = times[i] <= last
            fires[i] += came
            count += came
    return count


@numba.njit(cache=True, nogil=True)
def take_out(room: Room, limit: float, inside: FloatArray) -> int:
    """Copy the times of the cells that burned to float32 (rows, columns) of the box; counts them."""
    last, count = np.float32(limit), 0
    height, width = inside.shape
    for row in range(height):
        at = (room.box[0] + row + REACH) * room.stride + room.box[2] + LEFT
        times, own = room.times[at : at + width], inside[row]
        for i in range(width):
            came = times[i] <= last
            own[i] = times[i] if came else np.inf
            count += came
    return count


@numba.njit(cache=True, nogil=True)
def put_back(room: Room, box: IntArray, inside: FloatArray) -> None:
    """Put the times of a kept fire into the room; none waits."""
    room.box[:] = box
    width = inside.shape[1]
    for row in range(inside.shape[0]):
        at = (box[0] + row + REACH) * room.stride + box[2] + LEFT
        room.times[at : at + width] = inside[row]
        room.told[at : at + width] = inside[row]


@numba.njit(cache=True, nogil=True)
def clear(room: Room) -> None:
    """Leave the room as it was: inf in the box and as far as moves reach from it."""
    first, last = room.box[2] + LEFT - REACH, room.box[3] + LEFT + REACH + 1
    for row in range(room.box[0], room.box[1] + 2 * REACH + 1):
        room.times[row * room.stride + first : row * room.stride + last] = np.inf
        room.told[row * room.stride + first : row * room.stride + last] = np.inf
