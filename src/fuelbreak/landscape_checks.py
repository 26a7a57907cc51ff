"""What a landscape must satisfy, cell by cell, before anything may burn in it.

Fire models raise nothing for most wrong inputs: they burn them. So every value is checked here once, and each
message names the band, the first offending cell (row-major) and what to do about it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fuelbreak.bands import FIRELINE_SUFFIXES, FUEL_MODELS, NODATA_VALUES, NON_BURNABLE_FUEL_MODELS
from fuelbreak.errors import LandscapeError
from fuelbreak.terrain import NO_UNIT, mistaken_aspect, slope_evidence

__all__ = ["FUEL_MODELS", "NON_BURNABLE_FUEL_MODELS", "check_grids", "check_placement", "refuse_where"]

Grid = npt.NDArray[Any]

_KNOWN_CODE = np.zeros(256, dtype=bool)
_KNOWN_CODE[sorted(FUEL_MODELS)] = True


_SMALLEST_CELL_M = 0.1


class _Range(NamedTuple):
    low: float
    high: float
    unit: str
    below: str
    above: str


_RANGES: Mapping[str, _Range] = {
    "slp": _Range(
        0.0,
        89.99,
        "degrees",
        "a slope is not negative: recompute the layer",
        "90 or more is no slope in degrees: if the layer is in percent, say slope_units='percent'",
    ),
    "asp": _Range(
        -1.0,
        360.0,
        "degrees",
        "aspect is 0..360 clockwise from north, and -1 where flat",
        "aspect is 0..360 clockwise from north: reduce it modulo 360",
    ),
    "dem": _Range(
        -500.0,
        9000.0,
        "m",
        "no land lies so deep: mark missing cells as nodata",
        "no land lies so high: is it in feet or decimetres? convert it to metres",
    ),
    "cc": _Range(
        0.0,
        1.0,
        "as a fraction",
        "cover cannot be negative: mark missing cells as nodata",
        "cover is a fraction 0..1 here and percent 0..100 in files: was it scaled?",
    ),
    "cbd": _Range(
        0.0,
        1.0,
        "kg/m3",
        "bulk density cannot be negative: mark missing cells as nodata",
        "no canopy is so dense: LANDFIRE stores 100*kg/m3, so divide by 100",
    ),
    "cbh": _Range(
        0.0,
        120.0,
        "m",
        "base height cannot be negative: mark missing cells as nodata",
        "no canopy begins so high: LANDFIRE stores 10*m, so divide by 10",
    ),
    "ch": _Range(
        0.0,
        120.0,
        "m",
        "height cannot be negative: mark missing cells as nodata",
        "no tree is so tall: LANDFIRE stores 10*m, so divide by 10",
    ),
}


def refuse_where(bad: npt.NDArray[np.bool_], values: Grid, reason: str, *, file: str, band: str) -> None:
    """Raise for the first True of ``bad`` in row-major order.

    Args:
        bad: bool (H, W).
        values: (H, W); the offending value replaces ``{value}`` in the reason.
        reason: What is wrong and what to do about it.
        file: File or landscape that the message names.
        band: Layer that the message names.

    Raises:
        LandscapeError: Where ``bad`` has a True.
    """
    if not bad.any():
        return
    row, column = (int(i) for i in np.unravel_index(int(bad.argmax()), bad.shape))
    value = values[row, column].item()
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    raise LandscapeError(reason.replace("{value}", text), file=file, band=band, row=row, column=column)


def check_placement(name: str, cell_size_m: float, transform: tuple[float, ...]) -> None:
    """Refuse cells that are not square, north-up and of the stated size.

    Args:
        name: Landscape or file that the message names.
        cell_size_m: Edge of a cell in metres.
        transform: Affine coefficients (a, b, c, d, e, f) in metres.

    Raises:
        LandscapeError: With what to do about it.
    """
    if not (math.isfinite(cell_size_m) and cell_size_m > 0):
        raise LandscapeError(f"cell size {cell_size_m} m is not positive; give the edge of a cell", file=name)
    if cell_size_m < _SMALLEST_CELL_M:
        raise LandscapeError(
            f"cells measure {cell_size_m:g} m: is the transform in degrees? reproject all layers to metres",
            file=name,
        )
    if len(transform) != 6 or not all(math.isfinite(value) for value in transform):
        raise LandscapeError(
            f"transform {transform} is not six finite coefficients (a, b, c, d, e, f)", file=name
        )
    a, b, _, d, e, _ = transform
    if a <= 0 or e >= 0 or b != 0 or d != 0:
        raise LandscapeError(
            f"the raster is not north-up (transform {tuple(transform)}): row 0 must be north, column 0 west; "
            "georeference it, or warp it with gdalwarp",
            file=name,
        )
    if max(abs(a - cell_size_m), abs(-e - cell_size_m)) > 1e-3 * cell_size_m:
        raise LandscapeError(
            f"cells measure {a:g} x {-e:g} by the transform, but cell_size_m is {cell_size_m:g}; cells must "
            "be square: resample, or correct the transform",
            file=name,
        )


def check_grids(name: str, grids: Mapping[str, Grid], firelines: Grid, cell_size_m: float) -> None:
    """Refuse what no fire should burn: shapes, dtypes, nodata, ranges, fuel codes, contradictions.

    Args:
        name: Landscape that the messages name.
        grids: The eight layers by LANDFIRE suffix, each (H, W), in the units of `Landscape`.
        firelines: (4, H, W).
        cell_size_m: Edge of a cell in metres.

    Raises:
        LandscapeError: For the first fault found, with band, cell and remedy.
    """
    _check_shapes(name, grids, firelines)
    for band, values in grids.items():
        _check_numbers(name, band, values)
        if band in _RANGES:
            _check_range(name, band, values)
    _check_fuel(name, grids["fbfm"])
    _check_aspect(name, grids["asp"])
    _check_canopy(name, grids)
    _check_against_elevation(name, grids, cell_size_m)
    for number, line in enumerate(firelines):
        refuse_where(~np.isfinite(line), line, _NOT_A_NUMBER, file=name, band=FIRELINE_SUFFIXES[number])


_NOT_A_NUMBER = "the value is {value}: fill the cell, or leave it outside of the landscape"


def _check_shapes(name: str, grids: Mapping[str, Grid], firelines: Grid) -> None:
    shape = grids["fbfm"].shape
    if len(shape) != 2 or min(shape) < 1:
        raise LandscapeError(f"shape {shape} is not (H, W) with at least one cell", file=name, band="fbfm")
    for band, values in grids.items():
        if values.shape != shape:
            raise LandscapeError(
                f"shape {values.shape} differs from {shape} of band fbfm; crop all layers alike",
                file=name,
                band=band,
            )
        if values.dtype.kind not in "iuf":
            raise LandscapeError(
                f"dtype {values.dtype} is not a real number; convert it", file=name, band=band
            )
    if firelines.shape != (4, *shape) or firelines.dtype.kind not in "iuf":
        raise LandscapeError(
            f"{firelines.dtype} of shape {firelines.shape} is not real numbers of shape {(4, *shape)} "
            "(north, east, south, west); give zeros where there are no fire lines",
            file=name,
            band="firelines",
        )


def _check_numbers(name: str, band: str, values: Grid) -> None:
    refuse_where(~np.isfinite(values), values, _NOT_A_NUMBER, file=name, band=band)
    low, high = values.min(), values.max()
    if low <= NODATA_VALUES[0] or high >= NODATA_VALUES[1]:
        nodata = (values <= NODATA_VALUES[0]) | (values >= NODATA_VALUES[1])
        reason = "nodata ({value}) inside the landscape: crop it, or fill the cell from a trusted source"
        refuse_where(nodata, values, reason, file=name, band=band)


def _check_range(name: str, band: str, values: Grid) -> None:
    limits = _RANGES[band]
    if values.min() < limits.low:
        reason = f"{{value}} {limits.unit} is below {limits.low:g}: {limits.below}"
        refuse_where(values < limits.low, values, reason, file=name, band=band)
    if values.max() > limits.high:
        reason = f"{{value}} {limits.unit} is above {limits.high:g}: {limits.above}"
        refuse_where(values > limits.high, values, reason, file=name, band=band)


def _check_aspect(name: str, aspect: Grid) -> None:
    reason = "aspect {value} lies between -1 (flat) and 0: it was probably resampled; use nearest neighbour"
    refuse_where((aspect > -1) & (aspect < 0), aspect, reason, file=name, band="asp")


def _check_fuel(name: str, fuel: Grid) -> None:
    codes = np.clip(fuel, 0, 255).astype(np.int16)
    unknown = ~_KNOWN_CODE[codes] | (codes != fuel)
    reason = (
        "fuel model {value} is unknown: use Anderson 1-13, or Scott & Burgan 91-93, 98, 99, 101-109, "
        "121-124, 141-149, 161-165, 181-189, 201-204"
    )
    refuse_where(unknown, fuel, reason, file=name, band="fbfm")
    if np.isin(fuel, NON_BURNABLE_FUEL_MODELS).all():
        raise LandscapeError(
            "no cell can burn (all fuel models are 91-99): leave this landscape out", file=name, band="fbfm"
        )


def _check_canopy(name: str, grids: Mapping[str, Grid]) -> None:
    height = grids["ch"]
    reason = "canopy base at {value} m lies above the canopy height: check that cbh and ch have the same unit"
    refuse_where(grids["cbh"] > height, grids["cbh"], reason, file=name, band="cbh")
    reason = "canopy cover {value} without canopy height: set cover to 0, or give the height"
    refuse_where((grids["cc"] > 0) & (height <= 0), grids["cc"], reason, file=name, band="cc")


def _check_against_elevation(name: str, grids: Mapping[str, Grid], cell_size_m: float) -> None:
    """Refuse slopes and aspects that the elevation clearly shows to be something else."""
    verdict = slope_evidence(grids["slp"], grids["dem"], cell_size_m).verdict
    if verdict not in ("", "degrees", NO_UNIT):  # who makes up arrays need not make them up alike
        part = " / 100" if verdict == "percent" else ""
        raise LandscapeError(
            f"by the elevation the slope is in {verdict}, not in degrees: give "
            f"numpy.degrees(numpy.arctan(slope{part})), or the elevation in metres",
            file=name,
            band="slp",
        )
    if mistake := mistaken_aspect(grids["asp"], grids["dem"], cell_size_m):
        raise LandscapeError(f"by the elevation the aspect {mistake}", file=name, band="asp")
