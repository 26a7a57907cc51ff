"""An agent's plans and those that need no training, judged on the same fires: all that can start."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, product

import numpy as np
import numpy.typing as npt

from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.threads import usable_cores
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plans import FAST_PLANS, ORDERS, PLANS, Plan, expected_burned
from fuelbreak.plans.common import as_breaks

__all__ = ["AGENT", "RANDOM_DRAWS", "Judgement", "evaluate"]

Breaks = npt.NDArray[np.bool_]

AGENT = "agent"
"""What judgements call the agent's plan."""

RANDOM_DRAWS = 10
"""The plan "random" is the mean over so many draws."""


@dataclass(frozen=True)
class Judgement:
    """What one plan does on one landscape, over all its burnable ignitions.

    Attributes:
        landscape: The landscape's name.
        weather: The weather's name.
        budget: Breaks that the plan was given.
        plan: "agent", the name of another agent, or one in `fuelbreak.plans.PLANS`.
        breaks: Break cells placed.
        burned_before: Expected burned cells of a fire without breaks.
        burned_after: The same with them; an ignition on a break burns nothing.
        cell_area_ha: Hectares of a cell.
    """

    landscape: str
    weather: str
    budget: int
    plan: str
    breaks: int
    burned_before: float
    burned_after: float
    cell_area_ha: float = 0.09

    @property
    def reduction(self) -> float:
        """Share of the expected burned area that the plan saves, at most 1."""
        return 1.0 - self.burned_after / self.burned_before


def evaluate(
    agent: Plan,
    landscapes: Sequence[Landscape],
    budgets: Sequence[int],
    weathers: Mapping[str, Weather],
    *,
    plans: Sequence[str] = FAST_PLANS,
    beside: Mapping[str, Plan] | None = None,
    seed: int = 0,
    workers: int | None = None,
    done: Callable[[str], None] = lambda _: None,
) -> list[Judgement]:
    """Judge an agent beside plans that need no training.

    Args:
        agent: What places the agent's breaks; called from several threads at once.
        landscapes: To plan for; not those of the training, if the figures are to mean anything.
        budgets: Breaks, each a plan of its own.
        weathers: Of every fire, by name.
        plans: Names in `fuelbreak.plans.PLANS` to compare with; "random" is the mean over `RANDOM_DRAWS` draws.
        beside: Other agents to compare with, by names that are no plan's.
        seed: Of the plans that draw.
        workers: Threads, each with a landscape of its own; by default one a core. The result is the same.
        done: Told the name of each landscape that is finished under one of the weathers.

    Returns:
        One judgement a landscape, weather, budget and plan, in the order of the arguments.

    Raises:
        ValueError: A plan of another name, or an agent with the name of a plan.
    """
    if taken := sorted({AGENT, *PLANS} & set(beside or {})):
        raise ValueError(f"{taken} are names of plans; call the other agents something else")
    if unknown := sorted(set(plans) - set(PLANS)):
        raise ValueError(f"plans {unknown} are unknown; choose among {list(PLANS)}")

    def judge_place(place: tuple[Landscape, str]) -> list[Judgement]:
        landscape, weather = place
        bench = _Bench(landscape, weather, weathers[weather])
        judged = []
        for name, trained in {AGENT: agent, **(beside or {})}.items():
            judged += bench.judge(name, [_plan_by_plan(trained, bench, budgets, seed)])
        for name in plans:
            draws = range(seed, seed + (RANDOM_DRAWS if name == "random" else 1))
            judged += bench.judge(name, [_known_plan(name, bench, budgets, draw) for draw in draws])
        done(landscape.name)
        return judged

    with ThreadPoolExecutor(workers or usable_cores(), thread_name_prefix="evaluate") as pool:
        return list(chain.from_iterable(pool.map(judge_place, product(landscapes, weathers))))


class _Bench:
    """One landscape under one weather, with what burns there without breaks."""

    def __init__(self, landscape: Landscape, weather_name: str, weather: Weather) -> None:
        self.landscape, self.weather = landscape, weather
        self._weather_name = weather_name
        self._simulator = FireSimulator(landscape, weather)
        self._before = expected_burned(self._simulator)

    def judge(self, plan: str, draws: Sequence[Mapping[int, Breaks]]) -> list[Judgement]:
        """One judgement a budget: the mean over all draws of the plan."""
        return [
            Judgement(
                landscape=self.landscape.name,
                weather=self._weather_name,
                budget=budget,
                plan=plan,
                breaks=int(draws[0][budget].sum()),
                burned_before=self._before,
                burned_after=float(
                    np.mean([expected_burned(self._simulator, drawn[budget]) for drawn in draws])
                ),
                cell_area_ha=self.landscape.cell_area_ha,
            )
            for budget in draws[0]
        ]


def _known_plan(name: str, bench: _Bench, budgets: Sequence[int], seed: int) -> dict[int, Breaks]:
    """The breaks of a plan by budget; one that places them one by one is made once, for the largest."""
    if name not in ORDERS:
        return _plan_by_plan(PLANS[name], bench, budgets, seed)
    cells = ORDERS[name](bench.landscape, bench.weather, max(budgets), seed=seed)
    return {budget: as_breaks(bench.landscape, cells[:budget]) for budget in budgets}


def _plan_by_plan(plan: Plan, bench: _Bench, budgets: Sequence[int], seed: int) -> dict[int, Breaks]:
    return {budget: plan(bench.landscape, bench.weather, budget, seed=seed) for budget in budgets}
