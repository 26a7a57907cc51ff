"""Canopy layers that fit the fuels, in LANDFIRE's classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fuelbreak.synthetic.noise import gaussian_fields
from fuelbreak.synthetic.regions import Fuel, Region

__all__ = ["Canopy", "bulk_density", "make_canopy"]

_SPECTRAL_EXPONENT = -2.2
_OUTER_SCALE_CELLS = 200.0
_BASE_HEIGHT_CAP_DM = 100.0
_HARDWOOD_BULK_DENSITY = 1.0  # 0.01 kg/m3
_DENSEST = 45.0  # 0.45 kg/m3

Grid = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Canopy:
    """Canopy in LANDFIRE's stored units, float64 (size, size) of whole numbers.

    Attributes:
        cover_percent: 0, 15, 25, ..., 95.
        height_dm: 0, 30, 70, ..., 390; above 0 exactly where cover is.
        base_height_dm: At most 100 and never above the height.
        bulk_density: 100*kg/m3, at most 45.
    """

    cover_percent: Grid
    height_dm: Grid
    base_height_dm: Grid
    bulk_density: Grid


def make_canopy(rng: np.random.Generator, region: Region, fuel: npt.NDArray[np.int16], edge: int) -> Canopy:
    """Draw the canopy over a map of fuel models.

    Args:
        rng: Where the randomness comes from.
        region: Says which fuels bear trees, of which cover and height.
        fuel: int16 (size, size), FBFM40 codes; those that the region does not list bear none.
        edge: Cells along each side of the grid that fields are drawn on.

    Returns:
        The canopy of the landscape.
    """
    size = fuel.shape[0]
    fields = gaussian_fields(rng, 5, edge, _SPECTRAL_EXPONENT, _OUTER_SCALE_CELLS)[:, :size, :size]
    presence, leaf, cover, height, base = 0.8 * fields + 0.6 * rng.standard_normal(fields.shape)
    kinds = {kind.code: kind for kind in region.fuels}
    trees = _is_among(presence, _per_cell(fuel, kinds, "trees"))
    hardwood = trees & _is_among(leaf, _per_cell(fuel, kinds, "hardwood"))
    classes = np.clip(_per_cell(fuel, kinds, "cover_percent") + 10 * np.rint(cover), 15, 95)
    cover_percent = np.where(trees, classes, 0.0)
    classes = np.clip(_per_cell(fuel, kinds, "height_dm") + 40 * np.rint(0.9 * height), 30, 390)
    height_dm = np.where(trees, classes, 0.0)
    return Canopy(
        cover_percent,
        height_dm,
        np.where(trees, _base_height(height_dm, hardwood, base), 0.0),
        np.where(trees, bulk_density(cover_percent, height_dm, hardwood), 0.0),
    )


def bulk_density(cover_percent: Grid, height_dm: Grid, hardwood: npt.NDArray[np.bool_]) -> Grid:
    """Canopy bulk density as LANDFIRE's layers have it.

    The log-linear form in cover, with steps at heights of 15 m and 30 m, is that of Reeves et al. 2009 (Int. J.
    Wildland Fire 18); the factors were fitted to the layers of the three regions, which they reproduce.

    Args:
        cover_percent: Cover in percent.
        height_dm: Height in tenths of a metre.
        hardwood: True for hardwood, which hardly carries crown fire.

    Returns:
        100*kg/m3, whole numbers.
    """
    by_height = np.select([height_dm < 150, height_dm < 300], [1.0, 0.66], 0.5)
    conifer = np.minimum(2.75 * np.exp(0.0335 * cover_percent), _DENSEST) * by_height
    return np.where(hardwood, _HARDWOOD_BULK_DENSITY, np.rint(conifer))


def _base_height(height_dm: Grid, hardwood: npt.NDArray[np.bool_], field: Grid) -> Grid:
    crown = np.where(height_dm > _BASE_HEIGHT_CAP_DM, _BASE_HEIGHT_CAP_DM, np.rint(0.66 * height_dm))
    conifer = np.maximum(3.0, np.rint(0.1 * height_dm * np.clip(1.0 - 0.4 * np.abs(field), 0.12, 1.0)))
    return np.where(hardwood, crown, conifer)


def _is_among(field: Grid, share: Grid) -> npt.NDArray[np.bool_]:
    """True on a share of cells, where a field of unit variance is lowest; shares differ from cell to cell."""
    rank = np.argsort(np.argsort(field, axis=None)).reshape(field.shape) / field.size
    return np.asarray(rank < share, dtype=bool)


def _per_cell(fuel: npt.NDArray[np.int16], kinds: dict[int, Fuel], attribute: str) -> Grid:
    table = np.zeros(256)
    for code, kind in kinds.items():
        table[code] = getattr(kind, attribute)
    return np.asarray(table[fuel])
