"""The agent that draws lines, in a fraction of a second for 50 x 50 cells.

    network    looks and draws; where there are few lines to draw, fires try the best `drawing`
    beside     fires burn from all cells, which tells what cells burn together;       `fuelbreak.plans.search`
               where there are few lines to draw, others are drawn by what they close alone
    bending    of both drafts, or of the one twice, cell by cell, side by side; the best is the plan

Plans are compared by fires from all cells. How long it takes is set in trials, not in seconds: a plan does not depend
on the machine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from fuelbreak.dqn.lines.drawing import (
    Valuation,
    built,
    closed_values,
    drawn_lines,
    load_network,
    network_values,
)
from fuelbreak.dqn.lines.fires import LineFires
from fuelbreak.dqn.lines.states import Lookout
from fuelbreak.dqn.torch_threads import torch_shared_by
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.threads import usable_cores
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plans.common import Plan, room_for
from fuelbreak.plans.search import HOT, MOST_CELLS, Drawn, Search

__all__ = ["bent_plan", "judged_lines", "line_plan", "plan_by"]

BoolGrid = npt.NDArray[np.bool_]

FIRES, BURNED_CELLS = 400, 40_000
"""Of the fires that try the network's lines."""

FEW = 100
"""Breaks up to which fires try lines, and others are drawn: of more breaks single lines count for less, and there are
more looks to take."""

SWEEPS = 40


def line_plan(state: dict[str, Any], device: torch.device | str) -> Plan:
    """The plan of a checkpoint's network, for any weather.

    On more than 10,000 cells lines are drawn by what they close, and not bent: values that were learned on 50 x 50
    cells are worse there.

    Args:
        state: As in `fuelbreak.dqn.lines.drawing.load_network`.
        device: Likewise.

    Returns:
        A `Plan`.
    """
    return plan_by(network_values(load_network(state, device)))


def plan_by(values: Valuation) -> Plan:
    """The same plan by any values of lines."""

    def plan(landscape: Landscape, weather: Weather, budget: int, *, seed: int = 0) -> BoolGrid:
        room = room_for(landscape, budget)
        if room in (0, int(landscape.burnable.sum())):
            return landscape.burnable & (room > 0)
        simulator = FireSimulator(landscape, weather)
        lookout = Lookout.of(simulator)

        def closing() -> BoolGrid:
            return built(lookout, drawn_lines(closed_values, lookout, room), room)

        if landscape.burnable.size > MOST_CELLS:
            return closing()

        def judged() -> BoolGrid:
            with torch_shared_by(usable_cores()):
                return judged_lines(values, lookout, simulator, room, seed)

        drafts = [judged, closing] if room <= FEW else [judged]
        return bent_plan(simulator, room, drafts, seed=seed)

    return plan


def judged_lines(
    values: Valuation, lookout: Lookout, simulator: FireSimulator, room: int, seed: int = 0
) -> BoolGrid:
    """What is drawn where fires try the best lines, if there are few to draw.

    Args:
        values: Of the candidates.
        lookout: Where.
        simulator: Its fires.
        room: Breaks altogether.
        seed: Of the fires' places.

    Returns:
        bool (H, W), `room` breaks on fuel.
    """
    fires = LineFires(simulator, seed, FIRES, BURNED_CELLS) if room <= FEW else None
    return built(lookout, drawn_lines(values, lookout, room, fires=fires), room)


def bent_plan(
    simulator: FireSimulator, room: int, drafts: Sequence[Callable[[], BoolGrid]], *, seed: int = 0
) -> BoolGrid:
    """Bend what is drawn, and take the best.

    Args:
        simulator: Landscape, of up to 10,000 cells, and weather.
        room: Breaks, at least 1 and fewer than cells burn.
        drafts: Each draws lines; the first on this thread, the others on another one. A single one is bent twice.
        seed: Of all that is random.

    Returns:
        bool (H, W), `room` of them, on fuel: one of what was drawn, or a plan with which less burns.
    """

    def beside() -> tuple[Search, list[BoolGrid]]:
        return Search(simulator, room, seed), [draw() for draw in drafts[1:]]

    def bend(search: Search, lines: BoolGrid, seed: int) -> Drawn:
        drawn = search.drawn(lines)
        bent = search.drawn(search.bent(drawn, SWEEPS, HOT, seed)[0])
        return min(drawn, bent, key=lambda plan: plan.burned)

    with ThreadPoolExecutor(1) as thread:
        waited_for = thread.submit(beside)
        lines = drafts[0]()
        search, others = waited_for.result()
        starts = [(other, seed) for other in others] or [(lines, seed + 1)]
        bending = [thread.submit(bend, search, *start) for start in starts]
        plans = [bend(search, lines, seed), *(bent.result() for bent in bending)]
    return min(plans, key=lambda plan: plan.burned).breaks
