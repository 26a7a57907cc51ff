"""Which band of a landscape file is which layer, and in which unit, as LANDFIRE and FlamMap have them.

LANDFIRE's download and FlamMap's landscape (.tif, .lcp) keep the eight layers in one file. LANDFIRE names its bands
after its products (US_SLPD2020, US_240CBH), GDAL those of .lcp by words (Slope, Canopy base height); without names the
order is that of .lcp.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from fuelbreak.bands import SUFFIXES
from fuelbreak.errors import LandscapeError

__all__ = ["FEET", "LCP_ORDER", "band_numbers", "stored_unit"]

LCP_ORDER = ("dem", "slp", "asp", "fbfm", "cc", "ch", "cbh", "cbd")
"""Order of the bands in a .lcp file (Finney 1998, RMRS-RP-4)."""

_NAMED = {
    "cbd": re.compile(r"cbd|bulk"),
    "cbh": re.compile(r"cbh|base"),
    "cc": re.compile(r"(?<![a-z])cc(?![a-z])|cover"),
    "ch": re.compile(r"(?<![a-z])ch(?![a-z])|height"),
    "dem": re.compile(r"elev|dem"),
    "slp": re.compile(r"slp|slope"),
    "asp": re.compile(r"asp"),
    "fbfm": re.compile(r"fbfm|fm?40|fm?13|fuel"),
}
"""Words of each layer, the more telling ones first: a canopy base height is no canopy height."""

FEET = "feet"

_UNITS: Mapping[str, tuple[str, ...]] = {
    "dem": ("meters", FEET),
    "slp": ("degrees", "percent"),
    "asp": ("azimuth degrees",),
    "cc": ("percent",),
    "ch": ("meters x 10",),
    "cbh": ("meters x 10",),
    "cbd": ("kg/m^3 x 100",),
}
"""What is read of the units that GDAL reports of a .lcp file, by layer."""


def band_numbers(names: Sequence[str | None], file: str) -> dict[str, int]:
    """Find the layers among the bands of a file.

    Args:
        names: Descriptions of the bands, in their order; None or "" where a band has none.
        file: What messages name.

    Returns:
        Number of the band, from 1, by suffix; all eight of them.

    Raises:
        LandscapeError: A layer is not there, or is there twice; or bands without names that are not eight.
    """
    if not any(names):
        if len(names) != len(LCP_ORDER):
            raise LandscapeError(
                f"{len(names)} bands without names where one layer, or the eight of a landscape file, are expected; "
                "name the bands (gdal_edit.py -setband), or extract the layers",
                file=file,
            )
        return {suffix: number for number, suffix in enumerate(LCP_ORDER, start=1)}
    found: dict[str, int] = {}
    for number, name in enumerate(names, start=1):
        suffix = _layer(name or "")
        if suffix in found:
            raise LandscapeError(
                f"bands {found[suffix]} and {number} are both {suffix} by their names; leave one out",
                file=file,
            )
        if suffix:
            found[suffix] = number
    if missing := [suffix for suffix in SUFFIXES if suffix not in found]:
        raise LandscapeError(
            f"no band is {' or '.join(missing)} by its name, of {[name or '' for name in names]}; add what is "
            "missing, or give a file of one band for each layer",
            file=file,
        )
    return found


def stored_unit(suffix: str, tags: Mapping[str, str], file: str) -> str:
    """The unit that a band of a .lcp file says it is in.

    Args:
        suffix: Its layer.
        tags: Of the band, as GDAL reports them (SLOPE_UNIT_NAME and the like).
        file: What messages name.

    Returns:
        In lower case; "" where the tags say nothing.

    Raises:
        LandscapeError: Another unit than LANDFIRE's.
    """
    said = next((text.strip().lower() for name, text in tags.items() if name.endswith("_UNIT_NAME")), "")
    if said and said not in _UNITS.get(suffix, (said,)):
        raise LandscapeError(
            f"is in {said}; write the landscape file with {' or '.join(_UNITS[suffix])}",
            file=file,
            band=suffix,
        )
    return said


def _layer(name: str) -> str:
    """Suffix of the layer that a band's name speaks of; "" where of none."""
    return next((suffix for suffix, words in _NAMED.items() if words.search(name.lower())), "")
