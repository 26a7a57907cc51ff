"""Lines drawn by the trained agent beside the plans that need no training -> a Markdown table.

    python benchmarks/bench_agent.py --out docs/benchmarks/agent.md

Landscapes are windows of regions that training never saw, all burnable ignitions are judged, under three weathers.
Each figure is a mean over landscapes with a 95 % bootstrap interval; leads are paired, landscape by landscape.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Sequence
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from fuelbreak.agents import load_agent
from fuelbreak.errors import LandscapeError
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plans import PLANS, Plan, expected_burned
from fuelbreak.rasters import read_folder
from fuelbreak.synthetic import generate_set

SIZE = 50
BUDGETS = (50, 125, 250)
DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "landfire"
RULER, BEST = "compartment lines", "best plan per tile"
WEATHERS = {
    "3 h, 20 km/h wind (the default)": Weather(),
    "24 h, no wind": Weather(wind_speed_10m_km_h=0.0, duration_min=1440.0),
    "24 h, 20 km/h wind": Weather(duration_min=1440.0),
}
DRAWS = 5000


class Case(NamedTuple):
    """What one process judges."""

    landscape: Landscape
    weather: str
    agents: tuple[str, ...]
    plans: tuple[str, ...]


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
    methods: dict[str, Plan] = {name: PLANS[name] for name in case.plans}
    methods |= {Path(name).stem: load_agent(name).plan for name in case.agents}
    weather = WEATHERS[case.weather]
    simulator = FireSimulator(case.landscape, weather)
    before = expected_burned(simulator)
    record: dict[str, Any] = {"landscape": case.landscape.name, "weather": case.weather}
    for name, plan in methods.items():
        reductions, seconds = [], []
        for budget in BUDGETS:
            started = time.process_time()
            breaks = plan(case.landscape, weather, budget)
            seconds.append(time.process_time() - started)
            reductions.append(100.0 * (1.0 - expected_burned(simulator, breaks) / before))
        record[name] = {"reduction": reductions, "seconds": seconds}
    return record


def interval(values: npt.NDArray[np.float64]) -> str:
    """Mean and 95 % bootstrap interval."""
    rng = np.random.default_rng(0)
    low, high = np.percentile(rng.choice(values, (DRAWS, len(values))).mean(axis=1), [2.5, 97.5])
    return f"{values.mean():.1f} [{low:.1f}, {high:.1f}]"


def table(records: Sequence[dict[str, Any]], plans: Sequence[str], agents: Sequence[str]) -> list[str]:
    """One weather's rows."""
    values = {name: np.array([r[name]["reduction"] for r in records]) for name in (*plans, *agents)}
    seconds = {name: np.median([r[name]["seconds"][-1] for r in records]) for name in values}
    values[BEST] = np.max([values[name] for name in plans], axis=0)
    heads = [f"{budget} cells" for budget in BUDGETS]
    leads = [f"minus ruler, {budget}" for budget in BUDGETS] + [f"minus best, {budget}" for budget in BUDGETS]
    rows = [f"| | {' | '.join([*heads, *leads])} | s, {BUDGETS[-1]} cells |", "|---|" + "---|" * 10]
    for name in (*plans, BEST, *agents):
        shown = [interval(values[name][:, i]) for i in range(len(BUDGETS))]
        against = [RULER, BEST] if name in agents else []
        shown += [interval((values[name] - values[rival])[:, i]) for rival in against for i in range(3)]
        shown += [""] * (9 - len(shown))
        rows.append(
            f"| {name} | {' | '.join(shown)} | {seconds[name]:.2f} |"
            if name in seconds
            else f"| {name} | {' | '.join(shown)} | |"
        )
    return rows


def main() -> None:
    """Judge and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--agents", nargs="+", default=["lines", "lines-search"], help="checkpoints")
    parser.add_argument("--plans", nargs="+", default=["random", "adaptive DPV", RULER], choices=list(PLANS))
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
    asked = parser.parse_args()
    tiles = windows([DATA / name for name in asked.regions], asked.tiles, asked.seed) if asked.tiles else []
    tiles += list(generate_set(asked.seed, asked.synthetic, SIZE))
    lines = [
        "# The agent that draws lines, beside plans that need no training",
        "",
        "Reduction of the expected burned area in percent, all burnable ignitions: mean [95 % bootstrap interval]; "
        f"{asked.tiles} windows of {SIZE} x {SIZE} cells of {', '.join(asked.regions)}, {asked.synthetic} synthetic "
        "tiles. Leads in points, paired by landscape. Seconds are processor time, median. Python "
        f"{platform.python_version()}, {platform.machine()}, {time.strftime('%Y-%m-%d')}.",
        "",
    ]
    names = [Path(name).stem for name in asked.agents]
    with get_context("spawn").Pool(asked.workers) as pool:
        for number in asked.weathers:
            title = list(WEATHERS)[number]
            cases = [Case(tile, title, tuple(asked.agents), tuple(asked.plans)) for tile in tiles]
            records = []
            for record in pool.imap(judge, cases):
                records.append(record)
                if asked.records:
                    with asked.records.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(record) + "\n")
            lines += [f"## {title}", "", *table(records, asked.plans, names), ""]
            print("\n".join(lines[-len(asked.plans) - len(names) - 6 :]), flush=True)
            asked.out.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
