"""Where fires start."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from fuelbreak.errors import SimulationError
from fuelbreak.fire.ignitions import all_ignitions, nearest_burnable, sample_ignitions
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape

FUEL = np.full((4, 5), 102)
FUEL[1:3, 2] = 99


@pytest.fixture
def landscape(make_landscape: Callable[..., Landscape]) -> Landscape:
    return make_landscape((4, 5), fuel_model=FUEL)


def counts(ignitions: np.ndarray) -> np.ndarray:
    found = np.zeros((4, 5), int)
    np.add.at(found, tuple(ignitions.T), 1)
    return found


def test_uniform_over_burnable_cells_and_nowhere_else(landscape: Landscape) -> None:
    drawn = counts(sample_ignitions(landscape, 18_000, np.random.default_rng(0)))
    assert np.all(drawn[FUEL == 99] == 0)
    assert np.all(np.abs(drawn[FUEL != 99] - 1000) < 150)


def test_same_seed_same_ignitions(landscape: Landscape) -> None:
    first, second = (sample_ignitions(landscape, 9, np.random.default_rng(7)) for _ in range(2))
    assert np.array_equal(first, second)
    assert first.shape == (9, 2)


def test_probabilities_weigh_the_burnable_cells(landscape: Landscape) -> None:
    weights = np.zeros((4, 5))
    weights[0, 0], weights[3, 4], weights[1, 2] = 1.0, 3.0, 100.0  # the last one does not burn
    drawn = counts(sample_ignitions(landscape, 4000, np.random.default_rng(0), weights))
    assert drawn[0, 0] + drawn[3, 4] == 4000
    assert drawn[3, 4] == pytest.approx(3000, abs=150)


@pytest.mark.parametrize(
    ("value", "message"),
    [(np.nan, "row 2, column 3 is nan"), (-1.0, "row 2, column 3 is -1"), (np.inf, "row 2, column 3 is inf")],
)
def test_probabilities_that_are_none_are_named(landscape: Landscape, value: float, message: str) -> None:
    weights = np.ones((4, 5))
    weights[2, 3] = value
    with pytest.raises(SimulationError, match=message):
        sample_ignitions(landscape, 1, np.random.default_rng(0), weights)


def test_probabilities_of_another_shape_or_nowhere_are_refused(landscape: Landscape) -> None:
    with pytest.raises(SimulationError, match=r"is \(5, 4\), not \(4, 5\)"):
        sample_ignitions(landscape, 1, np.random.default_rng(0), np.ones((5, 4)))
    with pytest.raises(SimulationError, match="no burnable cell has an ignition probability above 0"):
        sample_ignitions(landscape, 1, np.random.default_rng(0), (FUEL == 99).astype(float))


def test_all_ignitions_give_the_exact_expectation(landscape: Landscape) -> None:
    every = all_ignitions(landscape)
    assert np.array_equal(counts(every), FUEL != 99)
    simulator = FireSimulator(landscape, Weather(duration_min=10.0))
    exact = simulator.burned_cells(every).mean()
    sampled = simulator.burned_cells(sample_ignitions(landscape, 20_000, np.random.default_rng(0))).mean()
    assert sampled == pytest.approx(exact, rel=0.02)


def test_points_are_brought_onto_fuel(landscape: Landscape) -> None:
    moved, metres = nearest_burnable(landscape, [[0, 0], [1, 2], [2, 2]])
    assert moved.tolist() == [[0, 0], [0, 2], [2, 1]]
    assert metres.tolist() == [0.0, 30.0, 30.0]


def test_points_off_the_grid_are_named(landscape: Landscape) -> None:
    with pytest.raises(SimulationError, match="point 1 at row 4, column 0 is off the grid of 4 x 5"):
        nearest_burnable(landscape, [[0, 0], [4, 0]])
