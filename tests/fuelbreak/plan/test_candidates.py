"""Landscapes larger than what a plan can take at once: a plan all the same, in a time that is told before."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fuelbreak.errors import LandscapeError
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plan import Judge, Ways, best_plan, expected_seconds
from fuelbreak.plans import PLANS, WHOLE_UP_TO
from fuelbreak.synthetic import generate_landscape

WEATHERS = {"short": Weather(duration_min=90.0)}


@pytest.fixture(scope="module")
def vast() -> Landscape:
    """12,100 cells, more than annealing takes at once: three woods of 16 x 16 cells amid rock."""
    landscape = generate_landscape(seed=3, size=110)
    woods = np.zeros(landscape.shape, bool)
    for corner in (2, 45, 92):
        woods[corner : corner + 16, corner : corner + 16] = True
    return replace(landscape, fuel_model=np.where(woods, landscape.fuel_model, 99))


def test_a_plan_that_cannot_take_the_landscape_at_once_takes_it_window_by_window(vast: Landscape) -> None:
    judge = Judge(vast, WEATHERS)
    walls, cells = (
        best_plan(Ways(PLANS[name], whole_up_to=WHOLE_UP_TO.get(name)), vast, WEATHERS, 60, judge)
        for name in ("annealed walls", "random")
    )
    assert walls[0] == "windows of 50 cells"
    assert walls[1].sum() == 60
    assert not (walls[1] & ~vast.burnable).any()
    assert walls[2]["short"].reduction > cells[2]["short"].reduction


def test_all_at_once_is_refused_before_it_takes_hours(vast: Landscape) -> None:
    ways = Ways(PLANS["annealed walls"], split="whole", whole_up_to=WHOLE_UP_TO["annealed walls"])
    with pytest.raises(
        LandscapeError, match=r"has 12100 cells, and this plan takes up to 10000 at once; leave"
    ):
        best_plan(ways, vast, WEATHERS, 60, Judge(vast, WEATHERS))


def test_how_long_it_takes_is_told_from_one_window(vast: Landscape) -> None:
    calls: list[tuple[int, ...]] = []

    def plan(landscape: Landscape, weather: Weather, budget: int, *, seed: int = 0) -> np.ndarray:
        calls.append(landscape.shape)
        return PLANS["random"](landscape, weather, budget, seed=seed)

    seconds = expected_seconds(Ways(plan), vast, WEATHERS["short"], 60)
    assert 0.0 < seconds < 60.0
    assert set(calls) == {(50, 50)}
    assert expected_seconds(Ways(plan, size=110), vast, WEATHERS["short"], 60) == 0.0


def test_a_landscape_of_one_window_is_planned_for_at_once() -> None:
    ways = Ways(PLANS["random"])
    ((said, _),) = ways.candidates(generate_landscape(seed=3, size=20), WEATHERS, 5)
    assert said == "whole landscape"
