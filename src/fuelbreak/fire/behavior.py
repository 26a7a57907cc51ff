"""Fire behaviour of a whole landscape under one weather: from rasters to slowness along the moves."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fuelbreak.fire.crown import Canopy, CrownFire, combine, crown_fire, crowning_rate_m_min
from fuelbreak.fire.ellipse import MIN_RATE_M_MIN, Ellipses, combined_slowness, project, slowness
from fuelbreak.fire.fuel_bed import BaseFire, base_fire
from fuelbreak.fire.sectors import lengthening
from fuelbreak.fire.surface import HeadFire, Terrain, head_fire, midflame_wind_m_min, slope_and_aspect
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape

__all__ = ["head_spread_rate_m_min", "landscape_slowness"]

FloatArray = npt.NDArray[np.float64]

_CELLS_AT_ONCE = 8192  # keeps the temporary arrays of a large landscape to some ten megabytes
_CLEARLY_FASTER = 0.999  # the Wulff shape is sampled, its rounding is no crown fire


def landscape_slowness(
    landscape: Landscape, weather: Weather, directions: FloatArray
) -> npt.NDArray[np.float32]:
    """Minutes per metre along fixed directions in every cell, for moves that cover the area of the spread ellipses.

    Args:
        landscape: The rasters.
        weather: Constant over the landscape.
        directions: float64 (K, 2), unit vectors (east, north).

    Returns:
        float32 (K, H, W); inf in cells that do not burn or are too moist to spread fire.
    """
    terrain, surface, crown, crowning_rate = _fires_of_cells(landscape, weather)
    on_surface, in_crowns = project(surface, terrain), project(crown.head, terrain)
    out = np.full((len(directions), *landscape.shape), np.inf, np.float32)
    cells = np.argwhere(landscape.burnable)
    for first in range(0, len(cells), _CELLS_AT_ONCE):
        part = slice(first, first + _CELLS_AT_ONCE)
        out[:, cells[part, 0], cells[part, 1]] = _slowness_of_moves(
            on_surface.take(part), in_crowns.take(part), crowning_rate[part], terrain.take(part), directions
        ).T
    return out


def head_spread_rate_m_min(landscape: Landscape, weather: Weather) -> npt.NDArray[np.float32]:
    """Spread rate of the head of the fire in every cell, in the crowns where it burns there.

    Args:
        landscape: The rasters.
        weather: Constant over the landscape.

    Returns:
        float32 (H, W), m/min on the slope; 0 in cells that do not burn or are too moist to spread fire.
    """
    _, surface, crown, crowning_rate = _fires_of_cells(landscape, weather)
    rate = combine(surface, crown, crowning_rate).spread_rate_m_min
    out = np.zeros(landscape.shape, np.float32)
    out[landscape.burnable] = np.where(rate > MIN_RATE_M_MIN, rate, 0.0)
    return out


def _fires_of_cells(
    landscape: Landscape, weather: Weather
) -> tuple[Terrain, HeadFire, CrownFire, FloatArray]:
    """Terrain, surface fire, crown fire and crowning rate of the burnable cells, row by row."""
    burnable = landscape.burnable
    terrain = slope_and_aspect(landscape.slope_deg[burnable], landscape.aspect_deg[burnable])
    canopy = _canopy(landscape, burnable)
    base = _base_fire_of_cells(landscape.fuel_model[burnable], weather)
    midflame = midflame_wind_m_min(weather.wind_speed_10m_km_h, base.depth_ft, canopy.cover, canopy.height_m)
    surface = head_fire(base, midflame, weather.upwind_direction_deg, terrain)
    crown = crown_fire(
        canopy, base, weather.moisture_1h, weather.wind_speed_10m_km_h, weather.upwind_direction_deg, terrain
    )
    return terrain, surface, crown, crowning_rate_m_min(surface, canopy, weather.foliar_moisture)


def _slowness_of_moves(
    surface: Ellipses, crown: Ellipses, crowning_rate: FloatArray, terrain: Terrain, directions: FloatArray
) -> FloatArray:
    """Shaped (N, K), lengthened as the crown ellipse asks where a move burns in the crowns, else as the surface's."""
    alone = slowness(surface, directions)
    combined = combined_slowness(alone, surface, crown, crowning_rate, terrain, directions)
    longer = lengthening(surface, alone, directions)
    in_crowns = combined < _CLEARLY_FASTER * alone
    cells = np.flatnonzero(in_crowns.any(axis=1))
    crowning = crown.take(cells)
    longer_in_crowns = lengthening(crowning, slowness(crowning, directions), directions)
    longer[cells] = np.where(in_crowns[cells], longer_in_crowns, longer[cells])
    return combined / longer


def _canopy(landscape: Landscape, where: npt.NDArray[np.bool_]) -> Canopy:
    return Canopy(
        cover=landscape.canopy_cover[where].astype(np.float64),
        height_m=landscape.canopy_height_m[where].astype(np.float64),
        base_height_m=landscape.canopy_base_height_m[where].astype(np.float64),
        bulk_density_kg_m3=landscape.canopy_bulk_density_kg_m3[where].astype(np.float64),
    )


def _base_fire_of_cells(fuel_model: npt.NDArray[np.int16], weather: Weather) -> BaseFire:
    """Fuel beds depend on fuel model and weather alone: compute each model once."""
    codes, row = np.unique(fuel_model, return_inverse=True)
    moisture = (
        weather.moisture_1h,
        weather.moisture_10h,
        weather.moisture_100h,
        weather.moisture_live_herbaceous,
        weather.moisture_live_woody,
    )
    return base_fire(codes, np.tile(moisture, (len(codes), 1))).take(row)
