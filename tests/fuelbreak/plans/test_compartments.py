"""Lines: fire does not slip through them at any slope, they keep to the budget, and the best of them is found."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plans import PLANS, judge
from fuelbreak.plans.layouts import Layout

STORM = Weather(wind_speed_10m_km_h=100.0, duration_min=1440.0)


@pytest.mark.parametrize("slope", [0.0, 0.2, 0.5, -0.5, 0.9, 1.0, -1.0])
@pytest.mark.parametrize("is_second_family", [False, True])
def test_no_fire_crosses_a_line(slope: float, is_second_family: bool, flat: Callable[..., Landscape]) -> None:
    landscape = flat(np.ones((30, 30), bool))
    far, near = math.inf, 200.0
    phase = (15.0 - (slope if not is_second_family else -slope) * 15.0) / near
    layout = Layout(slope, *((far, near, 0.0, phase) if is_second_family else (near, far, phase, 0.0)))
    line = layout.cells(landscape.shape)
    simulator = FireSimulator(landscape, STORM)
    corners = ((0, 15), (29, 15)) if not is_second_family else ((15, 0), (15, 29))
    reached = [np.isfinite(simulator.arrival_time_min(corner, line)) for corner in corners]
    assert 15 <= line.sum() <= 30
    assert not (reached[0] & reached[1]).any()
    assert np.array_equal(reached[0] | reached[1], ~line)


@pytest.mark.parametrize("slope", [0.0, 0.5, -1.0])
def test_a_line_takes_one_cell_of_each_column_that_it_passes(slope: float) -> None:
    line = Layout(slope, 1000.0, math.inf, (30.0 - slope * 20.0) / 1000.0, 0.0).cells((60, 40))
    assert line.sum(axis=0).tolist() == [1] * 40


def test_distances_are_those_asked_for() -> None:
    grid = Layout(0.0, 10.0, 20.0, 0.5, 0.25).cells((40, 40))
    assert np.flatnonzero(grid.all(axis=1)).tolist() == [5, 15, 25, 35]
    assert np.flatnonzero(grid.all(axis=0)).tolist() == [5, 25]


def test_scaled_lines_are_as_many_times_as_far_apart() -> None:
    layout = Layout(0.5, 10.0, math.inf, 0.5, 0.25)
    assert layout.scaled(2.0) == Layout(0.5, 20.0, math.inf, 0.5, 0.25)


def test_a_budget_for_one_line_halves_an_even_square(
    flat: Callable[..., Landscape], calm_day: Weather
) -> None:
    """The best straight line across 31 x 31 cells leaves two halves of 15 x 31: 53 hundredths less burns."""
    square = flat(np.ones((31, 31), bool))
    simulator = FireSimulator(square, calm_day)
    middle = np.zeros(square.shape, bool)
    middle[15] = True
    best = judge(simulator, middle).reduction
    assert best == pytest.approx(1 - 2 * (15 * 31) ** 2 / 31**4)
    found = judge(simulator, PLANS["compartment lines"](square, calm_day, 31)).reduction
    assert found >= best - 0.05


def test_rock_is_used_as_a_line_that_stands_already(
    flat: Callable[..., Landscape], calm_day: Weather
) -> None:
    """A ridge leaves two halves; with a budget for one line across both, four quarters remain."""
    fuel = np.ones((25, 25), bool)
    fuel[12] = False
    landscape = flat(fuel)
    quarters = fuel.copy()
    quarters[:, 12] = False
    found = judge(
        FireSimulator(landscape, calm_day), PLANS["compartment lines"](landscape, calm_day, 24)
    ).reduction
    ideal = judge(FireSimulator(landscape, calm_day), fuel & ~quarters).reduction
    assert found >= ideal - 0.05
