"""Judging plans: the figures are those of the fires, whatever judges how many at once."""

from __future__ import annotations

import numpy as np
import pytest

from fuelbreak.agents import Agent
from fuelbreak.evaluate import BEST_PLAN, RANDOM_DRAWS, Judgement, compare, evaluate
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plans import FAST_PLANS, PLANS

WEATHERS = {"short": Weather(duration_min=60.0), "calm": Weather(wind_speed_10m_km_h=0.0)}


def by_key(judged: list[Judgement]) -> dict[tuple[str, str, int, str], Judgement]:
    return {(one.landscape, one.weather, one.budget, one.plan): one for one in judged}


def test_judgements_are_what_the_simulator_says_over_all_burnable_ignitions(
    agent: Agent, landscapes: list[Landscape]
) -> None:
    judged = by_key(evaluate(agent.plan, landscapes, [10, 30], WEATHERS))
    assert set(judged) == {
        (landscape.name, weather, budget, plan)
        for landscape in landscapes
        for weather in WEATHERS
        for budget in (10, 30)
        for plan in ("agent", *FAST_PLANS)
    }
    landscape, weather = landscapes[1], WEATHERS["calm"]
    simulator = FireSimulator(landscape, weather)
    ignitions = np.argwhere(landscape.burnable)
    breaks = agent.plan(landscape, weather, 30)
    one = judged[landscape.name, "calm", 30, "agent"]
    assert one.burned_before == simulator.burned_cells(ignitions).mean()
    assert one.burned_after == simulator.burned_cells(ignitions, breaks).mean()
    assert one.reduction == 1 - one.burned_after / one.burned_before
    assert all(one.breaks == one.budget and 0 < one.reduction < 1 for one in judged.values())


@pytest.mark.parametrize("plan", ["adaptive DPV", "compartment lines"])
def test_each_budget_is_the_plan_that_it_would_be_by_itself(
    agent: Agent, landscapes: list[Landscape], plan: str
) -> None:
    weather = WEATHERS["short"]
    judged = by_key(evaluate(agent.plan, landscapes[:1], [8, 20], {"short": weather}, plans=[plan]))
    ignitions = np.argwhere(landscapes[0].burnable)
    for budget in (8, 20):
        breaks = PLANS[plan](landscapes[0], weather, budget)
        after = FireSimulator(landscapes[0], weather).burned_cells(ignitions, breaks).mean()
        assert judged[landscapes[0].name, "short", budget, plan].burned_after == after


def test_random_is_the_mean_over_its_draws(agent: Agent, landscapes: list[Landscape]) -> None:
    weather = WEATHERS["short"]
    judged = by_key(evaluate(agent.plan, landscapes[:1], [20], {"short": weather}, plans=["random"]))
    simulator, ignitions = FireSimulator(landscapes[0], weather), np.argwhere(landscapes[0].burnable)
    draws = [PLANS["random"](landscapes[0], weather, 20, seed=seed) for seed in range(RANDOM_DRAWS)]
    burned = [simulator.burned_cells(ignitions, breaks).mean() for breaks in draws]
    assert judged[landscapes[0].name, "short", 20, "random"].burned_after == pytest.approx(np.mean(burned))


def test_the_figures_do_not_depend_on_the_threads(agent: Agent, landscapes: list[Landscape]) -> None:
    told: list[str] = []
    alone, together = (
        evaluate(agent.plan, landscapes, [20], WEATHERS, workers=workers, done=told.append)
        for workers in (1, 4)
    )
    assert alone == together
    assert sorted(told) == sorted(4 * [landscape.name for landscape in landscapes])


def test_a_plan_of_an_unknown_name_is_refused(agent: Agent, landscapes: list[Landscape]) -> None:
    with pytest.raises(ValueError, match=r"\['oracle'\] are unknown; choose among .*'greedy'"):
        evaluate(agent.plan, landscapes, [20], WEATHERS, plans=("random", "oracle"))


def test_other_agents_are_judged_beside_and_are_no_plans(agent: Agent, landscapes: list[Landscape]) -> None:
    short = {"short": WEATHERS["short"]}
    beside = {"agent two": PLANS["DPV"]}
    judged = evaluate(agent.plan, landscapes, [20], short, plans=["random", "none"], beside=beside)
    assert [one.plan for one in judged[:4]] == ["agent", "agent two", "random", "none"]
    (comparison,) = compare(judged)
    assert comparison.plans[BEST_PLAN] == comparison.plans["random"]
    assert comparison.plans["agent two"].mean > comparison.plans["random"].mean
    with pytest.raises(ValueError, match=r"\['random'\] are names of plans"):
        evaluate(agent.plan, landscapes, [20], short, beside={"random": PLANS["DPV"]})
