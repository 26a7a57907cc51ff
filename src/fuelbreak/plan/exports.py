"""Barriers as GeoJSON (RFC 7946): longitude and latitude on WGS 84, outer rings counterclockwise."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from rasterio import features, warp
from rasterio.transform import Affine

from fuelbreak.atomic import write_atomically
from fuelbreak.errors import LandscapeError
from fuelbreak.landscape import Landscape
from fuelbreak.plan.barriers import Barrier

__all__ = ["geojson", "write_geojson"]

_WGS_84 = "EPSG:4326"
_DIGITS = 7
"""Of a degree: about a centimetre."""

Ring = list[list[float]]


def write_geojson(
    path: Path, landscape: Landscape, barriers: Sequence[Barrier], facts: Mapping[str, object]
) -> Path:
    """Write `geojson` to a file.

    Raises:
        LandscapeError: The landscape has no CRS, or the file cannot be written.
    """
    text = json.dumps(geojson(landscape, barriers, facts))
    try:
        write_atomically(path, text.encode())
    except OSError as error:
        raise LandscapeError(f"cannot be written ({error}); choose another folder", file=str(path)) from error
    return path


def geojson(landscape: Landscape, barriers: Sequence[Barrier], facts: Mapping[str, object]) -> dict[str, Any]:
    """Barriers as a feature collection: one feature each, its cells merged.

    A feature's properties are ``rank`` (1: its loss would cost most), ``cells``, ``area_ha`` and ``saved_ha``, the
    expected burned area of a fire that it saves while all others stand, then `facts`.

    Args:
        landscape: Where the cells lie.
        barriers: By rank.
        facts: Of the whole plan; further properties of every feature.

    Returns:
        What `json.dumps` makes a file of.

    Raises:
        LandscapeError: The landscape has no CRS, so that nobody knows where it lies.
    """
    if not landscape.crs:
        raise LandscapeError(
            "has no CRS, so that its longitude is not known; assign one (gdal_edit.py -a_srs EPSG:...)",
            file=landscape.name,
        )
    collected = [_feature(landscape, barrier, facts) for barrier in barriers]
    return {"type": "FeatureCollection", "name": landscape.name, "features": collected}


def _feature(landscape: Landscape, barrier: Barrier, facts: Mapping[str, object]) -> dict[str, Any]:
    area_ha = landscape.cell_area_ha
    properties: dict[str, object] = {
        "rank": barrier.rank,
        "cells": barrier.size,
        "area_ha": round(barrier.size * area_ha, 4),
        "saved_ha": round(barrier.saved_cells * area_ha, 4),
    }
    return {
        "type": "Feature",
        "properties": properties | dict(facts),
        "geometry": _geometry(landscape, barrier),
    }


def _geometry(landscape: Landscape, barrier: Barrier) -> dict[str, Any]:
    """Cells that share an edge are one polygon; those that touch at a corner, polygons of one geometry."""
    (top, left), (bottom, right) = barrier.cells.min(axis=0), barrier.cells.max(axis=0)
    cells = np.zeros((bottom - top + 1, right - left + 1), np.bool_)
    cells[tuple((barrier.cells - (top, left)).T)] = True
    a, b, c, d, e, f = landscape.transform
    place = Affine(a, b, c + left * a + top * b, d, e, f + left * d + top * e)
    outlines = features.shapes(cells.astype(np.uint8), cells, connectivity=4, transform=place)
    whole = {"type": "MultiPolygon", "coordinates": [outline["coordinates"] for outline, _ in outlines]}
    placed = warp.transform_geom(landscape.crs, _WGS_84, whole, precision=_DIGITS)
    polygons = [
        [_turned(ring, outer=number == 0) for number, ring in enumerate(polygon)]
        for polygon in placed["coordinates"]
    ]
    return {"type": "MultiPolygon", "coordinates": polygons}


def _turned(ring: Ring, *, outer: bool) -> Ring:
    """Outer rings counterclockwise, holes clockwise (RFC 7946, section 3.1.6)."""
    points = [[float(x), float(y)] for x, y in ring]
    twice_the_area = sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(points))
    return points if (twice_the_area > 0) is outer else points[::-1]
