"""A sample of fires, and what lines would save of it, against fires burned one by one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from fuelbreak.dqn.lines.burning import BLOCK, MOST_BLOCKS, TIMES_OVER, Burning, FireSample
from fuelbreak.dqn.lines.savings import savings
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plans._trees import downstream_cells
from fuelbreak.plans.segments import candidate_segments
from fuelbreak.plans.separation import Segments, separated_squares
from fuelbreak.synthetic import generate_landscape

HOUR = Weather(duration_min=60.0)
LONG = Weather(duration_min=10_000.0)


@pytest.fixture(scope="module")
def simulator() -> FireSimulator:
    return FireSimulator(generate_landscape(6, 20), HOUR)


@pytest.fixture(scope="module")
def breaks(simulator: FireSimulator) -> np.ndarray:
    breaks = np.zeros((20, 20), bool)
    breaks[9:11, 3:15] = True
    return breaks & simulator.landscape.burnable


@pytest.fixture(scope="module")
def burning(simulator: FireSimulator, breaks: np.ndarray) -> Burning:
    return FireSample(simulator).burn(breaks)


def ignitions(burning: Burning, width: int = 20) -> np.ndarray:
    """(row, column) of the fires that burn, in the order of their numbers."""
    cells = np.flatnonzero(burning.lit >= 0)
    return np.stack(np.divmod(cells[np.argsort(burning.lit[cells])], width), axis=1)


def test_each_fire_of_the_sample_burns_as_it_does_alone(
    simulator: FireSimulator, breaks: np.ndarray, burning: Burning
) -> None:
    total = np.zeros(400, int)
    for place in ignitions(burning):
        number = int(burning.lit[place[0] * 20 + place[1]])
        came = np.isfinite(simulator.arrival_time_min(tuple(place), breaks)).ravel()
        marked = burning.reached[:, number // BLOCK] >> np.uint64(number % BLOCK) & np.uint64(1) == 1
        assert (marked == came).all()
        assert burning.burned[number] == came.sum()
        total += came * came.sum()
    assert (burning.visitors == total).all()
    assert burning.visits.sum() == burning.burned.sum()


def test_what_passes_a_cell_is_what_lies_downstream_of_it(
    simulator: FireSimulator, breaks: np.ndarray, burning: Burning
) -> None:
    places, numbers = ignitions(burning), np.sort(burning.lit[burning.lit >= 0])
    followed = numbers % BLOCK % 2 == 0
    passing = downstream_cells(simulator, places[followed], breaks) * followed.sum()
    share = burning.burned[numbers[followed]].sum() / burning.burned.sum()
    assert burning.passing == pytest.approx(passing.ravel() / share)
    assert (burning.late <= burning.passing).all()
    assert 0 < burning.late.sum() < burning.passing.sum()


def test_the_less_fires_burn_the_more_are_lit_spread_over_all_of_the_fuel(
    grass: Callable[[np.ndarray], Landscape],
) -> None:
    field = grass(np.ones((40, 40), bool))
    none = np.zeros((40, 40), bool)
    whole, small = (
        FireSample(FireSimulator(field, weather)).burn(none) for weather in (LONG, Weather(duration_min=1.0))
    )
    assert whole.reached.shape == (1600, 1)
    assert whole.burned.sum() >= TIMES_OVER * 1600
    assert small.reached.shape == (1600, MOST_BLOCKS)
    quarters = (whole.lit >= 0).reshape(2, 20, 2, 20).sum(axis=(1, 3))
    assert np.ptp(quarters) <= 2
    assert sorted(small.lit[small.lit >= 0]) == np.flatnonzero(small.burned).tolist()


def test_the_same_breaks_give_the_same_burning(
    simulator: FireSimulator, breaks: np.ndarray, burning: Burning
) -> None:
    again = FireSample(simulator).burn(breaks)
    assert (again.reached == burning.reached).all()
    assert (again.channels((20, 20)) == burning.channels((20, 20))).all()
    assert burning.channels((20, 20))[:, ~simulator.landscape.burnable | breaks].max() == 0


def test_a_line_that_closes_saves_what_fires_burn_less_when_it_is_built(
    grass: Callable[[np.ndarray], Landscape],
) -> None:
    fuel = np.random.default_rng(3).random((20, 20)) < 0.9
    simulator, none = FireSimulator(grass(fuel), LONG), np.zeros((20, 20), bool)
    burning, segments = FireSample(simulator).burn(none), candidate_segments(fuel)
    closed = savings(fuel, segments, burning)[:, 3]
    places = ignitions(burning)
    assert len(segments) > 50
    for number in range(0, len(segments), 9):
        built = none.copy()
        built.flat[segments[number]] = True
        after = simulator.burned_cells(places, built).sum()
        assert closed[number] == burning.burned.sum() - after


def test_savings_in_time_are_what_counting_fire_by_fire_finds(
    simulator: FireSimulator, breaks: np.ndarray, burning: Burning
) -> None:
    free = simulator.landscape.burnable & ~breaks
    segments = candidate_segments(free)
    found = savings(free, segments, burning)
    assert found[:, :3] == pytest.approx(separated_squares(free, segments))
    for number in range(0, len(segments), 11):
        assert found[number, 3] == lost_by_hand(free, segments, number, burning)


def lost_by_hand(free: np.ndarray, segments: Segments, number: int, burning: Burning) -> int:
    """Cells that fires burn across a segment or on it, from labels that spread cell by cell."""
    left = free.copy()
    left.flat[segments[number]] = False
    label = np.where(left, np.arange(left.size).reshape(left.shape), -1)
    while True:
        grown = np.pad(label, 1, constant_values=-1)
        sides = (grown[:-2, 1:-1], grown[2:, 1:-1], grown[1:-1, :-2], grown[1:-1, 2:])
        grown = np.where(left, np.maximum(label, np.maximum.reduce(sides)), -1)
        if (grown == label).all():
            break
        label = grown
    label, lost = label.ravel(), 0
    for start in np.flatnonzero(burning.lit >= 0):
        fire = int(burning.lit[start])
        came = burning.reached[:, fire // BLOCK] >> np.uint64(fire % BLOCK) & np.uint64(1) == 1
        stays = came & (label == label[start]) & (label[start] >= 0)
        lost += int(came.sum() - stays.sum())
    return lost
