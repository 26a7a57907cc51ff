"""Where fires start."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fuelbreak.fire.ignitions import sample_ignitions
from fuelbreak.landscape import Landscape

Make = Callable[..., Landscape]


def test_uniform_over_burnable_cells_and_nowhere_else(make_landscape: Make) -> None:
    fuel = np.full((4, 5), 102)
    fuel[1:3, 2] = 99
    landscape = make_landscape((4, 5), fuel_model=fuel)
    drawn = sample_ignitions(landscape, 18_000, np.random.default_rng(0))
    counts = np.zeros((4, 5), int)
    np.add.at(counts, tuple(drawn.T), 1)
    assert np.all(counts[fuel == 99] == 0)
    assert np.all(np.abs(counts[fuel != 99] - 1000) < 150)


def test_same_seed_same_ignitions(make_landscape: Make) -> None:
    landscape = make_landscape()
    first, second = (sample_ignitions(landscape, 9, np.random.default_rng(7)) for _ in range(2))
    assert np.array_equal(first, second)
    assert first.shape == (9, 2)
