"""Plans for landscapes larger than those that an agent was trained on: window by window, the budget where it pays.

Windows of the training size overlap. Each is planned for with several budgets, and what each plan saves is measured
by the fires of the window. Of these curves the upper concave hulls are taken, and the budget is spent along the
steepest of them: the greedy solution of the multiple-choice knapsack problem, optimal but for the last step (Sinha and
Zoltners 1979, "The multiple-choice knapsack problem", Operations Research 27). Hulls are needed because breaks save
next to nothing until a barrier closes: a window gets enough for a barrier, or nothing.

Then the windows are planned for anew, the most rewarding first, each with its share and with the breaks that stand
already as bare ground: what lies in the overlap is seen by both sides, and a barrier can be continued across a seam.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from fuelbreak.errors import LandscapeError
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.threads import usable_cores
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plans import Plan, expected_burned
from fuelbreak.plans.common import room_for

__all__ = ["Step", "Window", "share_out", "tiled_plan", "upper_hull", "windows"]

Breaks = npt.NDArray[np.bool_]

BARE_GROUND = 99
_SHARES = (0.02, 0.05, 0.1, 0.17, 0.3)
"""Budgets that are tried in a window, in parts of its cells that burn."""


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

    Returns:
        As in `Plan`.

    Raises:
        ValueError: A negative budget, or an overlap that leaves no way forward.
    """
    room = room_for(landscape, budget)
    places = windows(landscape, size, overlap)

    def steps_of(number: int) -> list[Step]:
        return _steps(plan, places[number].of(landscape), weather, room, seed, number)

    with ThreadPoolExecutor(workers or usable_cores(), thread_name_prefix="window") as pool:
        steps = [step for found in pool.map(steps_of, range(len(places))) for step in found]
    shares = share_out(steps, room)
    breaks = np.zeros(landscape.shape, np.bool_)
    for number, share in shares.items():
        window = places[number]
        breaks[window.part] |= _plan_around(plan, window, landscape, weather, share, breaks, seed)
    return _spend_the_rest(plan, places, landscape, weather, room, breaks, seed)


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


def _steps(plan: Plan, tile: Landscape, weather: Weather, budget: int, seed: int, number: int) -> list[Step]:
    """The steps along the hull of what a window's plans save."""
    simulator = FireSimulator(tile, weather)
    fuel = int(tile.burnable.sum())
    unbroken = expected_burned(simulator)
    curve = [(0, 0.0)]
    for cells in sorted({min(budget, max(1, round(share * fuel))) for share in _SHARES if budget > 0}):
        saved = unbroken - expected_burned(simulator, plan(tile, weather, cells, seed=seed))
        curve.append((cells, saved * fuel))
    hull = upper_hull(curve)
    return [Step(number, after[0] - before[0], after[1] - before[1]) for before, after in pairwise(hull)]


def _plan_around(
    plan: Plan, window: Window, landscape: Landscape, weather: Weather, cells: int, breaks: Breaks, seed: int
) -> Breaks:
    """Breaks for a window in which some stand already; none where no fuel is left."""
    standing = np.where(breaks, np.int16(BARE_GROUND), landscape.fuel_model)
    try:
        tile = window.of(replace(landscape, fuel_model=standing))
    except LandscapeError:
        return np.zeros((window.height, window.width), np.bool_)
    return plan(tile, weather, cells, seed=seed)


def _spend_the_rest(
    plan: Plan,
    places: Sequence[Window],
    landscape: Landscape,
    weather: Weather,
    budget: int,
    breaks: Breaks,
    seed: int,
) -> Breaks:
    """What no window's curve asked for, or found no room, goes to the windows in turn."""
    for window in places:
        left = budget - int(breaks.sum())
        if left <= 0:
            break
        breaks[window.part] |= _plan_around(plan, window, landscape, weather, left, breaks, seed)
    return breaks


def _starts(extent: int, size: int, overlap: int) -> list[int]:
    """First cells of windows along one direction; the last window ends with the landscape."""
    last = max(0, extent - size)
    return [*range(0, last, size - overlap), last]


def _slope(one: tuple[int, float], other: tuple[int, float]) -> float:
    return (other[1] - one[1]) / (other[0] - one[0])
