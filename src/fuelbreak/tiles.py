"""``python -m fuelbreak.tiles SRC OUT``: cut tiles from larger rasters.

Windows of ``--size`` cells are taken every ``size - overlap`` cells, row by row from the north-west corner. Each
is checked as training would check it; one that has nodata, cannot burn or is wrong is skipped and counted, so that
what lies in OUT always loads. Strips of rows are read in turn: memory grows with the rasters' width alone.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.status import Status

from fuelbreak.bands import NON_BURNABLE_FUEL_MODELS
from fuelbreak.canopy_units import doubt_canopy_units
from fuelbreak.errors import LandscapeError
from fuelbreak.geotiff import raster_shape
from fuelbreak.landfire import SlopeUnits, decode, resolve_slope_units
from fuelbreak.layers import Layers, read_layers
from fuelbreak.rasters import find_folders
from fuelbreak.tile_sets import Existing, TileSetWriter

__all__ = ["CutReport", "cut_tiles"]

_STRIPS_TO_JUDGE_SLOPE_BY = 8


@dataclass
class CutReport:
    """What became of the windows.

    Attributes:
        written: Tiles written.
        skipped: Windows left out, by reason.
    """

    written: int = 0
    skipped: Counter[str] = field(default_factory=Counter)

    def lines(self) -> list[str]:
        """The report for people, one line per reason."""
        total = self.written + self.skipped.total()
        lines = [f"{self.written} tiles written, {self.skipped.total()} of {total} windows skipped"]
        return lines + [f"  {count} skipped: {reason}" for reason, count in self.skipped.most_common()]


def cut_tiles(
    source: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    size: int = 50,
    overlap: int | None = None,
    slope_units: SlopeUnits = "auto",
    existing: Existing = "refuse",
    tell: Callable[[str], None] = lambda _: None,
) -> CutReport:
    """Cut tiles from the rasters in ``source`` and write them to ``out``, all of them or none.

    Args:
        source: Folder with ``<name>_<suffix>.tif``, a folder of such folders, or one file of all layers.
        out: Folder for ``cropped_raster/``, made where it is not there.
        size: Cells along each side of a tile.
        overlap: Cells that neighbouring tiles share; 0 <= overlap < size, None = half the size.
        slope_units: "degrees", "percent" or "auto", of the source; written into the tiles' tags.
        existing: What to do with tiles in ``out``: "refuse", "overwrite" them or "append" to them.
        tell: Called with one line per window.

    Returns:
        Counts of what was written and skipped.

    Raises:
        LandscapeError: A layer is missing, unreadable or differs from the others, or ``out`` is not empty.
        ValueError: ``size`` or ``overlap`` make no sense.
    """
    overlap = size // 2 if overlap is None else overlap
    if size < 1 or not 0 <= overlap < size:
        raise ValueError(f"size {size} and overlap {overlap}: size must be 1 or more, overlap 0 to size - 1")
    report = CutReport()
    places = find_folders(source)
    with TileSetWriter(out, existing) as tiles:
        for name, files in places.items():
            for row, column, window in _windows(name, files, size, size - overlap, slope_units):
                where = f"{name} row {row}, column {column}"
                fault = _fault(window, row, column)
                if fault:
                    report.skipped[fault[0]] += 1
                    tell(f"skipped {where}: {fault[1]}")
                    continue
                index = tiles.add(window, name, row, column)
                report.written += 1
                tell(f"tile {index}: {where}")
            height, width = raster_shape(files["fbfm"])
            if min(height, width) < size:
                report.skipped[f"raster smaller than {size}x{size} cells"] += 1
                tell(f"skipped {name}: {height}x{width} cells are smaller than a tile")
    return report


def _windows(
    name: str, files: Mapping[str, Path], size: int, stride: int, slope_units: SlopeUnits
) -> Iterator[tuple[int, int, Layers]]:
    """Row, column and layers of each window, the unit of slope decided for the whole raster."""
    if "fbfm" not in files:
        read_layers(name, files)  # says which layers are missing
    height, width = raster_shape(files["fbfm"])
    rows = range(0, height - size + 1, stride)
    if not rows or width < size:
        return
    step = -(-len(rows) // _STRIPS_TO_JUDGE_SLOPE_BY)
    sample = [read_layers(name, files, (row, size)) for row in rows[::step]]
    doubt_canopy_units(sample)
    unit = resolve_slope_units(sample, slope_units)[0]
    for row in rows:
        strip = replace(read_layers(name, files, (row, size)), slope_units=unit)
        for column in range(0, width - size + 1, stride):
            yield row, column, strip.window(0, column, size, size)


def _fault(window: Layers, row: int, column: int) -> tuple[str, str] | None:
    """Why a window cannot be a tile: a reason to count by, and one in full; None where it can."""
    if window.any_missing.any():
        first = np.argwhere(window.any_missing)[0]
        bands = [band for band, gap in window.missing.items() if gap[tuple(first)]]
        return "nodata", f"nodata in {', '.join(bands)} at row {first[0] + row}, column {first[1] + column}"
    if np.isin(window.grids["fbfm"], NON_BURNABLE_FUEL_MODELS).all():
        return "no burnable cell", "no cell can burn (all fuel models are 91-99)"
    try:
        decode(window, window.slope_units)
    except LandscapeError as error:
        at = (
            f" at row {error.row + row}, column {(error.column or 0) + column}"
            if error.row is not None
            else ""
        )
        return f"wrong values in {error.band}", f"{error.band}{at}: {error.reason}"
    return None


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: Arguments without the program's name; None = those of the process.

    Returns:
        0; 1 where no window could become a tile; 2 where the source or the target is not usable.
    """
    options = _parser().parse_args(argv)
    existing: Existing = "overwrite" if options.overwrite else "append" if options.append else "refuse"
    status = Status("Cutting tiles", console=Console(stderr=True))
    try:
        with nullcontext() if options.verbose else status:  # shows nothing where stderr is no terminal
            report = cut_tiles(
                options.source,
                options.out,
                size=options.size,
                overlap=options.overlap,
                slope_units=options.slope_units,
                existing=existing,
                tell=_print_line if options.verbose else lambda line: status.update(escape(line)),
            )
    except (LandscapeError, ValueError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    for line in report.lines():
        _print_line(line)
    return 0 if report.written else 1


def _print_line(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m fuelbreak.tiles",
        description="Cut GeoTIFF tiles from LANDFIRE layers; windows with nodata or without fuel are left out.",
    )
    parser.add_argument(
        "source",
        metavar="SRC",
        help="folder with <name>_<suffix>.tif, a folder of such folders, or a file of all layers (.tif, .lcp)",
    )
    parser.add_argument("out", metavar="OUT", help="folder for cropped_raster/, made where it is not there")
    parser.add_argument("--size", type=int, default=50, help="cells along each side (default %(default)s)")
    parser.add_argument("--overlap", type=int, help="cells that neighbours share (default: half of size)")
    parser.add_argument(
        "--slope-units",
        choices=("auto", "degrees", "percent"),
        default="auto",
        help="of SRC (default %(default)s)",
    )
    kept = parser.add_mutually_exclusive_group()
    kept.add_argument("--overwrite", action="store_true", help="replace the tiles in OUT")
    kept.add_argument("--append", action="store_true", help="add to the tiles in OUT")
    parser.add_argument("-v", "--verbose", action="store_true", help="a line per window")
    return parser


if __name__ == "__main__":
    sys.exit(main())
