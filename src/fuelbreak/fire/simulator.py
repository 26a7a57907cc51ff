"""`FireSimulator`: fires on one landscape under one weather.

Rows run as everywhere in this package: row 0 is north. What the weather and the landscape determine, the cost of
every move, is computed once when the simulator is made; fuel breaks then only take moves away.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fuelbreak.errors import SimulationError
from fuelbreak.fire.behavior import landscape_slowness
from fuelbreak.fire.ignitions import checked_ignitions
from fuelbreak.fire.neighbours import moves
from fuelbreak.fire.room import allocate_room
from fuelbreak.fire.spread import arrival_times, order_by_place, run_fires
from fuelbreak.fire.threads import Threads
from fuelbreak.fire.travel_time import Graph, block_cells, graph_of_moves
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape

__all__ = ["FireSimulator"]

BoolGrid = npt.NDArray[np.bool_]
FloatGrid = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]


class FireSimulator:
    """Arrival times and burned cells of fires on one landscape under one weather.

    An ignition must lie on a burnable cell of the grid: anything else is an error. Breaks are placed later, and may
    fall on an ignition: that fire then burns 0 cells. A burnable cell where fire starts counts as burned even where
    it is too moist to spread.

    A simulator is never changed by a call: threads may share it, and it can be pickled.

    Args:
        landscape: The rasters.
        weather: Constant over the landscape and the duration of a fire.
        threads: Threads that share many fires; the results are the same with any number. A worker of a pool keeps
            to one, lest workers times threads exceed the cores.

    Attributes:
        landscape: As given.
        weather: As given.
        threads: They, for what burns with this simulator.
        graph: The moves of fire from cell to cell, without breaks.
    """

    def __init__(self, landscape: Landscape, weather: Weather = Weather(), *, threads: int = 1) -> None:  # noqa: B008 (frozen)
        self.landscape = landscape
        self.weather = weather
        self.threads = Threads(threads)
        slowness = landscape_slowness(landscape, weather, moves().direction)
        self.graph = graph_of_moves(slowness, landscape.burnable, landscape.cell_size_m)

    def arrival_time_min(self, ignition: tuple[int, int], breaks: BoolGrid | None = None) -> FloatGrid:
        """When one fire reaches each cell.

        Args:
            ignition: (row, column) of the cell whose centre it starts in.
            breaks: bool (H, W), True at fuel breaks.

        Returns:
            float32 (H, W), minutes; 0 at the ignition, inf where the fire does not arrive within the duration.

        Raises:
            SimulationError: The ignition is off the grid or on a non-burnable cell.
        """
        starts = self.starts(np.array([ignition]))
        graph = self.with_breaks(breaks)
        times: FloatGrid = arrival_times(graph, allocate_room(graph), starts[0], self.weather.duration_min)
        return times

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
        return self._run(ignitions, breaks)[0]

    def burn_probability(self, ignitions: IntArray, breaks: BoolGrid | None = None) -> FloatGrid:
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
        reached = self._run(ignitions, breaks)[1]
        return (reached / len(ignitions)).astype(np.float32).reshape(self.landscape.shape)

    def starts(self, ignitions: IntArray) -> IntArray:
        """Numbers of the ignition cells, row by row, after checking them.

        Args:
            ignitions: int (n, 2), (row, column).

        Returns:
            int64 (n,).

        Raises:
            SimulationError: An ignition is off the grid or on a non-burnable cell, or they are no such array.
        """
        cells = checked_ignitions(self.landscape, ignitions)
        return cells[:, 0] * self.landscape.shape[1] + cells[:, 1]

    def with_breaks(self, breaks: BoolGrid | None) -> Graph:
        """The moves that are left where breaks stand.

        Args:
            breaks: bool (H, W), True at fuel breaks; None = none.

        Returns:
            The simulator's own graph where there are none: do not change it.

        Raises:
            SimulationError: Breaks of another shape or dtype.
        """
        if breaks is None:
            return self.graph
        breaks = np.asarray(breaks)
        if breaks.shape != self.landscape.shape or breaks.dtype != np.bool_:
            raise SimulationError(
                f"breaks are {breaks.dtype} {breaks.shape}; give a bool array of {self.landscape.shape}"
            )
        graph = self.graph.copy()
        block_cells(graph, np.flatnonzero(breaks & graph.burns))
        return graph

    def _run(self, ignitions: IntArray, breaks: BoolGrid | None) -> tuple[IntArray, IntArray]:
        """Cells burned by each fire, and fires that reach each cell."""
        starts = self.starts(ignitions)
        graph = self.with_breaks(breaks)
        order = order_by_place(starts, graph.burns.shape[1])
        in_order = np.zeros(len(starts), np.int64)
        shares = self.threads.shares(len(starts))
        reached = np.zeros((len(shares), graph.burns.size), np.int64)

        def burn_share(number: int) -> None:
            part = shares[number]
            limit = self.weather.duration_min
            run_fires(
                graph, allocate_room(graph), starts[order[part]], limit, in_order[part], reached[number]
            )

        self.threads.for_each(burn_share, range(len(shares)))
        burned = np.empty_like(in_order)
        burned[order] = in_order
        return burned, reached.sum(axis=0)
