"""Segments: chains of break cells, from barrier to barrier, that cut a landscape's fuel in two.

    segments = candidate_segments(landscape.burnable & ~breaks)
    gains = separation_gains(landscape.burnable & ~breaks, segments)

A single break gains nothing until a barrier closes; a segment closes one. It is a chain of cells that touch at sides
or corners, which no fire crosses, with both ends at a barrier that stands: the edge of the landscape, or cells that
do not burn (rock, water, roads, breaks) and reach the edge through others of their kind. Cells on its way that do not
burn cost nothing, so that a segment bends towards them: each half is the cheapest chain of all that keep within 45
degrees of its direction, found for all cells at once by dynamic programming (Bellman 1957, "Dynamic Programming";
Avidan and Shamir 2007, "Seam carving for content-aware image resizing", ACM Transactions on Graphics 26, take the
seams of a picture so).
"""

# mypy: allow-untyped-decorators
# numba.njit has no types

from __future__ import annotations

from functools import cache

import numba
import numpy as np
import numpy.typing as npt

from fuelbreak.plans.separation import Segments, separated_squares

__all__ = ["candidate_segments", "separation_gains"]

BoolGrid = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

SPACING = 3
"""Cells between the places, along rows and columns, that candidates are led through."""

_RING = np.array([(-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1)])
_AXES = len(_RING) // 2
_FUEL, _TURN = 64, 1  # a turn costs something, so that of equally cheap chains the straightest is taken
_END = 0


def candidate_segments(fuel: BoolGrid, *, spacing: int = SPACING, longest: int | None = None) -> Segments:
    """Chains in four directions through places all over the fuel; a few milliseconds for 50 x 50 cells.

    Args:
        fuel: bool (H, W), True where fire can burn: no breaks among it.
        spacing: Cells between the places that the chains are led through, along rows and columns, 1 or more.
        longest: The most breaks that a segment may take; None for any number.

    Returns:
        Different segments of at least one cell, in an order that depends on `fuel` and `spacing` alone.

    Raises:
        ValueError: A spacing below 1, or fuel of another dtype or not in two dimensions.
    """
    if fuel.ndim != 2 or fuel.dtype != np.bool_:
        raise ValueError(f"fuel is {fuel.dtype} {fuel.shape}; give a bool array of (H, W)")
    if spacing < 1:
        raise ValueError(f"spacing is {spacing} cells; give 1 or more")
    fuel = np.ascontiguousarray(fuel)
    anchored = _anchored(fuel)
    steps = _steps_to_anchor(fuel, anchored, _orders(fuel.shape))
    limit = fuel.size if longest is None else longest
    return Segments(*_trace(fuel, anchored, steps, spacing, limit)).distinct()


def separation_gains(fuel: BoolGrid, segments: Segments) -> npt.NDArray[np.float64]:
    """What each segment saves of fires that burn all they can reach.

    Args:
        fuel: bool (H, W), True where fire can burn.
        segments: Of these cells.

    Returns:
        float64 (n,), by how many cells the expected burned area of a fire shrinks, over ignitions drawn evenly from
        `fuel`: an upper bound where fires run out of time.
    """
    _, before, after = separated_squares(np.ascontiguousarray(fuel), segments).T
    gains: npt.NDArray[np.float64] = (before - after) / max(int(fuel.sum()), 1)
    return gains


@cache
def _orders(shape: tuple[int, int]) -> IntArray:
    """int64 (8, H * W), for each direction the cells so that those further that way come first."""
    rows, columns = np.indices(shape)
    return np.stack([np.argsort(-(rows * down + columns * right), axis=None) for down, right in _RING])


@numba.njit(cache=True, nogil=True)
def _anchored(fuel: BoolGrid) -> BoolGrid:
    """bool (H, W), cells that do not burn and reach the edge through such cells, corners included."""
    height, width = fuel.shape
    found = np.zeros_like(fuel)
    waiting, count = np.empty(fuel.size, np.int64), 0
    for cell in range(fuel.size):
        row, column = cell // width, cell % width
        at_edge = row == 0 or column == 0 or row == height - 1 or column == width - 1
        if at_edge and not fuel[row, column]:
            found[row, column] = True
            waiting[count] = cell
            count += 1
    while count > 0:
        count -= 1
        cell = waiting[count]
        for down, right in _RING:
            row, column = cell // width + down, cell % width + right
            inside = 0 <= row < height and 0 <= column < width
            if inside and not fuel[row, column] and not found[row, column]:
                found[row, column] = True
                waiting[count] = row * width + column
                count += 1
    return found


@numba.njit(cache=True, nogil=True)
def _steps_to_anchor(fuel: BoolGrid, anchored: BoolGrid, orders: IntArray) -> npt.NDArray[np.int8]:
    """int8 (8, H * W), the step in _RING from each cell to the next of the cheapest chain; -1 where it ends."""
    height, width = fuel.shape
    steps = np.full((len(_RING), fuel.size), -1, np.int8)
    cost = np.empty(fuel.size, np.int64)
    for direction in range(len(_RING)):
        for cell in orders[direction]:
            row, column = cell // width, cell % width
            if anchored[row, column]:
                cost[cell] = _END
                continue
            least = np.int64(2**62)
            for turn in (0, -1, 1):
                step = (direction + turn) % len(_RING)
                beyond_row, beyond_column = row + _RING[step, 0], column + _RING[step, 1]
                inside = 0 <= beyond_row < height and 0 <= beyond_column < width
                ahead = cost[beyond_row * width + beyond_column] if inside else np.int64(_END)
                if ahead + abs(turn) * _TURN < least:
                    least, steps[direction, cell] = ahead + abs(turn) * _TURN, step
            cost[cell] = least + (_FUEL if fuel[row, column] else 0)
    return steps


@numba.njit(cache=True, nogil=True)
def _trace(
    fuel: BoolGrid, anchored: BoolGrid, steps: npt.NDArray[np.int8], spacing: int, longest: int
) -> tuple[IntArray, IntArray]:
    """Cells and starts of the chains of 1 to `longest` breaks through every place."""
    height, width = fuel.shape
    places = -(-height // spacing) * -(-width // spacing)
    longest_way = 2 * (height + width)
    cells, first = np.empty(places * _AXES * longest_way, np.int64), [0]
    chain = np.empty(longest_way, np.int64)
    for row in range(spacing // 2, height, spacing):
        for column in range(spacing // 2, width, spacing):
            if anchored[row, column]:
                continue
            place = row * width + column
            for axis in range(_AXES):
                length = _walk(fuel, steps[axis], place, chain, 0)
                chain[:length] = chain[:length][::-1].copy()
                length = _walk(fuel, steps[axis + _AXES], place, chain, length - fuel[row, column])
                if 1 <= length <= longest:
                    cells[first[-1] : first[-1] + length] = chain[:length]
                    first.append(first[-1] + length)
    return cells[: first[-1]], np.array(first)


@numba.njit(cache=True, nogil=True)
def _walk(fuel: BoolGrid, steps: npt.NDArray[np.int8], place: int, chain: IntArray, length: int) -> int:
    """Add the cells that burn, from a place to the end of its chain, to the `length` noted before; the new length."""
    height, width = fuel.shape
    row, column = place // width, place % width
    while 0 <= row < height and 0 <= column < width:
        if fuel[row, column]:
            chain[length] = row * width + column
            length += 1
        step = steps[row * width + column]
        if step < 0:
            break
        row, column = row + _RING[step, 0], column + _RING[step, 1]
    return length
