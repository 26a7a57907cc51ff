"""Cells drawn evenly from all that burn: what breaks achieve without any thought about where they stand.

Its figures follow percolation: scattered cells stop next to nothing until their density nears the threshold at which
the unbroken fuel falls into pieces (Stauffer and Aharony 1994, Introduction to Percolation Theory).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fuelbreak.fire.ignitions import all_ignitions
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plans.common import as_breaks, room_for

__all__ = ["order", "plan"]


def plan(landscape: Landscape, weather: Weather, budget: int, *, seed: int = 0) -> npt.NDArray[np.bool_]:
    """Break random cells; arguments as in `fuelbreak.plans.Plan`."""
    return as_breaks(landscape, order(landscape, weather, budget, seed=seed))


def order(
    landscape: Landscape,
    weather: Weather,  # noqa: ARG001 - the signature of all plans
    budget: int,
    *,
    seed: int = 0,
) -> npt.NDArray[np.int64]:
    """Draw cells without replacement; arguments and result as in `fuelbreak.plans.Order`."""
    shuffled = np.random.default_rng(seed).permutation(all_ignitions(landscape))
    return shuffled[: room_for(landscape, budget)]
