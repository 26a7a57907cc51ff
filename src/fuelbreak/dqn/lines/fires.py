"""What a line saves, by simulation: fires that stay alight while lines are tried and taken away again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fuelbreak.fire.fire_set import FireSet
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.plans.common import planning_ignitions

__all__ = ["LineFires"]

BoolGrid = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

FIRES, BURNED_CELLS = 1200, 150_000

_FEWEST = 64
_LEAST = 1e-3


class LineFires:
    """Expected burned area, kept up to date as breaks are built.

    A break on one of the sampled ignitions would seem to save a whole fire, and a search would find such breaks.
    Hence the mean is taken over the fires that start off the breaks, and those on breaks, of which the number is
    known, count as nothing (the sample's estimate given what is known: Rao 1945, Blackwell 1947).

    As many fires are kept alight as burn `burned_cells` together: the less each of them burns the more are needed to
    tell lines apart, and can be afforded. Hence their number grows while breaks are built.

    Args:
        simulator: Landscape and weather.
        seed: Of the ignitions.
        most: Fires at most.
        burned_cells: What all fires that are kept alight should burn together.

    Attributes:
        breaks: bool (H, W), what stands.
        burned: Cells that a fire is expected to burn.
    """

    def __init__(
        self, simulator: FireSimulator, seed: int = 0, most: int = FIRES, burned_cells: int = BURNED_CELLS
    ) -> None:
        self._simulator, self._burned_cells = simulator, burned_cells
        self._ignitions = planning_ignitions(simulator.landscape, most, seed)
        self._fuel = int(simulator.landscape.burnable.sum())
        self.breaks = np.zeros(simulator.landscape.shape, np.bool_)
        self.burned = 0.0
        pilot = float(simulator.burned_cells(self._ignitions[:_FEWEST]).mean())
        self._fires = self._lit(self._affordable(pilot))
        self._first, self._unbroken = self._fires, self._fires.snapshot()

    @property
    def alight(self) -> int:
        """Cells that all fires burn together."""
        return int(self._fires.burned.sum())

    def build(self, cells: IntArray) -> float:
        """Build breaks on free cells.

        Args:
            cells: int64 (n,), cell numbers.

        Returns:
            Cells that a fire is expected to burn from now on.
        """
        self._add(cells)
        wanted = self._affordable(self.burned)
        if wanted > 2 * self._count:
            self._fires = self._lit(wanted)
        return self.burned

    def clear(self) -> None:
        """Take all breaks away."""
        self._fires = self._first
        self._fires.restore(self._unbroken)
        self.breaks[:] = False
        self._note(self._fires.burned)

    def tried(self, lines: Sequence[IntArray]) -> npt.NDArray[np.float64]:
        """What each line would leave, if it were built.

        Args:
            lines: Each int64 (n,), free cell numbers.

        Returns:
            float64 (M,), expected burned cells, to be compared with `burned`.
        """
        now, breaks, burned = self._fires.snapshot(), self.breaks.copy(), self.burned
        left = np.empty(len(lines))
        for number, cells in enumerate(lines):
            left[number] = self._add(cells)
            self._fires.restore(now)
            self.breaks[:] = breaks
        self.burned = burned
        return left

    def log_savings(self, lines: Sequence[IntArray]) -> npt.NDArray[np.float64]:
        """The fall of the logarithm of the expected burned area by each line.

        Args:
            lines: As in `tried`.

        Returns:
            float64 (M,), at most 6.9: of less than a thousandth that is left nothing is known.
        """
        left = self.tried(lines) / max(self.burned, _LEAST)
        return np.asarray(-np.log(np.maximum(left, _LEAST)))

    def expected(self) -> float:
        """Expected burned cells with what stands, over all `most` fires: plans are compared by this."""
        return self._mean(self._simulator.burned_cells(self._ignitions, self.breaks), self._ignitions)

    def _affordable(self, burned: float) -> int:
        return int(np.clip(self._burned_cells / max(burned, 1.0), _FEWEST, len(self._ignitions)))

    def _lit(self, count: int) -> FireSet:
        """The first `count` fires, with the breaks that stand."""
        fires = FireSet(self._simulator, self._ignitions[:count])
        self._note(fires.add_breaks(np.argwhere(self.breaks)))
        return fires

    def _add(self, cells: IntArray) -> float:
        self.breaks.flat[cells] = True
        places = np.stack(np.divmod(cells, self.breaks.shape[1]), axis=1)
        return self._note(self._fires.add_breaks(places))

    def _note(self, burned: IntArray) -> float:
        self._count = len(burned)
        self.burned = self._mean(burned, self._ignitions[: self._count])
        return self.burned

    def _mean(self, burned: IntArray, ignitions: IntArray) -> float:
        off = ~self.breaks[tuple(ignitions.T)]
        share = 1.0 - self.breaks.sum() / self._fuel
        return float(share * burned[off].mean()) if off.any() else 0.0
