"""What the network sees, from which side, and how it reads lines off it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from fuelbreak.dqn.lines.network import LineNetwork
from fuelbreak.dqn.lines.scene import TURNS, Scene, turn, turned_cells
from fuelbreak.dqn.lines.states import LineState, collate
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.synthetic import generate_landscape

WINDY = Weather(upwind_direction_deg=0.0)


def some_state(seed: int, candidates: int) -> LineState:
    scene = Scene(generate_landscape(seed, 20), WINDY)
    state = LineState.of(scene, np.zeros((20, 20), bool), 30)
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
    there = Scene(grass(turned_fuel), Weather(upwind_direction_deg=turned_wind))
    here = Scene(grass(fuel), Weather(upwind_direction_deg=upwind))
    seen = turn(here.observe(np.zeros_like(fuel)), number)
    np.testing.assert_allclose(seen, there.observe(np.zeros_like(fuel)), atol=1e-4)


@pytest.mark.parametrize("number", range(TURNS))
def test_cells_turn_as_the_scene_does(number: int) -> None:
    grid = np.random.default_rng(0).random((12, 5, 7)).astype(np.float32)
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
        mean = torch.zeros(len(fine))
        for cell in state.segments[number].tolist():
            row, column = divmod(cell, 20)
            mean += torch.relu(fine[:, row, column] + coarse[:, row // 2, column // 2])
        mean /= len(state.segments[number])
        torch.testing.assert_close(pooled[0][number, : len(fine)], mean, rtol=1e-4, atol=1e-5)


def test_a_break_is_seen_and_closes_what_lies_behind_it(grass: Callable[[np.ndarray], Landscape]) -> None:
    scene = Scene(grass(np.ones((10, 10), bool)), WINDY)
    breaks = np.zeros((10, 10), bool)
    breaks[4] = True
    before, after = scene.observe(np.zeros_like(breaks)), scene.observe(breaks)
    assert (after[:9, 4] == 0).all()
    assert (after[9] == breaks).all()
    assert (before[10] == 1.0).all()
    assert after[10, 0, 0] == pytest.approx(0.4)
    assert after[10, 9, 9] == pytest.approx(0.5)


def test_fire_runs_farther_with_the_wind_than_against_it(grass: Callable[[np.ndarray], Landscape]) -> None:
    seen = Scene(grass(np.ones((8, 8), bool)), WINDY).observe(np.zeros((8, 8), bool))
    north, south = seen[0], seen[4]
    assert (south > north).all()
