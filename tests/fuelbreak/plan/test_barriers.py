"""Barriers: cells that touch belong together, and rank by what would be lost without them."""

from __future__ import annotations

import numpy as np
import pytest

from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.plan import Barrier, find_barriers, label_barriers
from fuelbreak.plans import expected_burned
from fuelbreak.synthetic import generate_landscape


def test_cells_that_touch_at_an_edge_or_a_corner_are_one_barrier() -> None:
    breaks = np.array([[1, 0, 0, 1], [0, 1, 0, 1], [0, 0, 0, 0], [1, 1, 0, 1]], bool)
    labels = label_barriers(breaks)
    assert np.array_equal(labels > 0, breaks)
    assert labels[0, 0] == labels[1, 1]
    assert labels[0, 3] == labels[1, 3]
    assert len(np.unique(labels[breaks])) == 4


def test_groups_are_those_of_a_flood_on_any_pattern() -> None:
    rng = np.random.default_rng(2)
    for density in (0.1, 0.3, 0.5, 0.9, 1.0):
        breaks = rng.random((17, 23)) < density
        labels = label_barriers(breaks)
        assert np.array_equal(labels > 0, breaks)
        for (row, column), label in np.ndenumerate(labels):
            near = labels[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2]
            assert label == 0 or set(np.unique(near)) <= {0, label}
        for label in range(1, labels.max() + 1):
            assert is_connected(labels == label)


def is_connected(cells: np.ndarray) -> bool:
    reached = np.zeros_like(cells)
    reached[tuple(np.argwhere(cells)[0])] = True
    for _ in range(cells.size):
        padded = np.pad(reached, 1)
        grown = cells & np.max(
            [
                padded[1 + i : 1 + i + cells.shape[0], 1 + j : 1 + j + cells.shape[1]]
                for i in (-1, 0, 1)
                for j in (-1, 0, 1)
            ],
            axis=0,
        )
        if np.array_equal(grown, reached):
            break
        reached = grown
    return bool(np.array_equal(reached, cells))


def test_no_breaks_are_no_barriers() -> None:
    landscape = generate_landscape(seed=1, size=20)
    nothing = np.zeros(landscape.shape, bool)
    assert find_barriers(FireSimulator(landscape), nothing, np.argwhere(landscape.burnable)) == []


def test_barriers_rank_by_what_the_fires_burn_without_them() -> None:
    landscape = generate_landscape(seed=1, size=24)
    simulator = FireSimulator(landscape, Weather(duration_min=300.0))
    breaks = np.zeros(landscape.shape, bool)
    breaks[12] = breaks[2, 2:5] = breaks[20, 20] = True
    ignitions = np.argwhere(landscape.burnable)
    barriers = find_barriers(simulator, breaks, ignitions)
    assert [barrier.rank for barrier in barriers] == [1, 2, 3]
    assert barriers[0].size == 24
    together = np.concatenate([barrier.cells for barrier in barriers])
    assert sorted(together.tolist()) == np.argwhere(breaks).tolist()
    for barrier in barriers:
        assert np.isclose(barrier.saved_cells, loss_of(barrier, simulator, breaks))


def loss_of(barrier: Barrier, simulator: FireSimulator, breaks: np.ndarray) -> float:
    without = breaks.copy()
    without[tuple(barrier.cells.T)] = False
    ignitions = np.argwhere(simulator.landscape.burnable)
    with_all, with_others = (
        expected_burned(simulator, standing, ignitions) for standing in (breaks, without)
    )
    return with_others - with_all


@pytest.mark.parametrize("density", [0.01, 0.08, 0.3])
def test_a_barrier_is_worth_what_burning_everything_anew_says_whatever_stands_beside_it(
    density: float,
) -> None:
    landscape = generate_landscape(seed=4, size=24)
    simulator = FireSimulator(landscape, Weather(duration_min=240.0))
    breaks = np.random.default_rng(5).random(landscape.shape) < density  # some of it on cells that never burn
    barriers = find_barriers(simulator, breaks, np.argwhere(landscape.burnable))
    assert len(barriers) > 3
    for barrier in barriers:
        assert np.isclose(barrier.saved_cells, loss_of(barrier, simulator, breaks))
