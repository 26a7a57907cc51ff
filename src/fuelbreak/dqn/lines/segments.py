"""The lines that an agent chooses among: a few hundred segments for a landscape with the breaks that stand on it.

A segment is a list of free cells. Straight runs between barriers (`straight`) and shortest ways between barriers
(`geodesics`) are offered, each also on the ground that fire crosses quickly alone: slow fuel is taken for a barrier
there, so that a line stops where a fire would not arrive in time.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fuelbreak.dqn.lines.geodesics import geodesics
from fuelbreak.dqn.lines.straight import straight_runs
from fuelbreak.plans.separation import Segments, compartments

__all__ = ["compartments_squared", "propose_segments"]

BoolGrid = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

LINES_APART = 3
ENDS, FEWER_ENDS = 20, 10
SHORTEST = 2


def propose_segments(
    free: BoolGrid,
    room: int,
    *,
    grounds: tuple[BoolGrid, ...] = (),
    rng: np.random.Generator | None = None,
) -> Segments:
    """Candidate lines that a budget pays for.

    Args:
        free: bool (H, W), True where a break may be built.
        room: Breaks that may still be built; longer segments are left out.
        grounds: Each bool (H, W), the free cells within one of which lines are drawn as well.
        rng: Draws which parallel lines are offered; without it always the same.

    Returns:
        Segments of `SHORTEST` to `room` cells, no two of them of the same cells.
    """
    phase = 0 if rng is None else int(rng.integers(LINES_APART))
    parts = []
    for number, ground in enumerate((free, *(free & ground for ground in grounds))):
        parts.append(straight_runs(ground, LINES_APART, phase))
        parts.append(geodesics(ground, ENDS if number == 0 else FEWER_ENDS))
    cells = np.concatenate([part[0] for part in parts])
    lengths = np.concatenate([np.diff(part[1]) for part in parts])
    found = Segments(cells, np.concatenate([[0], np.cumsum(lengths)]))
    fits = np.flatnonzero((lengths >= SHORTEST) & (lengths <= room))
    return found.take(fits).distinct()


def compartments_squared(free: BoolGrid) -> float:
    """Sum of squares of the compartments' cells; over the free cells, what a fire burns that knows no end."""
    return float((compartments(free)[1].astype(np.float64) ** 2).sum())
