"""The agent that draws lines, in a fraction of a second for 50 x 50 cells.

    network    looks and draws; fires try its best lines                    `drawing`
    cuts       meanwhile: chains from rock to rock, the best first          `fuelbreak.plans.search`
    bending    the lines of both, cell by cell, and of the better one again

Cuts are made of all the fuel, and of what burns oftener than a quarter, a half, three quarters of it: under short
fires a line does well to stop where fire hardly comes. Plans are compared by fires from all cells. How long it takes is
set in trials, not in seconds: a plan does not depend on the machine.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from fuelbreak.dqn.lines.drawing import built, drawn_lines, load_network
from fuelbreak.dqn.lines.fires import LineFires
from fuelbreak.dqn.lines.network import LineNetwork
from fuelbreak.dqn.lines.states import Lookout
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plans.common import Plan, room_for
from fuelbreak.plans.search import HOT, MILD, MOST_CELLS, Drawn, Search

__all__ = ["bent_plan", "judged_lines", "line_plan"]

BoolGrid = npt.NDArray[np.bool_]

FIRES, BURNED_CELLS = 400, 40_000
"""Of the fires that try the network's lines."""

SWEEPS = 40
CUT_NEARLY = 0.7

_SPARED = (0.25, 0.5, 0.75)


def line_plan(state: dict[str, Any], device: torch.device | str) -> Plan:
    """The plan of a checkpoint's network, for any weather.

    Landscapes of more than 10,000 cells are drawn by the network alone.

    Args:
        state: As in `fuelbreak.dqn.lines.drawing.load_network`.
        device: Likewise.

    Returns:
        A `Plan`.
    """
    network = load_network(state, device)

    def plan(landscape: Landscape, weather: Weather, budget: int, *, seed: int = 0) -> BoolGrid:
        room = room_for(landscape, budget)
        if room in (0, int(landscape.burnable.sum())):
            return landscape.burnable & (room > 0)
        simulator = FireSimulator(landscape, weather)
        lookout = Lookout.of(simulator)
        if landscape.burnable.size > MOST_CELLS:
            return built(lookout, drawn_lines(network, lookout, room), room)
        return bent_plan(
            simulator, room, lambda: judged_lines(network, lookout, simulator, room, seed), seed=seed
        )

    return plan


def judged_lines(
    network: LineNetwork, lookout: Lookout, simulator: FireSimulator, room: int, seed: int = 0
) -> BoolGrid:
    """What the network draws where fires try its lines.

    Args:
        network: Values the candidates.
        lookout: Where.
        simulator: Its fires.
        room: Breaks altogether.
        seed: Of the fires' places.

    Returns:
        bool (H, W), `room` breaks on fuel.
    """
    fires = LineFires(simulator, seed, FIRES, BURNED_CELLS)
    return built(lookout, drawn_lines(network, lookout, room, fires=fires), room)


def bent_plan(
    simulator: FireSimulator, room: int, draw: Callable[[], BoolGrid] | None, *, seed: int = 0
) -> BoolGrid:
    """Bend what is drawn, and cuts, and take the best.

    Args:
        simulator: Landscape, of up to 10,000 cells, and weather.
        room: Breaks, at least 1 and fewer than cells burn.
        draw: Called once, while cuts are made; None = cuts alone.
        seed: Of all that is random.

    Returns:
        bool (H, W), `room` of them, on fuel.
    """
    with ThreadPoolExecutor(1) as beside:
        cutting = beside.submit(_best_cut, simulator, room, seed)
        lines = draw() if draw is not None else None
        cut = cutting.result()
        drafts = [cut.drawn] if lines is None else [cut.drawn, cut.search.drawn(lines)]
        first = _bent(beside, cut.search, [(draft, cut.ground) for draft in drafts], HOT, seed)
        grounds = (cut.ground, simulator.landscape.burnable)
        return _bent(beside, cut.search, [(first, ground) for ground in grounds], MILD, seed + 2).breaks


class _Cut(NamedTuple):
    """The best cut, the ground that it was made on, and the search that judged it."""

    search: Search
    drawn: Drawn
    ground: BoolGrid


def _best_cut(simulator: FireSimulator, room: int, seed: int) -> _Cut:
    """Cut all of the fuel, then less and less of it for as long as that helps."""
    search, fuel = Search(simulator, room, seed), simulator.landscape.burnable
    best = _Cut(search, search.drawn(search.cut(nearly=CUT_NEARLY)), fuel)
    for share in _SPARED:
        ground = fuel & (search.often >= np.quantile(search.often[fuel], share))
        drawn = search.drawn(search.cut(ground, CUT_NEARLY))
        if drawn.burned >= best.drawn.burned:
            break
        best = _Cut(search, drawn, ground)
    return best


def _bent(
    beside: ThreadPoolExecutor,
    search: Search,
    starts: list[tuple[Drawn, BoolGrid]],
    first: float,
    seed: int,
) -> Drawn:
    """The best of plans and of what comes of bending each on its ground, one of them on another thread."""

    def bend(number: int) -> Drawn:
        start, ground = starts[number]
        return search.drawn(search.bent(start, SWEEPS, first, seed + number, ground)[0])

    others = [beside.submit(bend, number) for number in range(1, len(starts))]
    plans = [start for start, _ in starts] + [bend(0)] + [other.result() for other in others]
    return min(plans, key=lambda plan: plan.burned)
