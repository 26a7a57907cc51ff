"""The 32 straight moves of a fire from cell to cell, and the cells that each of them crosses.

Eight moves let a fire spread in eight directions only, which cuts the corners off every ellipse; 32 (all coprime
steps of up to three cells) reach 97 to 99 % of its area. A move is cut into the pieces that lie in each cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import gcd
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["MOVES", "REACH", "Moves", "moves"]

REACH = 3
"""Longest step along a row or a column, in cells."""

MOVES = 32
"""How many moves there are: the coprime steps within the reach."""


Place = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Moves:
    """K moves; steps and cells are (row, column) relative to the start, row 0 = north.

    Attributes:
        step: int64 (K, 2), from the start to the end.
        direction: float64 (K, 2), unit vectors (east, north).
        pieces: int64 (K,), how many cells a move crosses, both ends counted.
        cell: int64 (K, P, 2), the cells it crosses.
        length: float64 (K, P), metres in each of them on a grid of 1 m.
        corner: int64 (K, 2, 2), the two cells that touch the line at a corner only; zeros where there is no corner.
        affected: int64 (A, 5), what blocking a cell does: which move is blocked, where it ends relative to the
            cell, and which cell, relative to it, must not burn either (the cell itself where the move crosses it,
            the other one beside a corner).
    """

    step: npt.NDArray[np.int64]
    direction: npt.NDArray[np.float64]
    pieces: npt.NDArray[np.int64]
    cell: npt.NDArray[np.int64]
    length: npt.NDArray[np.float64]
    corner: npt.NDArray[np.int64]
    affected: npt.NDArray[np.int64]


def _crossings(step: Place) -> list[float]:
    """Where along a move (0..1) it passes from cell to cell, ends included."""
    at = {0.0, 1.0}
    for extent in step:
        at |= {(i + 0.5) / abs(extent) for i in range(abs(extent))}
    return sorted(at)


def _pieces(step: Place) -> list[tuple[Place, float]]:
    """The cells that a move crosses and the length in each."""
    crossings = _crossings(step)
    length = float(np.hypot(*step))
    found = []
    for start, end in pairwise(crossings):
        middle = (start + end) / 2.0
        found.append(((round(middle * step[0]), round(middle * step[1])), (end - start) * length))
    return found


def _corner(step: Place) -> list[Place]:
    """The two cells beside the corner that a move passes: half way, where both extents are odd; else none."""
    if step[0] % 2 == 0 or step[1] % 2 == 0:
        return []
    down, right = np.sign(step)
    before = ((step[0] - down) // 2, (step[1] - right) // 2)
    return [(int(before[0] + down), int(before[1])), (int(before[0]), int(before[1] + right))]


@cache
def moves() -> Moves:
    """The moves, made at the first call.

    Returns:
        The same frozen object each time.
    """
    span = range(-REACH, REACH + 1)
    steps = [(row, column) for row in span for column in span if gcd(row, column) == 1]
    pieces = [_pieces(step) for step in steps]
    corners = [_corner(step) for step in steps]
    step = np.array(steps)
    east_north = np.stack([step[:, 1], -step[:, 0]], axis=1)
    return Moves(
        step=step,
        direction=east_north / np.linalg.norm(east_north, axis=1, keepdims=True),
        pieces=np.array([len(found) for found in pieces]),
        cell=_padded([[place for place, _ in found] for found in pieces]),
        length=_padded([[metres for _, metres in found] for found in pieces]),
        corner=np.array([corner or [(0, 0)] * 2 for corner in corners]),
        affected=np.array(
            [row for k in range(len(steps)) for row in _affected(k, steps[k], pieces[k], corners[k])]
        ),
    )


def _affected(
    move: int, step: Place, pieces: list[tuple[Place, float]], corner: list[Place]
) -> list[tuple[int, int, int, int, int]]:
    """How a move ends relative to each cell that can block it, and which cell has to be blocked beside it."""
    crossed = [(place, place) for place, _ in pieces]
    passed = list(zip(corner, corner[::-1], strict=True))
    return [
        (move, step[0] - own[0], step[1] - own[1], other[0] - own[0], other[1] - own[1])
        for own, other in crossed + passed
    ]


def _padded(rows: list[list[Any]]) -> npt.NDArray[Any]:
    """Rows of unequal length as one array, filled up with zeros."""
    longest = max(len(row) for row in rows)
    filler = np.zeros_like(rows[0][0])
    return np.array([row + [filler] * (longest - len(row)) for row in rows])
