"""``python benchmarks/rank_plans.py``: do our fires rank fuel break plans as the level set does?

Plans are judged by the same fires of ours and of pyretechnics (`make oracle`), at the resolution of the data and, with
--fine, on a grid three times as fine, which decides where the two disagree. Takes minutes, with --fine a quarter of
an hour. With --named, plans of `fuelbreak.plans` are judged by both instead of simple ones.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
import numpy.typing as npt
from _tiles import DATA, TILES, at_centres, finer, real_tiles, split

from fuelbreak.fire.ignitions import sample_ignitions
from fuelbreak.fire.oracle import PyretechnicsSimulator, find_oracle
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plans import PLANS

WINDY = Weather(20.0, 45.0, 0.05, 0.06, 0.08, 0.60, 0.90, 1.00)
FINER = 3

Plan = npt.NDArray[np.bool_]
Cells = npt.NDArray[np.int64]
Shares = npt.NDArray[np.float64]


class Simulator(Protocol):
    """What burns."""

    def burned_cells(self, ignitions: Cells, breaks: Plan | None = None) -> Cells:
        """Cells that each fire burns."""


class FineLevelSet:
    """Pyretechnics on cells split in nine, counted at the centres of the whole ones."""

    def __init__(self, landscape: Landscape, weather: Weather) -> None:
        self._level_set = PyretechnicsSimulator(finer(landscape, FINER), weather, timeout_s=300.0)

    def burned_cells(self, ignitions: Cells, breaks: Plan | None = None) -> Cells:
        """Cells that each fire burns."""
        fine = None if breaks is None else split(breaks, FINER).astype(bool)
        counts = []
        for row, column in ignitions * FINER + FINER // 2:
            times = self._level_set.arrival_time_min((row, column), fine)
            counts.append(np.isfinite(at_centres(times, FINER)).sum())
        return np.array(counts)

    def close(self) -> None:
        """End the process."""
        self._level_set.close()


def main(argv: Sequence[str] | None = None) -> int:
    """Rank and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, nargs="+", default=[6.0, 24.0], help="durations of the fires")
    parser.add_argument("--plans", type=int, default=20)
    parser.add_argument("--fires", type=int, default=12)
    parser.add_argument("--fine", action="store_true", help="judge by the level set on the finer grid, too")
    parser.add_argument("--named", nargs="+", choices=list(PLANS), help="plans to judge, one row each")
    parser.add_argument("--budget", type=int, default=125, help="breaks of the named plans")
    options = parser.parse_args(argv)
    if find_oracle() is None or not DATA.is_dir():
        sys.exit(f"needs pyretechnics (make oracle) and real tiles at {DATA}")
    if options.named:
        return judge_named(options.named, options.budget, options.hours, options.fires)
    print("| plans | ranked by | against | Spearman | reduction, mean difference | largest | reductions |")
    print("|---|---|---|---|---|---|---|")
    for (name, _, _), landscape in zip(TILES, real_tiles(), strict=True):
        for hours in options.hours:
            judged = judge(landscape, hours, options.plans, options.fires, fine=options.fine)
            for one, other in (("ours", "30 m"), ("ours", "10 m"), ("30 m", "10 m")):
                if one in judged and other in judged:
                    print(
                        f"| {name}, {hours:g} h | {one} | {other} | {compare(judged[one], judged[other])} |",
                        flush=True,
                    )
    return 0


def judge_named(names: Sequence[str], budget: int, durations_h: Sequence[float], fires: int) -> int:
    """Print a Markdown table: what each plan saves of the same fires, in ours and in the level set."""
    print("| tile | plan | reduction, ours | level set | difference |\n|---|---|---|---|---|")
    for (name, _, _), landscape in zip(TILES, real_tiles(), strict=True):
        for hours in durations_h:
            weather = Weather(duration_min=60.0 * hours)
            plans = [PLANS[plan](landscape, weather, budget) for plan in names]
            ignitions = sample_ignitions(landscape, fires, np.random.default_rng(5))
            with PyretechnicsSimulator(landscape, weather) as level_set:
                ignitions = ignitions[level_set.burned_cells(ignitions) > 1]
                theirs = reductions(level_set, ignitions, plans)
            ours = reductions(FireSimulator(landscape, weather), ignitions, plans)
            for plan, one, other in zip(names, ours, theirs, strict=True):
                print(
                    f"| {name}, {hours:g} h | {plan} | {one:.1%} | {other:.1%} | {100 * (one - other):+.1f} |",
                    flush=True,
                )
    return 0


def judge(landscape: Landscape, hours: float, plans: int, fires: int, *, fine: bool) -> dict[str, Shares]:
    """Reductions by each plan, in our fires and in those of the level sets."""
    rng = np.random.default_rng(5)
    weather = replace(WINDY, duration_min=60.0 * hours)
    ours = FireSimulator(landscape, weather)
    ignitions = sample_ignitions(landscape, fires, rng)
    chosen = make_plans(ours, rng, plans)
    with PyretechnicsSimulator(landscape, weather) as coarse:
        ignitions = ignitions[coarse.burned_cells(ignitions) > 1]  # some die in their first cell
        judged = {"ours": reductions(ours, ignitions, chosen), "30 m": reductions(coarse, ignitions, chosen)}
    if fine:
        level_set = FineLevelSet(landscape, weather)
        judged["10 m"] = reductions(level_set, ignitions, chosen)
        level_set.close()
    return judged


def compare(one: Shares, other: Shares) -> str:
    """Rank correlation and differences of reductions."""
    spearman = np.corrcoef(np.argsort(np.argsort(one)), np.argsort(np.argsort(other)))[0, 1]
    gap = np.abs(one - other)
    return f"{spearman:.3f} | {gap.mean():.1%} | {gap.max():.1%} | {other.min():.0%} to {other.max():.0%}"


def make_plans(simulator: FireSimulator, rng: np.random.Generator, count: int) -> list[Plan]:
    """Scattered cells, straight lines, cells where fire is likely, and corners of two lines, in turn."""
    likely = simulator.burn_probability(sample_ignitions(simulator.landscape, 500, rng)).ravel() ** 2 + 1e-12
    plans = []
    for number in range(count):
        plan = np.zeros(simulator.landscape.shape, bool)
        row, column = rng.integers(5, 30, 2)
        if number % 4 == 0:
            plan.flat[rng.choice(plan.size, 100, replace=False)] = True
        elif number % 4 == 1:
            plan[row] = True
            plan = plan if number % 8 == 1 else plan.T.copy()
        elif number % 4 == 2:
            plan.flat[rng.choice(plan.size, 60 + 5 * number, replace=False, p=likely / likely.sum())] = True
        else:
            plan[row : row + 18, column] = plan[row, column : column + 18] = True
        plans.append(plan)
    return plans


def reductions(simulator: Simulator, ignitions: Cells, plans: list[Plan]) -> Shares:
    """Share of the burned cells that each plan saves."""
    before = simulator.burned_cells(ignitions).sum()
    return np.array([1.0 - simulator.burned_cells(ignitions, plan).sum() / before for plan in plans])


if __name__ == "__main__":
    raise SystemExit(main())
