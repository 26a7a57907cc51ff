"""The bar that simple plans set: reduction of the expected burned area by plan, budget and weather, on the same tiles.

usage: python benchmarks/bench_plans.py [--real 8] [--synthetic 4] [--plans ...] [--seed 0] [--picture PNG] [--out MD]

Real tiles are cut from ../shared/data/landfire beside the checkout (left out, and said so, where it is absent), evenly
over its folders; synthetic ones are drawn by seed. Every plan is judged on all burnable ignitions of every tile, so
that differences between plans are paired. Plans that place one break after another are made once for the largest
budget, of which smaller ones are a prefix. Times are those of one process while nothing else is asked of it.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fuelbreak.errors import LandscapeError
from fuelbreak.fire.ignitions import all_ignitions
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plans import ORDERS, PLANS, expected_burned, judge
from fuelbreak.plans.common import as_breaks
from fuelbreak.rasters import read_folder
from fuelbreak.rendering import render_landscape
from fuelbreak.synthetic import generate_set

SIZE = 50
BUDGETS = (50, 125, 250)
REAL = Path(__file__).resolve().parents[2] / "shared" / "data" / "landfire"
BEST = "best of these, per tile"
RANDOM_DRAWS = 5
DRAWS = 5000
WEATHERS = {
    "the project's default: 3 h, 20 km/h wind": Weather(),
    "24 h, no wind": Weather(wind_speed_10m_km_h=0.0, duration_min=1440.0),
    "24 h, 20 km/h wind": Weather(duration_min=1440.0),
}

Masks = dict[int, list[npt.NDArray[np.bool_]]]


def real_tiles(count: int, seed: int) -> list[Landscape]:
    """Windows at random places, taken from the folders in turn; at least half of each burns."""
    folders = sorted(path for path in REAL.glob("*") if path.is_dir())
    rng = np.random.default_rng(seed)
    whole = {folder: read_folder(folder) for folder in folders}
    tiles: list[Landscape] = []
    while folders and len(tiles) < count:
        landscape = whole[folders[len(tiles) % len(folders)]]
        row, column = (int(rng.integers(extent - SIZE + 1)) for extent in landscape.shape)
        try:
            tile = landscape.window(row, column, SIZE, SIZE)
        except LandscapeError:
            continue
        if tile.burnable.mean() >= 0.5:
            tiles.append(tile)
    return tiles


def timed_masks(name: str, landscape: Landscape, weather: Weather) -> tuple[Masks, float]:
    """Breaks by budget ("random": several draws), and seconds for those of the largest budget."""
    seeds = range(RANDOM_DRAWS if name == "random" else 1)
    started = time.perf_counter()
    if name in ORDERS:
        orders = [ORDERS[name](landscape, weather, BUDGETS[-1], seed=seed) for seed in seeds]
        masks = {budget: [as_breaks(landscape, order[:budget]) for order in orders] for budget in BUDGETS}
        return masks, (time.perf_counter() - started) / len(seeds)
    largest = PLANS[name](landscape, weather, BUDGETS[-1])
    seconds = time.perf_counter() - started
    smaller = {budget: [PLANS[name](landscape, weather, budget)] for budget in BUDGETS[:-1]}
    return smaller | {BUDGETS[-1]: [largest]}, seconds


def measure(
    tiles: Sequence[Landscape], weather: Weather, names: Sequence[str]
) -> tuple[dict[str, npt.NDArray[np.float64]], dict[str, npt.NDArray[np.float64]]]:
    """Reductions in percent (tiles, budgets), and seconds (tiles,), by plan."""
    reductions = {name: np.zeros((len(tiles), len(BUDGETS))) for name in names}
    seconds = {name: np.zeros(len(tiles)) for name in names}
    for i, tile in enumerate(tiles):
        simulator = FireSimulator(tile, weather)
        before = expected_burned(simulator)
        for name in names:
            masks, seconds[name][i] = timed_masks(name, tile, weather)
            for j, budget in enumerate(BUDGETS):
                after = np.mean([expected_burned(simulator, breaks) for breaks in masks[budget]])
                reductions[name][i, j] = 100.0 * (1.0 - after / before)
        print(f"  {tile.name}: {before:.0f} cells burn without breaks", flush=True)
    reductions[BEST] = np.max(list(reductions.values()), axis=0)
    return reductions, seconds


def interval(values: npt.NDArray[np.float64]) -> str:
    """Mean and 95 % bootstrap interval over tiles."""
    rng = np.random.default_rng(0)
    means = rng.choice(values, size=(DRAWS, len(values))).mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return f"{values.mean():.0f} [{low:.0f}, {high:.0f}]"


def table(
    reductions: dict[str, npt.NDArray[np.float64]], seconds: dict[str, npt.NDArray[np.float64]]
) -> list[str]:
    """One weather's rows: each plan by budget, its lead over compartment lines, its time."""
    rows = [
        f"| plan | {' | '.join(f'{budget} cells' for budget in BUDGETS)} "
        f"| minus lines: {', '.join(map(str, BUDGETS))} cells | s for {BUDGETS[-1]} cells: median (range) |",
        "|---|" + "---|" * (len(BUDGETS) + 2),
    ]
    for name, values in reductions.items():
        cells = [interval(values[:, j]) for j in range(len(BUDGETS))]
        ruler = reductions.get("compartment lines")
        is_ruler = ruler is None or name == "compartment lines"
        lead = "" if is_ruler else "; ".join(map(interval, (values - ruler).T))
        spent = seconds.get(name)
        cost = "" if spent is None else f"{np.median(spent):.2f} ({spent.min():.2f}-{spent.max():.2f})"
        rows.append(f"| {name} | {' | '.join(cells)} | {lead} | {cost} |")
    return rows


def sections(tiles: Sequence[Landscape], names: Sequence[str]) -> list[str]:
    """A heading and a table for each weather."""
    lines: list[str] = []
    for title, weather in WEATHERS.items():
        print(title, flush=True)
        started = time.perf_counter()
        rows = table(*measure(tiles, weather, names))
        print("\n".join(rows), f"\n{time.perf_counter() - started:.0f} s", flush=True)
        lines += [f"## {title[0].upper()}{title[1:]}", "", *rows, ""]
    return lines


def head(real: Sequence[Landscape], synthetic: Sequence[Landscape], seed: int) -> list[str]:
    """What was measured, and where."""
    places = ", ".join(tile.name for tile in real) or "none: there is no ../shared/data/landfire"
    return [
        "# The bar that simple plans set",
        "",
        "Reduction of the expected burned area in percent, over all burnable ignitions: mean over tiles of "
        f"{SIZE} x {SIZE} cells of 30 m [95 % bootstrap interval over tiles]; the last column but one is paired.",
        "",
        f"{len(real)} real tiles ({places}) and {len(synthetic)} synthetic ones (set of seed {seed}). Python "
        f"{platform.python_version()}, {len(os.sched_getaffinity(0))} usable cores ({platform.machine()}), one of "
        f"them used; load average at the start {os.getloadavg()[0]:.1f}: times are upper bounds where it is above 1.",
        "",
    ]


def draw(path: Path, tile: Landscape, weather: Weather, names: Sequence[str]) -> None:
    """Each plan's breaks for the middle budget, over fuels and the burn probability that they leave."""
    from matplotlib.figure import Figure

    simulator, ignitions = FireSimulator(tile, weather), all_ignitions(tile)
    figure = Figure(figsize=(14.0, 3.9 * -(-len(names) // 4)), layout="constrained")
    for number, name in enumerate(names, start=1):
        breaks = PLANS[name](tile, weather, BUDGETS[1])
        axes = figure.add_subplot(-(-len(names) // 4), 4, number)
        axes.imshow(render_landscape(tile, breaks, simulator.burn_probability(ignitions, breaks)))
        axes.set_title(f"{name}: {100.0 * judge(simulator, breaks).reduction:.0f} % less burns")
        axes.set_axis_off()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=70)


def main() -> None:
    """Measure all weathers and write the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--real", type=int, default=8, help="tiles cut from real rasters")
    parser.add_argument("--synthetic", type=int, default=4, help="synthetic tiles")
    parser.add_argument(
        "--plans", nargs="+", choices=list(PLANS), default=[name for name in PLANS if name != "none"]
    )
    parser.add_argument("--seed", type=int, default=0, help="of the places and of the synthetic set")
    parser.add_argument("--picture", type=Path, help="PNG to draw the plans for the first tile into")
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks/plans.md"))
    arguments = parser.parse_args()
    real = real_tiles(arguments.real, arguments.seed)
    synthetic = list(generate_set(arguments.seed, arguments.synthetic, SIZE))
    tiles = [*real, *synthetic]
    for name in arguments.plans:  # compiles what is not compiled yet
        PLANS[name](tiles[0], Weather(duration_min=30.0), 2)
    if arguments.picture:
        draw(arguments.picture, tiles[0], Weather(), list(PLANS))
    lines = head(real, synthetic, arguments.seed) + sections(tiles, arguments.plans)
    command = f"python benchmarks/bench_plans.py --real {arguments.real} --synthetic {arguments.synthetic}"
    lines.append(f"Made by `{command}` on {time.strftime('%Y-%m-%d')}.")
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
