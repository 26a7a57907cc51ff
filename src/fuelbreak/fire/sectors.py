"""Moves along 32 directions that cover the area of the ellipse they stand for.

From one cell, moves at the speed of the ray along each direction reach the corners of a polygon inscribed in the
spread ellipse: in strong wind, which makes ellipses slender, a fifth of the area is missing, and the fire's area
with it. Each move is therefore lengthened a little, towards triangles between neighbouring moves that have the area
of the ellipse's sector between them. Rays between the moves then come out late, those along a move early, and the
area comes out right.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from fuelbreak.fire.ellipse import Ellipses

__all__ = ["lengthening"]

FloatArray = npt.NDArray[np.float64]

SHARE_OF_DEFICIT = 0.875
"""The rest is about what the disc from which a fire starts adds to the area of fires a kilometre or two long: on even
fuel the area is within 0.97 to 1.01 of the ellipse's, in any direction, up to a length of 3.4 times the width."""

_RELAXATIONS = 5


def lengthening(ellipses: Ellipses, slowness: FloatArray, directions: FloatArray) -> FloatArray:
    """By how much each move has to be longer than its ray.

    A triangle between moves lengthened by f1 and f2 grows by f1 f2, which should be r, the ratio of sector to triangle.
    Over all moves around a cell this asks for `log f1 + log f2 = log r`; a few relaxations come close enough. Of the
    result `SHARE_OF_DEFICIT` is applied.

    Args:
        ellipses: One per cell.
        slowness: float64 (N, K), minutes per metre along the rays; inf in cells that do not spread fire.
        directions: float64 (K, 2), unit vectors (east, north) in any order.

    Returns:
        float64 (N, K), at least 1; 1 in cells that do not spread fire.
    """
    around = np.argsort(np.arctan2(directions[:, 1], directions[:, 0]))
    factor = np.ones_like(slowness)
    _lengthen(ellipses.center, ellipses.shape, slowness, directions, around, factor)
    return factor


@numba.njit(cache=True, nogil=True)
def _lengthen(
    center: FloatArray,
    shape: FloatArray,
    slowness: FloatArray,
    directions: FloatArray,
    around: npt.NDArray[np.int64],
    factor: FloatArray,
) -> None:
    count = len(around)
    wanted = np.empty(count)  # log of sector over triangle, from each direction to the next one around
    for cell in range(len(slowness)):
        if slowness[cell, 0] == np.inf:
            continue
        xx, xy, yy = shape[cell, 0, 0], shape[cell, 0, 1], shape[cell, 1, 1]
        for i in range(count):
            here, there = around[i], around[(i + 1) % count]
            x1, y1 = directions[here, 0] / slowness[cell, here], directions[here, 1] / slowness[cell, here]
            x2, y2 = (
                directions[there, 0] / slowness[cell, there],
                directions[there, 1] / slowness[cell, there],
            )
            sector = _double_sector(center[cell, 0], center[cell, 1], xx, xy, yy, x1, y1, x2, y2)
            wanted[i] = np.log(max(sector / (x1 * y2 - y1 * x2), 1.0))
        given = _balance(wanted)
        for i in range(count):
            factor[cell, around[i]] = np.exp(SHARE_OF_DEFICIT * max(given[i], 0.0))


@numba.njit(cache=True, nogil=True)
def _balance(wanted: FloatArray) -> FloatArray:
    """Numbers around a circle such that each and its successor add up to about what is wanted of them."""
    count = len(wanted)
    given = np.zeros(count)
    for _ in range(_RELAXATIONS):
        missing = np.empty(count)
        for i in range(count):
            missing[i] = wanted[i] - given[i] - given[(i + 1) % count]
        for i in range(count):
            given[i] += 0.25 * (missing[i - 1] + missing[i])
    return given


@numba.njit(cache=True, nogil=True)
def _double_sector(
    center_x: float,
    center_y: float,
    xx: float,
    xy: float,
    yy: float,
    x1: float,
    y1: float,
    x2: float,
    y2: float,
) -> float:
    """Twice the area between the origin and the arc of an ellipse from one of its points to another.

    With the points `c + B u`, u on the unit circle and `B B' = M`, twice the area is the integral of x dy - y dx:
    `c x (p2 - p1) + det B dphi`, dphi being the angle between the two u.
    """
    determinant = np.sqrt(xx * yy - xy * xy)
    dx1, dy1, dx2, dy2 = x1 - center_x, y1 - center_y, x2 - center_x, y2 - center_y
    sine = (dx1 * dy2 - dy1 * dx2) / determinant
    cosine = (yy * dx1 * dx2 - xy * (dx1 * dy2 + dy1 * dx2) + xx * dy1 * dy2) / determinant**2
    return float(center_x * (y2 - y1) - center_y * (x2 - x1) + determinant * np.arctan2(sine, cosine))
