"""What makes a landscape look natural, in numbers: fuel patches, terrain spectrum, shares.

Used to hold synthetic landscapes against LANDFIRE's: ``python -m fuelbreak.landscape_statistics FOLDER...`` prints a
row per folder of layers, and one per synthetic region; ``--picture FILE`` draws them side by side.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fuelbreak.landscape import Landscape

__all__ = ["describe", "main", "patch_sizes", "same_fuel_kappa", "spectral_exponent"]

_LAGS = (1, 5, 20)
_SHORTEST_WAVE_CELLS = 4.0
_RINGS = 15
_COMMON_SHARE = 0.02
_PICTURE_CELLS = 120


def same_fuel_kappa(fuel_model: npt.NDArray[Any], lag: int) -> float:
    """Chance-corrected agreement of cells ``lag`` apart along rows and columns (Cohen's kappa).

    Args:
        fuel_model: (H, W) codes, more than one of them.
        lag: Distance in cells, below H and W.

    Returns:
        1 where such cells always agree, 0 where they do as often as cells drawn at random.
    """
    along = (fuel_model[:, lag:] == fuel_model[:, :-lag]).mean()
    across = (fuel_model[lag:] == fuel_model[:-lag]).mean()
    shares = np.unique(fuel_model, return_counts=True)[1] / fuel_model.size
    by_chance = (shares**2).sum()
    return float(((along + across) / 2 - by_chance) / (1 - by_chance))


def patch_sizes(fuel_model: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Sizes, in cells, of the patches of one fuel model whose cells touch along edges."""
    cells = np.arange(fuel_model.size).reshape(fuel_model.shape)
    same_row, same_column = fuel_model[:, 1:] == fuel_model[:, :-1], fuel_model[1:] == fuel_model[:-1]
    left = np.concatenate([cells[:, :-1][same_row], cells[:-1][same_column]])
    right = np.concatenate([cells[:, 1:][same_row], cells[1:][same_column]])
    root = cells.ravel().copy()
    while (root[left] != root[right]).any():
        low, high = np.minimum(root[left], root[right]), np.maximum(root[left], root[right])
        np.minimum.at(root, high, low)  # hang the later root under the earlier one ...
        while (root[root] != root).any():
            root = root[root]  # ... and let every cell point at its root again
    return np.unique(root, return_counts=True)[1]


def spectral_exponent(elevation_m: npt.NDArray[Any]) -> float:
    """Exponent of the two-dimensional power spectrum, fitted from half the width down to four cells.

    The plane of best fit is taken away and a Hann window laid over, so that the edges do not make waves of their own.

    Args:
        elevation_m: (H, W), 32 cells or more along each side.

    Returns:
        A negative number; -3 to -4 for most land.
    """
    height, width = elevation_m.shape
    rows, columns = np.mgrid[:height, :width]
    plane = np.stack([np.ones(height * width), rows.ravel(), columns.ravel()], axis=1)
    flat = elevation_m.ravel().astype(np.float64)
    rest = (flat - plane @ np.linalg.lstsq(plane, flat, rcond=None)[0]).reshape(height, width)
    power = np.abs(np.fft.fft2(rest * np.hanning(height)[:, None] * np.hanning(width))) ** 2
    wave_number = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width))
    edges = np.geomspace(2 / min(height, width), 1 / _SHORTEST_WAVE_CELLS, _RINGS + 1)
    ring = np.digitize(wave_number, edges)
    filled = [i for i in range(1, _RINGS + 1) if (ring == i).sum() >= 4]
    k = [np.log(wave_number[ring == i]).mean() for i in filled]
    p = [np.log(power[ring == i].mean()) for i in filled]
    return float(np.polyfit(k, p, 1)[0])


def describe(landscape: Landscape) -> dict[str, float]:
    """The figures that `docs/landscapes.md` compares.

    Args:
        landscape: More than 40 cells along each side.

    Returns:
        Figure by name.
    """
    fuel = landscape.fuel_model
    patches = patch_sizes(fuel)
    shares = np.unique(fuel, return_counts=True)[1] / fuel.size
    return {f"kappa_{lag}": same_fuel_kappa(fuel, lag) for lag in _LAGS} | {
        "patch_median": float(np.median(patches)),
        "patch_area_weighted": float((patches**2).sum() / patches.sum()),
        "common_codes": float((shares >= _COMMON_SHARE).sum()),
        "non_burnable": float(1 - landscape.burnable.mean()),
        "slope_median_deg": float(np.median(landscape.slope_deg)),
        "flat": float((landscape.aspect_deg < 0).mean()),
        "spectral_exponent": spectral_exponent(landscape.elevation_m),
        "tree_cover": float((landscape.canopy_cover > 0).mean()),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table of ``docs/landscapes.md``.

    Args:
        argv: Folders of layers; None = the arguments of the process.

    Returns:
        0.
    """
    parser = argparse.ArgumentParser(prog="python -m fuelbreak.landscape_statistics", description=__doc__)
    parser.add_argument("folders", nargs="*", metavar="FOLDER", help="folder with <name>_<suffix>.tif")
    parser.add_argument(
        "--seeds", type=int, default=8, help="synthetic landscapes of each region (default 8)"
    )
    parser.add_argument("--picture", metavar="FILE", help="draw them instead: a PNG, real ones above")
    options = parser.parse_args(argv)
    if options.picture:
        _draw(options.folders, Path(options.picture))
    else:
        _print(options.folders, options.seeds)
    return 0


def _print(folders: Sequence[str], seeds: int) -> None:
    from fuelbreak.rasters import read_folder  # only here: the figures need no rasterio
    from fuelbreak.synthetic import REGIONS, generate_landscape

    for folder in folders:
        landscape = read_folder(folder)
        _print_row(landscape.name, describe(landscape))
    for region in REGIONS:
        each = [describe(generate_landscape(seed, 200, region=region)) for seed in range(seeds)]
        _print_row(
            f"synthetic {region}", {name: float(np.mean([one[name] for one in each])) for name in each[0]}
        )


def _draw(folders: Sequence[str], path: Path) -> None:
    """The north-west corners of real land above, the first synthetic landscape of each region below."""
    from fuelbreak.maps import new_figure, save_figure
    from fuelbreak.rasters import read_folder
    from fuelbreak.rendering import render_landscape
    from fuelbreak.synthetic import REGIONS, generate_landscape

    real = [read_folder(folder).window(0, 0, _PICTURE_CELLS, _PICTURE_CELLS) for folder in folders]
    drawn = {f"LANDFIRE, {land.name.partition('[')[0]}": land for land in real}
    drawn |= {f"synthetic, {name}": generate_landscape(0, _PICTURE_CELLS, region=name) for name in REGIONS}
    columns = max(len(folders), len(REGIONS))
    figure = new_figure(3.2 * columns, 6.8)
    for number, (title, landscape) in enumerate(drawn.items()):
        below = number >= len(folders)
        axes = figure.add_subplot(2, columns, 1 + (columns + number - len(folders) if below else number))
        axes.imshow(render_landscape(landscape, scale=2))
        axes.set_title(title, fontsize=9)
        axes.set_axis_off()
    save_figure(figure, path)


def _print_row(name: str, figures: Mapping[str, float]) -> None:
    sys.stdout.write(f"{name}\n" + "".join(f"  {key:22s}{value:10.3f}\n" for key, value in figures.items()))


if __name__ == "__main__":
    sys.exit(main())
