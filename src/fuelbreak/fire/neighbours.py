"""The 32 moves of a fire from cell to cell, and the cells that each of them crosses.

Eight moves let a fire spread in eight directions only, which cuts the corners off every ellipse; 32 (all coprime
steps of up to three cells) reach 97 to 99 % of its area. A move is cut into the pieces that lie in each cell. It keeps
a little to the one side of the straight line or to the other: no front is so thin that it slips through a corner.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from math import floor, gcd
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["LEEWAY_CELLS", "MOVES", "REACH", "Moves", "moves"]

REACH = 3
"""Longest step along a row or a column, in cells."""

MOVES = 32
"""How many moves there are: the coprime steps within the reach."""

LEEWAY_CELLS = 0.1
"""How far beside the straight line a move passes, on the faster side: 3 m on 30 m cells.

Fire that squeezes through the corner between two slow cells has to burn into one of them, as it cannot pass at all
between two that do not burn. Below 0.13 both lines of a move cross the same cells, but for those beside a corner."""


Place = tuple[int, int]


class Moves(NamedTuple):
    """K moves, C of which pass a corner; steps and cells are (row, column) relative to the start, row 0 = north.

    Attributes:
        step: int64 (K, 2), from the start to the end.
        direction: float64 (K, 2), unit vectors (east, north).
        pieces: int64 (K,), how many cells a move crosses, both ends counted.
        cell: int64 (K, P, 2), the cells it crosses.
        length: float64 (K, 2, P), metres in each of them on a grid of 1 m, along either of the move's two lines.
        corner: int64 (K, 2, 2), the cell beside a corner that each line cuts; zeros where there is no corner.
        cut: float64 (K,), metres in that cell.
        sided: int64 (K,), a number from 0 to C - 1 for the moves that pass a corner, -1 for others.
        affected: int64 (A, 4), what blocking a cell does: which move it blocks, where that ends relative to the
            cell, and which of its lines is blocked; -1 for both.
    """

    step: npt.NDArray[np.int64]
    direction: npt.NDArray[np.float64]
    pieces: npt.NDArray[np.int64]
    cell: npt.NDArray[np.int64]
    length: npt.NDArray[np.float64]
    corner: npt.NDArray[np.int64]
    cut: npt.NDArray[np.float64]
    sided: npt.NDArray[np.int64]
    affected: npt.NDArray[np.int64]


class _Line(NamedTuple):
    """One of the two lines of a move: metres in the cells that both cross, and the cell that it alone cuts."""

    length: list[float]
    corner: Place
    cut: float


def _pieces(step: Place, aside: float) -> dict[Place, float]:
    """The cells that a line crosses and the length in each; it runs `aside` of a move, in cells."""
    length = float(np.hypot(*step))
    beside = (-aside * step[1] / length, aside * step[0] / length)
    at = {0.0, 1.0}
    for extent, shift in zip(step, beside, strict=True):
        at |= {(i + 0.5 - np.sign(extent) * shift) / abs(extent) for i in range(abs(extent))}
    found = {}
    for start, end in pairwise(sorted(at)):
        middle = (start + end) / 2.0
        place = (floor(beside[0] + middle * step[0] + 0.5), floor(beside[1] + middle * step[1] + 0.5))
        found[place] = (end - start) * length
    return found


def _line(step: Place, aside: float) -> _Line:
    crossed, found = _pieces(step, 0.0), _pieces(step, aside)
    corner = [place for place in found if place not in crossed]
    return _Line(
        length=[found[place] for place in crossed],
        corner=corner[0] if corner else (0, 0),
        cut=found[corner[0]] if corner else 0.0,
    )


@cache
def moves() -> Moves:
    """The moves, made at the first call.

    Returns:
        The same object each time; do not change it.
    """
    span = range(-REACH, REACH + 1)
    steps = [(row, column) for row in span for column in span if gcd(row, column) == 1]
    crossed = [list(_pieces(step, 0.0)) for step in steps]
    lines = [(_line(step, -LEEWAY_CELLS), _line(step, LEEWAY_CELLS)) for step in steps]
    step = np.array(steps)
    east_north = np.stack([step[:, 1], -step[:, 0]], axis=1)
    cut = np.array([line.cut for line, _ in lines])
    return Moves(
        step=step,
        direction=east_north / np.linalg.norm(east_north, axis=1, keepdims=True),
        pieces=np.array([len(found) for found in crossed]),
        cell=_padded(crossed),
        length=np.stack([_padded([pair[i].length for pair in lines]) for i in range(2)], axis=1),
        corner=np.array([[line.corner for line in pair] for pair in lines]),
        cut=cut,
        sided=np.where(cut > 0.0, np.cumsum(cut > 0.0) - 1, -1),
        affected=np.array(
            [row for k in range(MOVES) for row in _affected(k, steps[k], crossed[k], lines[k])]
        ),
    )


def _affected(
    move: int, step: Place, crossed: list[Place], lines: tuple[_Line, _Line]
) -> list[tuple[int, int, int, int]]:
    """How a move ends relative to each cell that can block it, and which line that blocks."""
    blocked = [(place, -1) for place in crossed]
    if lines[0].cut > 0.0:
        blocked += [(lines[i].corner, i) for i in range(2)]
    return [(move, step[0] - row, step[1] - column, line) for (row, column), line in blocked]


def _padded(rows: list[list[Any]]) -> npt.NDArray[Any]:
    """Rows of unequal length as one array, filled up with zeros."""
    longest = max(len(row) for row in rows)
    filler = np.zeros_like(rows[0][0])
    return np.array([row + [filler] * (longest - len(row)) for row in rows])
