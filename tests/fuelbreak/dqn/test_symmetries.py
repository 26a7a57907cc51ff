"""Turned observations are those of the turned world, in which fire burns as in the one that was turned."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from fuelbreak.dqn import ReplayMemory, Scenery
from fuelbreak.dqn.budgets import EpisodeBudget
from fuelbreak.dqn.symmetries import TURNS, turn_cells, turn_observations, turned_batch, ways_of
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.observation import base_observation, legal_cells, with_breaks
from fuelbreak.plans import expected_burned
from fuelbreak.synthetic import generate_landscape

LAND = generate_landscape(seed=4, size=16)
WIND = Weather(upwind_direction_deg=20.0)


def turned_grid(grid: np.ndarray, number: int) -> np.ndarray:
    turned = np.rot90(grid, number % 4, axes=(-2, -1))
    return np.ascontiguousarray(turned[..., ::-1] if number >= 4 else turned)


def turned_direction(degrees: np.ndarray, number: int) -> np.ndarray:
    """A compass direction after quarter turns counter-clockwise and an exchange of east and west."""
    turned = np.mod(degrees - 90.0 * (number % 4), 360.0)
    return np.mod(-turned, 360.0) if number >= 4 else turned


def turned_world(land: Landscape, weather: Weather, number: int) -> tuple[Landscape, Weather]:
    """Built from the rasters, without any help of what is tested."""
    grids = {
        item.name: turned_grid(value, number)
        for item in dataclasses.fields(land)
        if isinstance(value := getattr(land, item.name), np.ndarray)
    }
    flat = grids["aspect_deg"] < 0
    aspect = turned_direction(grids["aspect_deg"], number)
    grids["aspect_deg"] = np.where(flat, grids["aspect_deg"], aspect).astype(np.float32)
    upwind = float(turned_direction(np.float64(weather.upwind_direction_deg), number))
    return dataclasses.replace(land, **grids), dataclasses.replace(weather, upwind_direction_deg=upwind)


@pytest.mark.parametrize("number", range(TURNS))
def test_a_turned_observation_is_that_of_the_turned_world(number: int) -> None:
    breaks = np.zeros(LAND.shape, dtype=bool)
    breaks[2:4, 3:9] = LAND.burnable[2:4, 3:9]
    seen = with_breaks(base_observation(LAND, WIND, "full"), breaks, 40, "full")
    land, wind = turned_world(LAND, WIND, number)
    expected = with_breaks(base_observation(land, wind, "full"), turned_grid(breaks, number), 40, "full")
    turned = turn_observations(torch.from_numpy(seen)[None], number, "full")[0].numpy()
    assert turned == pytest.approx(expected, abs=1e-3)  # rates are rounded
    mask = torch.from_numpy(legal_cells(seen, "full"))[None]
    assert np.array_equal(turn_cells(mask, number, LAND.shape)[0].numpy(), legal_cells(expected, "full"))


@pytest.mark.parametrize("number", [1, 6])
def test_what_breaks_save_in_the_turned_world_is_what_they_save_here(number: int) -> None:
    breaks = np.zeros(LAND.shape, dtype=bool)
    breaks[:, 8] = LAND.burnable[:, 8]
    land, wind = turned_world(LAND, WIND, number)
    here, there = FireSimulator(LAND, WIND), FireSimulator(land, wind)
    assert expected_burned(there, turned_grid(breaks, number)) == pytest.approx(
        expected_burned(here, breaks), rel=1e-3
    )


def test_each_transition_of_a_batch_is_turned_its_own_way_and_keeps_its_reward() -> None:
    memory = ReplayMemory(9, Scenery([LAND], "full", [EpisodeBudget(40, 4)]))
    base = base_observation(LAND, layout="full")
    action = np.zeros(LAND.burnable.size, dtype=np.int8)
    action[np.flatnonzero(LAND.burnable)[[3, 40, 41]]] = 1
    after = with_breaks(base, action.reshape(LAND.shape).astype(bool), 40, "full")
    memory.push(0, base, action, 0.5, after, False)
    batch = memory.batch(np.zeros(3, dtype=np.int64), look_ahead=True)
    turned = turned_batch(batch, np.array([0, 5, 2]), "full")
    for row, number in enumerate((0, 5, 2)):
        assert torch.equal(turned.obs[row], turn_observations(batch.obs[:1], number, "full")[0])
        assert torch.equal(turned.next_obs[row], turn_observations(batch.next_obs[:1], number, "full")[0])
        for name in ("action", "mask", "next_mask", "later"):
            cells = getattr(batch, name)[:1]
            assert torch.equal(getattr(turned, name)[row], turn_cells(cells, number, LAND.shape)[0]), name
        placed = turned.action[row].bool()
        assert (turned.mask[row] & placed).sum() == placed.sum() == 3
    assert turned.reward.tolist() == [0.5] * 3


def test_only_a_square_is_turned_by_quarters() -> None:
    assert ways_of((5, 5)).tolist() == list(range(8))
    assert ways_of((5, 6)).tolist() == [0, 2, 4, 6]
    for number in ways_of((5, 6)).tolist():
        assert turn_cells(torch.zeros(1, 30), number, (5, 6)).shape == (1, 30)


def test_observations_that_do_not_show_the_wind_are_not_turned() -> None:
    with pytest.raises(ValueError, match="the wind is not in them"):
        turn_observations(torch.zeros(1, 8, 4, 4), 1, "legacy")
