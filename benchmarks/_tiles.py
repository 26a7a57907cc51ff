"""The real tiles and the reference weathers on which fires are measured, validated and compared, and finer grids."""

from __future__ import annotations

import warnings
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.rasters import read_folder

DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"
TILES = (("socal_a", 108, 34), ("norcal_a", 89, 50), ("vermont_a", 29, 113))
WEATHERS = {  # wind, from, 1 h, 10 h, 100 h, herbs, woody, foliar
    "calm_origin": (0.0, 0.0, 0.10, 0.15, 0.25, 0.10, 0.10, 0.10),
    "calm_dry": (0.0, 0.0, 0.05, 0.10, 0.25, 0.90, 0.60, 0.90),
    "breeze": (8.0, 270.0, 0.06, 0.07, 0.09, 0.75, 1.00, 1.00),
    "windy": (20.0, 45.0, 0.05, 0.06, 0.08, 0.60, 0.90, 1.00),
}


def real_tiles(data: Path = DATA) -> list[Landscape]:
    """A window of 50 x 50 cells of each of the tiles."""
    return [read_folder(data / "landfire" / name).window(row, column, 50, 50) for name, row, column in TILES]


def reference_weather(name: str, duration_min: float = 1440.0) -> Weather:
    """One of the weathers, for as long as wanted."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the original's foliar moisture
        return Weather(*WEATHERS[name], duration_min=duration_min)


def finer(landscape: Landscape, times: int) -> Landscape:
    """The same landscape on cells with an edge so many times as short."""
    grids = {field.name: getattr(landscape, field.name) for field in fields(landscape)}
    parts: dict[str, Any] = {
        name: split(grid, times) for name, grid in grids.items() if isinstance(grid, np.ndarray)
    }
    a, b, c, d, e, f = landscape.transform
    moved = (a / times, b / times, c, d / times, e / times, f)
    return replace(landscape, cell_size_m=landscape.cell_size_m / times, transform=moved, **parts)


def split(grid: npt.NDArray[np.generic], times: int) -> npt.NDArray[np.generic]:
    """Each cell as `times` by `times`."""
    return np.ascontiguousarray(grid.repeat(times, axis=-1).repeat(times, axis=-2))


def at_centres(grid: npt.NDArray[np.generic], times: int) -> npt.NDArray[np.generic]:
    """What `split` took apart, as it is at the centres of the whole cells."""
    return grid[..., times // 2 :: times, times // 2 :: times]
