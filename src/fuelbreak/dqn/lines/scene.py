"""What an agent that draws lines sees: how far fire goes within its time, in every cell and direction.

channel  content
0-7      log(1 + cells that a fire crosses within the duration) / 6, towards N, NE, E, SE, S, SW, W, NW
8        1 where fire burns and no break stands
9        1 where a break stands
10       cells of the compartment that a cell belongs to, as a share of all that burn
11       1: with zeros around it, this shows where the edge is

Wind, slope, fuel, moisture and duration are all in the first eight channels, so that no weather is foreign to a
network that has seen some. They turn with the landscape: `turn` gives the eight ways to look at a scene.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fuelbreak.fire.behavior import landscape_slowness
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plans.separation import compartments

__all__ = ["CHANNELS", "DIRECTIONS", "TURNS", "Scene", "turn", "turned_cells"]

BoolGrid = npt.NDArray[np.bool_]
FloatGrid = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

CHANNELS = 12
DIRECTIONS = 8
"""The first channels."""

TURNS = 8
"""Rotations and reflections of a square."""

_FREE, _BREAK, _COMPARTMENT = 8, 9, 10
_LOG_SCALE = 6.0
_FARTHEST_CELLS = 400.0
_GROUNDS = (0.3, 0.6)


class Scene:
    """One landscape under one weather.

    Args:
        landscape: The rasters.
        weather: Of the fires to expect.

    Attributes:
        fuel: bool (H, W), where fire burns.
        grounds: Two times bool (H, W): the fuel without the slowest 30 and 60 % of it.
    """

    def __init__(self, landscape: Landscape, weather: Weather) -> None:
        self.fuel: BoolGrid = landscape.burnable
        angles = np.arange(DIRECTIONS) * (2.0 * np.pi / DIRECTIONS)
        slowness = landscape_slowness(landscape, weather, np.stack([np.sin(angles), np.cos(angles)], axis=1))
        reach = weather.duration_min / (slowness * landscape.cell_size_m)
        self._reach = (np.log1p(np.minimum(reach, _FARTHEST_CELLS)) / _LOG_SCALE).astype(np.float32)
        fastest = self._reach.max(axis=0)
        limits = np.quantile(fastest[self.fuel], _GROUNDS)
        self.grounds = tuple(self.fuel & (fastest > limit) for limit in limits)

    def observe(self, breaks: BoolGrid) -> FloatGrid:
        """The scene with breaks.

        Args:
            breaks: bool (H, W), True at fuel breaks.

        Returns:
            float32 (12, H, W), as the module says.
        """
        free = self.fuel & ~breaks
        label, sizes = compartments(free)
        seen = np.ones((CHANNELS, *free.shape), np.float32)
        seen[:DIRECTIONS] = self._reach * free
        seen[_FREE], seen[_BREAK] = free, breaks & self.fuel
        seen[_COMPARTMENT] = np.where(free, sizes[label] / max(int(self.fuel.sum()), 1), 0.0)
        return seen


def turn(observation: FloatGrid, number: int) -> FloatGrid:
    """A scene as one sees it from another side.

    Args:
        observation: float32 (12, H, W).
        number: Which of the eight ways, 0 = as it is; from 4 on mirrored.

    Returns:
        float32 (12, H, W), or (12, W, H) for odd numbers: wind and slope have turned with the map.
    """
    turned = _turn_grid(observation, number)
    directions = np.arange(DIRECTIONS)
    directions = (directions + 2 * (number % 4)) % DIRECTIONS
    if number >= TURNS // 2:
        directions = directions[-np.arange(DIRECTIONS) % DIRECTIONS]
    return np.concatenate([turned[directions], turned[DIRECTIONS:]])


def turned_cells(shape: tuple[int, int], number: int) -> IntArray:
    """Where each cell comes to lie.

    Args:
        shape: (H, W) before.
        number: As in `turn`.

    Returns:
        int64 (H * W,), by old cell number the new one.
    """
    order = _turn_grid(np.arange(shape[0] * shape[1]).reshape(1, *shape), number).ravel()
    place = np.empty_like(order)
    place[order] = np.arange(order.size)
    return place


def _turn_grid(grid: npt.NDArray[np.generic], number: int) -> npt.NDArray[np.generic]:
    turned = np.rot90(grid, number % 4, axes=(1, 2))
    return np.ascontiguousarray(turned[:, :, ::-1] if number >= TURNS // 2 else turned)
