"""What a line saves, by simulation: fires that stay alight while lines are tried and taken away again."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fuelbreak.fire.fire_set import FireSet
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.plans.common import planning_ignitions

__all__ = ["LineFires", "enough_fires"]

BoolGrid = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

_PILOT = 64


def enough_fires(simulator: FireSimulator, burned_cells: int = 100_000, seed: int = 0) -> int:
    """How many fires tell lines apart: as many as burn so many cells together; small fires cost little and say little.

    Args:
        simulator: Landscape and weather.
        burned_cells: All fires together.
        seed: Of the fires by which this is found.

    Returns:
        From 64 up to the cells that burn.
    """
    pilot = planning_ignitions(simulator.landscape, _PILOT, seed)
    mean = float(simulator.burned_cells(pilot).mean())
    return int(np.clip(burned_cells / mean, _PILOT, simulator.landscape.burnable.sum()))


class LineFires:
    """Expected burned area, kept up to date as breaks are built.

    A break on one of the sampled ignitions would seem to save a whole fire, and a search would find such breaks.
    Hence the mean is taken over the fires that start off the breaks, and those on breaks, of which the number is
    known, count as nothing (the sample is taken anew given the breaks: Rao 1945, Blackwell 1947).

    Args:
        simulator: Landscape and weather.
        fires: How many to sample.
        seed: Of the sample.
    """

    def __init__(self, simulator: FireSimulator, fires: int, seed: int = 0) -> None:
        ignitions = planning_ignitions(simulator.landscape, fires, seed)
        self._width = simulator.landscape.shape[1]
        self._fuel = int(simulator.landscape.burnable.sum())
        self._lit = ignitions[:, 0] * self._width + ignitions[:, 1]
        self._fires = FireSet(simulator, ignitions)
        self._unbroken = self._fires.snapshot()
        self.breaks = np.zeros(simulator.landscape.shape, np.bool_)
        self.burned = self._expected(self._fires.burned)

    def build(self, cells: IntArray) -> float:
        """Build breaks on free cells.

        Args:
            cells: int64 (n,), cell numbers.

        Returns:
            Cells that a fire is expected to burn from now on.
        """
        self.breaks.flat[cells] = True
        self.burned = self._expected(self._fires.add_breaks(np.stack(np.divmod(cells, self._width), axis=1)))
        return self.burned

    def clear(self) -> None:
        """Take all breaks away."""
        self._fires.restore(self._unbroken)
        self.breaks[:] = False
        self.burned = self._expected(self._fires.burned)

    def tried(self, lines: list[IntArray]) -> npt.NDArray[np.float64]:
        """What each line would leave, if it were built.

        Args:
            lines: Each int64 (n,), free cell numbers.

        Returns:
            float64 (M,), expected burned cells.
        """
        now, breaks, burned = self._fires.snapshot(), self.breaks.copy(), self.burned
        left = np.empty(len(lines))
        for number, cells in enumerate(lines):
            left[number] = self.build(cells)
            self._fires.restore(now)
            self.breaks[:] = breaks
        self.burned = burned
        return left

    def _expected(self, burned: IntArray) -> float:
        off = ~self.breaks.flat[self._lit]
        share = 1.0 - self.breaks.sum() / self._fuel
        return float(share * burned[off].mean()) if off.any() else 0.0
