"""Greedy places what saves most, and is not tempted by the ignitions of its sample."""

from __future__ import annotations

import numpy as np

from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plans import ORDERS, greedy
from fuelbreak.plans.common import as_breaks, planning_ignitions


def saved_elsewhere(simulator: FireSimulator, ignitions: np.ndarray, cell: np.ndarray) -> int:
    """Cells that one break saves of the fires that do not start under it."""
    breaks = as_breaks(simulator.landscape, cell[None])
    elsewhere = ignitions[np.any(ignitions != cell, axis=1)]
    return int((simulator.burned_cells(elsewhere) - simulator.burned_cells(elsewhere, breaks)).sum())


def test_the_first_break_saves_as_much_as_any(landscapes: list[Landscape]) -> None:
    for landscape in landscapes:
        simulator = FireSimulator(landscape)
        ignitions = planning_ignitions(landscape, greedy.FIRES, 0)
        every = [saved_elsewhere(simulator, ignitions, cell) for cell in np.argwhere(landscape.burnable)]
        first = ORDERS["greedy"](landscape, simulator.weather, 1)[0]
        assert saved_elsewhere(simulator, ignitions, first) == max(every)


def test_breaks_are_not_put_on_the_ignitions_of_the_sample(landscapes: list[Landscape]) -> None:
    """With 20 fires to plan with, covering all of them would leave the sample without a burned cell."""
    landscape = landscapes[0]
    ignitions = planning_ignitions(landscape, 20, 0)
    breaks = greedy.plan(landscape, Weather(), 20, fires=20)
    covered = breaks[tuple(ignitions.T)].sum()
    assert covered <= 5
