"""What the network sees, from which side, and how it reads lines off it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from fuelbreak.dqn.lines.burning import BURN_CHANNELS
from fuelbreak.dqn.lines.network import CLOSED, LineNetwork
from fuelbreak.dqn.lines.scene import CHANNELS, TURNS, Scene, turn, turned_cells
from fuelbreak.dqn.lines.states import THROUGH, LineState, Lookout, collate
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.synthetic import generate_landscape

WINDY = Weather(upwind_direction_deg=0.0)


def some_state(seed: int, candidates: int) -> LineState:
    lookout = Lookout.of(FireSimulator(generate_landscape(seed, 20), WINDY))
    state = LineState.of(lookout, np.zeros((20, 20), bool), 30)
    return state.take(np.arange(0, len(state.segments), max(1, len(state.segments) // candidates)))


@pytest.mark.parametrize("number", range(TURNS))
def test_a_scene_turns_with_its_wind(number: int, grass: Callable[[np.ndarray], Landscape]) -> None:
    fuel = np.random.default_rng(number).random((8, 8)) < 0.8
    upwind = 30.0
    turned_wind = (upwind - 90.0 * (number % 4)) % 360.0
    if number >= TURNS // 2:
        turned_wind = (360.0 - turned_wind) % 360.0
    turned_fuel = np.rot90(fuel, number % 4)
    turned_fuel = turned_fuel[:, ::-1] if number >= TURNS // 2 else turned_fuel
    there = Scene(FireSimulator(grass(turned_fuel), Weather(upwind_direction_deg=turned_wind)))
    here = Scene(FireSimulator(grass(fuel), Weather(upwind_direction_deg=upwind)))
    burns = np.random.default_rng(1).integers(256, size=(BURN_CHANNELS, 8, 8)).astype(np.uint8)
    turned_burns = np.rot90(burns, number % 4, axes=(1, 2))
    turned_burns = turned_burns[:, :, ::-1] if number >= TURNS // 2 else turned_burns
    none = np.zeros((8, 8), bool)
    seen = turn(here.observe(none, burns), number)
    np.testing.assert_allclose(seen, there.observe(none, turned_burns), atol=1e-4)


@pytest.mark.parametrize("number", range(TURNS))
def test_cells_turn_as_the_scene_does(number: int) -> None:
    grid = np.random.default_rng(0).random((CHANNELS, 5, 7)).astype(np.float32)
    moved = turned_cells((5, 7), number)
    assert (turn(grid, number)[11].ravel()[moved] == grid[11].ravel()).all()


def test_a_batch_is_valued_as_each_state_by_itself() -> None:
    torch.manual_seed(0)
    network = LineNetwork().eval()
    states = [some_state(1, 9), some_state(2, 5)]
    with torch.inference_mode():
        together = network(collate(states))
        alone = [network(collate([state])) for state in states]
    for which in (0, 1):
        joined = torch.cat([values[which] for values in alone])
        torch.testing.assert_close(together[which], joined, rtol=1e-4, atol=1e-6)


def test_an_untrained_network_values_lines_by_what_they_close() -> None:
    state = some_state(1, 20)
    with torch.inference_mode():
        at_once, _ = LineNetwork().eval()(collate([state]))
    assert at_once.numpy() == pytest.approx(state.facts[:, CLOSED] * state.segments.lengths / 50.0)


def test_of_many_candidates_those_stay_through_which_most_of_the_fires_come() -> None:
    lookout, none = Lookout.of(FireSimulator(generate_landscape(1, 20), WINDY)), np.zeros((20, 20), bool)
    every, few = (LineState.of(lookout, none, 30, most) for most in (None, 25))
    assert len(few.segments) == 25 < len(every.segments)
    through = np.exp(np.sort(every.facts[:, THROUGH + 1])[-25])
    assert (np.exp(few.facts[:, THROUGH + 1]) >= through * (1.0 - 1e-6)).all()


def test_a_line_is_pooled_as_a_loop_over_its_cells_would() -> None:
    torch.manual_seed(0)
    network, state = LineNetwork().eval(), some_state(3, 6)
    pooled: list[torch.Tensor] = []
    features: list[torch.Tensor] = []
    network.head.register_forward_pre_hook(lambda _, inputs: pooled.append(inputs[0]))
    network.fine.register_forward_hook(lambda _, __, out: features.append(out))
    network.coarse.register_forward_hook(lambda _, __, out: features.append(out))
    with torch.inference_mode():
        network(collate([state]))
    fine, coarse = features[1][0], features[0][0]
    for number in range(len(state.segments)):
        places = [divmod(cell, 20) for cell in state.segments[number].tolist()]
        along = torch.stack([torch.relu(fine[:, r, c] + coarse[:, r // 2, c // 2]) for r, c in places])
        wanted = torch.cat([along.mean(dim=0), along.sum(dim=0) / 50.0, along[[0, -1]].mean(dim=0)])
        torch.testing.assert_close(pooled[0][number, : len(wanted)], wanted, rtol=1e-4, atol=1e-5)


def test_a_break_is_seen_and_closes_what_lies_behind_it(grass: Callable[[np.ndarray], Landscape]) -> None:
    scene = Scene(FireSimulator(grass(np.ones((10, 10), bool)), WINDY))
    burns = np.zeros((BURN_CHANNELS, 10, 10), np.uint8)
    breaks = np.zeros((10, 10), bool)
    breaks[4] = True
    before, after = scene.observe(np.zeros_like(breaks), burns), scene.observe(breaks, burns)
    assert (after[:9, 4] == 0).all()
    assert (after[9] == breaks).all()
    assert (before[10] == 1.0).all()
    assert after[10, 0, 0] == pytest.approx(0.4)
    assert after[10, 9, 9] == pytest.approx(0.5)


def test_fire_runs_farther_with_the_wind_than_against_it(grass: Callable[[np.ndarray], Landscape]) -> None:
    scene = Scene(FireSimulator(grass(np.ones((8, 8), bool)), WINDY))
    seen = scene.observe(np.zeros((8, 8), bool), np.zeros((BURN_CHANNELS, 8, 8), np.uint8))
    north, south = seen[0], seen[4]
    assert (south[1:-1] > north[1:-1]).all()
    assert (north[0] == 0).all()
