"""Scenes: one landscape under one weather, with the simulator and the observation that belong to both.

An environment of many landscapes and weathers cannot keep them all. Making a scene takes about ten milliseconds; the
latest are kept, as many as fit into a bound of memory.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from fuelbreak.fire.fire_set import FireSet
from fuelbreak.fire.oracle import PyretechnicsSimulator
from fuelbreak.fire.oracle_process import OracleProcess
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.threads import Threads
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.observation import LayoutName, base_observation

__all__ = ["BurnedAnew", "Fires", "Scene", "Scenes", "SimulatorName"]

BoolGrid = npt.NDArray[np.bool_]
FloatGrid = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
SimulatorName = Literal["travel-time", "pyretechnics"]

KEPT_BYTES = 64 * 2**20
"""Memory for the scenes of one environment: about a hundred of 50 x 50 cells, one of 500 x 500."""


class Fires(Protocol):
    """Fires that stay the same while breaks are built around them."""

    @property
    def burned(self) -> IntArray:
        """int64 (n,): cells that each fire burns now."""
        ...

    @property
    def burn_probability(self) -> FloatGrid:
        """float32 (H, W): share of the fires that reach each cell now."""
        ...

    def add_breaks(self, cells: IntArray) -> IntArray:
        """Build breaks at int (m, 2); int64 (n,), cells that each fire burns now."""
        ...


class BurnedAnew:
    """`Fires` of a simulator that cannot repair them: each change burns them all again.

    Args:
        simulator: Landscape and weather.
        ignitions: int (n, 2), (row, column).
    """

    def __init__(self, simulator: PyretechnicsSimulator, ignitions: IntArray) -> None:
        self._simulator, self._ignitions = simulator, ignitions
        self._breaks = np.zeros(simulator.landscape.shape, np.bool_)
        self._burned = simulator.burned_cells(ignitions)

    @property
    def burned(self) -> IntArray:
        """As in `Fires`."""
        return self._burned.copy()

    @property
    def burn_probability(self) -> FloatGrid:
        """As in `Fires`."""
        return self._simulator.burn_probability(self._ignitions, self._breaks)

    def add_breaks(self, cells: IntArray) -> IntArray:
        """As in `Fires`; where the simulator fails nothing has changed."""
        breaks = self._breaks.copy()
        breaks[tuple(cells.T)] = True
        if len(cells):
            self._burned = self._simulator.burned_cells(self._ignitions, breaks)
        self._breaks = breaks
        return self.burned


@dataclass(frozen=True, eq=False)
class Scene:
    """A landscape under a weather.

    Attributes:
        landscape: The rasters.
        weather: Of every fire.
        base: float32 (C, H, W), the observation without breaks.
        simulator: Of its fires.
    """

    landscape: Landscape
    weather: Weather
    base: FloatGrid
    simulator: FireSimulator | PyretechnicsSimulator

    def light(self, ignitions: IntArray) -> Fires:
        """Fires from int (n, 2), (row, column), burned without breaks."""
        if isinstance(self.simulator, FireSimulator):
            return FireSet(self.simulator, ignitions)
        return BurnedAnew(self.simulator, ignitions)

    def downstream_cells(self, ignitions: IntArray, breaks: BoolGrid) -> npt.NDArray[np.float64]:
        """Mean number of cells that a fire reaches through each cell, float64 (H, W).

        Raises:
            TypeError: The simulator has no fire trees.
        """
        from fuelbreak.plans._trees import downstream_cells  # only here: it compiles kernels of its own

        if not isinstance(self.simulator, FireSimulator):
            raise TypeError("fire trees come from the travel-time simulator only")
        return downstream_cells(self.simulator, ignitions, breaks)

    @property
    def nbytes(self) -> int:
        """Bytes that the simulator and the observation take, landscape apart."""
        if not isinstance(self.simulator, FireSimulator):
            return self.base.nbytes
        return self.base.nbytes + self.simulator.graph.nbytes


class Scenes:
    """Every pair of a landscape and a weather, made when first asked for.

    Args:
        landscapes: Of one shape.
        days: Weathers.
        layout: Of the observations.
        simulator: "travel-time", or "pyretechnics", whose scenes share one process.
        num_threads: Threads that share the fires of a scene.

    Raises:
        SimulationError: There is no interpreter with pyretechnics.
        ValueError: Fewer than one thread.
    """

    def __init__(
        self,
        landscapes: Sequence[Landscape],
        days: Sequence[Weather],
        layout: LayoutName,
        simulator: SimulatorName,
        num_threads: int,
    ) -> None:
        self.landscapes, self.days = tuple(landscapes), tuple(days)
        self._layout, self._threads = layout, Threads(num_threads)
        self._oracle = OracleProcess() if simulator == "pyretechnics" else None
        self._kept: OrderedDict[tuple[int, int], Scene] = OrderedDict()

    def get(self, landscape: int, day: int) -> Scene:
        """The scene of a landscape and a weather, by their numbers."""
        scene = self._kept.pop((landscape, day), None) or self._make(
            self.landscapes[landscape], self.days[day]
        )
        self._kept[landscape, day] = scene
        while len(self._kept) > 1 and sum(each.nbytes for each in self._kept.values()) > KEPT_BYTES:
            self._kept.popitem(last=False)
        return scene

    def close(self) -> None:
        """End the process of the oracle, where there is one."""
        if self._oracle is not None:
            self._oracle.close()

    def _make(self, landscape: Landscape, day: Weather) -> Scene:
        base = base_observation(landscape, day, self._layout)
        if self._oracle is not None:
            return Scene(landscape, day, base, PyretechnicsSimulator(landscape, day, process=self._oracle))
        simulator = FireSimulator(landscape, day)
        simulator.threads = self._threads  # one set of threads for all scenes, not one each
        return Scene(landscape, day, base, simulator)
