"""Annealing: what it says a plan costs is what fires without an end burn, and it finds the walls that save most."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from fuelbreak.errors import LandscapeError
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plans import judge
from fuelbreak.plans._annealing import anneal, closing_breaks
from fuelbreak.plans._pairs import MOST_CELLS, pairs_of_fires
from fuelbreak.plans.common import as_breaks
from fuelbreak.plans.random_cells import order


def annealed(
    simulator: FireSimulator, budget: int, sweeps: int = 60, seed: int = 0
) -> tuple[np.ndarray, float]:
    """Breaks, and the expected burned cells with them as annealing has it; from random cells."""
    landscape = simulator.landscape
    start = as_breaks(landscape, order(landscape, simulator.weather, budget, seed=seed))
    pairs = pairs_of_fires(simulator)
    return anneal(
        landscape.burnable, pairs, start, budget, sweeps=sweeps, temperatures=(200.0, 5.0), seed=seed
    )


def test_pairs_are_the_fires_that_reach_each_other(landscapes: list[Landscape]) -> None:
    landscape = landscapes[0]
    simulator, burning = FireSimulator(landscape), np.argwhere(landscape.burnable)[::25]
    pairs = pairs_of_fires(simulator)
    cells = burning[:, 0] * landscape.shape[1] + burning[:, 1]
    reached = np.array([np.isfinite(simulator.arrival_time_min(place)).flat[cells] for place in burning])
    expected = reached.astype(int) + reached.T
    np.fill_diagonal(expected, 1)
    assert np.array_equal(pairs[np.ix_(cells, cells)], expected)
    assert 0 < reached.mean() < 1


def test_what_does_not_burn_makes_no_pair(landscapes: list[Landscape]) -> None:
    pairs = pairs_of_fires(FireSimulator(landscapes[0]))
    bare = ~landscapes[0].burnable.ravel()
    assert np.array_equal(pairs, pairs.T)
    assert not pairs[bare].any()


def test_a_landscape_whose_pairs_are_too_many_is_refused(flat: Callable[..., Landscape]) -> None:
    side = int(MOST_CELLS**0.5) + 1
    large = flat(np.ones((side, side), bool), "large")
    with pytest.raises(LandscapeError, match=r"large: has 10201 cells.*window by window"):
        pairs_of_fires(FireSimulator(large, Weather(duration_min=1.0)))


@pytest.mark.parametrize("budget", [1, 20, 90])
def test_the_cost_is_what_endless_fires_burn(
    budget: int, landscapes: list[Landscape], flat: Callable[..., Landscape], calm_day: Weather
) -> None:
    """Thousands of changes are added up without a fire; at the end every one of them must have been right."""
    for landscape in landscapes:
        simulator = FireSimulator(flat(landscape.burnable), calm_day)
        breaks, cost = annealed(simulator, budget)
        assert breaks.sum() <= budget
        assert not (breaks & ~landscape.burnable).any()
        assert cost == pytest.approx(judge(simulator, breaks).burned_after)


def test_where_fires_run_out_of_time_the_cost_is_not_too_low(landscapes: list[Landscape]) -> None:
    for landscape in landscapes:
        simulator = FireSimulator(landscape)
        breaks, cost = annealed(simulator, 40)
        assert cost >= judge(simulator, breaks).burned_after - 1e-6


def test_a_wall_moves_to_the_middle(flat: Callable[..., Landscape], calm_day: Weather) -> None:
    """Two halves of 10 x 21 cells are the best that 21 breaks leave of 21 x 21."""
    simulator = FireSimulator(flat(np.ones((21, 21), bool)), calm_day)
    wall = np.zeros((21, 21), bool)
    wall[4] = True
    fuel, pairs = simulator.landscape.burnable, pairs_of_fires(simulator)
    found, cost = anneal(fuel, pairs, wall, 21, sweeps=300, temperatures=(100.0, 5.0), seed=0)
    assert judge(simulator, found).burned_after == cost
    assert cost <= 1.02 * 2 * 210**2 / 441


def test_the_same_seed_gives_the_same_breaks(landscapes: list[Landscape]) -> None:
    simulator = FireSimulator(landscapes[1])
    first, second, other = (annealed(simulator, 40, seed=seed)[0] for seed in (3, 3, 4))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_fuel_in_single_cells_is_as_many_compartments(
    flat: Callable[..., Landscape], calm_day: Weather
) -> None:
    chess = np.indices((12, 12)).sum(axis=0) % 2 == 0
    breaks, cost = annealed(FireSimulator(flat(chess), calm_day), 10)
    assert (breaks.sum(), cost) == (10, pytest.approx(62 / 72))


def test_idle_breaks_and_doubled_walls_close_nothing() -> None:
    fuel, breaks = np.ones((9, 9), bool), np.zeros((9, 9), bool)
    breaks[4:6] = True
    breaks[1, 1:4] = True
    closing = closing_breaks(fuel, breaks)
    assert closing.sum() == 9
    assert closing[4:6].sum(axis=0).tolist() == [1] * 9


def test_breaks_that_close_leave_the_same_compartments(
    landscapes: list[Landscape], flat: Callable[..., Landscape], calm_day: Weather
) -> None:
    for landscape in landscapes:
        simulator = FireSimulator(flat(landscape.burnable), calm_day)
        breaks = annealed(simulator, 60)[0]
        closing = closing_breaks(landscape.burnable, breaks)
        ignitions = np.argwhere(landscape.burnable & ~breaks)
        given_back = int((breaks & ~closing).sum())
        grown = simulator.burned_cells(ignitions, closing) - simulator.burned_cells(ignitions, breaks)
        assert grown.min() >= 0
        assert grown.max() <= given_back
