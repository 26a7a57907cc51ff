"""The cells that burn most often.

Burn probability maps come from many simulated fires and are what treatments are commonly laid out by: Finney (2005),
"The challenge of quantitative risk analysis for wildland fire", Forest Ecology and Management 211.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plans.common import as_breaks, highest_cells, planning_ignitions, room_for

__all__ = ["order", "plan"]

FIRES = 1000


def plan(
    landscape: Landscape, weather: Weather, budget: int, *, seed: int = 0, fires: int = FIRES
) -> npt.NDArray[np.bool_]:
    """Break the cells that burn most often; arguments as in `fuelbreak.plans.Plan`, and `fires` to plan with."""
    return as_breaks(landscape, order(landscape, weather, budget, seed=seed, fires=fires))


def order(
    landscape: Landscape, weather: Weather, budget: int, *, seed: int = 0, fires: int = FIRES
) -> npt.NDArray[np.int64]:
    """Order cells by how often they burn; arguments and result as in `fuelbreak.plans.Order`."""
    often = FireSimulator(landscape, weather).burn_probability(planning_ignitions(landscape, fires, seed))
    return highest_cells(often, landscape.burnable, room_for(landscape, budget))
