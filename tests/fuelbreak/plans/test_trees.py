"""What lies downstream of a cell: counted by hand, by a slow walk along arrival times, and as a bound on gains."""

from __future__ import annotations

import numpy as np
import pytest

from fuelbreak.fire.ignitions import all_ignitions
from fuelbreak.fire.neighbours import MOVES, moves
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.travel_time import Graph
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plans._trees import downstream_cells


def walked_back(simulator: FireSimulator, ignition: tuple[int, int]) -> np.ndarray:
    """Count, for each cell, the cells whose way back to the fire's start needs it; in plain Python."""
    graph, (height, width) = simulator.graph, simulator.landscape.shape
    times = simulator.arrival_time_min(ignition)
    through = np.zeros((height, width))
    for end in np.argwhere(np.isfinite(times)).tolist():
        cell, passed = tuple(end), list[tuple[int, int]]()
        while cell != ignition:
            k = move_into(graph, times, ignition, cell)
            before = (cell[0] - int(moves().step[k, 0]), cell[1] - int(moves().step[k, 1]))
            passed += [cell, *(needed_by(graph, k, before, cell) - {before, cell})]
            cell = before
        for row, column in passed:
            through[row, column] += 1
    return through


def move_into(graph: Graph, times: np.ndarray, ignition: tuple[int, int], cell: tuple[int, int]) -> int:
    """The move by which a fire came to a cell."""
    width = times.shape[1]
    for k, (down, right) in enumerate(moves().step.tolist()):
        before = (cell[0] - down, cell[1] - right)
        if not (0 <= before[0] < times.shape[0] and 0 <= before[1] < width):
            continue
        cost = graph.costs[(before[0] * width + before[1]) * MOVES + k]
        if not np.isfinite(cost):
            continue
        lead = graph.lead[before[0] * width + before[1], k]
        if before == ignition and cost - lead == times[cell]:
            return k
        if np.float32(times[before] + cost) == times[cell]:
            return k
    raise AssertionError(f"nothing accounts for the time of cell {cell}")


def needed_by(graph: Graph, k: int, start: tuple[int, int], end: tuple[int, int]) -> set[tuple[int, int]]:
    """The cells without any one of which a move is not possible, or takes longer."""
    plan = moves()
    crossed = {(start[0] + down, start[1] + right) for down, right in plan.cell[k, : plan.pieces[k]].tolist()}
    if plan.sided[k] >= 0:
        minutes = graph.sides[start[0] * graph.burns.shape[1] + start[1], plan.sided[k]]
        down, right = plan.corner[k, int(minutes[1] < minutes[0])].tolist()
        crossed |= {(start[0] + down, start[1] + right)} if minutes[0] != minutes[1] else set()
    return crossed


def test_a_fire_at_the_end_of_a_corridor_reaches_all_that_follows_through_each_cell(
    corridor: Landscape, calm_day: Weather
) -> None:
    through = downstream_cells(FireSimulator(corridor, calm_day), np.array([[1, 0]]))
    assert through[1].tolist() == [0, *range(20, 0, -1)]
    assert not through[[0, 2]].any()


def test_the_cell_itself_can_be_left_out(corridor: Landscape, calm_day: Weather) -> None:
    simulator, start = FireSimulator(corridor, calm_day), np.array([[1, 0]])
    through = downstream_cells(simulator, start, counts_itself=False)
    assert through[1].tolist() == [0, *range(19, -1, -1)]


def test_nothing_lies_beyond_a_break(corridor: Landscape, calm_day: Weather) -> None:
    breaks = np.zeros(corridor.shape, bool)
    breaks[1, 5] = True
    through = downstream_cells(FireSimulator(corridor, calm_day), np.array([[1, 0]]), breaks)
    assert through[1].tolist() == [0, 4, 3, 2, 1, *[0] * 16]


def test_a_fire_that_would_start_on_a_break_reaches_nothing(corridor: Landscape, calm_day: Weather) -> None:
    breaks = np.zeros(corridor.shape, bool)
    breaks[1, 0] = True
    assert not downstream_cells(FireSimulator(corridor, calm_day), np.array([[1, 0]]), breaks).any()


def test_many_fires_are_the_mean_of_slow_walks_along_each(landscapes: list[Landscape]) -> None:
    for landscape in landscapes:
        simulator = FireSimulator(landscape)
        ignitions = all_ignitions(landscape)[::25]
        walks = [walked_back(simulator, (row, column)) for row, column in ignitions.tolist()]
        assert len(walks) > 16, "more than one batch"
        assert downstream_cells(simulator, ignitions) == pytest.approx(np.mean(walks, axis=0))


def test_no_single_break_saves_more_than_lies_downstream(landscapes: list[Landscape]) -> None:
    simulator = FireSimulator(landscapes[1], Weather(duration_min=600.0))
    ignitions = all_ignitions(landscapes[1])[::20]
    bound = downstream_cells(simulator, ignitions) * len(ignitions)
    before = simulator.burned_cells(ignitions)
    for cell in np.argwhere(landscapes[1].burnable)[::7]:
        breaks = np.zeros(landscapes[1].shape, bool)
        breaks[tuple(cell)] = True
        elsewhere = np.any(ignitions != cell, axis=1)
        saved = (before - simulator.burned_cells(ignitions, breaks))[elsewhere].sum()
        assert 0 <= saved <= bound[tuple(cell)] + 1e-6
