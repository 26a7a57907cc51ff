"""Ignitions as an environment's argument says them, and what is refused at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fuelbreak.errors import SimulationError
from fuelbreak.fire.ignition_sources import ignition_source
from fuelbreak.landscape import Landscape

Make = Callable[..., Landscape]
SHAPE = (6, 8)


@pytest.fixture
def landscapes(make_landscape: Make) -> list[Landscape]:
    """Two landscapes; the west half of the second is water."""
    fuel = np.full(SHAPE, 102)
    fuel[:, :4] = 98
    return [make_landscape(SHAPE), make_landscape(SHAPE, fuel_model=fuel)]


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_uniform_ignitions_are_drawn_over_the_cells_that_burn(landscapes: list[Landscape]) -> None:
    source = ignition_source("uniform", landscapes)
    cells = source.ignitions(landscapes[1], 1, 500, rng())
    assert source.is_drawn
    assert cells.shape == (500, 2)
    assert set(cells[:, 1]) == {4, 5, 6, 7}


def test_all_ignitions_are_every_burnable_cell_once(landscapes: list[Landscape]) -> None:
    source = ignition_source("all", landscapes)
    cells = source.ignitions(landscapes[1], 1, 3, rng())
    assert not source.is_drawn
    assert len(cells) == len(np.unique(cells, axis=0)) == 24


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.uint8])
def test_weights_of_any_number_type_are_drawn_with(landscapes: list[Landscape], dtype: type) -> None:
    weights = np.zeros(SHAPE, dtype)
    weights[2, 5], weights[3, 6], weights[0, 0] = 1, 3, 200
    source = ignition_source([np.ones(SHAPE), weights], landscapes)
    cells = source.ignitions(landscapes[1], 1, 400, rng())
    assert {tuple(cell) for cell in cells.tolist()} == {(2, 5), (3, 6)}
    assert (cells == (3, 6)).all(axis=1).mean() == pytest.approx(0.75, abs=0.08)


def test_points_stay_where_they_can_burn(landscapes: list[Landscape]) -> None:
    points = np.array([[1, 4], [5, 7], [1, 4]])
    source = ignition_source(points, landscapes)
    assert not source.is_drawn
    assert np.array_equal(source.ignitions(landscapes[0], 0, 99, rng()), points)


def test_points_that_cannot_burn_move_to_the_nearest_cell_that_can_with_a_warning(
    landscapes: list[Landscape],
) -> None:
    points = np.array([[2, 1], [5, 7]])
    with pytest.warns(UserWarning, match=r"1 of 2 ignition points cannot burn; .* up to 90 m away"):
        source = ignition_source(points, landscapes)
    assert np.array_equal(source.ignitions(landscapes[0], 0, 0, rng()), points)
    assert source.ignitions(landscapes[1], 1, 0, rng()).tolist() == [[2, 4], [5, 7]]


def test_each_landscape_may_have_its_own_points(landscapes: list[Landscape]) -> None:
    source = ignition_source((np.array([[0, 0]]), np.array([[1, 5], [2, 6]])), landscapes)
    assert [len(source.ignitions(land, i, 0, rng())) for i, land in enumerate(landscapes)] == [1, 2]


def test_points_may_come_as_lists(landscapes: list[Landscape]) -> None:
    assert ignition_source([[0, 5], [1, 6]], landscapes).kind == "points"


NAN = np.where(np.arange(8) == 3, np.nan, 1.0) * np.ones((6, 1))


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (
            "everywhere",
            "ignitions='everywhere' is unknown; give 'uniform', 'all', points (n, 2) or weights (H, W)",
        ),
        (np.array([[0, 8]]), "point 0 at row 0, column 8 is off the grid of 6 x 8 cells"),
        (np.array([[0, 0], [-1, 0]]), "point 1 at row -1, column 0 is off the grid"),
        (np.zeros((0, 2), int), "there is no ignition point; give one or more"),
        (
            np.array([[0.5, 1.5]]),
            "ignitions are float64 (1, 2); give 'uniform', 'all', integers (n, 2) as points",
        ),
        (
            np.ones((8, 6)),
            "ignitions are float64 (8, 6); give 'uniform', 'all', integers (n, 2) as points, or numbers",
        ),
        (None, "ignitions are object (); give 'uniform'"),
        ((3, 4), "ignitions are int64 (2,); give 'uniform'"),
        (NAN, "ignition probability at row 0, column 3 is nan; weights are finite and not negative"),
        (-np.ones(SHAPE), "ignition probability at row 0, column 0 is -1"),
        (np.zeros(SHAPE), "no burnable cell has an ignition probability above 0"),
        ([np.ones(SHAPE)] * 3, "3 arrays of ignitions for 2 landscapes; give one for each"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_ignition_is_refused_before_the_first_episode(
    landscapes: list[Landscape], wanted: Any, message: str
) -> None:
    with pytest.raises(SimulationError, match=re.escape(message)):
        ignition_source(wanted, landscapes)


def test_weights_on_water_alone_are_refused_for_that_landscape(make_landscape: Make) -> None:
    fuel = np.full(SHAPE, 102)
    fuel[0, 0] = 98
    only_water = np.zeros(SHAPE)
    only_water[0, 0] = 1.0
    with pytest.raises(SimulationError, match="no burnable cell has an ignition probability above 0"):
        ignition_source(only_water, [make_landscape(SHAPE, fuel_model=fuel)])
