"""How fires burn where breaks stand: a sample of them, spread over the fuel, burned anew for every state.

A look should cost milliseconds, on grass in a storm as in wet woods: fires are burned in blocks of up to 64, each
spread evenly over all of the fuel, until the fuel has burned `TIMES_OVER` times or the blocks are used up. The less
fires burn, the more of them are burned. How much of a fire comes through each cell takes longer to find out, and is
known of every other. What comes of it depends on landscape, weather and breaks alone.
"""

# mypy: allow-untyped-decorators
# numba.njit has no types

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from fuelbreak.fire.ignitions import all_ignitions
from fuelbreak.fire.repair import Kept, keep_fires
from fuelbreak.fire.room import Room, allocate_room
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.spread import order_by_place
from fuelbreak.fire.travel_time import Graph
from fuelbreak.plans._trees import FireTrees

__all__ = ["BLOCK", "BURN_CHANNELS", "Burning", "FireSample"]

BoolGrid = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
WordArray = npt.NDArray[np.uint64]

BLOCK = 64
"""Fires at most in a block, a bit of a word each."""

MOST_BLOCKS, TIMES_OVER = 6, 40

BURN_CHANNELS = 4
"""What `Burning.channels` returns."""

_FOLLOWED = 2
"""Every which fire is followed from cell to cell."""

_LATE = 0.75
"""Of the duration: what burns later than that is saved by a small detour."""

_ORDER_SEED = 1
_SHIFT = 32
_COMING_SCALE, _CELLS_SCALE = 8.0, 9.0


@dataclass(frozen=True, eq=False)
class Burning:
    """What became of a sample of fires.

    Attributes:
        lit: int64 (cells,), the number of the fire that starts in a cell, -1 where none does.
        reached: uint64 (cells, blocks), a bit for each fire that comes to a cell.
        burned: int64 (fires,), cells that each fire burns; 0 where it would start on a break.
        visits: int64 (cells,), fires that come.
        visitors: int64 (cells,), cells that these burn, added up.
        passing: float64 (cells,), cells that fires reach through a cell, itself among them, added up: an estimate by
            those that are followed.
        late: float64 (cells,), likewise those that burn in the last quarter of the duration.
    """

    lit: IntArray
    reached: WordArray
    burned: IntArray
    visits: IntArray
    visitors: IntArray
    passing: FloatArray
    late: FloatArray

    def channels(self, shape: tuple[int, int]) -> npt.NDArray[np.uint8]:
        """The burning as a network sees it, 255 for 1.

        Args:
            shape: (H, W).

        Returns:
            uint8 (4, H, W), logarithms: from how many cells fires come to a cell; how many cells these fires burn; to
            how many cells a fire comes through it; and late.
        """
        fires = max(int((self.burned > 0).sum()), 1)
        cells = self.lit.size
        seen = np.stack(
            [
                np.log1p(self.visits * (cells / fires)) / _COMING_SCALE,
                np.log1p(self.visitors / np.maximum(self.visits, 1)) / _CELLS_SCALE,
                np.log1p(self.passing * (cells / fires)) / (2.0 * _CELLS_SCALE),
                np.log1p(self.late * (cells / fires)) / (2.0 * _CELLS_SCALE),
            ]
        )
        rounded = np.rint(255.0 * np.minimum(seen, 1.0))
        return np.asarray(rounded, np.uint8).reshape(BURN_CHANNELS, *shape)


class FireSample:
    """Fires of one landscape under one weather.

    Args:
        simulator: Landscape and weather.
    """

    def __init__(self, simulator: FireSimulator) -> None:
        self._simulator = simulator
        starts = simulator.starts(all_ignitions(simulator.landscape))
        starts = starts[order_by_place(starts, simulator.landscape.shape[1])]
        blocks = -(-len(starts) // BLOCK)
        order = np.random.default_rng(_ORDER_SEED).permutation(blocks)[:MOST_BLOCKS]
        self._blocks = [starts[number::blocks] for number in order]

    def burn(self, breaks: BoolGrid) -> Burning:
        """Burn them.

        Args:
            breaks: bool (H, W), what stands.

        Returns:
            The same for the same breaks.
        """
        graph = self._simulator.with_breaks(breaks)
        cells, limit = graph.burns.size, self._simulator.weather.duration_min
        room, trees = allocate_room(graph), FireTrees(graph)
        lit, visits, visitors = np.full(cells, -1), np.zeros(cells, np.int64), np.zeros(cells, np.int64)
        words: list[WordArray] = []
        burned: list[IntArray] = []
        followed, enough = 0, TIMES_OVER * int(graph.burns.sum())
        for block in self._blocks:
            kept, count = _burned(graph, room, block, limit)
            words.append(np.zeros(cells, np.uint64))
            burned.append(count)
            _note(*kept, count, graph.burns.shape[1], words[-1], visits, visitors)
            free = graph.burns.flat[block]
            lit[block[free]] = BLOCK * (len(words) - 1) + np.flatnonzero(free)
            for number in range(0, len(block), _FOLLOWED):
                if free[number]:
                    _follow(kept.fire(number, graph.burns.shape).ravel(), block[number], limit, trees)
                    followed += int(count[number])
            if sum(int(each.sum()) for each in burned) >= enough:
                break
        late, passing = (
            np.asarray(part * (float(np.sum(burned)) / max(followed, 1)), np.float64)
            for part in (trees.total >> _SHIFT, trees.total & ((1 << _SHIFT) - 1))
        )
        return Burning(lit, np.stack(words, axis=1), np.concatenate(burned), visits, visitors, passing, late)


def _burned(graph: Graph, room: Room, starts: IntArray, limit: float) -> tuple[Kept, IntArray]:
    """Burn up to a block of fires; their times, and how many cells each of a whole block burned."""
    times = np.empty(len(starts) * graph.burns.size, np.float32)
    kept = Kept(times, np.empty((len(starts), 4), np.int64), np.empty(len(starts), np.int64))
    burned = np.zeros(BLOCK, np.int64)
    keep_fires(graph, room, starts, limit, kept, burned)
    return kept, burned


def _follow(times: npt.NDArray[np.float32], start: int, limit: float, trees: FireTrees) -> None:
    """Add up what burns beyond each cell, and in the upper half of the same number what burns late."""
    late = (times > _LATE * limit) & (times < np.inf)
    trees.add(times, start, 1 + (late.astype(np.int64) << _SHIFT))


@numba.njit(cache=True, nogil=True)
def _note(
    times: npt.NDArray[np.float32],
    box: IntArray,
    at: IntArray,
    burned: IntArray,
    width: int,
    word: WordArray,
    visits: IntArray,
    visitors: IntArray,
) -> None:
    """Note where the fires of a block came, a bit each."""
    for fire in range(len(at)):
        mark, place = np.uint64(1) << np.uint64(fire), at[fire]
        for row in range(box[fire, 0], box[fire, 1] + 1):
            for column in range(box[fire, 2], box[fire, 3] + 1):
                if times[place] < np.inf:
                    cell = row * width + column
                    word[cell] |= mark
                    visits[cell] += 1
                    visitors[cell] += burned[fire]
                place += 1
