"""Greedy on the exact gain: each break is the one that saves most, found lazily.

Leskovec, Krause, Guestrin, Faloutsos, VanBriesen and Glance (2007), "Cost-effective outbreak detection in networks"
(CELF, KDD 2007), after Minoux (1978): gains are kept in a queue, and only the cell at its head is computed again.

CELF rests on gains that only shrink as a plan grows. Fuel breaks have no such thing: a cell gains next to nothing
until its neighbours make it the last gap of a barrier. So the (1 - 1/e) bound of submodular functions does not hold,
lazy and full greedy differ, and both are blind to a barrier that takes several cells to close. Two things make up for
some of it: the cells downstream bound the gain of every first break, so that hopeless cells are never tried; and the
neighbours of each new break are computed again at once, because it is there that gains rise.
"""

from __future__ import annotations

import heapq
from itertools import product

import numpy as np
import numpy.typing as npt

from fuelbreak.fire.fire_set import FireSet
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plans._trees import downstream_cells
from fuelbreak.plans.common import as_breaks, planning_ignitions, room_for

__all__ = ["order", "plan"]

IntArray = npt.NDArray[np.int64]
Cell = tuple[int, int]

FIRES = 128

_NEVER = -1
_TIE = 1e-4  # per cell downstream: of equal gains the one that more of the fire passes goes first


def plan(
    landscape: Landscape, weather: Weather, budget: int, *, seed: int = 0, fires: int = FIRES
) -> npt.NDArray[np.bool_]:
    """Break cells by exact gain; arguments as in `fuelbreak.plans.Plan`, and `fires` to plan with."""
    return as_breaks(landscape, order(landscape, weather, budget, seed=seed, fires=fires))


def order(
    landscape: Landscape, weather: Weather, budget: int, *, seed: int = 0, fires: int = FIRES
) -> IntArray:
    """Place one break after another; arguments and result as in `fuelbreak.plans.Order`.

    A break on a planning ignition is credited nothing for that fire: it would be worth a whole fire of the sample,
    and on the ignitions that a plan is judged on next to nothing.
    """
    simulator = FireSimulator(landscape, weather)
    ignitions = planning_ignitions(landscape, fires, seed)
    gains = _Gains(simulator, ignitions)
    queue = _Queue({cell: gains.bound(cell) for cell in _fuel(landscape)})
    placed: list[Cell] = []
    for _ in range(room_for(landscape, budget)):
        placed.append(_best(queue, gains, len(placed)))
        gains.place(placed[-1])
        for cell in queue.around(placed[-1]):
            queue.put(cell, gains.of(cell), len(placed))
    return np.array(placed, np.int64).reshape(-1, 2)


class _Gains:
    """Fires that stay alight, and what one more break would save of them."""

    def __init__(self, simulator: FireSimulator, ignitions: IntArray) -> None:
        self._fires, self._ignitions = FireSet(simulator, ignitions), ignitions
        self._downstream = downstream_cells(simulator, ignitions)
        self._burned = self._fires.burned
        self._now = self._fires.snapshot()

    def bound(self, cell: Cell) -> float:
        """No first break saves more than what lies downstream of it, over all fires."""
        return float(self._downstream[cell]) * (len(self._ignitions) + _TIE)

    def of(self, cell: Cell) -> float:
        """Cells that a break saves, summed over the fires that do not start under it; the tie-break is below one."""
        saved = self._burned - self._fires.add_breaks(np.array([cell]))
        self._fires.restore(self._now)
        elsewhere = np.any(self._ignitions != cell, axis=1)
        return float(saved[elsewhere].sum()) + _TIE * float(self._downstream[cell])

    def place(self, cell: Cell) -> None:
        """Let a break stand."""
        self._burned = self._fires.add_breaks(np.array([cell]))
        self._now = self._fires.snapshot()


class _Queue:
    """Cells by gain, each with the number of breaks that stood when it was computed."""

    def __init__(self, gains: dict[Cell, float]) -> None:
        self._gains, self._placed = gains, dict.fromkeys(gains, _NEVER)
        self._heap = [(-gain, cell) for cell, gain in gains.items()]
        heapq.heapify(self._heap)

    def head(self) -> Cell:
        """The cell of highest gain; what is left of cells since taken or changed falls away."""
        while -self._heap[0][0] != self._gains.get(self._heap[0][1]):
            heapq.heappop(self._heap)
        return self._heap[0][1]

    def is_of(self, cell: Cell, placed: int) -> bool:
        """Whether the gain was computed when so many breaks stood."""
        return self._placed[cell] == placed

    def put(self, cell: Cell, gain: float, placed: int) -> None:
        """Change a gain."""
        self._gains[cell], self._placed[cell] = gain, placed
        heapq.heappush(self._heap, (-gain, cell))

    def take(self, cell: Cell) -> Cell:
        """Take a cell out for good."""
        del self._gains[cell]
        return cell

    def around(self, cell: Cell) -> list[Cell]:
        """The eight neighbours, as far as they are in the queue."""
        row, column = cell
        near = product((row - 1, row, row + 1), (column - 1, column, column + 1))
        return [other for other in near if other in self._gains]


def _fuel(landscape: Landscape) -> list[Cell]:
    """The cells that burn."""
    return [(row, column) for row, column in np.argwhere(landscape.burnable).tolist()]


def _best(queue: _Queue, gains: _Gains, placed: int) -> Cell:
    """Take the first cell whose gain is that of now."""
    while not queue.is_of(cell := queue.head(), placed):
        queue.put(cell, gains.of(cell), placed)
    return queue.take(cell)
