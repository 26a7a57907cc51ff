"""Fires repaired after breaks equal fires burned anew."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from fuelbreak.errors import SimulationError
from fuelbreak.fire.fire_set import FireSet
from fuelbreak.fire.ignitions import sample_ignitions
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import LEGACY_WEATHER, Weather
from fuelbreak.landscape import Landscape

Make = Callable[..., Landscape]


def patchy_simulator(
    make_landscape: Make, seed: int, weather: Weather, shape: tuple[int, int] = (20, 23)
) -> FireSimulator:
    rng = np.random.default_rng(seed)
    landscape = make_landscape(
        shape,
        fuel_model=rng.choice([101, 102, 122, 145, 183, 99], size=shape),
        slope_deg=rng.uniform(0.0, 35.0, shape),
        aspect_deg=rng.uniform(0.0, 360.0, shape),
    )
    return FireSimulator(landscape, weather)


@pytest.mark.parametrize("seed", range(8))
def test_a_plan_built_step_by_step_burns_as_the_whole_plan(make_landscape: Make, seed: int) -> None:
    weather = LEGACY_WEATHER if seed % 2 else replace(Weather(), upwind_direction_deg=45.0 * seed)
    simulator = patchy_simulator(make_landscape, seed, weather)
    rng = np.random.default_rng(100 + seed)
    ignitions = sample_ignitions(simulator.landscape, 37, rng)
    fires, breaks = FireSet(simulator, ignitions), np.zeros(simulator.landscape.shape, bool)
    assert np.array_equal(fires.burned, simulator.burned_cells(ignitions))
    for _ in range(12):
        cells = np.stack(
            [rng.integers(20, size=8), rng.integers(23, size=8)], axis=1
        )  # rock and repeats as well
        breaks[cells[:, 0], cells[:, 1]] = True
        assert np.array_equal(fires.add_breaks(cells), simulator.burned_cells(ignitions, breaks))
        assert np.array_equal(fires.burn_probability, simulator.burn_probability(ignitions, breaks))
        fire = int(rng.integers(37))
        anew = simulator.arrival_time_min(tuple(ignitions[fire]), breaks)
        assert np.array_equal(fires.arrival_time_min(fire), anew)
    assert np.array_equal(fires.breaks, breaks & simulator.landscape.burnable)


@pytest.mark.parametrize("seed", range(2))
def test_wide_landscapes_are_repaired_as_well(make_landscape: Make, seed: int) -> None:
    simulator = patchy_simulator(make_landscape, seed, LEGACY_WEATHER, (17, 140))
    rng = np.random.default_rng(seed)
    ignitions = sample_ignitions(simulator.landscape, 20, rng)
    fires, breaks = FireSet(simulator, ignitions), np.zeros((17, 140), bool)
    for column in (63, 64, 100, 20):
        breaks[rng.random(17) < 0.7, column] = True
        after = fires.add_breaks(np.argwhere(breaks))
        assert np.array_equal(after, simulator.burned_cells(ignitions, breaks))
        anew = np.stack([simulator.arrival_time_min((r, c), breaks) for r, c in ignitions])
        assert np.array_equal(np.stack([fires.arrival_time_min(i) for i in range(20)]), anew)


def test_what_is_kept_grows_with_the_fires_and_not_with_the_landscape(make_landscape: Make) -> None:
    short = replace(Weather(), duration_min=30.0)
    kept = []
    for edge in (40, 160):
        simulator = FireSimulator(make_landscape((edge, edge)), short)
        fires = FireSet(simulator, np.full((30, 2), edge // 2))
        assert fires.nbytes >= 4 * fires.burned.sum()
        kept.append(fires.nbytes)
    assert kept[0] == kept[1]
    assert kept[0] < 30 * 4 * 40 * 40


def test_a_break_on_an_ignition_puts_that_fire_out_for_good(make_landscape: Make) -> None:
    simulator = patchy_simulator(make_landscape, 1, Weather())
    ignitions = sample_ignitions(simulator.landscape, 20, np.random.default_rng(0))
    fires = FireSet(simulator, ignitions)
    burned = fires.add_breaks(ignitions[:1])
    same_place = (ignitions == ignitions[0]).all(axis=1)
    assert np.all(burned[same_place] == 0)
    assert np.all(burned[~same_place] > 0)
    assert np.all(fires.add_breaks(ignitions[1:2])[same_place] == 0)


def test_a_break_puts_out_a_fire_that_could_not_leave_its_cell(make_landscape: Make) -> None:
    fuel = np.full((5, 5), 99)
    fuel[2, 2] = fuel[0, 0] = 102
    fires = FireSet(FireSimulator(make_landscape((5, 5), fuel_model=fuel)), np.array([[2, 2], [0, 0]]))
    assert fires.burned.tolist() == [1, 1]
    assert fires.add_breaks(np.array([[2, 2]])).tolist() == [0, 1]


def test_no_cells_and_old_cells_change_nothing(make_landscape: Make) -> None:
    simulator = patchy_simulator(make_landscape, 2, Weather())
    fires = FireSet(simulator, sample_ignitions(simulator.landscape, 20, np.random.default_rng(0)))
    first = fires.add_breaks(np.array([[3, 3], [4, 5]]))
    assert np.array_equal(fires.add_breaks(np.array([[3, 3]])), first)
    assert np.array_equal(fires.add_breaks(np.zeros((0, 2), int)), first)


def test_snapshots_lead_back_and_are_left_as_they_were(make_landscape: Make) -> None:
    simulator = patchy_simulator(make_landscape, 3, Weather())
    ignitions = sample_ignitions(simulator.landscape, 20, np.random.default_rng(0))
    fires = FireSet(simulator, ignitions)
    fires.add_breaks(np.argwhere(np.eye(20, 23, dtype=bool))[:7])
    kept, burned = fires.snapshot(), fires.burned
    more = np.stack([np.arange(20), np.full(20, 12)], axis=1)
    after = fires.add_breaks(more)
    assert not np.array_equal(after, burned)
    for state in (kept, pickle.loads(pickle.dumps(kept))):
        fires.restore(state)
        assert np.array_equal(fires.burned, burned)
        assert np.array_equal(fires.add_breaks(more), after)


def test_threads_repair_the_same_fires(make_landscape: Make) -> None:
    alone = patchy_simulator(make_landscape, 7, Weather())
    shared = FireSimulator(alone.landscape, alone.weather, threads=3)
    ignitions = sample_ignitions(alone.landscape, 70, np.random.default_rng(0))
    one, other = FireSet(alone, ignitions), FireSet(shared, ignitions)
    for column in (4, 11, 18):
        wall = np.stack([np.arange(20), np.full(20, column)], axis=1)
        assert np.array_equal(one.add_breaks(wall), other.add_breaks(wall))


def test_sets_of_one_simulator_do_not_touch_each_other(make_landscape: Make) -> None:
    simulator = patchy_simulator(make_landscape, 4, Weather())
    ignitions = sample_ignitions(simulator.landscape, 20, np.random.default_rng(0))
    one, other = FireSet(simulator, ignitions), FireSet(simulator, ignitions)
    before = other.burned
    one.add_breaks(np.stack([np.arange(20), np.full(20, 12)], axis=1))
    assert np.array_equal(other.burned, before)
    assert np.array_equal(simulator.burned_cells(ignitions), before)


def test_errors_name_the_cell(make_landscape: Make) -> None:
    simulator = patchy_simulator(make_landscape, 5, Weather())
    fires = FireSet(simulator, sample_ignitions(simulator.landscape, 2, np.random.default_rng(0)))
    with pytest.raises(SimulationError, match="break at row 20, column 0 is outside the 20 x 23 cells"):
        fires.add_breaks(np.array([[0, 0], [20, 0]]))
    with pytest.raises(SimulationError, match="at least one ignition"):
        FireSet(simulator, np.zeros((0, 2), int))
