"""Where fires start."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fuelbreak.errors import SimulationError
from fuelbreak.landscape import Landscape

__all__ = ["sample_ignitions"]


def sample_ignitions(landscape: Landscape, count: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Ignitions drawn uniformly over the burnable cells, with replacement.

    Args:
        landscape: Where.
        count: How many.
        rng: The source of randomness.

    Returns:
        int64 (count, 2), (row, column), row 0 = north.

    Raises:
        SimulationError: No cell of the landscape burns.
    """
    cells = np.argwhere(landscape.burnable)
    if len(cells) == 0:
        raise SimulationError(
            f"{landscape.name}: no cell is burnable, so no fire can start; use another tile"
        )
    return cells[rng.integers(len(cells), size=count)]
