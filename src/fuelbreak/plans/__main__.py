"""``python -m fuelbreak.plans RASTERS --plan NAME --budget N``: plan fuel breaks and say what they save."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fuelbreak.errors import FuelBreakError, LandscapeError
from fuelbreak.fire.ignitions import all_ignitions
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plans import PLANS
from fuelbreak.plans.files import read_place, write_breaks
from fuelbreak.plans.judging import Verdict, judge

__all__ = ["main"]

_JUDGE_ALL_UP_TO = 10_000


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: Arguments without the program's name; None = those of the process.

    Returns:
        0, or 2 where the rasters, the weather or the file to write are not usable.
    """
    options = _parser().parse_args(argv)
    try:
        _run(options)
    except (FuelBreakError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


def _run(options: argparse.Namespace) -> None:
    if options.out is not None and options.out.exists() and not options.overwrite:
        raise LandscapeError("is there already; give another name, or --overwrite", file=str(options.out))
    landscape = read_place(options.rasters, options.tile)
    weather = Weather(
        wind_speed_10m_km_h=options.wind,
        upwind_direction_deg=options.upwind,
        duration_min=60.0 * options.hours,
    )
    started = time.perf_counter()
    breaks = PLANS[options.plan](landscape, weather, options.budget, seed=options.seed)
    seconds = time.perf_counter() - started
    simulator = FireSimulator(landscape, weather, threads=os.cpu_count() or 1)
    fires = all_ignitions(landscape)
    said = f"all {len(fires)} burnable ignitions"
    if len(fires) > _JUDGE_ALL_UP_TO:
        fires = np.random.default_rng(options.seed + 1).permutation(fires)[:_JUDGE_ALL_UP_TO]
        said = f"{len(fires)} ignitions drawn evenly"
    sys.stdout.write(_report(options, landscape, judge(simulator, breaks, fires), said, seconds))
    if options.out is not None:
        write_breaks(options.out, landscape, breaks, {"plan": options.plan, "budget": str(options.budget)})
        sys.stdout.write(f"Wrote {options.out}: 1 = fuel break, 0 = none\n")


def _report(
    options: argparse.Namespace, landscape: Landscape, verdict: Verdict, fires: str, seconds: float
) -> str:
    before_ha, after_ha = (
        cells * landscape.cell_area_ha for cells in (verdict.burned_before, verdict.burned_after)
    )
    return (
        f"Landscape {landscape.name}: {landscape.shape[0]} x {landscape.shape[1]} cells of "
        f"{landscape.cell_size_m:g} m, {options.hours:g} h, "
        f"wind {options.wind:g} km/h from {options.upwind:g} degrees\n"
        f"Plan {options.plan!r}: {verdict.breaks} breaks, {verdict.breaks * landscape.cell_area_ha:.1f} ha, "
        f"made in {seconds:.1f} s\n"
        f"Expected burned area: {before_ha:.1f} ha without, {after_ha:.1f} ha with the breaks: "
        f"{100.0 * verdict.reduction:.1f} % less, over {fires}\n"
    )


def _parser() -> argparse.ArgumentParser:
    weather = Weather()
    parser = argparse.ArgumentParser(
        prog="python -m fuelbreak.plans",
        description="Plan fuel breaks for a landscape, say what they save, and write them as a GeoTIFF.",
        epilog=f"plans: {', '.join(map(_slug, PLANS))}",
    )
    parser.add_argument(
        "rasters", type=Path, help="folder of one landscape's layers, or of tiles (with --tile)"
    )
    parser.add_argument("--tile", type=int, help="index of the tile, where RASTERS holds cropped_raster/")
    parser.add_argument(
        "--plan",
        type=_plan_name,
        default="compartment lines",
        metavar="NAME",
        help="(default compartment-lines)",
    )
    parser.add_argument(
        "--budget", type=_at_least_none, default=125, help="break cells (default %(default)s)"
    )
    parser.add_argument("--out", type=Path, metavar="FILE.tif", help="GeoTIFF to write the breaks to")
    parser.add_argument("--overwrite", action="store_true", help="replace FILE.tif where it is there")
    parser.add_argument("--seed", type=_at_least_none, default=0, help="(default %(default)s)")
    parser.add_argument(
        "--wind", type=float, default=weather.wind_speed_10m_km_h, help="km/h at 10 m (default %(default)g)"
    )
    parser.add_argument(
        "--upwind",
        type=float,
        default=weather.upwind_direction_deg,
        help="where the wind comes from, degrees clockwise from north (default %(default)g)",
    )
    parser.add_argument(
        "--hours",
        type=float,
        default=weather.duration_min / 60.0,
        help="how long a fire burns (default %(default)g)",
    )
    return parser


def _slug(name: str) -> str:
    """A plan's name as one word of a command line."""
    return name.lower().replace(" ", "-")


def _plan_name(text: str) -> str:
    names = {_slug(name): name for name in PLANS}
    if _slug(text) not in names:
        raise argparse.ArgumentTypeError(f"{text!r} is no plan; choose among {', '.join(names)}")
    return names[_slug(text)]


def _at_least_none(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{value} is below 0")
    return value


if __name__ == "__main__":
    sys.exit(main())
