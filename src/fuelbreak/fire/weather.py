"""`Weather`: what drives a fire from outside, constant over a landscape and over the fire's duration."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, fields
from numbers import Real

from fuelbreak.errors import WeatherError

__all__ = ["LEGACY_WEATHER", "Weather"]

MAX_WIND_KM_H = 150.0
MAX_MOISTURE = 3.0
LOW_FOLIAR_MOISTURE = 0.3

_MOISTURES = (
    "moisture_1h",
    "moisture_10h",
    "moisture_100h",
    "moisture_live_herbaceous",
    "moisture_live_woody",
    "foliar_moisture",
)


@dataclass(frozen=True)
class Weather:
    """One constant weather, checked when made; the defaults are a dry day with wind from the north-east.

    The default moistures and wind are those of a day on which fuel breaks matter: Scott and Burgan's (2005) dry dead
    fuels (5, 6, 8 %), herbs two thirds cured, and 20 km/h of wind, so that the canopy layers count (without wind no
    crown fire outruns the surface fire). The default duration is 3 h, the span that a break has to hold before
    suppression changes the fire; at 24 h most fires have burned whatever they can reach of a 1.5 km tile.

    Attributes:
        wind_speed_10m_km_h: Open wind at 10 m above ground, 0..150.
        upwind_direction_deg: Where the wind comes from, clockwise from north, 0..360.
        moisture_1h: Dead fuel moistures as fractions of oven-dry mass, above 0 and at most 3.
        moisture_10h: See `moisture_1h`.
        moisture_100h: See `moisture_1h`.
        moisture_live_herbaceous: Fraction; 0.3 and less = fully cured, 1.2 and more = fully green.
        moisture_live_woody: Fraction.
        foliar_moisture: Of the canopy's needles and leaves, fraction; under 0.3 it warns.
        duration_min: How long a fire burns.

    Raises:
        WeatherError: From the constructor, naming the value, its range and the likely unit mistake.
    """

    wind_speed_10m_km_h: float = 20.0
    upwind_direction_deg: float = 45.0
    moisture_1h: float = 0.05
    moisture_10h: float = 0.06
    moisture_100h: float = 0.08
    moisture_live_herbaceous: float = 0.60
    moisture_live_woody: float = 0.90
    foliar_moisture: float = 1.00
    duration_min: float = 180.0

    def __post_init__(self) -> None:
        for field in fields(self):
            object.__setattr__(self, field.name, _as_float(field.name, getattr(self, field.name)))
        _check("wind_speed_10m_km_h", self.wind_speed_10m_km_h, 0.0, MAX_WIND_KM_H, "give it in km/h")
        _check(
            "upwind_direction_deg", self.upwind_direction_deg, 0.0, 360.0, "give degrees clockwise from north"
        )
        for name in _MOISTURES:
            _check_moisture(name, getattr(self, name))
        _check(
            "duration_min", self.duration_min, 0.0, math.inf, "give minutes, more than none", open_ended=True
        )
        if self.foliar_moisture < LOW_FOLIAR_MOISTURE:
            warnings.warn(
                f"foliar_moisture {self.foliar_moisture:g} is that of dead needles: crown fires will start at once; "
                "live foliage has 0.7 to 1.5",
                stacklevel=3,
            )


def _as_float(name: str, value: object) -> float:
    """Whole numbers become floats, so that compiled code sees one type only."""
    if not isinstance(value, Real):
        raise WeatherError(f"{name} is {value!r}, which is no number")
    return float(value)


def _check_moisture(name: str, value: float) -> None:
    """Refuse what is no fraction; a value over 3 is nearly always a percentage."""
    hint = (
        f"{value:g} looks like percent: divide by 100"
        if value > MAX_MOISTURE
        else "give a fraction of dry mass"
    )
    _check(name, value, 0.0, MAX_MOISTURE, hint, open_ended=True)


def _check(name: str, value: float, low: float, high: float, hint: str, *, open_ended: bool = False) -> None:
    """Refuse NaN and what is outside [low, high], or (low, high] where it is open-ended; infinity always."""
    too_low = value <= low if open_ended else value < low
    if not math.isfinite(value) or too_low or value > high:
        bracket = "(" if open_ended else "["
        raise WeatherError(f"{name} is {value!r}, outside {bracket}{low:g}, {high:g}]: {hint}")


def _legacy_weather() -> Weather:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its foliar moisture is what it is: the name says so
        return Weather(0.0, 0.0, 0.10, 0.15, 0.25, 0.10, 0.10, 0.10, duration_min=1440.0)


LEGACY_WEATHER = _legacy_weather()
"""The original environment's weather: no wind, cured herbs, foliar moisture 0.10, 24 h.

Without wind the crown model gives a rate of 0, so that canopy layers have no effect on spread."""
