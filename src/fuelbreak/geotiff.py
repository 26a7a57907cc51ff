"""One layer of a raster file: the only place where files meet rasterio."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.crs import CRS
from rasterio.enums import MaskFlags
from rasterio.errors import RasterioError
from rasterio.transform import Affine
from rasterio.windows import Window

from fuelbreak.band_names import FEET, band_numbers, stored_unit
from fuelbreak.bands import NODATA_VALUES
from fuelbreak.errors import LandscapeError
from fuelbreak.landscape import GeoTransform

__all__ = ["Raster", "crs_text", "raster_shape", "read_raster", "write_raster"]

_METRES_PER_FOOT = 0.3048
_PROFILE: Mapping[str, Any] = {
    "driver": "GTiff",
    "count": 1,
    "compress": "deflate",
    "nodata": NODATA_VALUES[0],
}


@dataclass(frozen=True, eq=False)
class Raster:
    """One layer as it lies in its file.

    Attributes:
        grid: (H, W) of what was read, in the file's dtype.
        whole_shape: Rows and columns of the whole file.
        missing: bool (H, W): NaN, the tag's nodata, -9999 or 32767.
        crs: As rasterio has it.
        transform: Affine coefficients of what was read.
        units: "degrees" or "percent" where the tags say one of them, else "".
    """

    grid: npt.NDArray[Any]
    whole_shape: tuple[int, int]
    missing: npt.NDArray[np.bool_]
    crs: CRS | None
    transform: GeoTransform
    units: str


def read_raster(
    path: Path, band: str, rows: tuple[int, int] | None = None, *, holds_all: bool = False
) -> Raster:
    """Read one layer: of a file of one band, or of a landscape file that holds all eight.

    Args:
        path: The file, GeoTIFF or whatever else GDAL reads.
        band: Suffix of the layer, or what messages call it.
        rows: First row and number of rows to read; None = all.
        holds_all: Whether the file is one of all layers.

    Returns:
        What was read, unconverted, but for an elevation in feet.

    Raises:
        LandscapeError: The file is unreadable, has several bands of which none is the layer, wants its values scaled,
            or its coordinates are not metres.
    """
    try:
        with rasterio.open(path) as source:
            number = _band_number(source, path, band, holds_all)
            _refuse_scaled(source, number, path, band)
            first_row, height = rows or (0, source.height)
            strip = Window(0, first_row, source.width, height)
            grid = source.read(number, window=strip)
            a, b, c, d, e, f = tuple(source.transform)[:6]
            whole_shape = source.shape
            said = _said_units(source, number)
            missing = _missing(grid, source.nodatavals[number - 1])
            if MaskFlags.per_dataset in source.mask_flag_enums[number - 1]:
                missing |= source.read_masks(number, window=strip) == 0
            if stored_unit(band, source.tags(number), str(path)) == FEET:
                grid = np.where(missing, grid, grid * _METRES_PER_FOOT)
            crs = source.crs
    except (RasterioError, OSError) as error:
        raise LandscapeError(
            f"not readable as a GeoTIFF ({error}); write or download it again", file=str(path), band=band
        ) from error
    _refuse_degrees(crs, path, band)
    transform = (a, b, c + first_row * b, d, e, f + first_row * e)
    return Raster(grid, whole_shape, missing, crs, transform, said)


def raster_shape(path: Path) -> tuple[int, int]:
    """(H, W) of a raster.

    Raises:
        LandscapeError: It is not readable.
    """
    try:
        with rasterio.open(path) as source:
            return source.height, source.width
    except (RasterioError, OSError) as error:
        raise LandscapeError(f"not readable ({error}); write or download it again", file=str(path)) from error


def write_raster(
    path: Path,
    grid: npt.NDArray[Any],
    crs: str,
    transform: GeoTransform,
    *,
    units: str = "",
    tags: Mapping[str, str],
) -> None:
    """Write one GeoTIFF: deflate, nodata -9999, the unit in the band's tag.

    Args:
        path: File to create or replace.
        grid: (H, W) in the dtype to write.
        crs: As rasterio reads it; "" for none.
        transform: Affine coefficients.
        units: The band's unit, "" for none.
        tags: Further tags of the file.
    """
    height, width = grid.shape
    place = {"height": height, "width": width, "crs": _parsed_crs(crs), "transform": Affine(*transform)}
    with rasterio.open(path, "w", dtype=grid.dtype, **_PROFILE, **place) as target:
        target.write(grid, 1)
        if units:
            target.units = (units,)
        if tags:
            target.update_tags(**tags)


def _band_number(source: Any, path: Path, band: str, holds_all: bool) -> int:
    """Where a layer stands in its file, from 1."""
    if holds_all:
        return band_numbers(source.descriptions, str(path))[band]
    if source.count != 1:
        raise LandscapeError(
            f"{source.count} bands where one is expected; extract the layer, or give a file of all layers by itself",
            file=str(path),
            band=band,
        )
    return 1


def _refuse_scaled(source: Any, number: int, path: Path, band: str) -> None:
    scale, offset = source.scales[number - 1], source.offsets[number - 1]
    if (scale, offset) != (1.0, 0.0):
        raise LandscapeError(
            f"says that its values are to be multiplied by {scale:g} and shifted by {offset:g}, which LANDFIRE's are "
            "not; write the layer in LANDFIRE's units, without scale and offset",
            file=str(path),
            band=band,
        )


def _missing(grid: npt.NDArray[Any], nodata: float | None) -> npt.NDArray[np.bool_]:
    gap = (grid == NODATA_VALUES[0]) | (grid == NODATA_VALUES[1])
    if nodata is not None and nodata not in NODATA_VALUES:
        gap |= grid == nodata
    if grid.dtype.kind == "f":
        gap |= np.isnan(grid)
    return np.asarray(gap, dtype=bool)


def _said_units(source: Any, number: int) -> str:
    words = [
        source.units[number - 1],
        source.descriptions[number - 1],
        *(source.tags().values() if source.count == 1 else ()),
        *source.tags(number).values(),
    ]
    text = " ".join(str(word).lower() for word in words if word)
    percent = "percent" in text or "slpp" in text
    degrees = "degree" in text or "slpd" in text
    return "" if percent == degrees else "percent" if percent else "degrees"


def _refuse_degrees(crs: CRS | None, path: Path, band: str) -> None:
    if crs is None or (crs.is_projected and abs(crs.linear_units_factor[1] - 1.0) < 1e-6):
        return
    raise LandscapeError(
        f"coordinates are not metres ({crs_text(crs)}); reproject all layers, e.g. gdalwarp -t_srs EPSG:5070",
        file=str(path),
        band=band,
    )


@lru_cache(maxsize=64)
def _parsed_crs(text: str) -> CRS | None:
    return CRS.from_string(text) if text else None


def crs_text(crs: CRS | None) -> str:
    """The CRS as rasterio prints it; "" for none."""
    return str(crs.to_string()) if crs else ""
