"""Weather by the words of a command line: a name, or a file of scenarios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from fuelbreak.errors import WeatherError
from fuelbreak.fire.scenarios import read_weather_csv
from fuelbreak.fire.weather import LEGACY_WEATHER, Weather

__all__ = ["WEATHERS", "named_weathers"]

WEATHERS: Mapping[str, Weather] = {
    "default": Weather(),
    "calm-day": Weather(wind_speed_10m_km_h=0.0, duration_min=1440.0),
    "windy-day": Weather(duration_min=1440.0),
    "legacy": LEGACY_WEATHER,
}
"""Weathers by name: 3 h with 20 km/h of wind, 24 h without wind, 24 h with it, and the original environment's."""


def named_weathers(names: Sequence[str], own: Weather | None = None) -> dict[str, Weather]:
    """Weathers by the words of a command line.

    Args:
        names: "own", a name in `WEATHERS`, or a CSV file of scenarios (`fuelbreak.fire.scenarios`).
        own: What "own" means: the weather that an agent was trained with.

    Returns:
        By name; the rows of a file are ``<file>:<row>``, counted from 1.

    Raises:
        WeatherError: A name that is neither, or a file that cannot be used.
    """
    known = dict(WEATHERS) | ({} if own is None else {"own": own})
    found: dict[str, Weather] = {}
    for name in names:
        if name in known:
            found[name] = known[name]
        elif Path(name).is_file():
            rows = enumerate(read_weather_csv(name), start=1)
            found |= {f"{Path(name).stem}:{row}": weather for row, weather in rows}
        else:
            raise WeatherError(f"there is no weather {name!r}; choose {', '.join(known)}, or give a CSV file")
    return found
