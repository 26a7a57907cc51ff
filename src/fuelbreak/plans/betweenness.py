"""Betweenness: how many of the fastest ways from cell to cell pass through a cell.

Freeman (1977), "A set of measures of centrality based on betweenness", Sociometry 40; computed source by source as
Brandes (2001), "A faster algorithm for betweenness centrality", Journal of Mathematical Sociology 25, from a sample
of sources; proposed for fire breaks by Russo, Russo and Siettos (2016), "A complex network theory approach for the
spatial distribution of fire breaks in heterogeneous forest landscapes for the control of wildland fires", PLoS ONE 11.

The paths are those of fire and know no duration, which is what sets this measure apart from the downstream
protection value: it belongs to fuels, terrain and wind alone.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plans._trees import downstream_cells
from fuelbreak.plans.common import as_breaks, highest_cells, planning_ignitions, room_for

__all__ = ["order", "plan"]

SOURCES = 1000

_ENDLESS_MIN = 1e7


def plan(
    landscape: Landscape, weather: Weather, budget: int, *, seed: int = 0, sources: int = SOURCES
) -> npt.NDArray[np.bool_]:
    """Break the cells that most paths pass; arguments as in `fuelbreak.plans.Plan`, and `sources` of paths."""
    return as_breaks(landscape, order(landscape, weather, budget, seed=seed, sources=sources))


def order(
    landscape: Landscape, weather: Weather, budget: int, *, seed: int = 0, sources: int = SOURCES
) -> npt.NDArray[np.int64]:
    """Order cells by the paths that pass them; arguments and result as in `fuelbreak.plans.Order`.

    Of several paths of exactly the same duration one is followed.
    """
    endless = FireSimulator(landscape, replace(weather, duration_min=_ENDLESS_MIN))
    ends = planning_ignitions(landscape, sources, seed)
    through = downstream_cells(endless, ends, counts_itself=False)
    return highest_cells(through, landscape.burnable, room_for(landscape, budget))
