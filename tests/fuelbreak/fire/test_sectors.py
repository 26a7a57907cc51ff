"""Moves cover the area of the ellipse; whole fires on even fuel have the area that geometry gives them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from fuelbreak.fire.ellipse import Ellipses, project, slowness
from fuelbreak.fire.fuel_bed import base_fire
from fuelbreak.fire.neighbours import moves
from fuelbreak.fire.sectors import lengthening
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.surface import HeadFire, eccentricity, head_fire, midflame_wind_m_min, slope_and_aspect
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape

FLAT = slope_and_aspect([0.0], [-1.0])
WIND_DIRECTIONS = (0.0, 15.0, 22.5, 33.0, 45.0, 60.0, 80.0, 300.0)


def heading(length_to_width: float, angle_deg: float) -> Ellipses:
    angle, ratio = np.radians(angle_deg), np.array([length_to_width])
    direction = np.array([[np.cos(angle), np.sin(angle), 0.0]])
    return project(HeadFire(np.array([10.0]), direction, np.array([1.0]), ratio, eccentricity(ratio)), FLAT)


def polygon_area(points: np.ndarray) -> float:
    x, y = points[np.argsort(np.arctan2(points[:, 1], points[:, 0]))].T
    return float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))) / 2.0


@pytest.mark.parametrize("length_to_width", [1.0, 1.5, 3.0, 6.0])
@pytest.mark.parametrize("angle_deg", [0.0, 9.0, 18.0, 45.0])
def test_lengthened_moves_span_the_area_of_the_ellipse(length_to_width: float, angle_deg: float) -> None:
    ellipse, directions = heading(length_to_width, angle_deg), moves().direction
    slow = slowness(ellipse, directions)
    factor = lengthening(ellipse, slow, directions)[0]
    exact = np.pi * np.sqrt(np.linalg.det(ellipse.shape[0]))
    before = polygon_area(directions / slow[0][:, None])
    after = polygon_area(directions * (factor / slow[0])[:, None])
    assert before < exact
    assert abs(after - exact) < max(0.5 * (exact - before), 0.005 * exact)
    assert np.all(factor >= 1.0)


def test_cells_that_do_not_spread_are_left_alone() -> None:
    slow = np.full((1, 32), np.inf)
    assert np.all(lengthening(heading(2.0, 0.0), slow, moves().direction) == 1.0)


@pytest.mark.parametrize("wind_km_h", [8.0, 20.0, 40.0, 60.0])
def test_a_fire_on_even_fuel_has_the_area_of_its_ellipse(
    make_landscape: Callable[..., Landscape], wind_km_h: float
) -> None:
    for upwind_deg in WIND_DIRECTIONS:
        base = base_fire([102], [(0.05, 0.06, 0.08, 0.60, 0.90)])
        midflame = midflame_wind_m_min(wind_km_h, base.depth_ft, np.zeros(1), np.zeros(1))
        head = head_fire(base, midflame, upwind_deg, FLAT)
        duration_min = 75 * 30.0 / head.spread_rate_m_min[0]
        weather = Weather(wind_km_h, upwind_deg, duration_min=duration_min)
        times = FireSimulator(make_landscape((201, 201), fuel_model=102), weather).arrival_time_min(
            (100, 100)
        )
        reached = np.isfinite(times)
        assert not reached[[0, -1]].any()
        assert not reached[:, [0, -1]].any()
        exact_m2 = np.pi * np.sqrt(np.linalg.det(project(head, FLAT).shape[0])) * duration_min**2
        assert 0.97 <= reached.sum() * 900.0 / exact_m2 <= 1.01
