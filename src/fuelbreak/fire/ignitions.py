"""Where fires start: drawn evenly or from a raster of probabilities, given as points, or everywhere.

Ignitions are int64 (n, 2), (row, column), row 0 = north. The simulator refuses those that cannot burn; points from
elsewhere (lightning, records) are brought onto fuel by `nearest_burnable`, which says how far each had to go.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fuelbreak.errors import SimulationError
from fuelbreak.landscape import NON_BURNABLE_FUEL_MODELS, Landscape

__all__ = ["all_ignitions", "checked_ignitions", "nearest_burnable", "sample_ignitions"]

IntArray = npt.NDArray[np.int64]


def sample_ignitions(
    landscape: Landscape,
    count: int,
    rng: np.random.Generator,
    probability: npt.NDArray[np.floating] | None = None,
) -> IntArray:
    """Draw ignitions over the burnable cells, with replacement.

    Args:
        landscape: Where.
        count: How many.
        rng: The source of randomness.
        probability: Float (H, W), relative weights, not negative; they need not sum to 1, and those of cells that do
            not burn are left out. Without it every burnable cell is equally likely.

    Returns:
        int64 (count, 2).

    Raises:
        SimulationError: No cell of the landscape burns, or the weights are no weights.
    """
    cells = all_ignitions(landscape)
    if probability is None:
        return cells[rng.integers(len(cells), size=count)]
    weights = _weights(landscape, probability)[tuple(cells.T)]
    if weights.sum() <= 0.0:
        raise SimulationError(f"{landscape.name}: no burnable cell has an ignition probability above 0")
    return cells[rng.choice(len(cells), size=count, p=weights / weights.sum())]


def all_ignitions(landscape: Landscape) -> IntArray:
    """Every burnable cell once: fires from all of them have no sampling noise.

    Args:
        landscape: Where.

    Returns:
        int64 (n, 2), row by row.

    Raises:
        SimulationError: No cell of the landscape burns.
    """
    cells = np.argwhere(landscape.burnable)
    if len(cells) == 0:
        raise SimulationError(
            f"{landscape.name}: no cell is burnable, so no fire can start; use another tile"
        )
    return cells


def nearest_burnable(landscape: Landscape, points: npt.ArrayLike) -> tuple[IntArray, npt.NDArray[np.float64]]:
    """Bring points onto fuel.

    Args:
        landscape: Where.
        points: int (n, 2), (row, column), on the grid.

    Returns:
        int64 (n, 2), each point itself where it burns, else the nearest burnable cell (the first row by row of
        several); and float64 (n,), metres that each was moved.

    Raises:
        SimulationError: A point is off the grid, or no cell of the landscape burns.
    """
    cells = all_ignitions(landscape)
    wanted = np.asarray(points, dtype=np.int64).reshape(-1, 2)
    outside = np.any((wanted < 0) | (wanted >= landscape.shape), axis=1)
    if outside.any():
        row, column = wanted[np.argmax(outside)]
        raise SimulationError(
            f"{landscape.name}: point {np.argmax(outside)} at row {row}, column {column} is off the grid of "
            f"{landscape.shape[0]} x {landscape.shape[1]} cells; leave it out"
        )
    moved, metres = wanted.copy(), np.zeros(len(wanted))
    for i in np.flatnonzero(~landscape.burnable[tuple(wanted.T)]):
        distance = np.hypot(*(cells - wanted[i]).T)
        moved[i] = cells[np.argmin(distance)]
        metres[i] = distance.min() * landscape.cell_size_m
    return moved, metres


def checked_ignitions(landscape: Landscape, ignitions: npt.NDArray[np.integer]) -> IntArray:
    """Ignitions on which a fire can start.

    Args:
        landscape: Where.
        ignitions: int (n, 2), (row, column).

    Returns:
        int64 (n, 2), the same.

    Raises:
        SimulationError: One is off the grid or on a non-burnable cell, or they are no such array.
    """
    cells = np.asarray(ignitions)
    if cells.ndim != 2 or cells.shape[1] != 2 or not np.issubdtype(cells.dtype, np.integer):
        raise SimulationError(
            f"ignitions are {cells.dtype} {cells.shape}; give integers of shape (n, 2): row, column"
        )
    height, width = landscape.shape
    outside = np.any((cells < 0) | (cells >= (height, width)), axis=1)
    _refuse(landscape, cells, outside, f"is outside the grid of {height} x {width} cells")
    codes = landscape.fuel_model[cells[:, 0], cells[:, 1]]
    _refuse(landscape, cells, np.isin(codes, NON_BURNABLE_FUEL_MODELS), "is on a cell that cannot burn")
    return cells.astype(np.int64)


def _refuse(
    landscape: Landscape, cells: npt.NDArray[np.integer], bad: npt.NDArray[np.bool_], what: str
) -> None:
    if not bad.any():
        return
    first = int(np.argmax(bad))
    row, column = cells[first]
    raise SimulationError(
        f"{landscape.name}: ignition {first} at row {row}, column {column} {what}; "
        "draw ignitions with fuelbreak.fire.ignitions.sample_ignitions, or move them with nearest_burnable"
    )


def _weights(landscape: Landscape, probability: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    weights = np.asarray(probability, dtype=np.float64)
    if weights.shape != landscape.shape:
        raise SimulationError(
            f"{landscape.name}: ignition probability is {weights.shape}, not {landscape.shape}"
        )
    bad = ~np.isfinite(weights) | (weights < 0.0)
    if bad.any():
        row, column = np.unravel_index(int(np.argmax(bad)), bad.shape)
        raise SimulationError(
            f"{landscape.name}: ignition probability at row {row}, column {column} is {weights[row, column]:g}; "
            "weights are finite and not negative"
        )
    return weights
