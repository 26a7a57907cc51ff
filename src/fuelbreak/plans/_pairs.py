"""Which cells burn together: for every pair of cells, how many of the fires from one reach the other."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fuelbreak.errors import LandscapeError
from fuelbreak.fire.room import allocate_room
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.spread import arrival_times

__all__ = ["MOST_CELLS", "pairs_of_fires"]

MOST_CELLS = 10_000
"""Cells of the largest landscape, whose pairs take 300 MB while they are counted."""


def pairs_of_fires(simulator: FireSimulator) -> npt.NDArray[np.uint8]:
    """Burn a fire from every cell, without breaks.

    Args:
        simulator: Landscape, of up to `MOST_CELLS` cells, and weather.

    Returns:
        uint8 (H * W, H * W), symmetric: 0, 1 or 2; on the diagonal 1 for each cell that burns.

    Raises:
        LandscapeError: More cells than that.
    """
    graph, name = simulator.graph, simulator.landscape.name
    cells = graph.burns.size
    if cells > MOST_CELLS:
        raise LandscapeError(
            f"has {cells} cells, and pairs of up to {MOST_CELLS} fit into memory; "
            "plan window by window (python -m fuelbreak.plan ... --split windows), or with compartment lines",
            file=name,
        )
    room, limit = allocate_room(graph), simulator.weather.duration_min
    reached = np.zeros((cells, cells), np.uint8)
    for start in np.flatnonzero(graph.burns).tolist():
        reached[start] = np.isfinite(arrival_times(graph, room, start, limit)).ravel()
    pairs = reached + reached.T
    np.fill_diagonal(pairs, graph.burns)
    return pairs
