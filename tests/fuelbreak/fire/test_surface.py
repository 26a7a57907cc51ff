"""What Rothermel's model must do, whatever the reference says."""

from __future__ import annotations

import numpy as np
import pytest

from fuelbreak.fire.fuel_bed import base_fire
from fuelbreak.fire.fuel_models import fuel_models
from fuelbreak.fire.surface import HeadFire, head_fire, midflame_wind_m_min, slope_and_aspect

DRY = (0.06, 0.07, 0.08, 0.60, 0.90)


def head(
    fuel_model: int = 102,
    wind_m_min: float = 0.0,
    from_deg: float = 0.0,
    slope_deg: float = 0.0,
    aspect_deg: float = 0.0,
) -> HeadFire:
    terrain = slope_and_aspect([slope_deg], [aspect_deg])
    return head_fire(base_fire([fuel_model], [DRY]), np.array([wind_m_min]), from_deg, terrain)


def test_wind_from_the_west_drives_fire_east() -> None:
    np.testing.assert_allclose(
        head(wind_m_min=100.0, from_deg=270.0).direction, [[1.0, 0.0, 0.0]], atol=1e-12
    )


def test_fire_runs_up_a_slope_away_from_its_aspect() -> None:
    direction = head(slope_deg=45.0, aspect_deg=180.0).direction[0]
    np.testing.assert_allclose(direction, [0.0, np.sqrt(0.5), np.sqrt(0.5)], atol=1e-12)


def test_without_wind_or_slope_fire_is_a_circle() -> None:
    fire = head()
    assert fire.length_to_width[0] == pytest.approx(1.0)
    assert fire.eccentricity[0] == pytest.approx(0.0, abs=1e-6)
    assert fire.spread_rate_m_min == base_fire([102], [DRY]).spread_rate_m_min


def test_wind_and_slope_add_as_vectors() -> None:
    wind_alone, slope_alone = head(wind_m_min=60.0, from_deg=180.0), head(slope_deg=20.0, aspect_deg=180.0)
    both = head(wind_m_min=60.0, from_deg=180.0, slope_deg=20.0, aspect_deg=180.0)
    against = head(wind_m_min=60.0, from_deg=0.0, slope_deg=20.0, aspect_deg=180.0)
    assert both.spread_rate_m_min > max(wind_alone.spread_rate_m_min, slope_alone.spread_rate_m_min)
    assert against.spread_rate_m_min < both.spread_rate_m_min


def test_beyond_the_wind_limit_more_wind_changes_nothing() -> None:
    assert head(101, wind_m_min=600.0).spread_rate_m_min == head(101, wind_m_min=900.0).spread_rate_m_min
    assert head(101, wind_m_min=30.0).spread_rate_m_min < head(101, wind_m_min=60.0).spread_rate_m_min


def test_every_fuel_model_burns_slower_when_wetter_and_not_beyond_extinction() -> None:
    codes = fuel_models().code
    dry = base_fire(codes, np.tile(DRY, (len(codes), 1))).spread_rate_m_min
    damp = base_fire(codes, np.tile((0.10, 0.11, 0.12, 0.60, 0.90), (len(codes), 1))).spread_rate_m_min
    soaked = base_fire(codes, np.tile((0.50, 0.50, 0.50, 3.00, 3.00), (len(codes), 1))).spread_rate_m_min
    assert np.all(dry > damp)
    assert np.all(damp > 0.0)
    assert np.all(soaked < 1e-6)


def test_cured_herbs_burn_and_green_herbs_hold_fire_back() -> None:
    moistures = [(0.06, 0.07, 0.08, herbs, 0.90) for herbs in (0.30, 0.60, 1.20)]
    cured, half, green = base_fire([101] * 3, moistures).spread_rate_m_min
    assert cured > half > green


def test_canopy_shelters_the_fire_from_wind() -> None:
    depth = np.array([1.0, 1.0, 1.0])
    cover, height = np.array([0.0, 0.2, 0.8]), np.array([0.0, 20.0, 20.0])
    open_wind, light, dense = midflame_wind_m_min(20.0, depth, cover, height)
    assert open_wind > light > dense > 0.0


def test_wind_adjustment_factor_of_a_one_foot_bed() -> None:
    """Andrews 2012, table 2: 0.36 for grass one foot deep."""
    factor = midflame_wind_m_min(1.15 * 0.06, np.array([1.0]), np.zeros(1), np.zeros(1))
    assert factor[0] == pytest.approx(0.36, abs=0.005)


def test_flat_aspect_is_no_slope() -> None:
    terrain = slope_and_aspect([0.0, 0.0], [-1.0, 123.0])
    assert np.all(terrain.steepness == 0.0)
