"""Raster layers as they lie in files: one array per LANDFIRE suffix, in the file's own units.

`Layers` is what is read from eight GeoTIFFs before anything is converted: it can be cut into windows, asked
where it has nodata, and written again without loss. `fuelbreak.landfire` turns it into a `Landscape` and back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fuelbreak.bands import FIRELINE_SUFFIXES, SUFFIXES
from fuelbreak.errors import LandscapeError
from fuelbreak.geotiff import Raster, crs_text, read_raster
from fuelbreak.landscape import GeoTransform
from fuelbreak.landscape_checks import refuse_where

__all__ = ["Layers", "read_layers", "split_name"]

_WHOLE_NUMBERS = ("cc", "cbd", "cbh", "ch", "fbfm")
_FILE_NAME = re.compile(
    rf"(?P<name>.+)_(?P<suffix>{'|'.join(SUFFIXES + FIRELINE_SUFFIXES)})\.tiff?", re.IGNORECASE
)


@dataclass(frozen=True, eq=False)
class Layers:
    """The layers of one place, as in their files.

    Attributes:
        name: How messages call the place.
        grids: (H, W) per suffix, in the file's dtype and LANDFIRE's units.
        missing: bool (H, W) per suffix that has a missing cell: NaN, the tag's nodata, -9999 or 32767.
        files: The file each layer came from.
        crs: As rasterio prints it; "" where unknown.
        transform: Affine coefficients (a, b, c, d, e, f).
        slope_units: "degrees" or "percent" where the slope file's tags say so, else "".
    """

    name: str
    grids: Mapping[str, npt.NDArray[Any]]
    missing: Mapping[str, npt.NDArray[np.bool_]]
    files: Mapping[str, Path]
    crs: str
    transform: GeoTransform
    slope_units: str = field(default="")

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W)."""
        height, width = self.grids["fbfm"].shape
        return height, width

    @property
    def any_missing(self) -> npt.NDArray[np.bool_]:
        """True where any of the eight layers has no value, bool (H, W)."""
        gaps = [gap for suffix, gap in self.missing.items() if suffix in SUFFIXES]
        return np.logical_or.reduce(gaps) if gaps else np.zeros(self.shape, dtype=bool)

    def window(self, row: int, column: int, height: int, width: int) -> Layers:
        """The rectangle whose north-west cell is (``row``, ``column``), georeferenced where it lies."""
        part = np.s_[row : row + height, column : column + width]
        a, b, c, d, e, f = self.transform
        return replace(
            self,
            name=f"{self.name}[{row},{column}]",
            grids={suffix: grid[part] for suffix, grid in self.grids.items()},
            missing={suffix: gap[part] for suffix, gap in self.missing.items() if gap[part].any()},
            transform=(a, b, c + column * a + row * b, d, e, f + column * d + row * e),
        )

    def refuse_missing(self) -> None:
        """Refuse cells without a value, and fractions where LANDFIRE stores whole numbers.

        Raises:
            LandscapeError: Naming the file, the band and the first offending cell.
        """
        for suffix in SUFFIXES:
            grid, file = self.grids[suffix], str(self.files.get(suffix, self.name))
            if suffix in self.missing:
                reason = (
                    "nodata ({value}) inside the raster: crop it, or cut tiles with python -m fuelbreak.tiles"
                )
                refuse_where(self.missing[suffix], grid, reason, file=file, band=suffix)
            if suffix in _WHOLE_NUMBERS and grid.dtype.kind == "f":
                reason = (
                    "{value} is not a whole number: LANDFIRE stores percent, 10*m, 100*kg/m3 and codes; "
                    "convert the layer to these"
                )
                refuse_where(grid != np.rint(grid), grid, reason, file=file, band=suffix)


def split_name(file_name: str) -> tuple[str, str] | None:
    """Split ``socal_a_slp.tif`` into ``("socal_a", "slp")``; None where the name has no known suffix."""
    match = _FILE_NAME.fullmatch(file_name)
    return (match["name"], match["suffix"].lower()) if match else None


def read_layers(name: str, files: Mapping[str, Path], rows: tuple[int, int] | None = None) -> Layers:
    """Read the layers of one place and check that they lie on one grid.

    Args:
        name: How messages call the place.
        files: A GeoTIFF per suffix: all of `SUFFIXES`, and any of `FIRELINE_SUFFIXES`; or one of all layers.
        rows: First row and number of rows to read; None = all.

    Returns:
        The layers, unconverted.

    Raises:
        LandscapeError: A layer is missing, unreadable, or differs in shape, CRS or transform from fbfm.
    """
    for suffix in SUFFIXES:
        if suffix not in files:
            raise LandscapeError(
                f"layer {suffix} is missing; {_beside(files.values())}", file=name, band=suffix
            )
    holds_all = len(set(files.values())) == 1
    read = {suffix: read_raster(path, suffix, rows, holds_all=holds_all) for suffix, path in files.items()}
    first = read["fbfm"]
    for suffix, one in read.items():
        _refuse_other_grid(suffix, files[suffix], one, first)
    return Layers(
        name=name,
        grids={suffix: one.grid for suffix, one in read.items()},
        missing={suffix: one.missing for suffix, one in read.items() if one.missing.any()},
        files=dict(files),
        crs=crs_text(first.crs),
        transform=first.transform,
        slope_units=read["slp"].units,
    )


def _refuse_other_grid(suffix: str, path: Path, one: Raster, first: Raster) -> None:
    reason = ""
    if one.whole_shape != first.whole_shape:
        reason = f"shape {one.whole_shape} differs from {first.whole_shape} of layer fbfm"
    elif one.crs != first.crs:
        reason = (
            f"CRS {crs_text(one.crs) or 'none'} differs from {crs_text(first.crs) or 'none'} of layer fbfm"
        )
    elif not np.allclose(one.transform, first.transform, rtol=0, atol=1e-2 * abs(first.transform[0])):
        reason = f"transform {one.transform} differs from {first.transform} of layer fbfm"
    if reason:
        raise LandscapeError(f"{reason}; crop and align all layers alike", file=str(path), band=suffix)


def _beside(paths: Iterable[Path]) -> str:
    folder = next((str(path.parent) for path in paths), "")
    return f"put it beside the others in {folder}" if folder else "no layer was found"
