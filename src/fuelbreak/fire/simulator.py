"""`FireSimulator`: fires on one landscape under one weather.

Rows run as everywhere in this package: row 0 is north. What the weather and the landscape determine, the cost of
every move, is computed once when the simulator is made; fuel breaks then only take moves away.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fuelbreak.errors import SimulationError
from fuelbreak.fire.behavior import landscape_slowness
from fuelbreak.fire.neighbours import moves
from fuelbreak.fire.travel_time import block_cells, move_costs, travel_times
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape

__all__ = ["FireSimulator"]

BoolGrid = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]


class FireSimulator:
    """Arrival times and burned cells of fires on one landscape under one weather.

    An ignition must lie on a burnable cell of the grid: anything else is an error. Breaks are placed later, and may
    fall on an ignition: that fire then burns 0 cells. A burnable cell where fire starts counts as burned even where
    it is too moist to spread.

    Args:
        landscape: The rasters.
        weather: Constant over the landscape and the duration of a fire.

    Attributes:
        landscape: As given.
        weather: As given.
    """

    def __init__(self, landscape: Landscape, weather: Weather = Weather()) -> None:  # noqa: B008 (frozen)
        self.landscape = landscape
        self.weather = weather
        self._burnable = landscape.burnable
        slowness = landscape_slowness(landscape, weather, moves().direction)
        self._costs = move_costs(slowness, self._burnable, landscape.cell_size_m)

    def arrival_time_min(
        self, ignition: tuple[int, int], breaks: BoolGrid | None = None
    ) -> npt.NDArray[np.float32]:
        """When one fire reaches each cell.

        Args:
            ignition: (row, column) of the cell whose centre it starts in.
            breaks: bool (H, W), True at fuel breaks.

        Returns:
            float32 (H, W), minutes; 0 at the ignition, inf where the fire does not arrive within the duration.

        Raises:
            SimulationError: The ignition is off the grid or on a non-burnable cell.
        """
        return self._times(np.array([ignition]), breaks)[0]

    def burned_cells(self, ignitions: IntArray, breaks: BoolGrid | None = None) -> IntArray:
        """How many cells each fire burns within the duration.

        Args:
            ignitions: int (n, 2), (row, column).
            breaks: bool (H, W), True at fuel breaks.

        Returns:
            int64 (n,), the ignition counted; 0 for a fire that would start on a break.

        Raises:
            SimulationError: An ignition is off the grid or on a non-burnable cell.
        """
        return np.isfinite(self._times(ignitions, breaks)).sum(axis=(1, 2))

    def burn_probability(self, ignitions: IntArray, breaks: BoolGrid | None = None) -> npt.NDArray[np.float32]:
        """The share of fires that reach each cell within the duration.

        Args:
            ignitions: int (n, 2), (row, column), n > 0.
            breaks: bool (H, W), True at fuel breaks.

        Returns:
            float32 (H, W), 0..1.

        Raises:
            SimulationError: An ignition is off the grid or on a non-burnable cell, or there is none.
        """
        if len(ignitions) == 0:
            raise SimulationError(f"{self.landscape.name}: burn probability needs at least one ignition")
        return np.isfinite(self._times(ignitions, breaks)).mean(axis=0, dtype=np.float32)

    def _times(self, ignitions: IntArray, breaks: BoolGrid | None) -> npt.NDArray[np.float32]:
        starts = self._starts(ignitions)
        costs, burns = self._with_breaks(breaks)
        height, width = self.landscape.shape
        times = np.full((len(starts), height * width), np.inf, dtype=np.float32)
        for fire, start in enumerate(starts):
            if burns.flat[start]:
                times[fire] = travel_times(costs, width, start, self.weather.duration_min)
        return times.reshape(-1, height, width)

    def _with_breaks(self, breaks: BoolGrid | None) -> tuple[npt.NDArray[np.float32], BoolGrid]:
        """The costs and the burnable cells where the breaks stand."""
        if breaks is None:
            return self._costs, self._burnable
        breaks = np.asarray(breaks)
        if breaks.shape != self.landscape.shape or breaks.dtype != np.bool_:
            raise SimulationError(
                f"breaks are {breaks.dtype} {breaks.shape}; give a bool array of {self.landscape.shape}"
            )
        costs, burns = self._costs.copy(), self._burnable.copy()
        block_cells(costs, burns, np.flatnonzero(breaks & burns))
        return costs, burns

    def _starts(self, ignitions: IntArray) -> IntArray:
        """Numbers of the ignition cells, checked."""
        cells = np.asarray(ignitions)
        if cells.ndim != 2 or cells.shape[1] != 2 or not np.issubdtype(cells.dtype, np.integer):
            raise SimulationError(
                f"ignitions are {cells.dtype} {cells.shape}; give integers of shape (n, 2): row, column"
            )
        height, width = self.landscape.shape
        outside = np.any((cells < 0) | (cells >= (height, width)), axis=1)
        self._refuse(cells, outside, f"is outside the grid of {height} x {width} cells")
        self._refuse(cells, ~self._burnable[cells[:, 0], cells[:, 1]], "is on a cell that cannot burn")
        return np.asarray(cells[:, 0] * width + cells[:, 1], dtype=np.int64)

    def _refuse(self, cells: IntArray, bad: BoolGrid, what: str) -> None:
        if not bad.any():
            return
        first = int(np.argmax(bad))
        row, column = cells[first]
        raise SimulationError(
            f"{self.landscape.name}: ignition {first} at row {row}, column {column} {what}; "
            "draw ignitions with fuelbreak.fire.ignitions.sample_ignitions"
        )
