"""Lines drawn by the trained agent beside the plans that need no training -> Markdown tables.

    python benchmarks/bench_agent.py                             # docs/benchmarks/agent.md, ten minutes on two cores
    python benchmarks/bench_agent.py --agents lines mine.pt      # other weights beside those that ship

Landscapes are windows of regions that training never saw, all burnable ignitions are judged, under three weathers.
What takes seconds (`--slow`) is judged on the first windows alone, beside everything else on the same ones. Means and
interquartile means have 95 % bootstrap intervals, drawn region by region (Agarwal et al. 2021, "Deep reinforcement
learning at the edge of the statistical precipice"); leads are paired, window by window.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from fuelbreak.agents import PRETRAINED, load_agent
from fuelbreak.dqn.lines.agent import plan_by
from fuelbreak.dqn.lines.drawing import (
    Valuation,
    built,
    closed_values,
    drawn_lines,
    load_network,
    network_values,
)
from fuelbreak.dqn.lines.states import Lookout
from fuelbreak.errors import LandscapeError
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plans import PLANS, Plan, expected_burned
from fuelbreak.rasters import read_folder
from fuelbreak.runs import load_checkpoint
from fuelbreak.synthetic import generate_set

SIZE = 50
BUDGETS = (50, 125, 250)
DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "landfire"
RULER, BENT = "compartment lines", "annealed walls"
WEATHERS = {
    "3 h, 20 km/h wind (the default)": Weather(),
    "24 h, no wind": Weather(wind_speed_10m_km_h=0.0, duration_min=1440.0),
    "24 h, 20 km/h wind": Weather(duration_min=1440.0),
}
DRAWS = 5000
TIMED = 8

FloatArray = npt.NDArray[np.float64]
Statistic = Callable[[FloatArray], FloatArray]


class Case(NamedTuple):
    """What one process judges."""

    landscape: Landscape
    weather: str
    methods: tuple[str, ...]


def drawn_by(values: Valuation) -> Plan:
    """What is drawn where no fire tries the lines and nothing is bent."""

    def plan(
        landscape: Landscape,
        weather: Weather,
        budget: int,
        *,
        seed: int = 0,  # noqa: ARG001 (the signature of plans)
    ) -> npt.NDArray[np.bool_]:
        lookout = Lookout.of(FireSimulator(landscape, weather))
        return built(lookout, drawn_lines(values, lookout, budget), budget)

    return plan


PARTS: dict[str, Plan] = {
    "lines' network alone": drawn_by(network_values(load_network(load_checkpoint(PRETRAINED["lines"])))),
    "lines' candidates alone": drawn_by(closed_values),
    "lines without network": plan_by(closed_values),
}


def method(name: str) -> Plan:
    """A plan by its name, or that of a checkpoint's agent."""
    return {**PLANS, **PARTS}.get(name) or load_agent(name).plan


def windows(folders: Sequence[Path], count: int, seed: int) -> list[Landscape]:
    """Windows at random places, taken from the folders in turn; at least half of each burns."""
    rng = np.random.default_rng(seed)
    wholes = [read_folder(folder) for folder in folders]
    found: list[Landscape] = []
    while len(found) < count:
        whole = wholes[len(found) % len(wholes)]
        row, column = (int(rng.integers(extent - SIZE + 1)) for extent in whole.shape)
        try:
            window = whole.window(row, column, SIZE, SIZE)
        except LandscapeError:  # no cell of it burns
            continue
        if window.burnable.mean() >= 0.5:
            found.append(window)
    return found


def judge(case: Case) -> dict[str, Any]:
    """Reductions in percent and seconds of processor time, by method, for each budget."""
    torch.set_num_threads(1)
    weather = WEATHERS[case.weather]
    simulator = FireSimulator(case.landscape, weather)
    before = expected_burned(simulator)
    record: dict[str, Any] = {"landscape": case.landscape.name, "weather": case.weather}
    for name in case.methods:
        plan, reductions, seconds = method(name), [], []
        for budget in BUDGETS:
            started = time.process_time()
            breaks = plan(case.landscape, weather, budget)
            seconds.append(time.process_time() - started)
            reductions.append(100.0 * (1.0 - expected_burned(simulator, breaks) / before))
        record[name] = {"reduction": reductions, "seconds": seconds}
    return record


def mean(values: FloatArray) -> FloatArray:
    """Mean along the last axis."""
    return np.asarray(values.mean(axis=-1))


def interquartile_mean(values: FloatArray) -> FloatArray:
    """Mean of the middle half along the last axis."""
    quarter = values.shape[-1] // 4
    return mean(np.sort(values, axis=-1)[..., quarter : values.shape[-1] - quarter])


def interval(values: FloatArray, regions: Sequence[str], statistic: Statistic = mean) -> str:
    """A statistic and its 95 % bootstrap interval; windows are drawn anew within their regions."""
    rng, names = np.random.default_rng(0), np.array(regions)
    drawn = [
        rng.choice(values[names == name], (DRAWS, int((names == name).sum()))) for name in np.unique(names)
    ]
    low, high = np.percentile(statistic(np.concatenate(drawn, axis=1)), [2.5, 97.5])
    return f"{statistic(values):.1f} [{low:.1f}, {high:.1f}]"


def tables(records: Sequence[dict[str, Any]], methods: Sequence[str], plans: Sequence[str]) -> list[str]:
    """What the methods save, and the leads of those that are no plans."""
    regions = [record["landscape"].split("[")[0] for record in records]
    saved = {name: np.array([record[name]["reduction"] for record in records]).T for name in methods}
    seconds = {name: np.median([record[name]["seconds"] for record in records], axis=0) for name in methods}
    heads = [f"{kind}, {budget}" for kind in ("mean", "IQM") for budget in BUDGETS]
    rows = [f"| | {' | '.join(heads)} | s, {BUDGETS[-1]} |", "|---|" + "---|" * 7]
    for name in methods:
        shown = [
            interval(values, regions, kind) for kind in (mean, interquartile_mean) for values in saved[name]
        ]
        rows.append(f"| {name} | {' | '.join(shown)} | {seconds[name][-1]:.2f} |")
    heads = [f"minus {rival}, {budget}" for rival in (RULER, BENT) for budget in BUDGETS]
    rows += ["", f"| | {' | '.join(heads)} |", "|---|" + "---|" * 6]
    for name in (name for name in methods if name not in plans):
        leads = [saved[name] - saved[rival] for rival in (RULER, BENT)]
        rows.append(f"| {name} | {' | '.join(interval(row, regions) for lead in leads for row in lead)} |")
    return rows


def timed(tiles: Sequence[Landscape], names: Sequence[str]) -> list[str]:
    """Seconds of the clock for the largest budget, one plan at a time: median and slowest."""
    rows = [
        f"| s by the clock, {BUDGETS[-1]} cells | {' | '.join(WEATHERS)} |",
        "|---|" + "---|" * len(WEATHERS),
    ]
    for name in names:
        plan, shown = method(name), []
        for weather in WEATHERS.values():
            plan(tiles[0], weather, BUDGETS[-1])
            seconds = []
            for tile in tiles[:TIMED]:
                started = time.perf_counter()
                plan(tile, weather, BUDGETS[-1])
                seconds.append(time.perf_counter() - started)
            shown.append(f"{np.median(seconds):.2f} ({max(seconds):.2f})")
        rows.append(f"| {name} | {' | '.join(shown)} |")
    return rows


def asked_for() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--agents", nargs="+", default=["lines"], help="checkpoints")
    parser.add_argument("--plans", nargs="+", default=["random", RULER, BENT], choices=list(PLANS))
    parser.add_argument("--parts", nargs="*", default=list(PARTS), choices=list(PARTS), help="of lines")
    parser.add_argument("--slow", nargs="*", default=["search", "lines-search"], help="plans and agents")
    parser.add_argument("--slow-tiles", type=int, default=10, help="the first windows, for those")
    parser.add_argument(
        "--regions", nargs="*", default=["norcal_c", "sierra_a"], help="folders of real layers"
    )
    parser.add_argument("--tiles", type=int, default=50)
    parser.add_argument("--synthetic", type=int, default=0)
    parser.add_argument("--weathers", nargs="+", type=int, default=[0, 1, 2], help="numbers of WEATHERS")
    parser.add_argument("--seed", type=int, default=2026, help="of the windows' places")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks/agent.md"))
    parser.add_argument("--records", type=Path, help="JSON lines, one a landscape and weather")
    return parser.parse_args()


def judged(cases: Sequence[Case], workers: int, records: Path | None) -> list[dict[str, Any]]:
    """What `judge` says of each case, in several processes; kept in a file as it comes."""
    found = []
    with get_context("spawn").Pool(workers) as pool:
        for record in pool.imap(judge, cases):
            found.append(record)
            if records:
                with records.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(record) + "\n")
    return found


def main() -> None:
    """Judge and write."""
    asked = asked_for()
    tiles = windows([DATA / name for name in asked.regions], asked.tiles, asked.seed) if asked.tiles else []
    tiles += list(generate_set(asked.seed, asked.synthetic, SIZE))
    quick = (*asked.plans, *asked.parts, *asked.agents)
    few = min(asked.slow_tiles, len(tiles)) if asked.slow else 0
    lines = [
        "# The agents that draw lines, beside plans that need no training",
        "",
        "Reduction of the expected burned area in percent, all burnable ignitions, with as many breaks as the heads "
        "say: mean and interquartile mean (IQM) [95 % bootstrap interval, windows drawn anew within their regions]. "
        f"{asked.tiles} windows of {SIZE} x {SIZE} cells of {', '.join(asked.regions)}, which no training saw, and "
        f"{asked.synthetic} synthetic tiles; at least half of each window burns. Leads in points, paired by window. "
        f"Seconds are processor time, median. Python {platform.python_version()}, {platform.machine()}, "
        f"{time.strftime('%Y-%m-%d')}.",
        "",
        *timed(tiles, [*asked.agents, *asked.parts, RULER, BENT]),
        "",
    ]
    for title in (list(WEATHERS)[number] for number in asked.weathers):
        cases = [
            Case(tile, title, (*quick, *(asked.slow if number < few else ())))
            for number, tile in enumerate(tiles)
        ]
        records = judged(cases, asked.workers, asked.records)
        section = [f"## {title}", "", *tables(records, quick, asked.plans), ""]
        if few:
            section += [
                f"The first {few} windows:",
                "",
                *tables(records[:few], (*quick, *asked.slow), list(PLANS)),
                "",
            ]
        print("\n".join(section), flush=True)
        lines += section
        asked.out.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
