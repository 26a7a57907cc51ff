"""Weather refuses what no weather is, and says which unit mistake it looks like."""

from __future__ import annotations

import math
import pickle
import warnings
from dataclasses import replace

import pytest

from fuelbreak.errors import WeatherError
from fuelbreak.fire.weather import LEGACY_WEATHER, Weather

MOISTURES = [
    "moisture_1h",
    "moisture_10h",
    "moisture_100h",
    "moisture_live_herbaceous",
    "moisture_live_woody",
    "foliar_moisture",
]


def test_default_is_windy_and_dry_and_ends_before_a_tile_burns_out() -> None:
    weather = Weather()
    assert weather.wind_speed_10m_km_h > 0.0
    assert weather.moisture_1h <= 0.06
    assert 120.0 <= weather.duration_min <= 360.0


def test_legacy_weather_is_the_original_calm_day() -> None:
    assert LEGACY_WEATHER.wind_speed_10m_km_h == 0.0
    assert LEGACY_WEATHER.foliar_moisture == 0.10
    assert LEGACY_WEATHER.duration_min == 24 * 60


@pytest.mark.parametrize("name", MOISTURES)
@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (6.0, "looks like percent: divide by 100"),
        (100.0, "percent"),
        (-0.1, "fraction"),
        (0.0, "fraction"),
        (math.nan, "nan"),
    ],
)
def test_moistures_are_fractions(name: str, value: float, hint: str) -> None:
    with pytest.raises(WeatherError, match=f"{name} is .*{hint}"):
        replace(Weather(), **{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("wind_speed_10m_km_h", -1.0),
        ("wind_speed_10m_km_h", 151.0),
        ("wind_speed_10m_km_h", math.nan),
        ("wind_speed_10m_km_h", math.inf),
        ("upwind_direction_deg", -1.0),
        ("upwind_direction_deg", 361.0),
        ("upwind_direction_deg", math.nan),
        ("duration_min", 0.0),
        ("duration_min", -5.0),
        ("duration_min", math.nan),
        ("duration_min", math.inf),
    ],
)
def test_out_of_range_values_are_named(name: str, value: float) -> None:
    with pytest.raises(WeatherError, match=f"^{name} is .*outside"):
        replace(Weather(), **{name: value})


def test_dead_needles_warn() -> None:
    with pytest.warns(UserWarning, match=r"foliar_moisture 0\.1 is that of dead needles"):
        Weather(foliar_moisture=0.10)


def test_edges_of_the_ranges_are_weather() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Weather(
            wind_speed_10m_km_h=150.0,
            upwind_direction_deg=360.0,
            moisture_live_woody=3.0,
            foliar_moisture=0.3,
        )


def test_weather_travels_by_pickle() -> None:
    assert pickle.loads(pickle.dumps(LEGACY_WEATHER)) == LEGACY_WEATHER


def test_whole_numbers_are_floats_and_text_is_no_number() -> None:
    assert repr(Weather(duration_min=240).duration_min) == "240.0"
    with pytest.raises(WeatherError, match="wind_speed_10m_km_h is '20', which is no number"):
        Weather(wind_speed_10m_km_h="20")  # type: ignore[arg-type]
    with pytest.raises(WeatherError, match="foliar_moisture is None"):
        Weather(foliar_moisture=None)  # type: ignore[arg-type]
