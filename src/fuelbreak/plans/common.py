"""What all plans share: their one signature, the checks of a budget, and the fires that they plan with.

A plan spends its budget to the last break. Those that place their breaks one after another also say in which order,
so that a smaller budget is a prefix of a larger one and a learner can be shown the steps.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from fuelbreak.fire.ignitions import all_ignitions
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape

__all__ = ["Order", "Plan", "as_breaks", "highest_cells", "planning_ignitions", "room_for"]

BoolGrid = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]


class Plan(Protocol):
    """Where to put fuel breaks: `plan(landscape, weather, budget, seed=0)`."""

    def __call__(self, landscape: Landscape, weather: Weather, budget: int, *, seed: int = 0) -> BoolGrid:
        """Place the breaks.

        Args:
            landscape: Where.
            weather: Of the fires to expect.
            budget: Break cells, 0 or more.
            seed: Of whatever the plan draws; the same seed gives the same plan.

        Returns:
            bool (H, W), `budget` cells that burn, or all that burn where there are fewer.

        Raises:
            ValueError: A negative budget.
        """
        ...


class Order(Protocol):
    """In which order a plan places its breaks; arguments as in `Plan`."""

    def __call__(self, landscape: Landscape, weather: Weather, budget: int, *, seed: int = 0) -> IntArray:
        """Order the breaks.

        Returns:
            int64 (n, 2), (row, column), each cell once; a prefix is the plan of a smaller budget.
        """
        ...


def room_for(landscape: Landscape, budget: int) -> int:
    """How many breaks a budget pays for: itself, or every burnable cell.

    Raises:
        ValueError: A negative budget.
    """
    if budget < 0:
        raise ValueError(f"budget is {budget} break cells; give 0 or more")
    return min(int(budget), int(landscape.burnable.sum()))


def highest_cells(score: npt.NDArray[np.floating], allowed: BoolGrid, count: int) -> IntArray:
    """The allowed cells of highest score, best first; of equal ones those further north, then west.

    Args:
        score: Float (H, W).
        allowed: bool (H, W).
        count: How many.

    Returns:
        int64 (n, 2), (row, column), n = `count` or all that are allowed.
    """
    cells = np.flatnonzero(allowed)
    best = cells[np.argsort(-score.flat[cells], kind="stable")[:count]]
    return np.stack(np.divmod(best, allowed.shape[1]), axis=1)


def as_breaks(landscape: Landscape, cells: IntArray) -> BoolGrid:
    """Cells, int (n, 2), as bool (H, W)."""
    breaks = np.zeros(landscape.shape, np.bool_)
    breaks[cells[:, 0], cells[:, 1]] = True
    return breaks


def planning_ignitions(landscape: Landscape, count: int, seed: int) -> IntArray:
    """Fires to plan with: different burnable cells, drawn evenly.

    They are a sample of what a plan is judged on, never the judge: see `fuelbreak.plans.judging`.

    Args:
        landscape: Where.
        count: How many; all burnable cells where there are no more.
        seed: Of the draw.

    Returns:
        int64 (n, 2), (row, column).
    """
    cells = all_ignitions(landscape)
    return np.random.default_rng(seed).permutation(cells)[:count]
