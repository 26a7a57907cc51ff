"""Search: never worse than the ruler it starts from, better on the whole, and as long as it is told."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plans import PLANS, judge, search

ENDLESS = Weather(wind_speed_10m_km_h=0.0, duration_min=1440.0)


@pytest.mark.parametrize("weather", [Weather(), ENDLESS], ids=["3 h", "24 h"])
def test_a_bent_line_beats_a_straight_one(weather: Weather, landscapes: list[Landscape]) -> None:
    gained = []
    for landscape in landscapes:
        simulator = FireSimulator(landscape, weather)
        ruler, bent = (
            judge(simulator, plan(landscape, weather, 40)).reduction
            for plan in (PLANS["compartment lines"], search.quick_plan)
        )
        gained.append(bent - ruler)
    assert min(gained) >= 0.0
    assert max(gained) > 0.0


def test_without_time_there_is_a_plan_no_worse_than_the_ruler(landscapes: list[Landscape]) -> None:
    simulator = FireSimulator(landscapes[0])
    ruler, hasty = (
        plan(landscapes[0], Weather(), 40)
        for plan in (PLANS["compartment lines"], partial(search.plan, seconds=0.0))
    )
    assert hasty.sum() == 40
    assert judge(simulator, hasty).reduction >= judge(simulator, ruler).reduction


def test_further_rounds_make_nothing_worse(landscapes: list[Landscape]) -> None:
    landscape = landscapes[2]
    simulator = FireSimulator(landscape, ENDLESS)
    few, many = (
        judge(simulator, search.plan(landscape, ENDLESS, 40, rounds=rounds)).reduction for rounds in (0, 3)
    )
    assert many >= few


def test_any_plan_can_be_refined(landscapes: list[Landscape]) -> None:
    for name in ("random", "compartment lines"):
        simulator = FireSimulator(landscapes[1], ENDLESS)
        breaks = PLANS[name](landscapes[1], ENDLESS, 40)
        refined = search.refine(simulator, breaks, sweeps=100)
        assert refined.sum() == 40
        assert not (refined & ~landscapes[1].burnable).any()
        assert judge(simulator, refined).reduction > judge(simulator, breaks).reduction


@pytest.mark.parametrize("place", [(0, 0), (0, 7)], ids=["on fuel", "on rock"])
def test_one_break_or_none_can_be_refined(
    place: tuple[int, int], two_rooms: Landscape, calm_day: Weather
) -> None:
    breaks = np.zeros(two_rooms.shape, bool)
    breaks[place] = True
    refined = search.refine(FireSimulator(two_rooms, calm_day), breaks)
    door = [[4, 6], [4, 7], [4, 8]]
    found = np.argwhere(refined).tolist()
    assert found[0] in door if two_rooms.burnable[place] else not found


def test_a_wall_follows_the_rocks(flat: Callable[..., Landscape], calm_day: Weather) -> None:
    """Rocks in a bow leave five gaps; a straight line across would cost twenty cells."""
    fuel = np.ones((21, 21), bool)
    columns = np.arange(21)
    rows = 4 + np.abs(columns - 10)
    fuel[rows, columns] = False
    gaps = [2, 6, 10, 14, 18]
    fuel[rows[gaps], columns[gaps]] = True
    simulator = FireSimulator(flat(fuel), calm_day)
    closed = np.zeros(fuel.shape, bool)
    closed[rows[gaps], columns[gaps]] = True
    found = search.quick_plan(simulator.landscape, calm_day, 5)
    assert judge(simulator, found).reduction >= judge(simulator, closed).reduction > 0.45
