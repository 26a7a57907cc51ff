"""What an agent that draws lines sees: how far fire goes within its time, and how fires burn as the breaks stand.

channel  content
0-7      log(1 + cells that a fire crosses within the duration) / 6, on the way to the cell in N, NE, E, SE, S, SW,
         W, NW; 0 where it cannot go there
8        1 where fire burns and no break stands
9        1 where a break stands
10       cells of the compartment that a cell belongs to, as a share of all that burn
11       1: with zeros around it, this shows where the edge is
12-15    how a sample of fires burns now: `fuelbreak.dqn.lines.burning.Burning.channels`

Wind, slope, fuel, moisture and duration are all in the first eight channels, so that no weather is foreign to a
network that has seen some. They turn with the landscape: `turn` gives the eight ways to look at a scene.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fuelbreak.dqn.lines.burning import BURN_CHANNELS
from fuelbreak.fire.neighbours import MOVES, moves
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.plans.separation import compartments

__all__ = ["CHANNELS", "DIRECTIONS", "TURNS", "Scene", "turn", "turned_cells"]

BoolGrid = npt.NDArray[np.bool_]
ByteGrid = npt.NDArray[np.uint8]
FloatGrid = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

CHANNELS = 12 + BURN_CHANNELS
DIRECTIONS = 8
"""The first channels."""

TURNS = 8
"""Rotations and reflections of a square."""

_FREE, _BREAK, _COMPARTMENT = 8, 9, 10
_LOG_SCALE = 6.0
_FARTHEST_CELLS = 400.0
_TOWARDS = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))


class Scene:
    """One landscape under one weather.

    Args:
        simulator: Its landscape and weather; it is not kept.

    Attributes:
        fuel: bool (H, W), where fire burns.
    """

    def __init__(self, simulator: FireSimulator) -> None:
        self.fuel: BoolGrid = simulator.landscape.burnable
        steps = moves().step.tolist()
        towards = [steps.index(list(step)) for step in _TOWARDS]
        cells = np.linalg.norm(np.array(_TOWARDS), axis=1)[:, None]
        minutes = simulator.graph.costs[: self.fuel.size * MOVES].reshape(-1, MOVES)[:, towards].T
        reach = np.minimum(simulator.weather.duration_min * cells / minutes, _FARTHEST_CELLS)
        self._reach = (np.log1p(reach) / _LOG_SCALE).astype(np.float32).reshape(DIRECTIONS, *self.fuel.shape)

    def observe(self, breaks: BoolGrid, burns: ByteGrid) -> FloatGrid:
        """The scene with breaks.

        Args:
            breaks: bool (H, W), True at fuel breaks.
            burns: uint8 (4, H, W), as `Burning.channels` returns.

        Returns:
            float32 (16, H, W), as the module says.
        """
        free = self.fuel & ~breaks
        label, sizes = compartments(free)
        seen = np.ones((CHANNELS, *free.shape), np.float32)
        seen[:DIRECTIONS] = self._reach * free
        seen[_FREE], seen[_BREAK] = free, breaks & self.fuel
        seen[-BURN_CHANNELS:] = burns * np.float32(1.0 / 255.0)
        seen[_COMPARTMENT] = np.where(free, sizes[label] / max(int(self.fuel.sum()), 1), 0.0)
        return seen


def turn(observation: FloatGrid, number: int) -> FloatGrid:
    """A scene as one sees it from another side.

    Args:
        observation: float32 (16, H, W).
        number: Which of the eight ways, 0 = as it is; from 4 on mirrored.

    Returns:
        float32 (16, H, W), or (16, W, H) for odd numbers: wind and slope have turned with the map.
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
