"""Slope and aspect from elevation, and what a slope layer's numbers mean, judged by its elevation layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["SlopeEvidence", "gradient", "horn", "slope_evidence"]

_STEEP = 0.05  # rise over run from which a cell says anything about the unit
_ENOUGH_CELLS = 40
_FITS, _BETTER_BY = 0.3, 2.0


def gradient(
    elevation_m: npt.NDArray[Any], cell_size_m: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Rise over run towards the east and towards the north, by Horn's third-order weights.

    Source: Horn 1981, "Hill shading and the reflectance map", Proc. IEEE 69(1).

    Args:
        elevation_m: (H, W), row 0 = north, H and W at least 1.
        cell_size_m: Edge of a cell.

    Returns:
        Two float64 arrays (H, W); cells on the edge repeat their neighbours outside.
    """
    z = np.pad(np.asarray(elevation_m, dtype=np.float64), 1, mode="edge")
    across = z[:, 2:] - z[:, :-2]
    down = z[:-2, :] - z[2:, :]
    east = (across[:-2] + 2 * across[1:-1] + across[2:]) / (8 * cell_size_m)
    north = (down[:, :-2] + 2 * down[:, 1:-1] + down[:, 2:]) / (8 * cell_size_m)
    return east, north


def horn(
    elevation_m: npt.NDArray[Any], cell_size_m: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Slope and aspect by Horn's method.

    Args:
        elevation_m: (H, W), row 0 = north.
        cell_size_m: Edge of a cell.

    Returns:
        Slope in degrees from horizontal, and the direction that the slope faces (downhill) in degrees
        clockwise from north, 0 <= aspect < 360, -1 where the gradient is zero. Both float64 (H, W).
    """
    east, north = gradient(elevation_m, cell_size_m)
    rise = np.hypot(east, north)
    aspect = np.degrees(np.arctan2(-east, -north)) % 360.0
    aspect[aspect >= 360.0] = 0.0  # the modulo of a tiny negative angle rounds up to 360
    return np.degrees(np.arctan(rise)), np.where(rise > 0, aspect, -1.0)


@dataclass(frozen=True)
class SlopeEvidence:
    """How well a slope layer fits its elevation layer under each unit: sums over the cells that are steep enough.

    Attributes:
        cells: Number of cells compared.
        misfit: Sum of |slope - slope from the DEM| under "degrees", "percent" and "rise over run".
        size: Sum of the slope from the DEM under the same, the measure of a misfit.
    """

    cells: int
    misfit: tuple[float, float, float]
    size: tuple[float, float, float]

    def __add__(self, other: SlopeEvidence) -> SlopeEvidence:
        """The evidence of both layers together."""
        misfit = tuple(a + b for a, b in zip(self.misfit, other.misfit, strict=True))
        size = tuple(a + b for a, b in zip(self.size, other.size, strict=True))
        return SlopeEvidence(self.cells + other.cells, misfit, size)  # type: ignore[arg-type]

    @property
    def verdict(self) -> str:
        """Which of "degrees", "percent", "rise over run" clearly fits while no other does; "" where none."""
        if self.cells < _ENOUGH_CELLS:
            return ""
        units = ("degrees", "percent", "rise over run")
        misfits = sorted((m / s, unit) for m, s, unit in zip(self.misfit, self.size, units, strict=True))
        (best, unit), (second, _) = misfits[:2]
        return unit if best < _FITS and second > _BETTER_BY * best else ""


def slope_evidence(
    slope: npt.NDArray[Any], elevation_m: npt.NDArray[Any], cell_size_m: float
) -> SlopeEvidence:
    """Compare a slope layer of unknown unit with the slope that its elevation layer has.

    Args:
        slope: (H, W) in degrees, percent, or rise over run.
        elevation_m: (H, W); NaN where it has no value.
        cell_size_m: Edge of a cell.

    Returns:
        The evidence; add up that of several layers before asking for a verdict.
    """
    inner = np.s_[1:-1, 1:-1]
    east, north = gradient(elevation_m, cell_size_m)
    rise, said = np.hypot(east, north)[inner], np.asarray(slope, dtype=np.float64)[inner]
    steep = (rise > _STEEP) & np.isfinite(said)
    rise, said = rise[steep], said[steep]
    expected = (np.degrees(np.arctan(rise)), 100 * rise, rise)
    misfit = tuple(float(np.abs(said - each).sum()) for each in expected)
    size = tuple(float(each.sum()) for each in expected)
    return SlopeEvidence(int(steep.sum()), misfit, size)  # type: ignore[arg-type]
