"""Where an agent that draws lines is trained: landscapes, weathers and budgets, drawn anew for every episode."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from fuelbreak.errors import LandscapeError
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.synthetic import generate_landscape

__all__ = ["Task", "TrainingGround"]

SIZE = 50
BUDGETS = (30, 300)

_SYNTHETIC_SHARE = 0.4
_LEAST_FUEL = 0.4
_MOST_WINDOWS = 1000
_FIRST_SYNTHETIC, _LAST_SYNTHETIC = 10**6, 10**9
_DAY_MIN = 1440.0
_WINDS_KM_H = (0.0, 10.0, 20.0, 30.0, 40.0)
_HOURS_LOG2 = (0.5, 4.6)


class Task(NamedTuple):
    """One episode's landscape, weather and budget."""

    landscape: Landscape
    weather: Weather
    budget: int


class TrainingGround:
    """Draws tasks.

    Args:
        rasters: Real landscapes, of which windows are cut; none = synthetic landscapes alone.

    Attributes:
        size: Rows and columns of every landscape that is drawn: 50, or those of the smallest of `rasters`.
    """

    def __init__(self, rasters: Sequence[Landscape]) -> None:
        self._rasters = rasters
        self.size = min([SIZE, *(extent for landscape in rasters for extent in landscape.shape)])

    def draw(self, rng: np.random.Generator) -> Task:
        """A landscape, its weather, and a budget of 30 to 300 breaks, small ones as often as large.

        Args:
            rng: The same state gives the same task.

        Raises:
            LandscapeError: The rasters hardly burn anywhere.
        """
        budget = int(np.exp(rng.uniform(*np.log(BUDGETS))))
        return Task(self._landscape(rng), _weather(rng), budget)

    def _landscape(self, rng: np.random.Generator) -> Landscape:
        if not self._rasters or rng.random() < _SYNTHETIC_SHARE:
            return generate_landscape(int(rng.integers(_FIRST_SYNTHETIC, _LAST_SYNTHETIC)), self.size)
        for _ in range(_MOST_WINDOWS):
            whole = self._rasters[int(rng.integers(len(self._rasters)))]
            row, column = (int(rng.integers(extent - self.size + 1)) for extent in whole.shape)
            try:
                tile = whole.window(row, column, self.size, self.size)
            except LandscapeError:  # no cell of it burns
                continue
            if tile.burnable.mean() >= _LEAST_FUEL:
                return tile
        raise LandscapeError(
            f"none of {_MOST_WINDOWS} windows of the training landscapes burns in {_LEAST_FUEL:.0%} of its cells; "
            "give landscapes with more fuel"
        )


def _weather(rng: np.random.Generator) -> Weather:
    """The default, a day without wind, a day with it, or anything from 1.4 to 24 h; wind from everywhere."""
    kind = rng.random()
    upwind = float(rng.uniform(0.0, 360.0))
    if kind < 0.3:
        return Weather(upwind_direction_deg=upwind)
    if kind < 0.5:
        return Weather(wind_speed_10m_km_h=0.0, duration_min=_DAY_MIN)
    if kind < 0.75:
        return Weather(upwind_direction_deg=upwind, duration_min=_DAY_MIN)
    hours = 2.0 ** float(rng.uniform(*_HOURS_LOG2))
    wind = float(rng.choice(_WINDS_KM_H))
    return Weather(wind_speed_10m_km_h=wind, upwind_direction_deg=upwind, duration_min=60.0 * hours)
