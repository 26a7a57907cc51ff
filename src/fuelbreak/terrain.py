"""Slope and aspect from elevation, and what a slope layer's numbers mean, judged by its elevation layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["NO_UNIT", "SlopeEvidence", "gradient", "horn", "mistaken_aspect", "slope_evidence"]

Grid = npt.NDArray[np.float64]

NO_UNIT = "no slopes of this ground"
"""The verdict on a slope layer that fits its elevation under no unit at all."""

_STEEP = 0.05  # rise over run from which a cell says anything about the unit
_ENOUGH_CELLS = 40
_FITS, _BETTER_BY = 0.3, 2.0
_MISSES = 1.5  # times the slope itself, under every unit: real layers stay below 0.2
_METRES_PER_FOOT = 0.3048

_UNITS: Mapping[str, Callable[[Grid], Grid]] = {
    "degrees": lambda rise: np.degrees(np.arctan(rise)),
    "percent": lambda rise: 100.0 * rise,
    "rise over run": lambda rise: rise,
    "degrees, with an elevation in feet": lambda rise: np.degrees(np.arctan(_METRES_PER_FOOT * rise)),
    "percent, with an elevation in feet": lambda rise: 100.0 * _METRES_PER_FOOT * rise,
}
"""What a slope layer says where its elevation rises so much over the run."""

_TURNED_DEG, _RIGHT_WAY_DEG = 45.0, 25.0
_ASPECTS: Mapping[str, Callable[[Grid], Grid]] = {
    "points uphill: turn it by 180 degrees": lambda said: said + 180.0,
    "runs counterclockwise from east: give 90 minus the aspect": lambda said: 90.0 - said,
    "is upside down: row 0 must be north in every layer": lambda said: 180.0 - said,
    "is in radians: give degrees": lambda said: np.degrees(said) if said.max() <= 2.0 * np.pi else said,
}
"""How aspects are given by mistake, and how each is to be read."""


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
        misfit: Sum of |slope - slope from the DEM| under each unit.
        size: Sum of the slope from the DEM under the same, the measure of a misfit.
    """

    cells: int
    misfit: tuple[float, ...]
    size: tuple[float, ...]

    @classmethod
    def none(cls) -> SlopeEvidence:
        """Of no cell."""
        return cls(0, (0.0,) * len(_UNITS), (0.0,) * len(_UNITS))

    def __add__(self, other: SlopeEvidence) -> SlopeEvidence:
        """The evidence of both layers together."""
        misfit = tuple(a + b for a, b in zip(self.misfit, other.misfit, strict=True))
        size = tuple(a + b for a, b in zip(self.size, other.size, strict=True))
        return SlopeEvidence(self.cells + other.cells, misfit, size)

    @property
    def verdict(self) -> str:
        """Which unit clearly fits while no other does, `NO_UNIT` where none fits by far, "" where nothing tells."""
        if self.cells < _ENOUGH_CELLS:
            return ""
        misfits = sorted((m / s, unit) for m, s, unit in zip(self.misfit, self.size, _UNITS, strict=True))
        (best, unit), (second, _) = misfits[:2]
        if best > _MISSES:
            return NO_UNIT
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
    expected = [slope_of(rise) for slope_of in _UNITS.values()]
    misfit = tuple(float(np.abs(said - each).sum()) for each in expected)
    size = tuple(float(each.sum()) for each in expected)
    return SlopeEvidence(int(steep.sum()), misfit, size)


def mistaken_aspect(aspect: npt.NDArray[Any], elevation_m: npt.NDArray[Any], cell_size_m: float) -> str:
    """Hold an aspect layer against the way its elevation falls.

    Real layers differ from it by a sixth of a right angle, where they were made for another map projection; a layer is
    called mistaken only where it is far off as it stands and close under one of the usual mistakes.

    Args:
        aspect: (H, W), degrees clockwise from north, -1 where flat.
        elevation_m: (H, W).
        cell_size_m: Edge of a cell.

    Returns:
        The mistake and its remedy; "" where there is none, or nothing tells.
    """
    inner = np.s_[1:-1, 1:-1]
    east, north = (slope[inner] for slope in gradient(elevation_m, cell_size_m))
    said = np.asarray(aspect, dtype=np.float64)[inner]
    tells = (np.hypot(east, north) > _STEEP) & (said >= 0)
    if np.count_nonzero(tells) < _ENOUGH_CELLS:
        return ""
    falls, said = np.degrees(np.arctan2(-east, -north))[tells], said[tells]

    def off(way: Grid) -> float:
        return float(np.median(np.abs((way - falls + 180.0) % 360.0 - 180.0)))

    if off(said) <= _TURNED_DEG:
        return ""
    best, mistake = min((off(read(said)), mistake) for mistake, read in _ASPECTS.items())
    return mistake if best < _RIGHT_WAY_DEG else ""
