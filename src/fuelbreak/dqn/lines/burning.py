"""How fires burn where breaks stand: a sample of them, spread over the fuel, burned anew for every state.

A look should cost milliseconds, on grass in a storm as in wet woods: fires are burned in blocks of up to 64, each
spread evenly over all of the fuel, until the fuel has burned `TIMES_OVER` times or the blocks are used up. The less
fires burn, the more of them are burned. What comes of it depends on landscape, weather and breaks alone.
"""

# mypy: allow-untyped-decorators
# numba.njit has no types

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from fuelbreak.fire.ignitions import all_ignitions
from fuelbreak.fire.room import allocate_room
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.spread import arrival_times, order_by_place
from fuelbreak.plans._trees import FireTrees

__all__ = ["BLOCK", "BURN_CHANNELS", "Burning", "FireSample"]

BoolGrid = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
WordArray = npt.NDArray[np.uint64]

BLOCK = 64
"""Fires at most in a block, a bit of a word each."""

MOST_BLOCKS, TIMES_OVER = 8, 40

BURN_CHANNELS = 4
"""What `Burning.channels` returns."""

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
        passing: int64 (cells,), cells that fires reach through a cell, itself among them, added up.
        late: int64 (cells,), those of them that burn in the last quarter of the duration.
    """

    lit: IntArray
    reached: WordArray
    burned: IntArray
    visits: IntArray
    visitors: IntArray
    passing: IntArray
    late: IntArray

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
        room, trees, weight = allocate_room(graph), FireTrees(graph), np.empty(cells, np.int64)
        lit, visits, visitors = np.full(cells, -1), np.zeros(cells, np.int64), np.zeros(cells, np.int64)
        words: list[WordArray] = []
        burned: list[int] = []
        enough = TIMES_OVER * int(graph.burns.sum())
        for block in self._blocks:
            word = np.zeros(cells, np.uint64)
            for bit, start in enumerate(block.tolist()):
                if graph.burns.flat[start]:
                    lit[start] = BLOCK * len(words) + bit
                    times = arrival_times(graph, room, start, limit).ravel()
                    burned.append(_note(times, bit, _LATE * limit, word, visits, visitors, weight))
                    trees.add(times, start, weight)
                else:
                    burned.append(0)
            burned += [0] * (BLOCK - len(block))
            words.append(word)
            if sum(burned) >= enough:
                break
        late, passing = trees.total >> _SHIFT, trees.total & ((1 << _SHIFT) - 1)
        return Burning(lit, np.stack(words, axis=1), np.array(burned), visits, visitors, passing, late)


@numba.njit(cache=True, nogil=True)
def _note(
    times: npt.NDArray[np.float32],
    bit: int,
    late: float,
    word: WordArray,
    visits: IntArray,
    visitors: IntArray,
    weight: IntArray,
) -> int:
    """Note where a fire came, and weigh its cells: one each, and what is late again in the upper half of a number."""
    mark, count = np.uint64(1) << np.uint64(bit), 0
    for cell in range(len(times)):
        count += times[cell] < np.inf
    for cell in range(len(times)):
        if times[cell] < np.inf:
            word[cell] |= mark
            visits[cell] += 1
            visitors[cell] += count
            weight[cell] = 1 + (np.int64(times[cell] > late) << _SHIFT)
    return count
