"""What holds for every plan: budget, legality, repeatability, and worth on fires that it did not plan with."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plans import FAST_PLANS, ORDERS, PLANS, greedy, judge, protection_value
from fuelbreak.plans.common import as_breaks, planning_ignitions

BUDGET = 40
SEEN = {"greedy": greedy.FIRES, "adaptive DPV": protection_value.ADAPTIVE_FIRES}
"""Fires that plans saw; the others saw nearly all, or all, of landscapes as small as these."""

SPENDING = [name for name in PLANS if name != "none"]
THINKING = [name for name in SPENDING if name != "random"]
FINDING_THE_DOOR = ["betweenness", "DPV", "adaptive DPV", "greedy", "annealed walls", "search"]


def cells(breaks: np.ndarray) -> list[tuple[int, int]]:
    return [(row, column) for row, column in np.argwhere(breaks).tolist()]


@pytest.mark.parametrize("name", SPENDING)
def test_a_plan_spends_its_budget_on_cells_that_burn(name: str, landscapes: list[Landscape]) -> None:
    for landscape in landscapes:
        breaks = PLANS[name](landscape, Weather(), BUDGET)
        assert (breaks.shape, breaks.dtype) == (landscape.shape, np.bool_)
        assert breaks.sum() == BUDGET
        assert not (breaks & ~landscape.burnable).any()


@pytest.mark.parametrize("name", SPENDING)
def test_a_budget_beyond_the_fuel_breaks_all_of_it(name: str, two_rooms: Landscape) -> None:
    assert np.array_equal(PLANS[name](two_rooms, Weather(), 1000), two_rooms.burnable)


@pytest.mark.parametrize("name", PLANS)
def test_no_budget_means_no_breaks(name: str, two_rooms: Landscape) -> None:
    assert not PLANS[name](two_rooms, Weather(), 0).any()


@pytest.mark.parametrize("name", PLANS)
def test_a_negative_budget_is_refused(name: str, two_rooms: Landscape) -> None:
    with pytest.raises(ValueError, match="budget is -1 break cells; give 0 or more"):
        PLANS[name](two_rooms, Weather(), -1)


@pytest.mark.parametrize("name", PLANS)
def test_the_same_seed_gives_the_same_plan(name: str, landscapes: list[Landscape]) -> None:
    first, second = (PLANS[name](landscapes[0], Weather(), BUDGET, seed=7) for _ in range(2))
    assert np.array_equal(first, second)


def test_another_seed_draws_other_cells(landscapes: list[Landscape]) -> None:
    first, second = (PLANS["random"](landscapes[0], Weather(), BUDGET, seed=seed) for seed in (1, 2))
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("name", ORDERS)
def test_a_smaller_budget_is_a_prefix_of_a_larger_one(name: str, landscapes: list[Landscape]) -> None:
    order = ORDERS[name](landscapes[1], Weather(), BUDGET)
    assert order.shape == (BUDGET, 2)
    assert len(np.unique(order, axis=0)) == BUDGET
    assert set(map(tuple, order[:10].tolist())) == set(cells(PLANS[name](landscapes[1], Weather(), 10)))


@pytest.mark.parametrize("name", THINKING)
def test_thought_beats_chance_on_fires_that_were_not_planned_with(
    name: str, landscapes: list[Landscape]
) -> None:
    """Chance is the mean of ten draws."""
    gained = []
    for landscape in landscapes:
        simulator, plan = FireSimulator(landscape), PLANS[name]
        seen = as_breaks(landscape, planning_ignitions(landscape, SEEN.get(name, 0), 0))
        unseen = np.argwhere(landscape.burnable & ~seen)
        thought = judge(simulator, plan(landscape, simulator.weather, BUDGET), unseen).reduction
        draws = [PLANS["random"](landscape, simulator.weather, BUDGET, seed=seed) for seed in range(10)]
        gained.append(thought - np.mean([judge(simulator, draw, unseen).reduction for draw in draws]))
    assert np.mean(gained) > 0.0


@pytest.mark.parametrize("name", FINDING_THE_DOOR)
def test_one_break_closes_the_door_between_two_rooms(
    name: str, two_rooms: Landscape, calm_day: Weather
) -> None:
    """At the door itself, or at the cell before it, which every move through the door needs as well."""
    breaks = PLANS[name](two_rooms, calm_day, 1)
    verdict = judge(FireSimulator(two_rooms, calm_day), breaks)
    assert cells(breaks)[0] in [(4, 6), (4, 7), (4, 8)]
    assert verdict.reduction == pytest.approx(1 - 2 * 63 * 63 / 127**2, abs=1e-3)


@pytest.mark.parametrize("name", [*FINDING_THE_DOOR, "compartment lines"])
def test_one_break_cuts_a_corridor_in_its_middle(name: str, corridor: Landscape, calm_day: Weather) -> None:
    breaks = PLANS[name](corridor, calm_day, 1)
    assert cells(breaks) == [(1, 10)]
    verdict = judge(FireSimulator(corridor, calm_day), breaks)
    assert (verdict.burned_before, verdict.burned_after) == (21.0, pytest.approx(2 * 10 * 10 / 21))


def test_the_fast_plans_are_plans() -> None:
    assert set(FAST_PLANS) < set(PLANS)


def test_planning_does_not_load_torch() -> None:
    script = "import sys, fuelbreak.plans; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], timeout=60).returncode == 0
