"""The eight ways to look at a landscape: rotations and reflections under which fire stays fire.

A map that is turned is another landscape only if everything that points somewhere turns with it: the slope's aspect
and the wind. Layout "full" says both as vectors (east, north), so that turned observations are those of the turned
world, cell by cell and but for rounding. The legacy layout has no wind in it and cannot be turned.

Ways are numbered as in `fuelbreak.dqn.lines.scene`: the number modulo 4 counts quarter turns counter-clockwise, from
4 on east and west are exchanged after them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from fuelbreak.dqn.replay import Batch
from fuelbreak.observation import LayoutName, layout_of

__all__ = ["TURNS", "can_turn", "turn_cells", "turn_observations", "turned_batch", "ways_of"]

TURNS = 8
"""Rotations and reflections of a square."""

_VECTORS = (("sine of aspect", "cosine of aspect"), ("wind towards east", "wind towards north"))


def can_turn(layout: LayoutName) -> bool:
    """Whether observations of a layout say where everything points."""
    names = {channel.name for channel in layout_of(layout).channels}
    return all(name in names for vector in _VECTORS for name in vector)


def ways_of(shape: tuple[int, int]) -> npt.NDArray[np.int64]:
    """Numbers of the ways that keep a shape (H, W): all eight of a square, four of any other rectangle."""
    return np.arange(TURNS) if shape[0] == shape[1] else np.array([0, 2, 4, 6])


def turn_observations(observations: Tensor, number: int, layout: LayoutName) -> Tensor:
    """Observations of the turned world.

    Args:
        observations: float32 (N, C, H, W).
        number: Which way, 0 to 7; 0 = as it is.
        layout: Theirs.

    Returns:
        float32 (N, C, H, W), or (N, C, W, H) for odd numbers.

    Raises:
        ValueError: The layout does not say where the wind blows.
    """
    if not can_turn(layout):
        raise ValueError(
            f"observations of layout {layout!r} cannot be turned: the wind is not in them; use 'full'"
        )
    turned = _turn(observations, number)
    place = {channel.name: index for index, channel in enumerate(layout_of(layout).channels)}
    for east_name, north_name in _VECTORS:
        east, north = turned[:, place[east_name]], turned[:, place[north_name]]
        for _ in range(number % 4):
            east, north = -north, east
        # New tensors: what is written into one channel must not be read for the other.
        pair = torch.stack([-east if number >= TURNS // 2 else east, north], dim=1)
        turned[:, [place[east_name], place[north_name]]] = pair
    return turned


def turn_cells(cells: Tensor, number: int, shape: tuple[int, int]) -> Tensor:
    """Masks or values of cells, (N, H*W) for a map of `shape`, where the same cells lie after a turn."""
    return _turn(cells.reshape(len(cells), *shape), number).flatten(1)


def turned_batch(batch: Batch, numbers: npt.NDArray[np.int64], layout: LayoutName) -> Batch:
    """Each transition looked at from a side of its own.

    Args:
        batch: N transitions.
        numbers: int64 (N,), the way of each, of those in `ways_of` their shape.
        layout: Of their observations.

    Returns:
        The transitions in their order; rewards and ends are what they were.
    """
    obs, next_obs = batch.obs.clone(), batch.next_obs.clone()
    masks = {name: getattr(batch, name).clone() for name in ("action", "next_mask", "mask", "later")}
    shape = (int(obs.shape[-2]), int(obs.shape[-1]))
    for number in np.unique(numbers).tolist():
        rows = torch.from_numpy(np.flatnonzero(numbers == number)).to(obs.device)
        obs[rows] = turn_observations(batch.obs[rows], number, layout)
        next_obs[rows] = turn_observations(batch.next_obs[rows], number, layout)
        for name, turned in masks.items():
            turned[rows] = turn_cells(getattr(batch, name)[rows], number, shape)
    return batch._replace(obs=obs, next_obs=next_obs, **masks)


def _turn(grids: Tensor, number: int) -> Tensor:
    turned = torch.rot90(grids, number % 4, dims=(-2, -1))
    return torch.flip(turned, dims=(-1,)) if number >= TURNS // 2 else turned.clone()
