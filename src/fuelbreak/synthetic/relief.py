"""Elevation with a natural spectrum, valley floors and lakes, and the slope and aspect that follow from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fuelbreak.synthetic.noise import gaussian_fields
from fuelbreak.synthetic.regions import Region
from fuelbreak.terrain import gradient, horn

__all__ = ["FLAT_UP_TO_DEG", "Relief", "make_relief"]

FLAT_UP_TO_DEG = 2.0
"""LANDFIRE 2020 calls cells up to this slope flat: aspect -1 (measured on its Vermont layers)."""

_SPECTRAL_EXPONENT = -3.4
_OUTER_SCALE_CELLS = 400.0
_VALLEY_FLOOR = 0.05  # of the slope that the ground would have without sediment
_BANK_M = 1.0  # shores stand this far above a lake, so that in whole metres, too, it is the lowest ground

Grid = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Relief:
    """Elevation and what follows from it, all float64 (edge, edge) in whole units as LANDFIRE stores them.

    Attributes:
        elevation_m: Metres.
        slope_deg: Degrees.
        aspect_deg: Degrees clockwise from north, -1 where the slope is `FLAT_UP_TO_DEG` or less.
        water: bool, True on lakes.
    """

    elevation_m: Grid
    slope_deg: Grid
    aspect_deg: Grid
    water: npt.NDArray[np.bool_]


def make_relief(rng: np.random.Generator, region: Region, edge: int, size: int, cell_size_m: float) -> Relief:
    """Draw the relief of a region on a grid of ``edge`` cells, of which the first ``size`` are the landscape.

    Args:
        rng: Where the randomness comes from.
        region: Gives slope, valleys, base elevation and lakes.
        edge: Cells along each side of the grid.
        size: Cells along each side of the landscape in its north-west corner; lakes are sought there.
        cell_size_m: Edge of a cell.

    Returns:
        The relief of the whole grid.
    """
    (unit,) = gaussian_fields(rng, 1, edge, _SPECTRAL_EXPONENT, _OUTER_SCALE_CELLS)
    ground = _fill_valleys(unit, region.valley_share)
    rise = np.median(np.hypot(*gradient(ground, cell_size_m)))
    ground *= np.tan(np.radians(region.median_slope_deg)) / rise
    elevation = region.base_elevation_m + ground - ground.min()
    elevation, water = _flood(rng, region, elevation, size)
    elevation = np.rint(elevation)
    slope, aspect = horn(elevation, cell_size_m)
    slope = np.rint(slope)
    aspect = np.where(slope <= FLAT_UP_TO_DEG, -1.0, np.rint(aspect) % 360.0)
    return Relief(elevation, slope, aspect, water)


def _fill_valleys(ground: Grid, share: float) -> Grid:
    floor = np.quantile(ground, share)
    return np.where(ground < floor, floor + _VALLEY_FLOOR * (ground - floor), ground)


def _flood(
    rng: np.random.Generator, region: Region, elevation: Grid, size: int
) -> tuple[Grid, npt.NDArray[np.bool_]]:
    has_lake, share = rng.random() < region.lake_chance, rng.uniform(0.01, 0.06)
    if not has_lake:
        return elevation, np.zeros(elevation.shape, dtype=bool)
    level = np.rint(np.quantile(elevation[:size, :size], share))
    water = elevation < level
    return np.where(water, level, np.maximum(elevation, level + _BANK_M)), water
