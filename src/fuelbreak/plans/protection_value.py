"""Downstream protection value: how much of a fire passes through a cell.

Pais, Carrasco, Elimbi Moudio and Shen (2021), "Downstream protection value: detecting critical zones for effective
fuel-treatment under wildfire risk", Computers & Operations Research 131. There the trees come from simulated fires
and cells carry values at risk; here every burned cell counts as one.

The static plan takes the highest values of the landscape as it is, mostly neighbours along the same paths. The
adaptive one places a few, lets the fires find their way around them, and looks again.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plans._trees import downstream_cells
from fuelbreak.plans.common import as_breaks, highest_cells, planning_ignitions, room_for

__all__ = ["adaptive_order", "adaptive_plan", "complete", "order", "plan"]

BoolGrid = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

FIRES = 1000
ADAPTIVE_FIRES = 256
CELLS_PER_STEP = 5

_STEPS_FOR_ALL_FUEL = 1000


def plan(
    landscape: Landscape, weather: Weather, budget: int, *, seed: int = 0, fires: int = FIRES
) -> BoolGrid:
    """Break the cells of highest value; arguments as in `fuelbreak.plans.Plan`, and `fires` to plan with."""
    return as_breaks(landscape, order(landscape, weather, budget, seed=seed, fires=fires))


def order(
    landscape: Landscape, weather: Weather, budget: int, *, seed: int = 0, fires: int = FIRES
) -> IntArray:
    """Order cells by their value without breaks; arguments and result as in `fuelbreak.plans.Order`."""
    value = downstream_cells(FireSimulator(landscape, weather), planning_ignitions(landscape, fires, seed))
    return highest_cells(value, landscape.burnable, room_for(landscape, budget))


def adaptive_plan(
    landscape: Landscape,
    weather: Weather,
    budget: int,
    *,
    seed: int = 0,
    fires: int = ADAPTIVE_FIRES,
    cells_per_step: int = CELLS_PER_STEP,
) -> BoolGrid:
    """Break the cells of highest value, which is computed anew after every few of them.

    Args:
        landscape: As in `fuelbreak.plans.Plan`, as are the next three.
        weather: Likewise.
        budget: Likewise.
        seed: Likewise.
        fires: How many to plan with.
        cells_per_step: Breaks placed before the fires are burned again; on more than 5,000 cells of fuel, a thousandth
            of them if that is more.

    Returns:
        As in `fuelbreak.plans.Plan`.
    """
    cells = adaptive_order(landscape, weather, budget, seed=seed, fires=fires, cells_per_step=cells_per_step)
    return as_breaks(landscape, cells)


def adaptive_order(
    landscape: Landscape,
    weather: Weather,
    budget: int,
    *,
    seed: int = 0,
    fires: int = ADAPTIVE_FIRES,
    cells_per_step: int = CELLS_PER_STEP,
) -> IntArray:
    """Order cells as `adaptive_plan` places them; arguments as there, result as in `fuelbreak.plans.Order`."""
    nothing = np.zeros(landscape.shape, np.bool_)
    ignitions = planning_ignitions(landscape, fires, seed)
    simulator = FireSimulator(landscape, weather)
    return complete(simulator, ignitions, nothing, room_for(landscape, budget), cells_per_step)


def complete(
    simulator: FireSimulator, ignitions: IntArray, breaks: BoolGrid, count: int, cells_per_step: int
) -> IntArray:
    """Add breaks to some that stand, each step those of highest value as the fires burn then.

    Args:
        simulator: Landscape and weather.
        ignitions: int (n, 2), fires to plan with.
        breaks: bool (H, W), what stands.
        count: Breaks to add, no more than cells that burn are left.
        cells_per_step: As in `adaptive_plan`.

    Returns:
        int64 (count, 2), (row, column), in the order of placement.
    """
    fuel = simulator.landscape.burnable
    free = fuel & ~breaks
    at_once = max(cells_per_step, int(fuel.sum()) // _STEPS_FOR_ALL_FUEL)
    steps = [np.empty((0, 2), np.int64)]
    for done in range(0, count, at_once):
        value = downstream_cells(simulator, ignitions, fuel & ~free)
        steps.append(highest_cells(value, free, min(at_once, count - done)))
        free[tuple(steps[-1].T)] = False
    return np.concatenate(steps)
