"""Fuel models in correlated patches that follow the terrain, crossed by roads and streams."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fuelbreak.synthetic.noise import gaussian_fields
from fuelbreak.synthetic.regions import Region
from fuelbreak.synthetic.relief import Relief

__all__ = ["ROAD", "WATER", "make_fuels"]

ROAD, WATER = 91, 98

_SPECTRAL_EXPONENT = -2.3
_OUTER_SCALE_CELLS = 400.0
_ROUNDS = 30
_BRIDGE = 9.0  # what a cell of lake costs a road, in that of a slope of 10 degrees

Grid = npt.NDArray[np.float64]


def make_fuels(rng: np.random.Generator, region: Region, relief: Relief, size: int) -> npt.NDArray[np.int16]:
    """Draw a fuel model for every cell of the landscape in the grid's north-west corner.

    Args:
        rng: Where the randomness comes from.
        region: Gives the fuel models with their shares and places, roads and streams.
        relief: Of the whole grid.
        size: Cells along each side of the landscape.

    Returns:
        int16 (size, size), FBFM40 codes.
    """
    chosen = _chosen(_appeal(rng, region, relief), np.array([fuel.share for fuel in region.fuels]))
    codes = np.array([fuel.code for fuel in region.fuels], dtype=np.int16)
    corner = np.s_[:size, :size]
    fuel = codes[chosen[corner]]
    fuel[relief.water[corner]] = WATER
    if rng.random() < region.stream_chance:
        height = relief.elevation_m[corner]
        fuel[_path(rng, (height - height.min()) / max(1.0, float(np.ptp(height))), wander=0.2)] = WATER
    effort = (relief.slope_deg[corner] / 10.0) ** 2 + _BRIDGE * relief.water[corner]
    for _ in range(rng.poisson(region.roads * size / 50)):
        fuel[_path(rng, effort, wander=1.0)] = ROAD
    return fuel


def _appeal(rng: np.random.Generator, region: Region, relief: Relief) -> Grid:
    """How well each fuel model suits each cell, float64 (fuels, edge, edge)."""
    edge, count = relief.slope_deg.shape[0], len(region.fuels)
    patches = gaussian_fields(rng, count, edge, _SPECTRAL_EXPONENT, _OUTER_SCALE_CELLS)
    high = _standardised(relief.elevation_m)
    facing_south = np.where(relief.aspect_deg < 0, 0.0, -np.cos(np.radians(relief.aspect_deg)))
    steep = _standardised(np.minimum(relief.slope_deg, 15.0))
    low, south, flat = (
        np.array([getattr(fuel, name) for fuel in region.fuels])[:, None, None]
        for name in ("low", "south", "flat")
    )
    terrain = -low * high + south * facing_south - flat * steep
    return np.asarray(patches + terrain)


def _chosen(appeal: Grid, shares: Grid) -> npt.NDArray[np.int64]:
    """Index of the most appealing fuel per cell, with handicaps found such that the shares come out."""
    handicap = np.log(shares)
    chosen: npt.NDArray[np.int64] = np.argmax(appeal + handicap[:, None, None], axis=0)
    for _ in range(_ROUNDS):
        got = np.bincount(chosen.ravel(), minlength=len(shares)) / chosen.size
        handicap += 0.5 * (np.log(shares) - np.log(np.maximum(got, 1e-4)))
        chosen = np.argmax(appeal + handicap[:, None, None], axis=0)
    return chosen


def _path(
    rng: np.random.Generator, cost: Grid, wander: float
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Rows and columns of a cheap way across, from west to east or from north to south, one cell wide."""
    size = cost.shape[0]
    turned = bool(rng.random() < 0.5)
    rough = (cost.T if turned else cost) + wander * rng.random(cost.shape)
    total = [rough[:, 0]]
    for column in range(1, size):
        total.append(rough[:, column] + _best_neighbour(total[-1]).min(axis=0))
    rows = np.empty(size, dtype=np.intp)
    rows[-1] = rng.choice(size)
    for column in range(size - 1, 0, -1):
        step = _best_neighbour(total[column - 1])[:, rows[column]].argmin()
        rows[column - 1] = rows[column] + int(step) - 1
    columns = np.arange(size)
    return (columns, rows) if turned else (rows, columns)


def _best_neighbour(total: Grid) -> Grid:
    """Cost so far of the rows above, beside and below each row, float64 (3, size)."""
    padded = np.pad(total, 1, constant_values=np.inf)
    return np.stack([padded[:-2], padded[1:-1], padded[2:]])


def _standardised(grid: Grid) -> Grid:
    return np.asarray((grid - grid.mean()) / max(1e-9, float(grid.std())))
