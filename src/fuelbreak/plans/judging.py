"""What a plan is worth: the burned area to expect with it and without it.

Plans are judged on fires from all burnable cells, never on the sample that they were made with: a plan that puts its
breaks on fifty given ignitions saves all of those, and little else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fuelbreak.fire.ignitions import all_ignitions
from fuelbreak.fire.simulator import FireSimulator

__all__ = ["Verdict", "expected_burned", "judge"]

BoolGrid = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Verdict:
    """What breaks do to the fires of one landscape under one weather.

    Attributes:
        breaks: Break cells on fuel.
        burned_before: Expected burned cells of a fire without breaks.
        burned_after: The same with them; an ignition on a break burns nothing.
    """

    breaks: int
    burned_before: float
    burned_after: float

    @property
    def reduction(self) -> float:
        """Share of the expected burned area that the breaks save, at most 1."""
        return 1.0 - self.burned_after / self.burned_before


def judge(simulator: FireSimulator, breaks: BoolGrid, ignitions: IntArray | None = None) -> Verdict:
    """Judge breaks.

    Args:
        simulator: Landscape and weather.
        breaks: bool (H, W), True at fuel breaks.
        ignitions: int (n, 2), (row, column), n > 0; by default all burnable cells.

    Returns:
        The expected burned area with them and without.

    Raises:
        SimulationError: Breaks of another shape or dtype, or ignitions that cannot burn.
    """
    before, after = (expected_burned(simulator, plan, ignitions) for plan in (None, breaks))
    return Verdict(int((breaks & simulator.landscape.burnable).sum()), before, after)


def expected_burned(
    simulator: FireSimulator, breaks: BoolGrid | None = None, ignitions: IntArray | None = None
) -> float:
    """Mean burned cells of a fire, over all burnable ignitions unless some are given; arguments as in `judge`."""
    fires = all_ignitions(simulator.landscape) if ignitions is None else ignitions
    return float(simulator.burned_cells(fires, breaks).mean())
