"""The agent that draws lines, in a fraction of a second for 50 x 50 cells.

    network    looks and draws; fires try its best lines                     `drawing`
    pairs      meanwhile: which cells burn together, from fires of all       `fuelbreak.plans.search`
    bending    of what was drawn, cell by cell, twice side by side: widely, for other walls, and mildly

Plans are compared by fires from all cells. How long it takes is set in trials, not in seconds: a plan does not depend
on the machine.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from fuelbreak.dqn.lines.drawing import Valuation, built, drawn_lines, load_network, network_values
from fuelbreak.dqn.lines.fires import LineFires
from fuelbreak.dqn.lines.states import Lookout
from fuelbreak.dqn.torch_threads import torch_shared_by
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.threads import usable_cores
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plans.common import Plan, room_for
from fuelbreak.plans.search import HOT, MILD, MOST_CELLS, Drawn, Search

__all__ = ["bent_plan", "judged_lines", "line_plan", "plan_by"]

BoolGrid = npt.NDArray[np.bool_]

FIRES, BURNED_CELLS = 400, 40_000
"""Of the fires that try the network's lines."""

SWEEPS = 40


def line_plan(state: dict[str, Any], device: torch.device | str) -> Plan:
    """The plan of a checkpoint's network, for any weather.

    Landscapes of more than 10,000 cells are drawn by the network alone.

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
        if landscape.burnable.size > MOST_CELLS:
            return built(lookout, drawn_lines(values, lookout, room), room)
        return bent_plan(
            simulator, room, lambda: judged_lines(values, lookout, simulator, room, seed), seed=seed
        )

    return plan


def judged_lines(
    values: Valuation, lookout: Lookout, simulator: FireSimulator, room: int, seed: int = 0
) -> BoolGrid:
    """What is drawn where fires try the best lines.

    Args:
        values: Of the candidates.
        lookout: Where.
        simulator: Its fires.
        room: Breaks altogether.
        seed: Of the fires' places.

    Returns:
        bool (H, W), `room` breaks on fuel.
    """
    fires = LineFires(simulator, seed, FIRES, BURNED_CELLS)
    return built(lookout, drawn_lines(values, lookout, room, fires=fires), room)


def bent_plan(
    simulator: FireSimulator, room: int, draw: Callable[[], BoolGrid], *, seed: int = 0
) -> BoolGrid:
    """Bend what is drawn.

    Args:
        simulator: Landscape, of up to 10,000 cells, and weather.
        room: Breaks, at least 1 and fewer than cells burn.
        draw: Called once, while fires burn from all cells.
        seed: Of all that is random.

    Returns:
        bool (H, W), `room` of them, on fuel: what was drawn, or a plan with which less burns.
    """
    with ThreadPoolExecutor(1) as beside, torch_shared_by(usable_cores()):
        searching = beside.submit(Search, simulator, room, seed)
        lines = draw()
        search = searching.result()
        drawn = search.drawn(lines)

        def bend(first: float) -> Drawn:
            return search.drawn(search.bent(drawn, SWEEPS, first, seed)[0])

        widely = beside.submit(bend, HOT)
        return min(drawn, bend(MILD), widely.result(), key=lambda plan: plan.burned).breaks
