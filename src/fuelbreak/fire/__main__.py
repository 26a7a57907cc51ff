"""``python -m fuelbreak.fire FOLDER --ignition ROW COLUMN --out FILE``: arrival times of one fire as a GeoTIFF.

Made to stand beside another simulator's arrival times of the same layers, FlamMap's for one: `--compare` reads such
a GeoTIFF and says how far the two agree.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fuelbreak.console import run_command, say
from fuelbreak.errors import LandscapeError
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.geotiff import read_raster, write_raster
from fuelbreak.rasters import read_folder

__all__ = ["main"]

Times = npt.NDArray[np.float32]

NEVER = -9999.0


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: Arguments without the program's name; None = those of the process.

    Returns:
        0, 2 where the layers, the ignition, the weather or the other file are not usable, or 130 after Ctrl-C.
    """
    options = _parser().parse_args(argv)
    return run_command(lambda: _run(options))


def _run(options: argparse.Namespace) -> None:
    landscape = read_folder(options.folder)
    weather = Weather(**{field.name: getattr(options, field.name) for field in fields(Weather)})
    times = FireSimulator(landscape, weather).arrival_time_min(tuple(options.ignition))
    filled = np.where(np.isfinite(times), times, np.float32(NEVER))
    write_raster(options.out, filled, landscape.crs, landscape.transform, units="minutes", tags={})
    say(f"{np.isfinite(times).sum()} cells burned; arrival times in {options.out}")
    if options.compare:
        say(_agreement(times, _read_times(options.compare, times.shape), weather))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m fuelbreak.fire", description="Write when one fire reaches each cell, in minutes."
    )
    parser.add_argument("folder", type=Path, help="folder of a landscape's layers")
    parser.add_argument("--ignition", type=int, nargs=2, metavar=("ROW", "COLUMN"), required=True)
    parser.add_argument("--out", type=Path, required=True, help=f"GeoTIFF; {NEVER:g} where no fire comes")
    parser.add_argument("--compare", type=Path, help="arrival times in minutes by another simulator")
    for field in fields(Weather):
        option = "--" + field.name.replace("_", "-")
        parser.add_argument(option, type=float, default=field.default, help="default %(default)s")
    return parser


def _read_times(file: Path, shape: tuple[int, ...]) -> Times:
    """Another simulator's times, float32 (H, W); inf where its file has nothing, or a negative number."""
    other = read_raster(file, "arrival time")
    if other.grid.shape != shape:
        raise LandscapeError(f"is {other.grid.shape}, the landscape {shape}; cut it to fit", file=str(file))
    times: Times = np.where(other.missing | (other.grid < 0), np.inf, other.grid).astype(np.float32)
    return times


def _agreement(ours: Times, theirs: Times, weather: Weather) -> str:
    """Burned cells of both, and how far cells and times agree."""
    burned, others = np.isfinite(ours), theirs <= weather.duration_min
    both = burned & others & (theirs > 0.0)
    overlap = (burned & others).sum() / (burned | others).sum()
    text = f"burned cells: {burned.sum()} and {others.sum()}; overlap (IoU) {overlap:.3f}"
    if both.any():
        error = np.median(np.abs(ours[both] - theirs[both]) / theirs[both])
        text += f"; median difference of times {error:.1%}"
    return text


if __name__ == "__main__":
    raise SystemExit(main())
