"""``python benchmarks/bench_fire.py``: fires per second, environment steps, and the level set of pyretechnics beside.

All figures are CPU time of one thread, so that other work on the machine does not count. Landscapes are the real
tiles of ../shared/data/landfire where they lie beside the checkout, else synthetic ones. Pyretechnics is measured
on the same fires in the same run where it is installed (`make oracle`), by the wall clock of its process.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from _tables import head, row
from _tiles import DATA, WEATHERS, real_tiles, reference_weather

from fuelbreak.fire.fire_set import FireSet
from fuelbreak.fire.ignitions import sample_ignitions
from fuelbreak.fire.oracle import PyretechnicsSimulator, find_oracle
from fuelbreak.fire.room import allocate_room
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.landscape import Landscape
from fuelbreak.synthetic import generate_landscape

DAY_MIN = 1440.0


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--fires", type=int, default=1600, help="fires per landscape and weather (default %(default)s)"
    )
    parser.add_argument("--oracle-fires", type=int, default=6, help="of which pyretechnics burns too")
    options = parser.parse_args(argv)
    landscapes = tiles()
    simulators(landscapes[0], "windy", DAY_MIN).burned_cells(
        np.argwhere(landscapes[0].burnable)[:1]
    )  # compile
    print_table(
        "| 50x50, one thread | us a fire, 24 h | us a fire, 3 h | mean burned, 24 h | ms to build |",
        speed(landscapes, options.fires),
    )
    print_table(
        "| 100 fires, 10 new cells a step, 25 steps | repaired, ms | from nothing, ms |", steps(landscapes)
    )
    print_table(
        "| 1,000 fires | us a fire | ns a burned cell | mean burned | moves, MB | room, MB | kept in a set, MB |",
        sizes(),
    )
    print_table("| 500 fires on 500x500, 24 h | ms, wall clock |", side_by_side())
    print_table(
        "| a new process | s |", [("until its first fire, kernels compiled before", f"{start_up():.2f}")]
    )
    if find_oracle() is None:
        print("pyretechnics: not installed (make oracle), so no comparison")
    else:
        header = "| the same fires, 24 h | ours, us | pyretechnics, ms | times faster |"
        print_table(header, beside_the_level_set(landscapes, options.oracle_fires))
    return 0


def tiles() -> list[Landscape]:
    """The landscapes that everything is measured on."""
    return real_tiles() if DATA.is_dir() else [generate_landscape(seed) for seed in range(3)]


def simulators(landscape: Landscape, weather: str, duration_min: float) -> FireSimulator:
    """A simulator under one of the weathers."""
    return FireSimulator(landscape, reference_weather(weather, duration_min))


def speed(landscapes: list[Landscape], fires: int) -> list[tuple[str, ...]]:
    """Time per fire and to build, by weather and tile."""
    rows = []
    for landscape in landscapes:
        for weather in WEATHERS:
            ignitions = sample_ignitions(landscape, fires, np.random.default_rng(0))
            built = median_ms(partial(simulators, landscape, weather, DAY_MIN), 5)
            figures = []
            for minutes in (DAY_MIN, 180.0):
                simulator = simulators(landscape, weather, minutes)
                burned = simulator.burned_cells(ignitions)
                figures.append(
                    (median_ms(partial(simulator.burned_cells, ignitions), 3) / fires * 1e3, burned.mean())
                )
            (long, burned_long), (short, _) = figures
            name = f"{landscape.name}, {weather}"
            rows.append((name, f"{long:.1f}", f"{short:.1f}", f"{burned_long:.0f}", f"{built:.1f}"))
    mean = [np.mean([float(row[column]) for row in rows]) for column in (1, 2)]
    worst = [max(float(row[column]) for row in rows) for column in (1, 2)]
    rows.append(("mean", *(f"{us:.1f} ({1e6 / us:,.0f}/s)" for us in mean), "", ""))
    rows.append(("slowest", *(f"{us:.1f} ({1e6 / us:,.0f}/s)" for us in worst), "", ""))
    return rows


def steps(landscapes: list[Landscape]) -> list[tuple[str, ...]]:
    """Time of a step of an environment: fires repaired after new breaks, and burned anew."""
    rows, all_repaired = [], []
    for landscape in landscapes:
        for weather, minutes in (("windy", 180.0), ("windy", DAY_MIN), ("calm_dry", DAY_MIN)):
            rng = np.random.default_rng(1)
            simulator = simulators(landscape, weather, minutes)
            ignitions = sample_ignitions(landscape, 100, rng)
            fires, breaks = FireSet(simulator, ignitions), np.zeros(landscape.shape, bool)
            plan = np.argwhere(landscape.burnable)[rng.permutation(landscape.burnable.sum())[:250]]
            FireSet(simulator, ignitions).add_breaks(plan[:1])  # compile
            repaired, anew = [], []
            for cells in np.split(plan, 25):
                breaks[tuple(cells.T)] = True
                repaired.append(milliseconds(partial(fires.add_breaks, cells)))
                anew.append(milliseconds(partial(simulator.burned_cells, ignitions, breaks)))
            all_repaired.append(np.mean(repaired))
            name = f"{landscape.name}, {weather}, {minutes / 60:g} h"
            rows.append((name, f"{np.mean(repaired):.2f}", f"{np.mean(anew):.2f}"))
    rows.append(("mean", f"{np.mean(all_repaired):.2f}", ""))
    return rows


def sizes() -> list[tuple[str, ...]]:
    """Cost per burned cell and memory on small and large landscapes."""
    rows, per_cell = [], {}
    for minutes in (180.0, DAY_MIN):
        for edge in (50, 500):
            landscape = generate_landscape(3, edge)
            ignitions = sample_ignitions(landscape, 1000, np.random.default_rng(0))
            simulator = simulators(landscape, "windy", minutes)
            burned = simulator.burned_cells(ignitions)
            spent = median_ms(partial(simulator.burned_cells, ignitions), 3)
            per_cell[edge] = spent * 1e6 / burned.sum()
            kept = FireSet(simulator, ignitions).nbytes
            room = allocate_room(simulator.graph)
            memory = (
                sum(array.nbytes for array in arrays if isinstance(array, np.ndarray)) / 1e6
                for arrays in (simulator.graph, room)
            )
            name = f"{edge}x{edge}, {minutes / 60:g} h"
            figures = (f"{spent:.1f}", f"{per_cell[edge]:.0f}", f"{burned.mean():.0f}")
            rows.append((name, *figures, *(f"{mb:.1f}" for mb in memory), f"{kept / 1e6:.1f}"))
        rows.append(("ratio", "", f"{per_cell[500] / per_cell[50]:.2f}", "", "", "", ""))
    return rows


def side_by_side() -> list[tuple[str, ...]]:
    """Threads: fires burned and repaired by one and by two, by the wall clock; of use on a machine that is idle."""
    landscape, rows = generate_landscape(3, 500), []
    ignitions = sample_ignitions(landscape, 500, np.random.default_rng(0))
    cells = np.argwhere(landscape.burnable)[::2500]
    for threads in (1, 2):
        simulator = FireSimulator(landscape, reference_weather("windy", DAY_MIN), threads=threads)
        simulator.burned_cells(ignitions[:threads])
        burned = wall_ms(partial(simulator.burned_cells, ignitions))
        fires = FireSet(simulator, ignitions)
        repaired = wall_ms(partial(fires.add_breaks, cells))
        rows.append((f"burned, {threads} threads", f"{burned:.0f}"))
        rows.append((f"repaired after {len(cells)} breaks, {threads} threads", f"{repaired:.0f}"))
    return rows


def start_up() -> float:
    """Seconds, by the wall clock, until a fresh process has burned its first fire."""
    command = [sys.executable, "-m", "fuelbreak.fire.warm_up"]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return time.perf_counter() - started


def beside_the_level_set(landscapes: list[Landscape], fires: int) -> list[tuple[str, ...]]:
    """Time per fire of both, on the same fires."""
    rows, ratios = [], []
    for landscape in landscapes:
        ignitions = sample_ignitions(landscape, 1600, np.random.default_rng(0))
        for weather in WEATHERS:
            simulator = simulators(landscape, weather, DAY_MIN)
            simulator.burned_cells(ignitions[:16])
            ours = milliseconds(partial(simulator.burned_cells, ignitions)) / len(ignitions)
            with PyretechnicsSimulator(landscape, reference_weather(weather, DAY_MIN)) as level_set:
                level_set.burned_cells(ignitions[:1])
                started = time.perf_counter()
                level_set.burned_cells(ignitions[:fires])
                theirs = (time.perf_counter() - started) * 1e3 / fires
            ratios.append(theirs / ours)
            name = f"{landscape.name}, {weather}"
            rows.append((name, f"{ours * 1e3:.1f}", f"{theirs:.0f}", f"{theirs / ours:,.0f}"))
    rows.append(("geometric mean", "", "", f"{np.exp(np.mean(np.log(ratios))):,.0f}"))
    return rows


def wall_ms(call: Callable[[], object]) -> float:
    """Wall-clock time of one call."""
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1e3


def milliseconds(call: Callable[[], object]) -> float:
    """CPU time of one call."""
    started = time.thread_time()
    call()
    return (time.thread_time() - started) * 1e3


def median_ms(call: Callable[[], object], times: int) -> float:
    """Median CPU time of a call."""
    return float(np.median([milliseconds(call) for _ in range(times)]))


def print_table(header: str, rows: list[tuple[str, ...]]) -> None:
    """Print as Markdown."""
    titles = [title.strip() for title in header.strip("| ").split(" | ")]
    print("\n".join([*head(*titles), *(row(cells) for cells in rows)]), end="\n\n")


if __name__ == "__main__":
    raise SystemExit(main())
