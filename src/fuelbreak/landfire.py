"""LANDFIRE's units to ours and back.

| layer | in files | in `Landscape` |
|---|---|---|
| slp | degrees, or percent (LANDFIRE 2020 and later offer both) | degrees |
| asp | degrees clockwise from north, -1 flat | the same |
| dem | m | m |
| cc | percent | fraction |
| ch, cbh | 10*m | m |
| cbd | 100*kg/m3 | kg/m3 |
| fbfm | FBFM40 or Anderson 13 code | the same |
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from fuelbreak.bands import FIELD_OF_BAND, FIRELINE_SUFFIXES
from fuelbreak.errors import LandscapeError
from fuelbreak.landscape import Landscape
from fuelbreak.layers import Layers
from fuelbreak.terrain import NO_UNIT, SlopeEvidence, slope_evidence

__all__ = ["SlopeUnits", "decode", "encode", "resolve_slope_units"]

SlopeUnits = Literal["auto", "degrees", "percent"]

_LOG = logging.getLogger(__name__)
_STORED_PER_UNIT: Mapping[str, float] = {"cc": 100.0, "ch": 10.0, "cbh": 10.0, "cbd": 100.0}
_ROUNDING = 1e-3  # of a stored unit: float32 keeps 39.0 m * 10 to 2e-5
_STEEPEST_DEGREES = 90.0
_FEET_REMEDY = "multiply the elevation by 0.3048"
_REMEDIES: Mapping[str, str] = {
    "rise over run": "multiply the layer by 100 and say slope_units='percent'",
    "degrees, with an elevation in feet": _FEET_REMEDY,
    "percent, with an elevation in feet": _FEET_REMEDY,
    NO_UNIT: "see that slp, asp and dem are the layers that they are named",
}


def decode(layers: Layers, slope_units: str) -> Landscape:
    """Convert layers in LANDFIRE's units to a landscape.

    Args:
        layers: The eight layers; nodata in a fire line layer means that no line is there.
        slope_units: "degrees" or "percent".

    Returns:
        The landscape, every cell checked.

    Raises:
        LandscapeError: Naming file, band, row, column and remedy.
    """
    layers.refuse_missing()
    fields = {field: _to_physical(band, layers.grids[band]) for band, field in FIELD_OF_BAND.items()}
    if slope_units == "percent":
        fields["slope_deg"] = np.degrees(np.arctan(fields["slope_deg"] / 100.0))
    try:
        return Landscape(
            name=layers.name,
            **fields,
            firelines=_firelines(layers),
            cell_size_m=float(layers.transform[0]),
            crs=layers.crs,
            transform=layers.transform,
        )
    except LandscapeError as error:
        file = str(layers.files.get(error.band or "fbfm", layers.name))
        raise LandscapeError(
            error.reason, file=file, band=error.band, row=error.row, column=error.column
        ) from None


def encode(landscape: Landscape) -> Layers:
    """Convert a landscape to LANDFIRE's units so that `decode` gives back the same float32 values.

    Slope, aspect and elevation become int16 where they are whole numbers and float32 elsewhere.

    Args:
        landscape: What to write.

    Returns:
        The layers, slope in degrees; fire line layers only where one has a line.

    Raises:
        LandscapeError: A canopy value is finer than LANDFIRE's steps (1 %, 0.1 m, 0.01 kg/m3).
    """
    grids = {band: _to_stored(landscape, band) for band in FIELD_OF_BAND}
    if landscape.firelines.any():
        grids |= {suffix: landscape.firelines[i] for i, suffix in enumerate(FIRELINE_SUFFIXES)}
    return Layers(landscape.name, grids, {}, {}, landscape.crs, landscape.transform, slope_units="degrees")


def resolve_slope_units(places: Sequence[Layers], asked: SlopeUnits) -> list[str]:
    """Say for each place whether its slope layer holds degrees or percent.

    What was asked for comes first, then the tags of the slope file, then the elevation layers of all places
    without tags taken together, then values over 90 (percent). Where nothing tells, degrees are assumed, and said.

    Args:
        places: Layers of each place.
        asked: "degrees", "percent", or "auto".

    Returns:
        "degrees" or "percent" per place.

    Raises:
        LandscapeError: The elevation clearly contradicts the unit.
    """
    if asked not in ("auto", "degrees", "percent"):
        raise ValueError(f"slope_units is {asked!r}; choose 'auto', 'degrees' or 'percent'")
    said = ["" if asked != "auto" else place.slope_units for place in places]
    silent = [place for place, unit in zip(places, said, strict=True) if not unit]
    assumed = asked if asked != "auto" else _guess(silent) if silent else ""
    units = [unit or assumed for unit in said]
    for unit in sorted(set(units)):
        _refuse_contradiction(unit, [place for place, its in zip(places, units, strict=True) if its == unit])
    return units


def _guess(places: Sequence[Layers]) -> str:
    verdict = _evidence(places).verdict
    if verdict:
        return "percent" if verdict == "percent" else "degrees"  # all else is refused with its remedy
    if any((place.grids["slp"][~_gap(place, "slp")] > _STEEPEST_DEGREES).any() for place in places):
        return "percent"
    _LOG.warning(
        "%s: neither tags nor elevation tell the unit of slope; read as degrees (slope_units='percent' says "
        "otherwise)",
        places[0].files.get("slp", places[0].name),
    )
    return "degrees"


def _refuse_contradiction(unit: str, places: Sequence[Layers]) -> None:
    verdict = _evidence(places).verdict
    if verdict in ("", unit):
        return
    remedy = _REMEDIES.get(verdict, f"say slope_units='{verdict}', or correct the layer")
    file = str(places[0].files.get("slp", places[0].name))
    raise LandscapeError(
        f"slope is to be read as {unit}, but by the elevation layer its values are {verdict}; {remedy}",
        file=file,
        band="slp",
    )


def _evidence(places: Sequence[Layers]) -> SlopeEvidence:
    each = (
        slope_evidence(_or_nan(place, "slp"), _or_nan(place, "dem"), abs(place.transform[0]))
        for place in places
    )
    return reduce(add, each, SlopeEvidence.none())


def _gap(layers: Layers, band: str) -> npt.NDArray[np.bool_]:
    return layers.missing.get(band, np.zeros(layers.shape, dtype=bool))


def _or_nan(layers: Layers, band: str) -> npt.NDArray[np.float64]:
    return np.where(_gap(layers, band), np.nan, layers.grids[band])


def _firelines(layers: Layers) -> npt.NDArray[np.float32]:
    lines = np.zeros((len(FIRELINE_SUFFIXES), *layers.shape), dtype=np.float32)
    for line, suffix in zip(lines, FIRELINE_SUFFIXES, strict=True):
        if suffix in layers.grids:
            line[:] = np.where(_gap(layers, suffix), 0, layers.grids[suffix])
    return lines


def _to_physical(band: str, grid: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return grid / _STORED_PER_UNIT[band] if band in _STORED_PER_UNIT else grid


def _to_stored(landscape: Landscape, band: str) -> npt.NDArray[Any]:
    values: npt.NDArray[Any] = getattr(landscape, FIELD_OF_BAND[band])
    stored = values.astype(np.float64) * _STORED_PER_UNIT.get(band, 1.0)
    whole = np.rint(stored)
    if band not in _STORED_PER_UNIT:
        exact = bool((whole == stored).all())
        return whole.astype(np.int16) if exact else np.asarray(values, dtype=np.float32)
    between = np.abs(whole - stored) > _ROUNDING
    if between.any():
        row, column = (int(i) for i in np.unravel_index(int(between.argmax()), between.shape))
        raise LandscapeError(
            f"{values[row, column]:g} lies between two steps of 1/{_STORED_PER_UNIT[band]:g} in which LANDFIRE "
            "files store this layer; round it first",
            file=landscape.name,
            band=band,
            row=row,
            column=column,
        )
    return whole.astype(np.int16)
