"""Weather by name or from a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from fuelbreak.errors import WeatherError
from fuelbreak.fire.scenarios import write_weather_csv
from fuelbreak.fire.weather import Weather
from fuelbreak.weathers import WEATHERS, named_weathers


def test_weather_comes_by_name_or_from_a_file(tmp_path: Path) -> None:
    own = Weather(duration_min=77.0)
    days = [Weather(wind_speed_10m_km_h=speed) for speed in (5.0, 30.0)]
    write_weather_csv(tmp_path / "days.csv", days)
    found = named_weathers(["own", "windy-day", str(tmp_path / "days.csv")], own)
    assert found == {
        "own": own,
        "windy-day": WEATHERS["windy-day"],
        "days:1": days[0],
        "days:2": days[1],
    }
    with pytest.raises(WeatherError, match=r"no weather 'stormy'; choose .*calm-day.* or give a CSV file"):
        named_weathers(["stormy"])
