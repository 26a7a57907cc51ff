"""The arguments of `FuelBreakEnv`: read, or refused with what to give instead."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from fuelbreak.fire.weather import LEGACY_WEATHER, Weather
from fuelbreak.landscape import Landscape

__all__ = ["as_days", "as_landscapes", "at_least_one", "one_of"]

Name = TypeVar("Name")


def as_landscapes(raster: Landscape | Sequence[Landscape] | None) -> tuple[Landscape, ...]:
    """One landscape or more, of one shape; None = the synthetic one of seed 0.

    Raises:
        ValueError: None of these, or of different shapes.
    """
    if raster is None:
        from fuelbreak.synthetic import generate_landscape

        return (generate_landscape(0),)
    if isinstance(raster, str | os.PathLike):
        raise ValueError(
            f"raster is the path {str(raster)!r}; read it first: fuelbreak.rasters.load_landscapes, or read_folder"
        )
    landscapes = (raster,) if isinstance(raster, Landscape) else tuple(raster)
    if not landscapes:
        raise ValueError("FuelBreakEnv needs at least one landscape")
    for landscape in landscapes:
        if not isinstance(landscape, Landscape):
            raise ValueError(f"raster holds a {type(landscape).__name__}; give fuelbreak.landscape.Landscape")
    if len({landscape.shape for landscape in landscapes}) > 1:
        raise ValueError("landscapes of one environment must have one shape; cut them with fuelbreak.tiles")
    return landscapes


def as_days(weather: Weather | Sequence[Weather] | str | None) -> tuple[Weather, ...]:
    """One weather or more; None = the default, "legacy" = the original's.

    Raises:
        ValueError: None of these.
    """
    if weather is None:
        return (Weather(),)
    if isinstance(weather, Weather):
        return (weather,)
    if weather == "legacy":
        return (LEGACY_WEATHER,)
    if isinstance(weather, list | tuple) and weather and all(isinstance(day, Weather) for day in weather):
        return tuple(weather)
    raise ValueError(
        f"weather={weather!r} is none; give 'legacy', a fuelbreak.fire.weather.Weather, or a list of them "
        "(fuelbreak.fire.scenarios.read_weather_csv reads one from a file)"
    )


def one_of(name: str, value: Name, *known: Name) -> Name:
    """The value, which is one of those known.

    Raises:
        ValueError: It is not.
    """
    if value not in known:
        raise ValueError(f"{name} is {' or '.join(map(repr, known))}, not {value!r}")
    return value


def at_least_one(name: str, value: int) -> int:
    """The value as int.

    Raises:
        ValueError: It is no whole number, or less than one.
    """
    if not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(f"{name} is {value!r}, must be a whole number, at least 1")
    return int(value)
