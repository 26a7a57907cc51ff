"""``python benchmarks/rank_plans.py``: do our fires rank fuel break plans as the level set does?

Plans are judged by the same fires of ours and of pyretechnics (`make oracle`), at the resolution of the data and, with
--fine, on a grid three times as fine, which decides where the two disagree. Takes minutes, with --fine a quarter of
an hour. With --named, plans of `fuelbreak.plans` and agents that come with the package are judged by both instead of
simple ones, on windows of regions that no agent was trained on.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
import numpy.typing as npt
from _tables import head, row
from _tiles import DATA, TILES, at_centres, finer, real_tiles, split
from ablate_dqn import REGIONS
from bench_agent import windows

from fuelbreak.agents import PRETRAINED, load_agent
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
        for place in ignitions * FINER + FINER // 2:
            times = self._level_set.arrival_time_min(tuple(place), fine)
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
    parser.add_argument(
        "--named", nargs="+", choices=[*PLANS, *PRETRAINED], help="plans and agents to judge, one row each"
    )
    parser.add_argument("--budget", type=int, default=250, help="breaks of the named plans")
    parser.add_argument("--windows", type=int, default=4, help="windows that they are judged on")
    options = parser.parse_args(argv)
    if find_oracle() is None or not DATA.is_dir():
        sys.exit(f"needs pyretechnics (make oracle) and real tiles at {DATA}")
    if options.named:
        return judge_named(options)
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


def judge_named(options: argparse.Namespace) -> int:
    """Print a Markdown table: what each plan saves of the same fires, in ours and in the level sets."""
    makers = [PLANS[name] if name in PLANS else load_agent(name).plan for name in options.named]
    finest = ["level set, 10 m"] if options.fine else []
    for line in head("window", "plan", "reduction, ours", "level set", *finest, "difference"):
        print(line)
    folders = [DATA / "landfire" / region for region in REGIONS]
    for number, landscape in enumerate(windows(folders, options.windows, seed=0)):
        for hours in options.hours:
            weather = Weather(duration_min=60.0 * hours)
            plans = [plan(landscape, weather, options.budget) for plan in makers]
            ignitions = sample_ignitions(landscape, options.fires, np.random.default_rng(5))
            judged = by_all(landscape, weather, ignitions, plans, fine=options.fine)
            for plan, shares in zip(options.named, zip(*judged.values(), strict=True), strict=True):
                cells = [*(f"{share:.1%}" for share in shares), f"{100 * (shares[0] - shares[-1]):+.1f}"]
                print(row([f"{number + 1}, {hours:g} h", plan, *cells]), flush=True)
    return 0


def judge(landscape: Landscape, hours: float, plans: int, fires: int, *, fine: bool) -> dict[str, Shares]:
    """Reductions by simple plans, in our fires and in those of the level sets."""
    rng = np.random.default_rng(5)
    weather = replace(WINDY, duration_min=60.0 * hours)
    ignitions = sample_ignitions(landscape, fires, rng)
    chosen = make_plans(FireSimulator(landscape, weather), rng, plans)
    return by_all(landscape, weather, ignitions, chosen, fine=fine)


def by_all(
    landscape: Landscape, weather: Weather, ignitions: Cells, plans: list[Plan], *, fine: bool
) -> dict[str, Shares]:
    """Reductions by each plan, in our fires and in those of the level sets."""
    with PyretechnicsSimulator(landscape, weather) as coarse:
        ignitions = ignitions[coarse.burned_cells(ignitions) > 1]  # some die in their first cell
        ours = FireSimulator(landscape, weather)
        judged = {"ours": reductions(ours, ignitions, plans), "30 m": reductions(coarse, ignitions, plans)}
    if fine:
        level_set = FineLevelSet(landscape, weather)
        judged["10 m"] = reductions(level_set, ignitions, plans)
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
