"""Plans of the agent that draws lines, with weights of any kind and with those that come with the package."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fuelbreak.agents import PRETRAINED, load_agent
from fuelbreak.dqn.lines import agent as line_agent
from fuelbreak.dqn.lines.agent import bent_plan, line_plan
from fuelbreak.dqn.lines.drawing import (
    MOST_CANDIDATES,
    TRIED,
    Valuation,
    best_lines,
    built,
    closed_values,
    distance,
    drawn_lines,
    network_values,
)
from fuelbreak.dqn.lines.fires import LineFires
from fuelbreak.dqn.lines.network import LineNetwork
from fuelbreak.dqn.lines.search import LineSearch
from fuelbreak.dqn.lines.states import LineState, Lookout
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plans import PLANS, expected_burned, judge
from fuelbreak.synthetic import generate_landscape, generate_set

WEATHER = Weather()
DAY = Weather(duration_min=1440.0)


@pytest.fixture(scope="module")
def landscape() -> Landscape:
    return generate_landscape(8, 24)


@pytest.mark.parametrize("budget", [0, 1, 7, 60, 5000])
def test_a_plan_spends_its_budget_on_fuel_whatever_the_weights(landscape: Landscape, budget: int) -> None:
    torch.manual_seed(budget)
    plan = line_plan({"network": LineNetwork().state_dict()}, "cpu")
    breaks = plan(landscape, WEATHER, budget)
    assert breaks.sum() == min(budget, landscape.burnable.sum())
    assert not (breaks & ~landscape.burnable).any()
    assert (breaks == plan(landscape, WEATHER, budget)).all()


def test_lines_of_one_look_leave_each_other_alone(landscape: Landscape) -> None:
    torch.manual_seed(1)
    network, lookout = LineNetwork().eval(), Lookout.of(FireSimulator(landscape, WEATHER))
    state = LineState.of(lookout, np.zeros(landscape.shape, bool), 60)
    values = np.random.default_rng(0).uniform(0.9, 1.0, len(state.segments)).astype(np.float32)
    taken = best_lines(state, values, 0.5)
    assert len(taken) > 1
    assert sum(map(len, taken)) <= 60
    assert taken[0].tolist() == state.segments[int(np.argmax(values))].tolist()
    for i, line in enumerate(taken):
        for other in taken[i + 1 :]:
            assert distance(line, other, landscape.shape[1]) > 1
    assert len(best_lines(state, values, 1.1)) == 1
    values[int(np.argmax(values))] = 1.5
    assert len(best_lines(state, values, 0.8)) == 1
    assert len(best_lines(state, values, 0.8, enough=60)) > 1
    cells = np.concatenate(drawn_lines(network_values(network), lookout, 60))
    assert len(set(cells.tolist())) == len(cells) <= 60


def guess(rng: np.random.Generator) -> Valuation:
    """Values at random."""
    return lambda state: rng.random(len(state.segments), np.float32)


def test_of_the_lines_of_highest_value_that_is_drawn_which_saves_most_per_cell_by_the_fires(
    landscape: Landscape,
) -> None:
    simulator = FireSimulator(landscape, DAY)
    lookout, none = Lookout.of(simulator), np.zeros(landscape.shape, bool)
    state = LineState.of(lookout, none, 40, MOST_CANDIDATES)
    likely = np.argsort(-guess(np.random.default_rng(2))(state))[:TRIED]
    fires = LineFires(simulator)
    left = fires.tried([state.segments[int(number)] for number in likely])
    saved = np.log(fires.burned / left) / state.segments.lengths[likely]
    drawn = drawn_lines(guess(np.random.default_rng(2)), lookout, 40, nearly=1.1, fires=fires)
    assert drawn[0].tolist() == state.segments[int(likely[np.argmax(saved)])].tolist()
    assert np.ptp(saved) > 0.01 * saved.max()


@pytest.mark.parametrize("weather", [WEATHER, DAY], ids=["3 h", "24 h"])
def test_no_more_burns_than_with_what_was_drawn(landscape: Landscape, weather: Weather) -> None:
    simulator = FireSimulator(landscape, weather)
    drafts = [PLANS[name](landscape, weather, 40) for name in ("random", "compartment lines")]
    burned = []
    for first, second in (drafts, drafts[::-1]):
        bent = bent_plan(simulator, 40, [first.copy, second.copy])
        assert bent.sum() == 40
        assert (bent == bent_plan(simulator, 40, [first.copy, second.copy])).all()
        burned.append(expected_burned(simulator, bent))
    assert burned[0] == burned[1] <= min(expected_burned(simulator, drawn) for drawn in drafts)
    alone = bent_plan(simulator, 40, [drafts[0].copy])
    assert alone.sum() == 40
    assert expected_burned(simulator, alone) < expected_burned(simulator, drafts[0])


def test_a_large_landscape_is_drawn_by_what_lines_close(
    landscape: Landscape, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_agent, "MOST_CELLS", landscape.burnable.size - 1)
    monkeypatch.setattr(line_agent, "bent_plan", None)
    network, lookout = LineNetwork().eval(), Lookout.of(FireSimulator(landscape, WEATHER))
    torch.nn.init.normal_(network.head[-1].weight)
    plans = [
        built(lookout, drawn_lines(values, lookout, 40), 40)
        for values in (closed_values, network_values(network))
    ]
    breaks = line_plan({"network": network.state_dict()}, "cpu")(landscape, WEATHER, 40)
    assert (breaks == plans[0]).all()
    assert (breaks != plans[1]).any()


def test_mending_a_plan_makes_it_no_worse(landscape: Landscape) -> None:
    simulator = FireSimulator(landscape, DAY)
    search = LineSearch(
        values=lambda state: state.facts[:, 6],
        lookout=Lookout.of(simulator),
        fires=LineFires(simulator),
        room=40,
        simulated=4,
        rng=np.random.default_rng(0),
    )
    lines, burned = search.complete([])
    mended = search.improve(lines, burned, effort=80)
    assert search.spent >= 80
    search.fires.clear()
    search.fires.build(np.concatenate(mended))
    assert search.fires.expected() <= burned
    assert sum(map(len, mended)) <= 40


@pytest.mark.parametrize(("kind", "tiles", "lead"), [("lines", 4, 0.0), ("lines-search", 1, 0.02)])
def test_the_agent_that_comes_with_the_package_beats_random_and_the_ruler(
    kind: str, tiles: int, lead: float
) -> None:
    agent = load_agent(kind)
    assert (agent.kind, agent.size) == (kind, 50)
    plans = {"agent": agent.plan, "random": PLANS["random"], "ruler": PLANS["compartment lines"]}
    reductions: dict[str, list[float]] = {name: [] for name in plans}
    for tile in generate_set(407, tiles, 24):
        simulator = FireSimulator(tile, DAY)
        for name, plan in plans.items():
            reductions[name].append(judge(simulator, plan(tile, DAY, 40)).reduction)
    means = {name: np.mean(values) for name, values in reductions.items()}
    assert means["agent"] > means["random"] + 0.3
    assert means["agent"] > means["ruler"] + lead


def test_the_weights_are_small() -> None:
    assert next(iter(PRETRAINED.values())).stat().st_size < 1_000_000
