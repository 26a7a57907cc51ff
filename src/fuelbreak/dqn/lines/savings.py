"""What each line would save of a sample of fires, without burning them again.

Where a line cuts a compartment in two, each fire loses what it burns beyond: counted by bits, a fire each. It is exact
where fires do not go back and forth through the line. Where a line closes nothing, what comes through its cells is the
most that it can save.
"""

# mypy: allow-untyped-decorators
# numba.njit has no types

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from fuelbreak.dqn.lines.burning import Burning
from fuelbreak.plans.separation import Segments, compartments

__all__ = ["SAVINGS", "savings"]

BoolGrid = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
WordArray = npt.NDArray[np.uint64]
Table = npt.NDArray[np.float64]

SAVINGS = 4
"""Columns of what `savings` returns."""

_TOUCHED, _BEFORE, _AFTER, _CLOSED = range(SAVINGS)


def savings(free: BoolGrid, segments: Segments, burning: Burning) -> Table:
    """What each segment separates.

    Args:
        free: bool (H, W), True where fire burns and no break stands.
        segments: Of free cells.
        burning: How fires burn there.

    Returns:
        float64 (M, 4): cells of the compartments that a segment touches; the sum of their squares, before and after;
        and how many cells fewer all fires of the sample burn together, if none of them can go around the segment.
    """
    label, sizes = compartments(free)
    lit = np.pad(burning.lit.reshape(free.shape), 1, constant_values=-1).ravel()
    reached = np.pad(burning.reached.reshape(*free.shape, -1), ((1, 1), (1, 1), (0, 0)))
    fires = _Fires(lit, reached.reshape(len(lit), -1), burning.burned)
    out = np.zeros((len(segments), SAVINGS))
    _separate(free, label, sizes, segments.cells, segments.starts, fires, out)
    return out


class _Fires(NamedTuple):
    """As in `Burning`, by place: cells are numbered in a grid with a frame of one cell, where nothing burns."""

    lit: IntArray
    reached: WordArray
    burned: IntArray


@numba.njit(cache=True, nogil=True)
def _separate(
    free: BoolGrid,
    label: IntArray,
    sizes: IntArray,
    cells: IntArray,
    starts: IntArray,
    fires: _Fires,
    out: Table,
) -> None:
    """Flood what lies beside each segment, except for what is more than half of its compartment.

    Marks of segment m: 3 m its cells, 3 m + 1 parts of up to half of a compartment, 3 m + 2 some of a larger one.
    """
    height, width = free.shape
    stride = width + 2
    seen = np.full((height + 2) * stride, 3 * len(starts), np.int32)
    for row in range(height):
        for column in range(width):
            if free[row, column]:
                seen[(row + 1) * stride + column + 1] = -1
    queue, left = np.empty(2 * height * width, np.int32), np.full(len(sizes), -1)
    lit = np.empty(fires.reached.shape[1], np.uint64)
    for m in range(len(starts) - 1):
        line, kept = cells[starts[m] : starts[m + 1]], 0
        for cell in line:
            number, queue[kept] = label.flat[cell], (cell // width + 1) * stride + cell % width + 1
            seen[queue[kept]] = 3 * m
            kept += 1
            if left[number] < 0:
                left[number] = sizes[number]
                out[m, _TOUCHED] += sizes[number]
                out[m, _BEFORE] += float(sizes[number]) ** 2
            left[number] -= 1
        lit[:] = 0
        out[m, _CLOSED] = _visits(queue[:kept], fires.reached, ~lit)
        for i in range(len(line)):
            for step in (1, stride, -1, -stride):
                if seen[queue[i] + step] >= 3 * m:
                    continue
                number = label.flat[line[i]]
                found = _flood(seen, queue[kept:], queue[i] + step, stride, 3 * m, sizes[number] // 2)
                part = queue[kept : kept + found]
                lit[:] = 0
                _light(part, fires, lit)
                out[m, _CLOSED] += _visits(part, fires.reached, ~lit)
                out[m, _AFTER] += float(found) ** 2
                left[number] -= found
                kept += found
        for cell in line:
            number = label.flat[cell]
            if left[number] >= 0:
                out[m, _AFTER] += float(left[number]) ** 2
                left[number] = -1
        # What is left of the fires that start here and do not burn here, burns in the largest parts.
        lit[:] = 0
        burned = _light(queue[:kept], fires, lit)
        out[m, _CLOSED] += burned - _visits(queue[:kept], fires.reached, lit)


@numba.njit(cache=True, nogil=True)
def _flood(seen: IntArray, queue: IntArray, seed: int, stride: int, mark: int, most: int) -> int:
    """Put the places that a fire from `seed` can reach into `queue`; 0 where they are more than `most`."""
    seen[seed], queue[0], looked_at, found = mark + 1, seed, 0, 1
    is_largest = False
    while looked_at < found and not is_largest:
        place = queue[looked_at]
        looked_at += 1
        for step in (1, stride, -1, -stride):
            other = place + step
            is_largest |= seen[other] == mark + 2
            if seen[other] < mark:
                seen[other], queue[found] = mark + 1, other
                found += 1
        is_largest |= found > most
    if is_largest:
        for i in range(found):
            seen[queue[i]] = mark + 2
    return 0 if is_largest else found


@numba.njit(cache=True, nogil=True)
def _light(places: IntArray, fires: _Fires, lit: WordArray) -> int:
    """Set the bits of the fires that start at places; how much they burn together."""
    burned = 0
    for place in places:
        number = fires.lit[place]
        if number >= 0:
            lit[number >> 6] |= np.uint64(1) << np.uint64(number & 63)
            burned += fires.burned[number]
    return burned


@numba.njit(cache=True, nogil=True)
def _visits(places: IntArray, reached: WordArray, of: WordArray) -> int:
    """How often fires `of` some come to places."""
    count = 0
    for place in places:
        for block in range(len(of)):
            count += _bits(reached[place, block] & of[block])
    return count


@numba.njit(cache=True, nogil=True)
def _bits(word: np.uint64) -> int:
    """How many bits of a word are set (Warren 2003, "Hacker's Delight", chapter 5)."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return int((word * np.uint64(0x0101010101010101)) >> np.uint64(56))
