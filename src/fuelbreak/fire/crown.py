"""Crown fire: Van Wagner's initiation (1977), Cruz, Alexander and Wakimoto's spread rates (2005).

A cell crowns where its surface fire is intense enough to lift into the canopy; the crown fire then has a rate, a
direction (downwind in the slope plane) and an ellipse of its own (Rothermel 1991, INT-438, eq. 9).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fuelbreak.fire.fuel_bed import BaseFire
from fuelbreak.fire.surface import WIND_10M_TO_20FT, HeadFire, Terrain, eccentricity, unit

__all__ = [
    "ACTIVE_CROWN",
    "PASSIVE_CROWN",
    "SURFACE",
    "UNBURNED",
    "Canopy",
    "CombinedFire",
    "CrownFire",
    "combine",
    "crown_fire",
    "crowning_rate_m_min",
    "flame_length_m",
]

FloatArray = npt.NDArray[np.float64]

UNBURNED, SURFACE, PASSIVE_CROWN, ACTIVE_CROWN = 0, 1, 2, 3
MIN_COVER_TO_CROWN = 0.4
MPH_PER_KM_H = 0.621371192237334


@dataclass(frozen=True, eq=False)
class Canopy:
    """The canopy of N cells; every field float64 (N,).

    Attributes:
        cover: Fraction 0..1.
        height_m: Top of the canopy.
        base_height_m: Bottom of the canopy.
        bulk_density_kg_m3: Mass of available fuel per volume of canopy; 0 = no canopy.
    """

    cover: FloatArray
    height_m: FloatArray
    base_height_m: FloatArray
    bulk_density_kg_m3: FloatArray


@dataclass(frozen=True, eq=False)
class CrownFire:
    """The crown fire of N cells as if it happened; 0 or a circle where there is no canopy.

    Attributes:
        head: Rate, direction, intensity and shape of its head.
        fire_type: int64 (N,), 2 passive or 3 active.
        critical_rate_m_min: float64 (N,), rate above which it is active; inf without canopy.
    """

    head: HeadFire
    fire_type: npt.NDArray[np.int64]
    critical_rate_m_min: FloatArray


@dataclass(frozen=True, eq=False)
class CombinedFire:
    """What a cell burns as when the head of the fire passes.

    Attributes:
        fire_type: int64 (N,): 1 surface, 2 passive crown, 3 active crown (0, unburned, only where no fuel is).
        spread_rate_m_min: float64 (N,), the faster of the two.
        direction: float64 (N, 3), of the faster one.
        intensity_kw_m: float64 (N,), of both together.
        flame_length_m: float64 (N,).
    """

    fire_type: npt.NDArray[np.int64]
    spread_rate_m_min: FloatArray
    direction: FloatArray
    intensity_kw_m: FloatArray
    flame_length_m: FloatArray


def crown_fire(
    canopy: Canopy,
    base: BaseFire,
    fine_moisture: FloatArray | float,
    wind_speed_10m_km_h: FloatArray | float,
    upwind_direction_deg: FloatArray | float,
    terrain: Terrain,
) -> CrownFire:
    """Crown fire in N cells, taking for granted that it starts (Cruz et al. 2005, eqs. 1-4).

    Args:
        canopy: The canopy of the cells.
        base: Their surface fuel, for the heat content.
        fine_moisture: 1 h dead fuel moisture, fraction.
        wind_speed_10m_km_h: Open wind at 10 m.
        upwind_direction_deg: Where the wind comes from, clockwise from north.
        terrain: Slope of the cells; the wind is lifted to the slope plane.

    Returns:
        Head fire, passive or active.
    """
    downwind = np.radians(np.asarray(upwind_direction_deg, np.float64) + 180.0)
    speed = np.asarray(wind_speed_10m_km_h, np.float64)
    east, north = np.broadcast_arrays(
        speed * np.sin(downwind), speed * np.cos(downwind), terrain.gradient_east
    )[:2]
    wind = terrain.on_slope(east, north)
    speed_on_slope = np.linalg.norm(wind, axis=1)
    density = canopy.bulk_density_kg_m3
    critical = np.divide(3.0, density, out=np.full_like(density, np.inf), where=density > 0.0)
    active_rate = (
        11.02 * speed_on_slope**0.9 * density**0.19 * np.exp(-17.0 * np.asarray(fine_moisture, np.float64))
    )
    is_active = active_rate > critical
    rate = np.where(is_active, active_rate, active_rate * np.exp(-active_rate / critical))
    length_to_width = 1.0 + 0.125 * speed_on_slope / WIND_10M_TO_20FT * MPH_PER_KM_H
    crown_length_m = canopy.height_m - canopy.base_height_m
    head = HeadFire(
        spread_rate_m_min=rate,
        direction=unit(wind, otherwise=terrain.on_slope(terrain.gradient_east, terrain.gradient_north)),
        intensity_kw_m=rate * density * crown_length_m * base.heat_kj_kg / 60.0,
        length_to_width=length_to_width,
        eccentricity=eccentricity(length_to_width),
    )
    return CrownFire(head, np.where(is_active, ACTIVE_CROWN, PASSIVE_CROWN), critical)


def crowning_rate_m_min(surface: HeadFire, canopy: Canopy, foliar_moisture: FloatArray | float) -> FloatArray:
    """Surface spread rate from which on the fire crowns (Van Wagner 1977, eq. 4).

    Args:
        surface: Head of the surface fire; intensity is proportional to rate within a cell.
        canopy: The canopy of the cells.
        foliar_moisture: Fraction.

    Returns:
        float64 (N,); inf where cover is 0.4 or less, or where the surface fire does not spread.
    """
    critical_intensity = (0.01 * canopy.base_height_m * (460.0 + 2600.0 * np.asarray(foliar_moisture))) ** 1.5
    can_crown = (canopy.cover > MIN_COVER_TO_CROWN) & (surface.intensity_kw_m > 0.0)
    rate = surface.spread_rate_m_min * critical_intensity
    return np.divide(rate, surface.intensity_kw_m, out=np.full_like(rate, np.inf), where=can_crown)


def combine(surface: HeadFire, crown: CrownFire, crowning_rate: FloatArray) -> CombinedFire:
    """The faster of surface and crown fire, with the heat of both, where the surface fire lifts the crown fire.

    Args:
        surface: Head of the surface fire.
        crown: Crown fire as if it happened.
        crowning_rate: From `crowning_rate_m_min`.

    Returns:
        Type, rate, direction, intensity and flame length (Byram 1959).
    """
    crowns = surface.spread_rate_m_min >= crowning_rate
    head = crown.head
    crown_leads = crowns & (head.spread_rate_m_min >= surface.spread_rate_m_min)
    rate = np.where(crown_leads, head.spread_rate_m_min, surface.spread_rate_m_min)
    intensity = _at_rate(surface, rate) + np.where(crowns, _at_rate(head, rate), 0.0)
    return CombinedFire(
        fire_type=np.where(crowns, crown.fire_type, SURFACE),
        spread_rate_m_min=rate,
        direction=np.where(crown_leads[:, None], head.direction, surface.direction),
        intensity_kw_m=intensity,
        flame_length_m=flame_length_m(intensity),
    )


def flame_length_m(intensity_kw_m: FloatArray) -> FloatArray:
    """Flame length in metres from fireline intensity in kW/m (Byram 1959)."""
    return 0.07747042253266703 * intensity_kw_m**0.46


def _at_rate(fire: HeadFire, rate: FloatArray) -> FloatArray:
    """Intensity of `fire` if it ran at `rate`: its heat per area is what it is; 0 where it does not run."""
    own = fire.spread_rate_m_min
    return np.divide(fire.intensity_kw_m * rate, own, out=np.zeros_like(rate), where=own > 0.0)
