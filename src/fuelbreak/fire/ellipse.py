"""Spread ellipses, laid from the slope plane onto the map, and the slowness of fire along a direction.

A front with normal n advances at `H(n) = a.n + sqrt(n' M n)`: the support function of an ellipse with centre `a`.
A fire that keeps to a direction d arrives at the speed s at which `s d` lies on that ellipse: a quadratic, so that
the slowness 1/s is closed-form. Where a cell crowns only for fast-moving normals its support function is no longer
an ellipse's; the slowness then comes from the Wulff shape, `1/s(d) = max over n of (n.d) / H(n)`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from fuelbreak.fire.surface import HeadFire, Terrain

__all__ = ["Ellipses", "combined_slowness", "project", "slowness"]

FloatArray = npt.NDArray[np.float64]

MIN_RATE_M_MIN = 1e-6
"""Below this a cell does not spread fire: beyond extinction the damping polynomial leaves 1e-16 of rounding."""

_NORMALS = 180


@dataclass(frozen=True, eq=False)
class Ellipses:
    """One-minute spread ellipses of N cells on the map (x east, y north, metres per minute).

    Attributes:
        center: float64 (N, 2), the vector a.
        shape: float64 (N, 2, 2), the matrix M.
    """

    center: FloatArray
    shape: FloatArray

    def support(self, normals: FloatArray) -> FloatArray:
        """float64 (N, A), m/min: speed of a front on the map along unit normals (A, 2)."""
        spread = np.einsum("ai,nij,aj->na", normals, self.shape, normals)
        speed: FloatArray = self.center @ normals.T + np.sqrt(np.maximum(spread, 0.0))
        return speed


def project(head: HeadFire, terrain: Terrain) -> Ellipses:
    """Ellipses on the map from head fires on the slope plane.

    The ellipse has the ignition in its rear focus (Albini and Chase 1980): with the semi-major axis
    `A = R / (1 + e)` its centre lies `e A` ahead and its semi-minor axis is `A / LW`.

    Args:
        head: Head fires of N cells.
        terrain: Their slopes.

    Returns:
        The horizontal parts; a line up a slope is shorter on the map than on the ground.
    """
    flat = np.ones_like(terrain.gradient_east)
    normal = np.stack([-terrain.gradient_east, -terrain.gradient_north, flat], axis=1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    major = head.spread_rate_m_min / (1.0 + head.eccentricity)
    ahead = (major[:, None] * head.direction)[:, :2]
    across = ((major / head.length_to_width)[:, None] * np.cross(normal, head.direction))[:, :2]
    shape = ahead[:, :, None] * ahead[:, None, :] + across[:, :, None] * across[:, None, :]
    return Ellipses(center=head.eccentricity[:, None] * ahead, shape=shape)


def slowness(ellipses: Ellipses, directions: FloatArray) -> FloatArray:
    """Minutes per metre along fixed directions on the map.

    Args:
        ellipses: One per cell.
        directions: float64 (K, 2), unit vectors (east, north).

    Returns:
        float64 (N, K); inf where the cell does not spread fire.
    """
    spreads = np.einsum("nii->n", ellipses.shape) > MIN_RATE_M_MIN**2
    out = np.full((len(spreads), len(directions)), np.inf)
    inverse = np.linalg.inv(ellipses.shape[spreads])
    center = ellipses.center[spreads]
    pulled = np.einsum("nij,nj->ni", inverse, center)
    along = pulled @ directions.T  # d' M^-1 a
    across = np.einsum("ki,nij,kj->nk", directions, inverse, directions)  # d' M^-1 d
    room = 1.0 - np.sum(pulled * center, axis=1)[:, None]  # 1 - a' M^-1 a > 0: the ignition lies inside
    out[spreads] = (np.sqrt(along**2 + room * across) - along) / room
    return out


def combined_slowness(
    surface: Ellipses, crown: Ellipses, crowning_rate: FloatArray, terrain: Terrain, directions: FloatArray
) -> FloatArray:
    """Slowness where the front burns as surface fire, and as crown fire too where its normal rate suffices.

    Args:
        surface: Surface ellipses of N cells.
        crown: Crown ellipses of the same cells.
        crowning_rate: float64 (N,), m/min on the slope; inf where the cell cannot crown.
        terrain: Slopes of the cells.
        directions: float64 (K, 2), unit vectors (east, north).

    Returns:
        float64 (N, K), min/m.
    """
    out = slowness(surface, directions)
    angles = np.arange(_NORMALS) * (2.0 * np.pi / _NORMALS)
    normals = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    gradient = np.stack([terrain.gradient_east, terrain.gradient_north], axis=1)
    _hasten(
        out,
        surface.center,
        surface.shape,
        crown.center,
        crown.shape,
        crowning_rate,
        gradient,
        normals,
        normals @ directions.T,
    )
    return out


@numba.njit(cache=True, nogil=True)
def _hasten(
    out: FloatArray,
    center: FloatArray,
    shape: FloatArray,
    crown_center: FloatArray,
    crown_shape: FloatArray,
    crowning_rate: FloatArray,
    gradient: FloatArray,
    normals: FloatArray,
    facing: FloatArray,
) -> None:
    """Lower the slowness of cells that crown to that of their Wulff shape; `facing` is (A, K), normal . direction."""
    waiting = np.empty(len(normals))  # minutes per metre of front, along each normal
    for cell in np.flatnonzero(crowning_rate < np.inf):
        crowns = False
        for a in range(len(normals)):
            x, y = normals[a, 0], normals[a, 1]
            speed = _support(center[cell, 0], center[cell, 1], shape[cell], x, y)
            rise = x * gradient[cell, 0] + y * gradient[cell, 1]
            steepness = gradient[cell, 0] ** 2 + gradient[cell, 1] ** 2
            on_slope = np.sqrt(1.0 - rise * rise / (1.0 + steepness))  # of a gradient that is 1 on the map
            if speed > crowning_rate[cell] * on_slope:
                crown_speed = _support(crown_center[cell, 0], crown_center[cell, 1], crown_shape[cell], x, y)
                crowns |= crown_speed > speed
                speed = max(speed, crown_speed)
            waiting[a] = 1.0 / speed if speed > 0.0 else np.inf
        if crowns:
            for k in range(facing.shape[1]):
                slowest = 0.0
                for a in range(len(normals)):
                    slowest = max(slowest, facing[a, k] * waiting[a])
                out[cell, k] = min(out[cell, k], slowest)


@numba.njit(cache=True, nogil=True)
def _support(center_x: float, center_y: float, shape: FloatArray, x: float, y: float) -> float:
    square = shape[0, 0] * x * x + (shape[0, 1] + shape[1, 0]) * x * y + shape[1, 1] * y * y
    return float(center_x * x + center_y * y + np.sqrt(max(square, 0.0)))
