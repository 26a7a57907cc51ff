"""Window by window: the whole budget, spent where it pays, on fuel, with barriers that meet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from fuelbreak.console import Advance
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plan.tiling import Step, Window, share_out, tiled_plan, upper_hull, waves, windows
from fuelbreak.plans import PLANS, judge
from fuelbreak.synthetic import generate_landscape

WEATHER = Weather(duration_min=120.0)


def with_fuel(landscape: Landscape, burnable: np.ndarray) -> Landscape:
    """The landscape with bare ground where `burnable` is False."""
    return replace(landscape, fuel_model=np.where(burnable, 102, 99))


@pytest.fixture(scope="module")
def large() -> Landscape:
    return generate_landscape(seed=4, size=32)


@pytest.mark.parametrize(("size", "overlap"), [(16, 0), (13, 5), (25, 10), (32, 0), (100, 20)])
def test_windows_cover_every_cell_and_stay_inside(large: Landscape, size: int, overlap: int) -> None:
    covered = np.zeros(large.shape, int)
    places = windows(large, size, overlap)
    for window in places:
        covered[window.part] += 1
        assert window.of(large).shape == (min(size, 32), min(size, 32))
    assert (covered >= 1).all()
    assert (len(places) == 1) is (size >= 32)


def test_windows_without_fuel_are_left_out(large: Landscape) -> None:
    burnable = np.zeros(large.shape, bool)
    burnable[:10, :10] = True
    assert [(w.row, w.column) for w in windows(with_fuel(large, burnable), 20, 0)] == [(0, 0)]


def test_an_overlap_as_large_as_the_window_is_refused(large: Landscape) -> None:
    with pytest.raises(ValueError, match=r"overlap is 16 cells; give 0 to 15"):
        windows(large, 16, 16)


def test_the_hull_skips_budgets_that_close_no_barrier() -> None:
    curve = [(0, 0.0), (5, 1.0), (10, 20.0), (20, 30.0), (30, 29.0)]
    assert upper_hull(curve) == [(0, 0.0), (10, 20.0), (20, 30.0)]
    assert upper_hull([(0, 0.0), (5, -2.0)]) == [(0, 0.0)]


def test_the_hull_is_concave_and_above_every_point() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        cells = [0, *np.cumsum(rng.integers(1, 9, 8)).tolist()]
        curve = [(0, 0.0), *zip(cells[1:], rng.uniform(0, 50, 8).tolist(), strict=True)]
        hull = upper_hull(curve)
        slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in pairwise(hull)]
        assert slopes == sorted(slopes, reverse=True)
        xs, ys = zip(*hull, strict=True)
        assert all(gain <= np.interp(cells, xs, ys) + 1e-9 for cells, gain in curve)


def test_the_budget_goes_to_the_steepest_steps_first() -> None:
    steps = [Step(0, 10, 100.0), Step(0, 10, 10.0), Step(1, 10, 50.0), Step(2, 10, 20.0)]
    assert share_out(steps, 10) == {0: 10}
    assert list(share_out(steps, 25).items()) == [(0, 10), (1, 10), (2, 5)]
    assert share_out(steps, 100) == {0: 20, 1: 10, 2: 10}


def test_a_window_waits_for_those_before_it_with_which_it_shares_cells() -> None:
    row = [Window(0, column, 10, 10) for column in (0, 8, 16, 24, 32)]
    assert waves(row, [0, 1, 2, 3, 4]) == [[0], [1], [2], [3], [4]]
    assert waves(row, [2, 0, 4, 1, 3]) == [[2, 0, 4], [1, 3]]
    assert waves(row, [1, 3]) == [[1, 3]]
    assert waves(row, []) == []


def test_the_plan_is_called_once_a_window_however_many_budgets_are_weighed(large: Landscape) -> None:
    calls: list[int] = []

    def plan(landscape: Landscape, weather: Weather, budget: int, *, seed: int = 0) -> np.ndarray:
        calls.append(budget)
        return PLANS["DPV"](landscape, weather, budget, seed=seed)

    shown: dict[str, list[int]] = {}

    @contextmanager
    def progress(what: str, total: int) -> Iterator[Advance]:
        yield shown.setdefault(f"{what} of {total}", []).append

    tiled_plan(plan, large, WEATHER, 80, size=18, overlap=4, workers=1, progress=progress)
    assert sum(calls) == 80
    assert len(calls) <= len(windows(large, 18, 4)) == 4
    assert shown == {
        "Scouting windows of 4": [1, 2, 3, 4],
        f"Planning windows of {len(calls)}": [*range(1, len(calls) + 1)],
    }


@pytest.mark.parametrize("budget", [0, 1, 60, 2_000])
def test_the_budget_is_spent_to_the_last_cell_on_fuel(large: Landscape, budget: int) -> None:
    breaks = tiled_plan(PLANS["DPV"], large, WEATHER, budget, size=18, overlap=4)
    assert breaks.sum() == min(budget, large.burnable.sum())
    assert not (breaks & ~large.burnable).any()


def test_the_plan_does_not_depend_on_the_threads(large: Landscape) -> None:
    alone, together = (
        tiled_plan(PLANS["DPV"], large, WEATHER, 40, size=18, overlap=4, workers=workers)
        for workers in (1, 3)
    )
    assert np.array_equal(alone, together)


def test_the_budget_goes_where_fires_are_large(large: Landscape) -> None:
    burnable = np.zeros(large.shape, bool)
    burnable[:, :16] = True
    burnable[::4, 16:] = np.arange(16) % 4 == 0
    landscape = with_fuel(large, burnable)
    breaks = tiled_plan(PLANS["DPV"], landscape, WEATHER, 40, size=16, overlap=0)
    assert not breaks[:, 16:].any()


def test_sharing_out_by_gain_beats_the_same_share_for_all(large: Landscape) -> None:
    burnable = large.burnable.copy()
    burnable[:, 16:] &= np.random.default_rng(1).random((32, 16)) < 0.4
    landscape = with_fuel(large, burnable)
    plan = PLANS["DPV"]
    by_gain = tiled_plan(plan, landscape, WEATHER, 60, size=16, overlap=0)
    alike = np.zeros(landscape.shape, bool)
    for window in windows(landscape, 16, 0):
        alike[window.part] = plan(window.of(landscape), WEATHER, 15)
    simulator = FireSimulator(landscape, WEATHER)
    assert alike.sum() == by_gain.sum()
    assert judge(simulator, by_gain).reduction > judge(simulator, alike).reduction
