"""The lines that an agent chooses among: some hundred segments for a landscape with the breaks that stand on it.

They are the chains from barrier to barrier of `fuelbreak.plans.segments`, through all of the fuel, and again through
the three quarters and the half of it that burn oftenest alone: the rest is taken for rock there, since a line does well
to stop where fire hardly comes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fuelbreak.plans.segments import SPACING, candidate_segments
from fuelbreak.plans.separation import Segments

__all__ = ["propose_segments"]

BoolGrid = npt.NDArray[np.bool_]

SPARED = (0.25, 0.5)
"""Shares of the fuel, that which burns least often, through which no line is led."""

_SIDE = 50


def propose_segments(free: BoolGrid, room: int, often: npt.NDArray[np.int64]) -> Segments:
    """Candidate lines that a budget pays for; not many more on a large landscape than on a small one.

    Args:
        free: bool (H, W), True where a break may be built.
        room: Breaks that may still be built; longer segments are left out.
        often: int64 (H * W,), how often each cell burns.

    Returns:
        Segments of 1 to `room` cells, no two of them of the same cells.
    """
    often = often.reshape(free.shape)
    grounds = [free, *(free & (often >= limit) for limit in np.quantile(often[free], SPARED))]
    spacing = max(SPACING, SPACING * max(free.shape) // _SIDE)
    parts = [candidate_segments(ground, spacing=spacing, longest=room) for ground in grounds]
    starts = np.cumsum(np.concatenate([[0], *(part.lengths for part in parts)]))
    return Segments(np.concatenate([part.cells for part in parts]), starts).distinct()
