"""Whole fires: orientation, breaks, durations, errors, and agreement with an independent shortest-path search."""

from __future__ import annotations

import heapq
import pickle
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from fuelbreak.errors import SimulationError
from fuelbreak.fire.ignitions import sample_ignitions
from fuelbreak.fire.neighbours import MOVES, moves
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import LEGACY_WEATHER, Weather
from fuelbreak.landscape import Landscape

Make = Callable[..., Landscape]
Cut = Callable[[str, int, int], Landscape]

LONG = replace(Weather(), duration_min=600.0)


def dijkstra(simulator: FireSimulator, start: tuple[int, int], limit: float) -> np.ndarray:
    """Arrival times by the textbook, on the simulator's graph."""
    graph, (height, width) = simulator.graph, simulator.landscape.shape
    times = np.full((height, width), np.inf, np.float32)
    heap = [(np.float32(0.0), start)]
    for k, (down, right) in enumerate(moves().step):
        cell = start[0] * width + start[1]
        first = graph.costs[cell * MOVES + k] - graph.lead[cell, k]
        heap.append((first, (start[0] + down, start[1] + right)))
    heapq.heapify(heap)
    while heap:
        time, (row, column) = heapq.heappop(heap)
        if not (0 <= row < height and 0 <= column < width) or time >= times[row, column] or time > limit:
            continue
        times[row, column] = time
        for k, (down, right) in enumerate(moves().step):
            to = (row + down, column + right)
            if 0 <= to[0] < height and 0 <= to[1] < width:
                heapq.heappush(heap, (time + graph.costs[(row * width + column) * MOVES + k], to))
    return times


def patchy(make_landscape: Make, seed: int, shape: tuple[int, int] = (24, 31)) -> Landscape:
    rng = np.random.default_rng(seed)
    return make_landscape(
        shape,
        fuel_model=rng.choice(
            [101, 102, 122, 145, 165, 183, 99], size=shape, p=[0.2, 0.2, 0.2, 0.1, 0.1, 0.1, 0.1]
        ),
        slope_deg=rng.uniform(0.0, 35.0, shape),
        aspect_deg=rng.uniform(0.0, 360.0, shape),
    )


@pytest.mark.parametrize(("seed", "shape"), [(0, (24, 31)), (1, (31, 24)), (2, (24, 150)), (3, (9, 193))])
def test_arrival_times_are_shortest_path_times_to_the_last_bit(
    make_landscape: Make, seed: int, shape: tuple[int, int]
) -> None:
    landscape = patchy(make_landscape, seed, shape)
    simulator = FireSimulator(landscape, replace(LONG, upwind_direction_deg=90.0 * seed))
    for row, column in sample_ignitions(landscape, 3, np.random.default_rng(seed)):
        expected = dijkstra(simulator, (row, column), 600.0)
        assert np.array_equal(simulator.arrival_time_min((row, column)), expected)


def test_many_fires_at_once_are_each_as_if_alone(make_landscape: Make) -> None:
    landscape = patchy(make_landscape, 9)
    simulator = FireSimulator(landscape, Weather())
    ignitions = sample_ignitions(landscape, 53, np.random.default_rng(1))
    alone = np.stack([np.isfinite(simulator.arrival_time_min((r, c))) for r, c in ignitions])
    assert np.array_equal(simulator.burned_cells(ignitions), alone.sum(axis=(1, 2)))
    np.testing.assert_allclose(simulator.burn_probability(ignitions), alone.mean(axis=0), rtol=1e-6)


def test_wind_from_the_north_drives_fire_to_higher_rows(make_landscape: Make) -> None:
    landscape = make_landscape((41, 21), fuel_model=102)
    times = FireSimulator(landscape, replace(LONG, upwind_direction_deg=0.0)).arrival_time_min((20, 10))
    assert times[30, 10] < 0.5 * times[10, 10]
    np.testing.assert_allclose(times[:, 5], times[:, 15], rtol=1e-5)


def test_wind_from_the_west_drives_fire_to_higher_columns(make_landscape: Make) -> None:
    landscape = make_landscape((21, 41), fuel_model=102)
    times = FireSimulator(landscape, replace(LONG, upwind_direction_deg=270.0)).arrival_time_min((10, 20))
    assert times[10, 30] < 0.5 * times[10, 10]


def test_fire_climbs_a_slope_that_faces_south_towards_row_0(make_landscape: Make) -> None:
    landscape = make_landscape((41, 21), slope_deg=30.0, aspect_deg=180.0)
    calm = replace(LONG, wind_speed_10m_km_h=0.0)
    times = FireSimulator(landscape, calm).arrival_time_min((20, 10))
    assert times[10, 10] < 0.5 * times[30, 10]


def test_ignition_is_at_0_and_times_grow_with_distance_on_even_ground(make_landscape: Make) -> None:
    times = FireSimulator(make_landscape(), LONG).arrival_time_min((10, 10))
    assert times[10, 10] == 0.0
    assert np.all(np.diff(times[10, 10:]) > 0.0)


def test_a_fire_stops_at_its_duration(make_landscape: Make) -> None:
    landscape = make_landscape((41, 41))
    times = FireSimulator(landscape, LONG).arrival_time_min((20, 20))
    for minutes in (20.0, 60.0):
        short = FireSimulator(landscape, replace(LONG, duration_min=minutes)).arrival_time_min((20, 20))
        assert np.array_equal(np.isfinite(short), times <= minutes)
        assert np.array_equal(short[np.isfinite(short)], times[np.isfinite(short)])


def test_neither_breaks_nor_rock_burn_and_a_closed_wall_holds_fire(make_landscape: Make) -> None:
    rock = np.full((21, 21), 102)
    rock[0, :] = 99
    simulator = FireSimulator(make_landscape(fuel_model=rock), LEGACY_WEATHER)
    wall = np.zeros((21, 21), bool)
    wall[:, 10] = True
    times = simulator.arrival_time_min((10, 4), wall)
    assert np.isinf(times[0]).all()
    assert np.isinf(times[:, 10:]).all()
    assert np.isfinite(times[1:, :10]).all()


def test_a_diagonal_wall_holds_fire_too(make_landscape: Make) -> None:
    simulator = FireSimulator(make_landscape(), LEGACY_WEATHER)
    times = simulator.arrival_time_min((0, 20), np.eye(21, dtype=bool))
    assert np.isinf(times[np.tril_indices(21)]).all()
    assert np.isfinite(times[np.triu_indices(21, 1)]).all()


def test_breaks_never_help_fire(make_landscape: Make) -> None:
    rng = np.random.default_rng(5)
    simulator = FireSimulator(make_landscape((30, 30)), Weather())
    ignitions = sample_ignitions(simulator.landscape, 40, rng)
    burned, breaks = simulator.burned_cells(ignitions), np.zeros((30, 30), bool)
    for _ in range(5):
        breaks |= rng.random((30, 30)) < 0.05
        now = simulator.burned_cells(ignitions, breaks)
        assert np.all(now <= burned)
        burned = now


def test_a_break_on_an_ignition_leaves_nothing_burned(make_landscape: Make) -> None:
    simulator = FireSimulator(make_landscape(), Weather())
    breaks = np.zeros((21, 21), bool)
    breaks[3, 4] = True
    assert simulator.burned_cells(np.array([[3, 4], [10, 10]]), breaks)[0] == 0
    assert np.isinf(simulator.arrival_time_min((3, 4), breaks)).all()


def test_fuel_too_wet_to_spread_burns_where_it_is_lit(make_landscape: Make) -> None:
    wet = replace(Weather(), moisture_1h=0.5, moisture_10h=0.5, moisture_100h=0.5)
    assert FireSimulator(make_landscape(fuel_model=183), wet).burned_cells(np.array([[5, 5]])) == [1]


@pytest.mark.parametrize(
    ("ignition", "message"),
    [
        ((-1, 0), "ignition 0 at row -1, column 0 is outside the grid of 21 x 21"),
        ((21, 0), "row 21, column 0 is outside"),
        ((0, 21), "row 0, column 21 is outside"),
        ((2, 2), "row 2, column 2 is on a cell that cannot burn"),
    ],
)
def test_wrong_ignitions_are_named(make_landscape: Make, ignition: tuple[int, int], message: str) -> None:
    fuel = np.full((21, 21), 102)
    fuel[2, 2] = 98
    simulator = FireSimulator(make_landscape(fuel_model=fuel))
    with pytest.raises(SimulationError, match=message):
        simulator.arrival_time_min(ignition)
    with pytest.raises(SimulationError, match=message):
        simulator.burned_cells(np.array([ignition]))


def test_arrays_of_the_wrong_kind_are_refused(make_landscape: Make) -> None:
    simulator = FireSimulator(make_landscape())
    with pytest.raises(SimulationError, match="float64"):
        simulator.burned_cells(np.array([[1.0, 2.0]]))
    with pytest.raises(SimulationError, match=r"\(2,\)"):
        simulator.burned_cells(np.array([1, 2]))
    with pytest.raises(SimulationError, match="bool array"):
        simulator.burned_cells(np.array([[1, 2]]), np.zeros((21, 21), np.int8))
    with pytest.raises(SimulationError, match="bool array"):
        simulator.burned_cells(np.array([[1, 2]]), np.zeros((20, 21), bool))
    with pytest.raises(SimulationError, match="at least one"):
        simulator.burn_probability(np.zeros((0, 2), int))


def test_no_fires_burn_nothing(make_landscape: Make) -> None:
    assert FireSimulator(make_landscape()).burned_cells(np.zeros((0, 2), int)).shape == (0,)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (2, 3), (50, 4)])
def test_small_and_narrow_grids(make_landscape: Make, shape: tuple[int, int]) -> None:
    simulator = FireSimulator(make_landscape(shape), LONG)
    expected = dijkstra(simulator, (0, 0), 600.0)
    assert np.array_equal(simulator.arrival_time_min((0, 0)), expected)


def test_a_simulator_travels_by_pickle(make_landscape: Make) -> None:
    simulator = FireSimulator(patchy(make_landscape, 2), Weather())
    ignitions = sample_ignitions(simulator.landscape, 20, np.random.default_rng(0))
    copy = pickle.loads(pickle.dumps(simulator))
    assert np.array_equal(copy.burned_cells(ignitions), simulator.burned_cells(ignitions))


def test_a_simulator_is_not_changed_by_its_calls(make_landscape: Make) -> None:
    simulator = FireSimulator(make_landscape(), Weather())
    ignitions = sample_ignitions(simulator.landscape, 20, np.random.default_rng(0))
    before = simulator.burned_cells(ignitions)
    simulator.burned_cells(ignitions, np.eye(21, dtype=bool))
    assert np.array_equal(simulator.burned_cells(ignitions), before)


@pytest.mark.parametrize("threads", [2, 3, 8])
@pytest.mark.parametrize("fires", [1, 16, 17, 70])
def test_any_number_of_threads_gives_the_same_fires(make_landscape: Make, threads: int, fires: int) -> None:
    landscape = patchy(make_landscape, 6)
    ignitions = sample_ignitions(landscape, fires, np.random.default_rng(0))
    alone, shared = FireSimulator(landscape), FireSimulator(landscape, threads=threads)
    assert np.array_equal(shared.burned_cells(ignitions), alone.burned_cells(ignitions))
    assert np.array_equal(shared.burn_probability(ignitions), alone.burn_probability(ignitions))
    assert pickle.loads(pickle.dumps(shared)).threads.count == threads


def test_no_threads_is_an_error(make_landscape: Make) -> None:
    with pytest.raises(ValueError, match="threads is 0; give 1 or more"):
        FireSimulator(make_landscape(), threads=0)
