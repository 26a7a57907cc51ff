"""Sets of weathers, from a climatology and as CSV."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fuelbreak.errors import WeatherError
from fuelbreak.fire.ignitions import sample_ignitions
from fuelbreak.fire.scenarios import (
    Climatology,
    ScenarioFires,
    read_weather_csv,
    sample_weather,
    write_weather_csv,
)
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape


def test_the_same_seed_gives_the_same_days() -> None:
    first, second = (sample_weather(5, np.random.default_rng(3)) for _ in range(2))
    assert first == second
    assert len(set(first)) == 5


def test_days_are_as_the_climatology_says() -> None:
    climatology = Climatology(dead_weights=(1.0, 0.0, 0.0, 0.0), direction_concentration=50.0)
    days = sample_weather(600, np.random.default_rng(0), climatology)
    winds = np.array([day.wind_speed_10m_km_h for day in days])
    assert {day.moisture_1h for day in days} == {0.03}
    assert 5.0 <= winds.min() <= winds.max() <= 60.0
    assert winds.mean() == pytest.approx(20.0, rel=0.1)
    turned = [(day.upwind_direction_deg - 45.0 + 180.0) % 360.0 - 180.0 for day in days]
    assert np.mean(turned) == pytest.approx(0.0, abs=2.0)
    assert 120.0 <= min(day.duration_min for day in days) <= max(day.duration_min for day in days) <= 360.0


def test_a_wind_that_never_blows_is_an_error() -> None:
    with pytest.raises(WeatherError, match="no wind between 140 and 150 km/h"):
        sample_weather(1, np.random.default_rng(0), Climatology(wind_range_km_h=(140.0, 150.0)))


def test_csv_gives_back_what_was_written(tmp_path: Path) -> None:
    days = sample_weather(7, np.random.default_rng(1))
    write_weather_csv(tmp_path / "days.csv", days)
    assert read_weather_csv(tmp_path / "days.csv") == days


def test_missing_columns_take_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "days.csv").write_text("wind_speed_10m_km_h,duration_min\n33,240\n")
    assert read_weather_csv(tmp_path / "days.csv") == [Weather(wind_speed_10m_km_h=33.0, duration_min=240.0)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("wind_km_h\n3\n", r"unknown columns \['wind_km_h'\]; known are"),
        ("duration_min\n", "no weather in it"),
        ("", "no weather in it"),
        ("duration_min\nlong\n", r"line 2: .*'long'; give a number"),
        ("duration_min,moisture_1h\n60,\n", "line 2: .*give a number"),
        ("moisture_1h\n0.05\n5\n", "line 3: moisture_1h is 5.0.*looks like percent"),
    ],
)
def test_what_is_no_weather_is_named_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "days.csv"
    file.write_text(text)
    with pytest.raises(WeatherError, match=message) as caught:
        read_weather_csv(file)
    assert str(file) in str(caught.value)


def test_fires_under_each_weather_are_those_of_its_simulator(
    make_landscape: Callable[..., Landscape],
) -> None:
    landscape = make_landscape((25, 25))
    days = [Weather(), replace(Weather(), upwind_direction_deg=270.0)]
    ignitions = sample_ignitions(landscape, 20, np.random.default_rng(0))
    fires = ScenarioFires(landscape, days)
    alone = [FireSimulator(landscape, day) for day in days]
    assert np.array_equal(fires.burned_cells(ignitions), [one.burned_cells(ignitions) for one in alone])
    expected = np.mean([one.burn_probability(ignitions) for one in alone], axis=0)
    np.testing.assert_allclose(fires.burn_probability(ignitions), expected, rtol=1e-6)


def test_no_weather_is_an_error(make_landscape: Callable[..., Landscape]) -> None:
    with pytest.raises(WeatherError, match="at least one"):
        ScenarioFires(make_landscape(), [])
