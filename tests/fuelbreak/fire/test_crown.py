"""When crown fires start, how fast they go, and that without wind they change nothing."""

from __future__ import annotations

import numpy as np
import pytest

from fuelbreak.fire.crown import Canopy, combine, crown_fire, crowning_rate_m_min, flame_length_m
from fuelbreak.fire.fuel_bed import base_fire
from fuelbreak.fire.surface import head_fire, slope_and_aspect

DRY = (0.05, 0.06, 0.08, 0.60, 0.90)


def canopy(cover: float = 0.7, base_m: float = 2.0, density: float = 0.15) -> Canopy:
    return Canopy(np.array([cover]), np.array([15.0]), np.array([base_m]), np.array([density]))


def burn(trees: Canopy, wind_km_h: float = 30.0, foliar: float = 1.0, fuel_model: int = 165):
    base, flat = base_fire([fuel_model], [DRY]), slope_and_aspect([0.0], [-1.0])
    surface = head_fire(base, np.array([wind_km_h * 2.0]), 270.0, flat)
    crown = crown_fire(trees, base, DRY[0], wind_km_h, 270.0, flat)
    return surface, crown, combine(surface, crown, crowning_rate_m_min(surface, trees, foliar))


def test_dense_low_canopy_burns_actively_and_sparse_passively() -> None:
    assert burn(canopy())[2].fire_type == 3
    assert burn(canopy(density=0.02))[2].fire_type == 2


def test_no_crown_fire_under_thin_cover_or_above_the_flames_reach() -> None:
    assert burn(canopy(cover=0.4))[2].fire_type == 1
    assert burn(canopy(base_m=14.0), fuel_model=181)[2].fire_type == 1


def test_moist_needles_hold_the_fire_down() -> None:
    _, _, dry = burn(canopy(base_m=2.5, density=0.05), foliar=0.5, wind_km_h=10.0)
    _, _, moist = burn(canopy(base_m=2.5, density=0.05), foliar=3.0, wind_km_h=10.0)
    assert (dry.fire_type[0], moist.fire_type[0]) == (2, 1)


def test_active_crown_fire_leads_downwind() -> None:
    surface, crown, combined = burn(canopy())
    assert combined.spread_rate_m_min == crown.head.spread_rate_m_min > surface.spread_rate_m_min
    np.testing.assert_allclose(combined.direction, [[1.0, 0.0, 0.0]], atol=1e-12)
    assert combined.intensity_kw_m > crown.head.intensity_kw_m


def test_without_wind_the_canopy_changes_no_rate() -> None:
    surface, crown, combined = burn(canopy(), wind_km_h=0.0)
    assert crown.head.spread_rate_m_min == 0.0
    assert combined.spread_rate_m_min == surface.spread_rate_m_min


def test_no_canopy_no_crown_fire() -> None:
    bare = Canopy(np.zeros(1), np.zeros(1), np.zeros(1), np.zeros(1))
    surface, _, combined = burn(bare)
    assert combined.fire_type == 1
    assert combined.intensity_kw_m == surface.intensity_kw_m


def test_byrams_flame_length() -> None:
    """Byram 1959: 0.0775 I^0.46; 500 kW/m give 1.35 m."""
    assert flame_length_m(np.array([500.0]))[0] == pytest.approx(1.35, abs=0.01)
