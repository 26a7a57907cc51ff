"""Where the fires of an episode start, as an environment's argument says it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from fuelbreak.errors import SimulationError
from fuelbreak.fire.ignitions import all_ignitions, nearest_burnable, sample_ignitions
from fuelbreak.landscape import Landscape

__all__ = ["IgnitionSource", "Ignitions", "ignition_source"]

IntArray = npt.NDArray[np.int64]
Array = npt.NDArray[Any]
Ignitions = Literal["uniform", "all"] | Array | Sequence[Array]
"""What `ignition_source` takes."""


@dataclass(frozen=True, eq=False)
class IgnitionSource:
    """Gives the ignitions of an episode.

    Attributes:
        kind: "uniform", "all", "probability" or "points".
        grids: Weights or points by landscape; empty for the first two kinds.
    """

    kind: Literal["uniform", "all", "probability", "points"]
    grids: tuple[Array, ...] = ()

    @property
    def is_drawn(self) -> bool:
        """Whether each episode draws its own; otherwise they follow from the landscape."""
        return self.kind in ("uniform", "probability")

    def ignitions(self, landscape: Landscape, number: int, count: int, rng: np.random.Generator) -> IntArray:
        """The ignitions of an episode.

        Args:
            landscape: Of the episode.
            number: Its number among those that the source was made for.
            count: How many to draw; it does not matter where none are drawn.
            rng: Asked only where ignitions are drawn.

        Returns:
            int64 (n, 2), (row, column), on cells that burn.
        """
        if self.kind == "all":
            return all_ignitions(landscape)
        if self.kind == "points":
            return self.grids[number]
        weights = self.grids[number] if self.kind == "probability" else None
        return sample_ignitions(landscape, count, rng, weights)


def ignition_source(wanted: Ignitions, landscapes: Sequence[Landscape]) -> IgnitionSource:
    """Read an environment's argument, and check it against every landscape.

    Args:
        wanted: "uniform": drawn evenly over the burnable cells. "all": every burnable cell once. Integers (n, 2):
            points (row, column); those that cannot burn move to the nearest cell that can, with a warning that says
            how many and how far. Numbers (H, W): relative weights to draw with; those of cells that cannot burn are
            left out. A list or tuple of arrays: one for each landscape.
        landscapes: All that episodes may be played on, of one shape.

    Returns:
        The source.

    Raises:
        SimulationError: A point off the grid, weights that are none, another number of arrays than of landscapes, or
            something else altogether.
    """
    if isinstance(wanted, str):
        if wanted not in ("uniform", "all"):
            raise SimulationError(
                f"ignitions={wanted!r} is unknown; give 'uniform', 'all', points (n, 2) or weights (H, W)"
            )
        return IgnitionSource(wanted)
    arrays = _one_each(wanted, len(landscapes))
    if all(_are_points(array) for array in arrays):
        pairs = zip(landscapes, arrays, strict=True)
        return IgnitionSource("points", tuple(_on_fuel(land, points) for land, points in pairs))
    rng = np.random.default_rng(0)
    for land, weights in zip(landscapes, arrays, strict=True):
        if weights.shape != land.shape or weights.dtype.kind not in "iufb":
            raise SimulationError(
                f"{land.name}: ignitions are {weights.dtype} {weights.shape}; give 'uniform', 'all', integers (n, 2) "
                f"as points, or numbers {land.shape} as weights"
            )
        sample_ignitions(land, 0, rng, weights)  # raises for weights that are none
    return IgnitionSource("probability", arrays)


def _one_each(wanted: Array | Sequence[Array], count: int) -> tuple[Array, ...]:
    if isinstance(wanted, list | tuple) and any(isinstance(part, np.ndarray) for part in wanted):
        if len(wanted) != count:
            raise SimulationError(
                f"{len(wanted)} arrays of ignitions for {count} landscapes; give one for each"
            )
        return tuple(np.asarray(part) for part in wanted)
    return (np.asarray(wanted),) * count


def _are_points(array: Array) -> bool:
    return np.issubdtype(array.dtype, np.integer) and array.ndim == 2 and array.shape[1] == 2


def _on_fuel(landscape: Landscape, points: Array) -> IntArray:
    """Points, each on the nearest burnable cell; a warning tells of those that had to move."""
    if len(points) == 0:
        raise SimulationError(f"{landscape.name}: there is no ignition point; give one or more")
    cells, metres = nearest_burnable(landscape, points)
    if metres.any():
        warnings.warn(
            f"{landscape.name}: {np.count_nonzero(metres)} of {len(cells)} ignition points cannot burn; each moved "
            f"to the nearest cell that can, up to {metres.max():.0f} m away",
            stacklevel=4,
        )
    return cells
