"""The layers that LANDFIRE gives, the fields they become, and the codes that are known."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = [
    "FIELD_OF_BAND",
    "FIRELINE_SUFFIXES",
    "FUEL_MODELS",
    "NODATA_VALUES",
    "NON_BURNABLE_FUEL_MODELS",
    "SUFFIXES",
]

FIELD_OF_BAND: Mapping[str, str] = {
    "slp": "slope_deg",
    "asp": "aspect_deg",
    "dem": "elevation_m",
    "cc": "canopy_cover",
    "cbd": "canopy_bulk_density_kg_m3",
    "cbh": "canopy_base_height_m",
    "ch": "canopy_height_m",
    "fbfm": "fuel_model",
}
"""LANDFIRE's suffix of each layer and the field of `Landscape` that holds it."""

NON_BURNABLE_FUEL_MODELS = (91, 92, 93, 98, 99)
"""FBFM40: NB1 urban, NB2 snow/ice, NB3 agriculture, NB8 water, NB9 bare ground."""

FUEL_MODELS = frozenset(
    [
        *range(1, 14),  # Anderson 1982: 13 models
        *NON_BURNABLE_FUEL_MODELS,
        *range(101, 110),  # Scott & Burgan 2005: GR1-GR9
        *range(121, 125),  # GS1-GS4
        *range(141, 150),  # SH1-SH9
        *range(161, 166),  # TU1-TU5
        *range(181, 190),  # TL1-TL9
        *range(201, 205),  # SB1-SB4
    ]
)
"""Every fuel model code that is known: Anderson 13 and Scott & Burgan 40 (RMRS-GTR-153)."""

NODATA_VALUES = (-9999, 32767)
"""What LANDFIRE writes where it knows nothing, whatever the file's tag says."""

SUFFIXES = tuple(FIELD_OF_BAND)
"""The eight layers that every landscape needs."""

FIRELINE_SUFFIXES = ("fireline_north", "fireline_east", "fireline_south", "fireline_west")
"""Layers that may be there."""
