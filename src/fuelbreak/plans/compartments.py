"""Straight compartment lines: the plan that is drawn with a ruler.

Lines of breaks cut a landscape into compartments that a fire does not leave, as foresters have long laid out forests
and as Green (1977), "Fuelbreaks and other fuel modification for wildland fire control" (USDA Agriculture Handbook
499), describes. Layouts are drawn at random (Bergstra and Bengio 2012, "Random search for hyper-parameter
optimization"), over all of the fuel or, closer together, only where it burns often. Of these the one is taken that
lets the fewest cells burn: all are tried by a few fires of the wind and duration at hand, the best tenth by all of
the sample. What the lines leave of the budget is placed by adaptive downstream protection value.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plans.common import as_breaks, planning_ignitions, room_for
from fuelbreak.plans.judging import expected_burned
from fuelbreak.plans.layouts import Layout
from fuelbreak.plans.protection_value import complete

__all__ = ["best_layouts", "completed", "plan"]

BoolGrid = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

LAYOUTS = 240
FIRES = 400

_SLOPES = (0.0, 0.5, -0.5, 1.0, -1.0)
_SPARED = (
    0.0,
    0.25,
    0.5,
    0.75,
)  # shares of the fuel, that which burns least often, in which no line is drawn
_SCREENING = 10
_FILL_STEP = 5
_STRETCHES = (0.8, 0.85, 0.9, 0.95, 1.0, 1.05, 1.1, 1.2, 1.3, 1.5, 1.8)


def plan(
    landscape: Landscape,
    weather: Weather,
    budget: int,
    *,
    seed: int = 0,
    layouts: int = LAYOUTS,
    fires: int = FIRES,
) -> BoolGrid:
    """Draw lines; arguments as in `fuelbreak.plans.Plan`, how many `layouts` to try and `fires` to try them with."""
    room = room_for(landscape, budget)
    simulator = FireSimulator(landscape, weather)
    ignitions = planning_ignitions(landscape, fires, seed)
    return completed(
        best_layouts(simulator, ignitions, room, seed=seed, layouts=layouts)[0], simulator, ignitions, room
    )


def best_layouts(
    simulator: FireSimulator, ignitions: IntArray, room: int, *, seed: int = 0, layouts: int = LAYOUTS
) -> list[BoolGrid]:
    """Draw layouts and try them.

    Args:
        simulator: Landscape and weather.
        ignitions: int (n, 2), fires to try them with.
        room: The most breaks that a layout may take.
        seed: Of the draw.
        layouts: How many to draw.

    Returns:
        The best tenth, each bool (H, W) and on fuel alone, the best first; among them, perhaps, no lines at all.
    """
    fuel = simulator.landscape.burnable
    often = simulator.burn_probability(ignitions)
    grounds = [fuel & (often >= np.quantile(often[fuel], share)) for share in _SPARED]
    drawn = enumerate(_draw(layouts, seed))
    fitted = (_fitted(grounds[number % len(grounds)], layout, room) for number, layout in drawn)
    tried = [np.zeros(fuel.shape, np.bool_), *(lines for lines in fitted if lines is not None)]
    screened = _least_burned(simulator, tried, ignitions[: max(1, len(ignitions) // _SCREENING)])
    return _least_burned(simulator, screened[: -(-layouts // _SCREENING)], ignitions)


def completed(lines: BoolGrid, simulator: FireSimulator, ignitions: IntArray, room: int) -> BoolGrid:
    """Lines, and what they leave of the budget by adaptive downstream protection value; arguments as above."""
    rest = complete(simulator, ignitions, lines, room - int(lines.sum()), _FILL_STEP)
    return lines | as_breaks(simulator.landscape, rest)


def _least_burned(simulator: FireSimulator, plans: list[BoolGrid], ignitions: IntArray) -> list[BoolGrid]:
    """The plans sorted by the cells that burn, fewest first."""
    burned = [expected_burned(simulator, plan, ignitions) for plan in plans]
    return [plans[i] for i in np.argsort(burned, kind="stable")]


def _draw(count: int, seed: int) -> Iterator[Layout]:
    """Layouts of every slope in turn, with distances still to be scaled."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        ratio = 2.0 ** rng.uniform(-2.0, 2.0)
        families = rng.choice(3, p=(0.5, 0.25, 0.25))
        yield Layout(
            slope=_SLOPES[number % len(_SLOPES)],
            rows_apart=math.inf if families == 2 else ratio,
            columns_apart=math.inf if families == 1 else 1.0 / ratio,
            row_phase=rng.random(),
            column_phase=rng.random(),
        )


def _fitted(fuel: BoolGrid, layout: Layout, room: int) -> BoolGrid | None:
    """The layout's lines on fuel, as close together as the budget allows; None where it allows none."""
    per_cell = 1.0 / layout.rows_apart + 1.0 / layout.columns_apart
    scale = float(fuel.sum()) * per_cell / max(room, 1)
    for stretch in _STRETCHES:
        lines = layout.scaled(scale * stretch).cells(fuel.shape) & fuel
        if 0 < lines.sum() <= room:
            return lines
    return None
