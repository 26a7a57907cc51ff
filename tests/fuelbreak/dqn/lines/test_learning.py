"""Rewards, returns and their targets, against computations by hand."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch

from fuelbreak.dqn.lines.episodes import Step
from fuelbreak.dqn.lines.explorer import explored_episode, taught_episode
from fuelbreak.dqn.lines.fires import LineFires
from fuelbreak.dqn.lines.learning import best_following, return_loss, reward_loss, transitions
from fuelbreak.dqn.lines.network import LineNetwork
from fuelbreak.dqn.lines.states import collate
from fuelbreak.dqn.lines.training_ground import Task
from fuelbreak.fire.ignitions import all_ignitions
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.synthetic import generate_landscape

WEATHER = Weather()


@pytest.fixture(scope="module")
def episode() -> list[Step]:
    return taught_episode(Task(generate_landscape(6, 20), WEATHER, 60), np.random.default_rng(0))


def test_rewards_of_an_episode_add_up_to_what_is_left() -> None:
    landscape, rng = generate_landscape(6, 20), np.random.default_rng(1)
    fires = LineFires(FireSimulator(landscape, WEATHER), most=400, burned_cells=10**9)
    start, total = fires.burned, 0.0
    for _ in range(4):
        free = np.flatnonzero(landscape.burnable & ~fires.breaks)
        line = rng.choice(free, 5, replace=False)
        total -= math.log(fires.tried([line])[0] / fires.burned)
        fires.build(line)
    assert fires.burned == pytest.approx(start * math.exp(-total))


def test_with_every_ignition_lit_the_estimate_is_exact_and_trying_changes_nothing() -> None:
    landscape = generate_landscape(6, 20)
    simulator = FireSimulator(landscape, WEATHER)
    fires = LineFires(simulator, most=400, burned_cells=10**9)
    line = np.flatnonzero(landscape.burnable)[40:60]
    breaks = np.zeros(landscape.shape, bool)
    before, left = fires.burned, fires.tried([line])[0]
    assert (fires.burned, fires.breaks.any()) == (before, False)
    breaks.flat[line] = True
    exact = simulator.burned_cells(all_ignitions(landscape), breaks).mean()
    assert left == pytest.approx(exact)
    assert fires.build(line) == pytest.approx(exact)
    assert fires.expected() == pytest.approx(exact)
    fires.clear()
    assert fires.burned == before


def test_more_fires_are_lit_as_they_burn_less(grass: Callable[[np.ndarray], Landscape]) -> None:
    simulator = FireSimulator(grass(np.ones((20, 20), bool)), Weather(duration_min=10_000.0))
    fires = LineFires(simulator, most=300, burned_cells=30_000)
    rows = np.arange(400).reshape(20, 20)
    assert fires.burned == pytest.approx(400.0)
    fires.build(rows[::2].ravel())
    assert fires.burned == pytest.approx(0.5 * 20.0, rel=0.01)
    assert fires.burned == pytest.approx(fires.expected())


def test_n_step_rewards_are_summed_and_end_with_the_episode(episode: list[Step]) -> None:
    drawn = [float(step.rewards[step.chosen]) for step in episode]
    made = transitions(episode, 2)
    assert len(episode) > 2
    assert [t.reward for t in made] == pytest.approx([sum(drawn[i : i + 2]) for i in range(len(drawn))])
    assert all(t.following is episode[i + 2].state for i, t in enumerate(made[:-2]))
    assert [t.following for t in made[-2:]] == [None, None]
    chosen = [step.state.segments[step.chosen].tolist() for step in episode]
    assert [t.state.segments[0].tolist() for t in made] == chosen


def test_the_double_dqn_target_takes_the_targets_value_of_what_the_network_prefers(
    episode: list[Step],
) -> None:
    torch.manual_seed(3)
    network, target = LineNetwork(), LineNetwork()
    states = [step.state for step in episode[:3]]
    values = best_following(network, target, collate(states))
    for state, value in zip(states, values.tolist(), strict=True):
        batch = collate([state])
        with torch.no_grad():
            preferred = int(network(batch)[1].argmax())
            assert value == pytest.approx(float(target(batch)[1][preferred]), abs=1e-5)


def test_a_few_updates_lower_both_losses(episode: list[Step]) -> None:
    torch.manual_seed(0)
    network = LineNetwork()
    target = copy.deepcopy(network)
    made, rng = transitions(episode, 2), np.random.default_rng(0)
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    losses = []
    for _ in range(25):
        loss = reward_loss(network, episode, rng) + return_loss(network, target, made, rng)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert np.mean(losses[-3:]) < 0.5 * np.mean(losses[:3])


@pytest.mark.parametrize("by_return", [True, False])
def test_the_network_explores_on_its_own(by_return: bool) -> None:
    task = Task(generate_landscape(6, 20), WEATHER, 25)
    steps = explored_episode(LineNetwork().eval(), task, by_return, np.random.default_rng(0))
    built = [step.state.segments[step.chosen] for step in steps]
    assert 20 < sum(map(len, built)) <= 25
    assert len(set(np.concatenate(built).tolist())) == sum(map(len, built))
