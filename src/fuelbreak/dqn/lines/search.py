"""Search at decision time: the network proposes lines, the simulator decides among them and mends the plan.

The lines of highest value are built and burned, one is kept, and so on until the budget is spent. Then lines are taken
out again, one or two at a time, and the budget that this frees is spent anew; what burns less is kept (large
neighbourhood search: Shaw 1998, "Using constraint programming and local search methods to solve vehicle routing
problems"; "ruin and recreate": Schrimpf et al. 2000, Journal of Computational Physics 159). At last the lines are bent
cell by cell (`fuelbreak.plans.search`), as are those of the agent that takes a fraction of a second (`agent`); of all
these the best is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from fuelbreak.dqn.lines.agent import line_plan
from fuelbreak.dqn.lines.drawing import Valuation, built, distance, load_network, network_values
from fuelbreak.dqn.lines.fires import LineFires
from fuelbreak.dqn.lines.states import LineState, Lookout
from fuelbreak.dqn.torch_threads import torch_shared_by
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.threads import usable_cores
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plans import search as plans_search
from fuelbreak.plans.common import Plan, room_for
from fuelbreak.plans.judging import expected_burned

__all__ = ["LineSearch", "search_plan"]

BoolGrid = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
Lines = list[IntArray]

SIMULATED = 12
EFFORT = 200
BENT_AGAIN = 2

_MOST_TAKEN_OUT = 3


def search_plan(state: dict[str, Any], device: torch.device | str) -> Plan:
    """The plan of a checkpoint's network and of the simulator together, for any weather.

    Args:
        state: As in `fuelbreak.dqn.lines.drawing.load_network`.
        device: Likewise.

    Returns:
        A `Plan` that takes seconds.
    """
    network, quick = load_network(state, device), line_plan(state, device)

    def plan(landscape: Landscape, weather: Weather, budget: int, *, seed: int = 0) -> BoolGrid:
        room, simulator = room_for(landscape, budget), FireSimulator(landscape, weather)
        lookout = Lookout.of(simulator)
        fires, rng = LineFires(simulator, seed), np.random.default_rng(seed)
        search = LineSearch(network_values(network), lookout, fires, room, SIMULATED, rng)
        with torch_shared_by(usable_cores()):
            searched = search.improve(*search.complete([]), EFFORT)
        plans = [quick(landscape, weather, room, seed=seed), built(lookout, searched, room)]
        return _bent(simulator, plans)

    return plan


def _bent(simulator: FireSimulator, plans: list[BoolGrid]) -> BoolGrid:
    """The plans with their lines bent, and the best of them once more and again: that by which least burns."""
    best, least = plans[0], expected_burned(simulator, plans[0])
    for number in range(len(plans) + BENT_AGAIN):
        bent = plans_search.refine(simulator, plans[number] if number < len(plans) else best, seed=number)
        burned = expected_burned(simulator, bent)
        if burned < least:
            best, least = bent, burned
    return best


@dataclass(eq=False)
class LineSearch:
    """A search for one landscape under one weather.

    Attributes:
        values: How good each candidate of a state is thought to be: decides which are simulated.
        lookout: Where.
        fires: By which plans are compared; breaks come and go.
        room: Breaks altogether.
        simulated: How many candidates are simulated for each line.
        rng: Of what is taken out.
        spent: Candidates simulated so far.
    """

    values: Valuation
    lookout: Lookout
    fires: LineFires
    room: int
    simulated: int
    rng: np.random.Generator
    spent: int = 0

    def complete(self, lines: Lines) -> tuple[Lines, float]:
        """Add lines to some, each the one that saves most per cell, until the budget is spent.

        Returns:
            All lines, and the expected burned cells with them.
        """
        self.fires.clear()
        lines = list(lines)
        if lines:
            self.fires.build(np.concatenate(lines))
        while (left := self.room - int(self.fires.breaks.sum())) > 0:
            state = LineState.of(self.lookout, self.fires.breaks.copy(), left)
            if len(state.segments) == 0:
                break
            likely = np.argsort(-self.values(state))[: self.simulated]
            tried = [state.segments[int(i)] for i in likely]
            self.spent += len(tried)
            saved = (self.fires.burned - self.fires.tried(tried)) / [len(cells) for cells in tried]
            lines.append(tried[int(np.argmax(saved))])
            self.fires.build(lines[-1])
        return lines, self.fires.expected()

    def improve(self, lines: Lines, burned: float, effort: int) -> Lines:
        """Take lines out and spend what that frees anew, and keep what burns less.

        Args:
            lines: A plan.
            burned: Expected cells that burn with it, as `complete` has it.
            effort: Candidates to simulate altogether, those of the plan included.

        Returns:
            The plan that burns least.
        """
        while lines and self.spent < effort:
            before = self.spent
            other, left = self.complete(self._ruined(lines))
            if left < burned:
                lines, burned = other, left
            self.spent = max(self.spent, before + 1)
        return lines

    def _ruined(self, lines: Lines) -> Lines:
        """The plan without one line, or without it and one or two next to it."""
        width = self.lookout.scene.fuel.shape[1]
        first = lines[int(self.rng.integers(len(lines)))]
        apart = np.array([distance(first, line, width) for line in lines])
        out = np.argsort(apart, kind="stable")[: int(self.rng.integers(1, _MOST_TAKEN_OUT + 1))]
        return [line for number, line in enumerate(lines) if number not in out]
