"""Straight runs of cells between barriers: the pieces that a line drawn with a ruler consists of.

A run starts and ends where a fire cannot go anyway: at the edge, at rock or water, at a standing break, or where two
cells that touch at a corner close the way. Built as breaks, a run closes what lies between its ends.
"""

# mypy: allow-untyped-decorators
# numba.njit has no types

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

__all__ = ["straight_runs"]

BoolGrid = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

SLOPES = np.array([0.0, 1.0, -1.0, 0.5, -0.5])
"""Rows that a line goes down per column, and the same with rows and columns exchanged: eight directions."""


def straight_runs(free: BoolGrid, apart: int, phase: int) -> tuple[IntArray, IntArray]:
    """Runs of free cells on parallel lines of eight directions.

    Args:
        free: bool (H, W), True where a break may be built.
        apart: Distance of parallel lines, in cells along a side, 1 or more.
        phase: Which of the lines come first, 0 <= phase < apart.

    Returns:
        int64 (n,), cell numbers, run after run, each along its line; and int64 (runs + 1,), where each begins.
    """
    height, width = free.shape
    room = 4 * len(SLOPES) * (height + width) * max(height, width)
    cells, starts = np.empty(room, np.int64), np.empty(room + 1, np.int64)
    runs, used = 0, 0
    for slope in SLOPES:
        runs, used = _walk_lines(free, slope, False, apart, phase, cells, starts, runs, used)
        if abs(slope) < 1.0:
            runs, used = _walk_lines(free, slope, True, apart, phase, cells, starts, runs, used)
    starts[runs] = used
    return cells[:used].copy(), starts[: runs + 1].copy()


@numba.njit(cache=True, nogil=True)
def _walk_lines(
    free: BoolGrid,
    slope: float,
    steep: bool,
    apart: int,
    phase: int,
    cells: IntArray,
    starts: IntArray,
    runs: int,
    used: int,
) -> tuple[int, int]:
    """Append the runs of one direction; `steep` exchanges rows and columns."""
    height, width = free.shape
    length, across = (height, width) if steep else (width, height)
    rise = int(np.ceil(abs(slope) * length))
    for first in range(-rise + phase, across + rise, apart):
        inside, previous = False, -1
        for step in range(length):
            other = int(np.floor(first + slope * step + 0.5))
            row, column = (step, other) if steep else (other, step)
            if not (0 <= other < across) or not free[row, column]:
                inside = False
                continue
            if inside and _is_closed(free, previous, row, column):
                inside = False
            if not inside:
                starts[runs] = used
                runs += 1
            cells[used] = previous = row * width + column
            used += 1
            inside = True
    return runs, used


@numba.njit(cache=True, nogil=True)
def _is_closed(free: BoolGrid, previous: int, row: int, column: int) -> bool:
    """Whether a barrier runs between two cells that touch at a corner."""
    width = free.shape[1]
    before_row, before_column = previous // width, previous % width
    if before_row == row or before_column == column:
        return False
    return not (free[before_row, column] or free[row, before_column])
