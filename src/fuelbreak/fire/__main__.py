"""``python -m fuelbreak.fire LAYERS --ignition ROW COLUMN --out FILE``: arrival times of one fire as a GeoTIFF.

Made to stand beside another simulator's arrival times of the same layers, FlamMap's for one: `--compare` reads them
from a GeoTIFF or an ASCII grid, and says how far the two agree.
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
from fuelbreak.fire.surface import WIND_10M_TO_20FT
from fuelbreak.fire.weather import Weather
from fuelbreak.geotiff import read_raster, write_raster
from fuelbreak.landscape import Landscape
from fuelbreak.rasters import read_folder

__all__ = ["main"]

Times = npt.NDArray[np.float32]

NEVER = -9999.0

_KM_PER_MILE = 1.609344
_GRID_TOLERANCE_CELLS = 0.01  # ASCII grids round their coordinates
_MOST_AT_ZERO = 25  # cells of an ignition; more that are said to burn at 0 are cells that never burn


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
    weather = _weather(options)
    times = FireSimulator(landscape, weather).arrival_time_min(tuple(options.ignition))
    filled = np.where(np.isfinite(times), times, np.float32(NEVER))
    write_raster(options.out, filled, landscape.crs, landscape.transform, units="minutes", tags={})
    say(f"{np.isfinite(times).sum()} cells burned; arrival times in {options.out}")
    if options.compare:
        say(_agreement(times, _read_times(options.compare, landscape), weather))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m fuelbreak.fire", description="Write when one fire reaches each cell, in minutes."
    )
    parser.add_argument(
        "folder",
        metavar="LAYERS",
        type=Path,
        help="folder of a landscape's layers, or a file of all (.tif, .lcp)",
    )
    parser.add_argument("--ignition", type=int, nargs=2, metavar=("ROW", "COLUMN"), required=True)
    parser.add_argument("--out", type=Path, required=True, help=f"GeoTIFF; {NEVER:g} where no fire comes")
    parser.add_argument(
        "--compare", type=Path, help="arrival times in minutes by another simulator (GeoTIFF or ASCII grid)"
    )
    parser.add_argument(
        "--wind-speed-20ft-mph",
        type=float,
        metavar="MPH",
        help="wind as FlamMap takes it, instead of that at 10 m",
    )
    for field in fields(Weather):
        option = "--" + field.name.replace("_", "-")
        parser.add_argument(option, type=float, default=field.default, help="default %(default)s")
    return parser


def _weather(options: argparse.Namespace) -> Weather:
    values = {field.name: getattr(options, field.name) for field in fields(Weather)}
    if options.wind_speed_20ft_mph is not None:
        values["wind_speed_10m_km_h"] = options.wind_speed_20ft_mph * _KM_PER_MILE * WIND_10M_TO_20FT
    return Weather(**values)


def _read_times(file: Path, landscape: Landscape) -> Times:
    """Another simulator's times, float32 (H, W); inf where its file has nothing, or a negative number."""
    other = read_raster(file, "arrival time")
    if other.grid.shape != landscape.shape:
        raise LandscapeError(
            f"is {other.grid.shape}, the landscape {landscape.shape}; cut it to fit", file=str(file)
        )
    if not np.allclose(
        other.transform, landscape.transform, rtol=0, atol=_GRID_TOLERANCE_CELLS * landscape.cell_size_m
    ):
        raise LandscapeError(
            f"lies elsewhere: its transform is {other.transform}, the landscape's {landscape.transform}; give the "
            "same cells of the same coordinate system",
            file=str(file),
        )
    if (zeros := int((other.grid == 0).sum())) > _MOST_AT_ZERO:
        raise LandscapeError(
            f"{zeros} cells burn at minute 0; give cells that do not burn as nodata, or as -1", file=str(file)
        )
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
