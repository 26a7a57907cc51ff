"""Surface fire: wind and slope drive a fuel bed's fire into an ellipse, vectorised over cells.

Sources: Rothermel 1972 (INT-115) and Andrews 2018 (RMRS-GTR-371) for wind and slope, Andrews 2012 (RMRS-GTR-266) for
the wind adjustment factor, Albini and Chase 1980 (INT-RN-284) for the ellipse.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fuelbreak.fire.fuel_bed import FEET_PER_METRE, BaseFire

__all__ = [
    "WIND_10M_TO_20FT",
    "HeadFire",
    "Terrain",
    "eccentricity",
    "head_fire",
    "midflame_wind_m_min",
    "slope_and_aspect",
    "unit",
]

FloatArray = npt.NDArray[np.float64]

WIND_10M_TO_20FT = 1.15
"""Andrews 2012, p. 6."""

MPH_PER_M_MIN = 60.0 * FEET_PER_METRE / 5280.0
MAX_LENGTH_TO_WIDTH = 8.0


@dataclass(frozen=True, eq=False)
class Terrain:
    """Slope of N cells as the gradient of elevation.

    Attributes:
        gradient_east: float64 (N,), rise over run towards the east.
        gradient_north: float64 (N,), rise over run towards the north.
    """

    gradient_east: FloatArray
    gradient_north: FloatArray

    def take(self, cells: npt.NDArray[np.int64] | slice) -> Terrain:
        """The terrain of some of the cells."""
        return Terrain(self.gradient_east[cells], self.gradient_north[cells])

    @property
    def steepness(self) -> FloatArray:
        """float64 (N,): the tangent of the slope."""
        return np.hypot(self.gradient_east, self.gradient_north)

    def on_slope(self, east: FloatArray, north: FloatArray) -> FloatArray:
        """float64 (N, 3): horizontal vectors, lifted to the slope plane above them."""
        return np.stack([east, north, east * self.gradient_east + north * self.gradient_north], axis=-1)


@dataclass(frozen=True, eq=False)
class HeadFire:
    """The head of a fire in N cells; rates are on the slope plane.

    Attributes:
        spread_rate_m_min: float64 (N,).
        direction: float64 (N, 3), unit vectors (east, north, up) in the slope plane.
        intensity_kw_m: float64 (N,).
        length_to_width: float64 (N,), at least 1.
        eccentricity: float64 (N,), 0 for a circle.
    """

    spread_rate_m_min: FloatArray
    direction: FloatArray
    intensity_kw_m: FloatArray
    length_to_width: FloatArray
    eccentricity: FloatArray


def slope_and_aspect(slope_deg: npt.ArrayLike, aspect_deg: npt.ArrayLike) -> Terrain:
    """Terrain from slope angle and aspect, as LANDFIRE gives them.

    Args:
        slope_deg: Degrees from horizontal.
        aspect_deg: The way the slope faces, degrees clockwise from north; negative = flat, read as 0.

    Returns:
        The gradient of elevation; it points uphill, away from the aspect.
    """
    steepness = np.tan(np.radians(np.asarray(slope_deg, np.float64)))
    uphill = np.radians(np.maximum(np.asarray(aspect_deg, np.float64), 0.0) + 180.0)
    return Terrain(steepness * np.sin(uphill), steepness * np.cos(uphill))


def midflame_wind_m_min(
    wind_speed_10m_km_h: FloatArray | float,
    fuel_bed_depth_ft: FloatArray,
    canopy_cover: FloatArray,
    canopy_height_m: FloatArray,
) -> FloatArray:
    """Wind at midflame height, sheltered under a canopy and unsheltered elsewhere (Andrews 2012, eqs. 2 and 6).

    Args:
        wind_speed_10m_km_h: Open wind at 10 m.
        fuel_bed_depth_ft: float64 (N,).
        canopy_cover: float64 (N,), fraction 0..1.
        canopy_height_m: float64 (N,).

    Returns:
        float64 (N,), m/min.
    """
    height_ft = canopy_height_m * FEET_PER_METRE
    crown_fill = canopy_cover / 3.0
    is_sheltered = (crown_fill >= 0.05) & (height_ft >= 6.0)
    layer = np.where(is_sheltered, height_ft, fuel_bed_depth_ft)
    log_profile = np.log((20.0 + 0.36 * layer) / (0.13 * layer))
    drag = np.sqrt(np.where(is_sheltered, crown_fill * height_ft, 1.0))
    factor = np.where(is_sheltered, 0.555 / (drag * log_profile), 1.83 / log_profile)
    return factor * wind_speed_10m_km_h / WIND_10M_TO_20FT / 0.06


def head_fire(
    base: BaseFire, midflame_m_min: FloatArray, upwind_direction_deg: FloatArray | float, terrain: Terrain
) -> HeadFire:
    """The head of the surface fire: wind and slope added as vectors in the slope plane, wind limited.

    Args:
        base: Fuel bed behaviour of the N cells.
        midflame_m_min: float64 (N,), horizontal wind at midflame height.
        upwind_direction_deg: Where the wind comes from, clockwise from north.
        terrain: Slope of the N cells.

    Returns:
        Rate, direction, intensity and shape; the direction is uphill or north where nothing drives the fire.
    """
    downwind = np.radians(np.asarray(upwind_direction_deg, np.float64) + 180.0)
    wind = terrain.on_slope(midflame_m_min * np.sin(downwind), midflame_m_min * np.cos(downwind))
    uphill = terrain.on_slope(terrain.gradient_east, terrain.gradient_north)
    phi_wind = base.wind_factor * np.linalg.norm(wind, axis=1) ** base.wind_exponent
    phi_slope = base.slope_factor * terrain.steepness**2
    push = phi_wind[:, None] * unit(wind) + phi_slope[:, None] * unit(uphill)
    phi = np.linalg.norm(push, axis=1)
    effective_wind = (phi / base.wind_factor) ** (1.0 / base.wind_exponent)
    limited = np.minimum(effective_wind, base.wind_limit_m_min)
    phi = np.where(effective_wind > limited, base.wind_factor * limited**base.wind_exponent, phi)
    length_to_width = _length_to_width(limited)
    return HeadFire(
        spread_rate_m_min=base.spread_rate_m_min * (1.0 + phi),
        direction=unit(push, otherwise=uphill),
        intensity_kw_m=base.intensity_kw_m * (1.0 + phi),
        length_to_width=length_to_width,
        eccentricity=eccentricity(length_to_width),
    )


def eccentricity(length_to_width: FloatArray) -> FloatArray:
    """Eccentricity of an ellipse from its length-to-width ratio (Albini and Chase 1980, eq. 8)."""
    return np.sqrt(np.maximum(length_to_width**2 - 1.0, 0.0)) / length_to_width


def unit(vectors: FloatArray, otherwise: FloatArray | None = None) -> FloatArray:
    """`vectors` (N, 3) scaled to length 1; where zero, `otherwise` so scaled, and zero or north where that is zero too.

    Args:
        vectors: float64 (N, 3).
        otherwise: What stands in for zero vectors; without it they stay zero.
    """
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: FloatArray = np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0.0)
    if otherwise is None:
        return scaled
    north = np.zeros_like(vectors)
    north[..., 1] = 1.0
    second = unit(otherwise)
    second = np.where(np.any(second != 0.0, axis=-1, keepdims=True), second, north)
    return np.where(length > 0.0, scaled, second)


def _length_to_width(effective_wind_m_min: FloatArray) -> FloatArray:
    """Length-to-width ratio as in BEHAVE (Andrews 1986, after Anderson 1983), at most 8."""
    mph = effective_wind_m_min * MPH_PER_M_MIN
    ratio = 0.936 * np.exp(0.1147 * mph) + 0.461 * np.exp(-0.0692 * mph) - 0.397
    return np.minimum(ratio, MAX_LENGTH_TO_WIDTH)
