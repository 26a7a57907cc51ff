"""Search: lines drawn with a ruler, bent to the landscape by simulated annealing, and judged by fires.

Starting from straight layouts, and from chains that string rocks and water together (`segments`), walls of break
cells are moved a cell at a time (`_annealing`), with an estimate of what they are worth that takes no fire. Breaks
that close nothing are then placed anew by adaptive downstream protection value, which also knows what a wall without
an end is worth where fires run out of time. What comes out is judged by fires, the best is kept, and annealed again
("iterated local search": Lourenco, Martin and Stuetzle 2003, Handbook of Metaheuristics).

`plan` takes several starts and rounds, a few seconds for 50 x 50 cells; `quick_plan` the best start alone, about a
second. By the fires that they judge with, neither is ever worse than compartment lines. `refine` does the same to
breaks from anywhere else.
"""

from __future__ import annotations

import math
import time
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plans._annealing import anneal, closing_breaks
from fuelbreak.plans._pairs import MOST_CELLS, pairs_of_fires
from fuelbreak.plans.common import planning_ignitions, room_for
from fuelbreak.plans.compartments import FIRES, best_layouts, completed
from fuelbreak.plans.judging import expected_burned
from fuelbreak.plans.segments import candidate_segments, separation_gains
from fuelbreak.plans.separation import Segments, compartments

__all__ = ["MOST_CELLS", "Drawn", "Search", "plan", "quick_plan", "refine"]

BoolGrid = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

LAYOUTS = 3
ROUNDS = 4
SWEEPS = 300
QUICK_SWEEPS = 100

_JUDGES = 2500  # fires: all there are on 50 x 50 cells, hence no sample that a plan could be fitted to
# Temperatures, in parts of what burns with the breaks that an annealing starts from. What is hot finds other walls, or
# loses those that there were; what is mild bends them.
HOT, MILD = 5.0, 1.5
_COLD = 0.3


class Drawn(NamedTuple):
    """A plan and what burns with it.

    Attributes:
        breaks: bool (H, W).
        burned: Expected burned cells of a fire.
    """

    breaks: BoolGrid
    burned: float


def plan(
    landscape: Landscape,
    weather: Weather,
    budget: int,
    *,
    seed: int = 0,
    rounds: int = ROUNDS,
    seconds: float = math.inf,
) -> BoolGrid:
    """Anneal several starts, then the best plan again and again.

    Args:
        landscape: As in `fuelbreak.plans.Plan`, as are the next three; up to 10,000 cells.
        weather: Likewise.
        budget: Likewise.
        seed: Likewise.
        rounds: How often the best is annealed again.
        seconds: After which no further annealing begins. With a limit, the plan depends on the machine's speed.

    Returns:
        As in `fuelbreak.plans.Plan`.

    Raises:
        ValueError: A negative budget.
        LandscapeError: Too many cells.
    """
    ends = time.monotonic() + seconds
    room = room_for(landscape, budget)
    if room in (0, int(landscape.burnable.sum())):
        return landscape.burnable & (room > 0)
    search = Search(FireSimulator(landscape, weather), room, seed)
    starts = [*search.rule()[:LAYOUTS], search.cut()]
    search.offer(starts[-1])
    trials = [(start, HOT) for start in starts] + [
        (None, (MILD, HOT)[number % 2]) for number in range(rounds)
    ]
    for start, first in trials:
        if time.monotonic() >= ends:
            break
        search.anneal(search.best if start is None else start, SWEEPS, first)
    return search.best


def quick_plan(landscape: Landscape, weather: Weather, budget: int, *, seed: int = 0) -> BoolGrid:
    """Anneal the best start twice, and not for long; arguments, result and errors as of `plan`."""
    room = room_for(landscape, budget)
    if room in (0, int(landscape.burnable.sum())):
        return landscape.burnable & (room > 0)
    search = Search(FireSimulator(landscape, weather), room, seed)
    search.rule()
    search.offer(search.cut())
    for first in (HOT, MILD):
        search.anneal(search.best, QUICK_SWEEPS, first)
    return search.best


def refine(simulator: FireSimulator, breaks: BoolGrid, *, seed: int = 0, sweeps: int = SWEEPS) -> BoolGrid:
    """Bend the lines of any plan.

    Args:
        simulator: Landscape, of up to 10,000 cells, and weather.
        breaks: bool (H, W); those on cells that do not burn are left out.
        seed: Of all that is drawn.
        sweeps: How long: trials per cell.

    Returns:
        bool (H, W), as many breaks on fuel, with which no more burns.

    Raises:
        SimulationError: Breaks of another shape or dtype.
        LandscapeError: Too many cells.
    """
    fuel = simulator.landscape.burnable
    lines = fuel & breaks
    if int(lines.sum()) in (0, int(fuel.sum())):
        return lines
    search = Search(simulator, int(lines.sum()), seed)
    search.offer(lines)
    for first in (HOT, MILD):
        search.anneal(search.best, sweeps, first)
    return search.best


class Search:
    """The best plan so far for one landscape under one weather.

    `cut`, `drawn` and `bent` change nothing, so that threads may share a search.

    Args:
        simulator: Landscape, of up to 10,000 cells, and weather.
        room: Breaks, at least 1 and fewer than cells burn.
        seed: Of all that is drawn.

    Attributes:
        best: bool (H, W), the plan of which least burns, of those offered.
        often: int64 (H, W), how many fires come to a cell without breaks, and to how many cells its own goes.

    Raises:
        LandscapeError: Too many cells.
    """

    def __init__(self, simulator: FireSimulator, room: int, seed: int) -> None:
        landscape = simulator.landscape
        self._simulator, self._room, self._seed = simulator, room, seed
        self._pairs = pairs_of_fires(simulator)
        self.often = self._pairs.sum(axis=1, dtype=np.int64).reshape(landscape.shape)
        self._judges = planning_ignitions(landscape, _JUDGES, seed)
        self._planners = planning_ignitions(landscape, FIRES, seed)
        self.best, self._least = np.zeros(landscape.shape, np.bool_), math.inf

    def rule(self) -> list[BoolGrid]:
        """Draw straight layouts, offer the plan of compartment lines, and return all, the best first."""
        layouts = best_layouts(self._simulator, self._planners, self._room, seed=self._seed)
        self.offer(layouts[0])
        return layouts

    def cut(self, ground: BoolGrid | None = None, nearly: float = math.inf) -> BoolGrid:
        """Cut the fuel by one segment after another, each that which saves most per cell.

        Args:
            ground: bool (H, W), the fuel to cut; the rest is taken for rock. By default all there is.
            nearly: Others are taken with it that save as much per cell, times this, in compartments of their own;
                the less this is the sooner it is done. Above 1: none.

        Returns:
            bool (H, W), no more breaks than there is room for.
        """
        fuel = self._simulator.landscape.burnable if ground is None else ground
        uncut, left = fuel.copy(), self._room
        while left > 0 and len(segments := candidate_segments(uncut, longest=left)) > 0:
            for segment in _best_apart(uncut, segments, nearly):
                if len(segment) <= left:
                    uncut.flat[segment] = False
                    left -= len(segment)
        return fuel & ~uncut

    def bent(
        self,
        start: Drawn,
        sweeps: int,
        first: float,
        seed: int,
        ground: BoolGrid | None = None,
    ) -> tuple[BoolGrid, BoolGrid]:
        """Bend the lines of a plan.

        Args:
            start: The plan.
            sweeps: How long: trials per cell.
            first: The first temperature, in parts of what burns with the plan.
            seed: Of the trials.
            ground: As in `cut`.

        Returns:
            What comes of it, and its closed walls without the rest.
        """
        fuel = self._simulator.landscape.burnable if ground is None else ground
        found, _ = anneal(
            fuel,
            self._pairs,
            start.breaks & fuel,
            self._room,
            sweeps=sweeps,
            temperatures=(first * start.burned, _COLD * start.burned),
            seed=seed,
        )
        return found, closing_breaks(fuel, found)

    def drawn(self, lines: BoolGrid) -> Drawn:
        """Spend what lines leave of the budget, and judge the plan."""
        breaks = completed(lines, self._simulator, self._planners, self._room)
        return Drawn(breaks, self._burned(breaks))

    def anneal(self, start: BoolGrid, sweeps: int, first: float) -> None:
        """Offer what `bent` makes of a plan."""
        self._seed += 1
        for lines in self.bent(Drawn(start, self._burned(start)), sweeps, first, self._seed):
            self.offer(lines)

    def offer(self, lines: BoolGrid) -> None:
        """Spend what lines leave of the budget; keep them where less burns than with the best so far."""
        drawn = self.drawn(lines)
        if drawn.burned < self._least:
            self.best, self._least = drawn

    def _burned(self, breaks: BoolGrid) -> float:
        return expected_burned(self._simulator, breaks, self._judges)


def _best_apart(uncut: BoolGrid, segments: Segments, nearly: float) -> list[IntArray]:
    """The segment that saves most per cell, and those nearly as good in compartments that no other of them touches."""
    worth = separation_gains(uncut, segments) / segments.lengths
    best = int(np.argmax(worth))
    good = np.flatnonzero(worth >= nearly * worth[best])
    label, _ = compartments(uncut)
    taken, touched = [segments[best]], set(label.flat[segments[best]].tolist())
    for number in good[np.argsort(-worth[good], kind="stable")]:
        own = set(label.flat[segments[number]].tolist())
        if not own & touched:
            taken.append(segments[number])
            touched |= own
    return taken
