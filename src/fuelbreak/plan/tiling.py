"""Plans for landscapes larger than those that an agent was trained on: window by window, the budget where it pays.

Windows of the training size overlap. Each is scouted: compartment lines are drawn quickly for several budgets, and
what they save is measured by the fires of the window. Of these curves the upper concave hulls are taken, and the
budget is spent along the steepest of them: the greedy solution of the multiple-choice knapsack problem, optimal but
for the last step (Sinha and Zoltners 1979, "The multiple-choice knapsack problem", Operations Research 27). Hulls are
needed because breaks save next to nothing until a barrier closes: a window gets enough for a barrier, or nothing.

Then the windows are planned for, the most rewarding first, each with its share and with the breaks that stand already
as bare ground: what lies in the overlap is seen by both sides, and a barrier can be continued across a seam. So the
plan, which may be slow, is called once a window. Windows that share no cell are planned for at the same time.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from fuelbreak.console import Progress, no_progress
from fuelbreak.errors import LandscapeError
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.threads import usable_cores
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plans import Plan, compartments, expected_burned
from fuelbreak.plans.common import room_for

__all__ = ["Step", "Window", "scout", "share_out", "tiled_plan", "upper_hull", "waves", "windows"]

Breaks = npt.NDArray[np.bool_]

BARE_GROUND = 99
_SHARES = (0.02, 0.05, 0.1, 0.17, 0.3)
"""Budgets that are tried in a window, in parts of its cells that burn."""
_LAYOUTS, _FIRES = 60, 200


@dataclass(frozen=True)
class Window:
    """A rectangle of a landscape, in cells.

    Attributes:
        row: First row.
        column: First column.
        height: Rows.
        width: Columns.
    """

    row: int
    column: int
    height: int
    width: int

    @property
    def part(self) -> tuple[slice, slice]:
        """Index of the rectangle in an array (H, W)."""
        return (
            slice(self.row, self.row + self.height),
            slice(self.column, self.column + self.width),
        )

    def of(self, landscape: Landscape) -> Landscape:
        """The rectangle as a landscape."""
        return landscape.window(self.row, self.column, self.height, self.width)

    def overlaps(self, other: Window) -> bool:
        """Whether they share cells."""
        rows = self.row < other.row + other.height and other.row < self.row + self.height
        return rows and self.column < other.column + other.width and other.column < self.column + self.width


@dataclass(frozen=True)
class Step:
    """One more share of the budget for a window.

    Attributes:
        window: Its number.
        cells: Break cells that this step adds.
        gain: Burned cells that they save, summed over the window's fires.
    """

    window: int
    cells: int
    gain: float


def tiled_plan(
    plan: Plan,
    landscape: Landscape,
    weather: Weather,
    budget: int,
    *,
    size: int = 50,
    overlap: int = 10,
    seed: int = 0,
    workers: int | None = None,
    progress: Progress = no_progress,
) -> Breaks:
    """Plan window by window, as the module describes.

    Args:
        plan: What plans for a window; called from several threads at once.
        landscape: Of any size.
        weather: As in `Plan`, as are the next two.
        budget: Likewise.
        size: Cells along each side of a window.
        overlap: Cells that neighbouring windows share.
        seed: Likewise.
        workers: Threads; by default one a core. The result is the same.
        progress: Shows how far scouting and planning are.

    Returns:
        As in `Plan`.

    Raises:
        ValueError: A negative budget, or an overlap that leaves no way forward.
    """
    room = room_for(landscape, budget)
    places = windows(landscape, size, overlap)
    breaks = np.zeros(landscape.shape, np.bool_)

    def steps_of(number: int) -> list[Step]:
        return scout(places[number].of(landscape), weather, room, seed, number)

    def plan_for(number: int, cells: int) -> None:
        window = places[number]
        breaks[window.part] |= _plan_around(plan, window, landscape, weather, cells, breaks, seed)

    with ThreadPoolExecutor(workers or usable_cores(), thread_name_prefix="window") as pool:
        with progress("Scouting windows", len(places)) as show:
            steps = []
            for number, found in enumerate(pool.map(steps_of, range(len(places))), start=1):
                steps += found
                show(number)
        shares = share_out(steps, room)
        with progress("Planning windows", len(shares)) as show:
            planned = 0
            for wave in waves(places, list(shares)):
                for _ in pool.map(plan_for, wave, [shares[number] for number in wave]):
                    planned += 1
                    show(planned)
    for number in range(len(places)):  # what no window's curve asked for, or found no room
        if left := room - int(breaks.sum()):
            plan_for(number, left)
    return breaks


def windows(landscape: Landscape, size: int, overlap: int) -> list[Window]:
    """Windows that cover a landscape, those without fuel left out.

    Args:
        landscape: What to cover.
        size: Cells along each side; a landscape that is smaller in one direction is taken whole in that direction.
        overlap: Cells that neighbours share; the last ones of a row or column share more.

    Returns:
        Row by row from the north-west.

    Raises:
        ValueError: The overlap is negative or not below the size.
    """
    if not 0 <= overlap < size:
        raise ValueError(f"overlap is {overlap} cells; give 0 to {size - 1}, less than the window's size")
    height, width = landscape.shape
    covering = [
        Window(row, column, min(size, height), min(size, width))
        for row in _starts(height, size, overlap)
        for column in _starts(width, size, overlap)
    ]
    return [window for window in covering if landscape.burnable[window.part].any()]


def upper_hull(points: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """The upper concave hull of points of growing abscissa: of gains by budget, the budgets worth considering.

    Args:
        points: (cells, gain), the first of them the origin.

    Returns:
        Those of the points where the gain per further cell only falls, up to the highest gain.
    """
    hull: list[tuple[int, float]] = []
    for point in points:
        while len(hull) > 1 and _slope(hull[-2], hull[-1]) <= _slope(hull[-2], point):
            hull.pop()
        hull.append(point)
    best = max(range(len(hull)), key=lambda number: hull[number][1])
    return hull[: best + 1]


def share_out(steps: Sequence[Step], budget: int) -> dict[int, int]:
    """Spend a budget on the steps of highest gain per cell; the last one may get less than it asks for.

    Args:
        steps: Of every window in the order of its hull.
        budget: Break cells.

    Returns:
        Cells by window, the most rewarding window first.
    """
    shares: dict[int, int] = {}
    for step in sorted(steps, key=lambda step: -step.gain / step.cells):
        cells = min(step.cells, budget - sum(shares.values()))
        if cells > 0:
            shares[step.window] = shares.get(step.window, 0) + cells
    return shares


def waves(places: Sequence[Window], order: Sequence[int]) -> list[list[int]]:
    """Windows in an order, those together that need not wait for each other.

    Args:
        places: Windows.
        order: Numbers of some of them; each waits for all before it with which it shares cells.

    Returns:
        One wave after the other, the numbers in it: windows that share no cell.
    """
    turn: dict[int, int] = {}
    for number in order:
        earlier = [turn[other] for other in turn if places[number].overlaps(places[other])]
        turn[number] = 1 + max(earlier, default=-1)
    last = max(turn.values(), default=-1)
    return [[number for number in order if turn[number] == each] for each in range(last + 1)]


def scout(tile: Landscape, weather: Weather, budget: int, seed: int = 0, number: int = 0) -> list[Step]:
    """What a window gains by more and more breaks: the steps along the hull of what quick plans save.

    Args:
        tile: The window.
        weather: Of its fires.
        budget: No step goes beyond it.
        seed: Of the plans.
        number: The window's.

    Returns:
        Steps of falling gain per cell.
    """
    simulator = FireSimulator(tile, weather)
    fuel = int(tile.burnable.sum())
    unbroken = expected_burned(simulator)
    curve = [(0, 0.0)]
    for cells in sorted({min(budget, max(1, round(share * fuel))) for share in _SHARES if budget > 0}):
        drawn = compartments.plan(tile, weather, cells, seed=seed, layouts=_LAYOUTS, fires=_FIRES)
        curve.append((cells, (unbroken - expected_burned(simulator, drawn)) * fuel))
    hull = upper_hull(curve)
    return [Step(number, after[0] - before[0], after[1] - before[1]) for before, after in pairwise(hull)]


def _plan_around(
    plan: Plan, window: Window, landscape: Landscape, weather: Weather, cells: int, breaks: Breaks, seed: int
) -> Breaks:
    """Breaks for a window in which some stand already; none where no fuel is left."""
    tile = window.of(landscape)
    standing = np.where(breaks[window.part], np.int16(BARE_GROUND), tile.fuel_model)
    try:
        tile = replace(tile, fuel_model=standing)
    except LandscapeError:
        return np.zeros(tile.shape, np.bool_)
    return plan(tile, weather, cells, seed=seed)


def _starts(extent: int, size: int, overlap: int) -> list[int]:
    """First cells of windows along one direction; the last window ends with the landscape."""
    last = max(0, extent - size)
    return [*range(0, last, size - overlap), last]


def _slope(one: tuple[int, float], other: tuple[int, float]) -> float:
    return (other[1] - one[1]) / (other[0] - one[0])
