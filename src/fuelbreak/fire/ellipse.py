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

__all__ = ["MIN_RATE_M_MIN", "Ellipses", "combined_slowness", "project", "slowness"]

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

    def take(self, cells: npt.NDArray[np.int64] | slice) -> Ellipses:
        """The ellipses of some of the cells."""
        return Ellipses(self.center[cells], self.shape[cells])

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
    surface_slowness: FloatArray,
    surface: Ellipses,
    crown: Ellipses,
    crowning_rate: FloatArray,
    terrain: Terrain,
    directions: FloatArray,
) -> FloatArray:
    """Slowness where the front burns as surface fire, and as crown fire too where its normal rate suffices.

    Args:
        surface_slowness: float64 (N, K), min/m, of the surface fire alone.
        surface: Surface ellipses of N cells.
        crown: Crown ellipses of the same cells.
        crowning_rate: float64 (N,), m/min on the slope; inf where the cell cannot crown.
        terrain: Slopes of the cells.
        directions: float64 (K, 2), unit vectors (east, north).

    Returns:
        float64 (N, K), min/m, nowhere more than that of the surface fire.
    """
    angles = np.arange(_NORMALS) * (2.0 * np.pi / _NORMALS)
    normals = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    gradient = np.stack([terrain.gradient_east, terrain.gradient_north], axis=1)
    out = surface_slowness.copy()
    facing = normals @ directions.T
    _hasten(out, _as_rows(surface), _as_rows(crown), crowning_rate, gradient, normals, facing)
    return out


@numba.njit(cache=True, nogil=True)
def _hasten(
    out: FloatArray,
    surface: FloatArray,
    crown: FloatArray,
    crowning_rate: FloatArray,
    gradient: FloatArray,
    normals: FloatArray,
    facing: FloatArray,
) -> None:
    """Lower the slowness of cells that crown to that of their Wulff shape; `facing` is (A, K), normal . direction.

    Ellipses come as (N, 5): centre x and y, then M as xx, 2 xy and yy.
    """
    waiting = np.empty(len(normals))  # minutes per metre of front, along each normal
    for cell in np.flatnonzero(crowning_rate < np.inf):
        east, north, crowns = gradient[cell, 0], gradient[cell, 1], False
        for a in range(len(normals)):
            x, y = normals[a, 0], normals[a, 1]
            root = surface[cell, 2] * x * x + surface[cell, 3] * x * y + surface[cell, 4] * y * y
            speed = surface[cell, 0] * x + surface[cell, 1] * y + np.sqrt(max(root, 0.0))
            on_slope = 1.0 - (x * east + y * north) ** 2 / (1.0 + east * east + north * north)
            if speed > crowning_rate[cell] * np.sqrt(
                on_slope
            ):  # the gradient of a front is shorter on a slope
                root = crown[cell, 2] * x * x + crown[cell, 3] * x * y + crown[cell, 4] * y * y
                crown_speed = crown[cell, 0] * x + crown[cell, 1] * y + np.sqrt(max(root, 0.0))
                crowns |= crown_speed > speed
                speed = max(speed, crown_speed)
            waiting[a] = 1.0 / speed if speed > 0.0 else np.inf
        if crowns:
            for k in range(facing.shape[1]):
                slowest = 0.0
                for a in range(len(normals)):
                    slowest = max(slowest, facing[a, k] * waiting[a])
                out[cell, k] = min(out[cell, k], slowest)


def _as_rows(ellipses: Ellipses) -> FloatArray:
    xx, xy, yy = ellipses.shape[:, 0, 0], ellipses.shape[:, 0, 1], ellipses.shape[:, 1, 1]
    return np.stack([*ellipses.center.T, xx, 2.0 * xy, yy], axis=1)
