"""The barriers of a plan: break cells that touch, also at corners, and what each of them is worth.

A fire crosses neither edge nor corner between two breaks, so that cells which touch stop it together; a planner builds
and budgets for barriers, not for cells.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rasterio import features

from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.plan.openings import losses

__all__ = ["Barrier", "find_barriers", "label_barriers"]

Breaks = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

_MOST_FIRES = 2_000


@dataclass(frozen=True, eq=False)
class Barrier:
    """Break cells that touch.

    Attributes:
        rank: 1 for the barrier whose loss would cost most.
        cells: int64 (n, 2), (row, column), its cells.
        saved_cells: Cells of the expected burned area that it saves while all others stand.
    """

    rank: int
    cells: IntArray
    saved_cells: float

    @property
    def size(self) -> int:
        """Break cells."""
        return len(self.cells)


def find_barriers(
    simulator: FireSimulator, breaks: Breaks, ignitions: IntArray, seed: int = 0
) -> list[Barrier]:
    """Take a plan apart.

    Args:
        simulator: Landscape and weather.
        breaks: bool (H, W).
        ignitions: int (n, 2), of which up to two thousand fires are drawn to judge each barrier by.
        seed: Of the draw.

    Returns:
        The barriers by rank.
    """
    cells = np.argwhere(breaks)
    labels = label_barriers(breaks)[breaks]
    order = np.argsort(labels, kind="stable")
    found = np.split(cells[order], np.flatnonzero(np.diff(labels[order])) + 1) if len(cells) else []
    fires = np.random.default_rng(seed).permutation(ignitions)[:_MOST_FIRES]
    lost = losses(simulator, found, fires)
    ranked = np.argsort(-lost, kind="stable").tolist()
    return [Barrier(rank, found[number], float(lost[number])) for rank, number in enumerate(ranked, start=1)]


def label_barriers(breaks: Breaks) -> npt.NDArray[np.int32]:
    """Number the groups of break cells that touch, also at corners.

    Args:
        breaks: bool (H, W).

    Returns:
        int32 (H, W), 0 where no break is, else 1 to the number of groups, row by row.
    """
    outlines = [outline for outline, _ in features.shapes(breaks.astype(np.uint8), breaks, connectivity=8)]
    if not outlines:
        return np.zeros(breaks.shape, np.int32)
    labels: npt.NDArray[np.int32] = features.rasterize(
        zip(outlines, range(1, len(outlines) + 1), strict=True), out_shape=breaks.shape, dtype=np.int32
    )
    return labels
