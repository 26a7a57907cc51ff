"""GeoJSON as RFC 7946 has it: WGS 84, rings that turn the right way, and cells that lie where they were."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from rasterio import features, warp
from rasterio.transform import Affine

from fuelbreak.errors import LandscapeError
from fuelbreak.landscape import Landscape
from fuelbreak.plan import Barrier, geojson, write_geojson

BREAKS = np.zeros((6, 8), bool)
BREAKS[1, 1:4] = BREAKS[3, 1:4] = BREAKS[2, 1] = BREAKS[2, 3] = True  # a ring around (2, 2)
BREAKS[4, 4] = BREAKS[5, 5] = True  # a diagonal that hangs on it


@pytest.fixture
def place(landscape_with: Callable[..., Landscape]) -> Landscape:
    transform = (30.0, 0.0, 435000.0, 0.0, -30.0, 3758000.0)
    return landscape_with(crs="EPSG:32611", transform=transform)


def doubled_area(ring: list[list[float]]) -> float:
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring))


def test_a_feature_says_what_its_barrier_is_worth(place: Landscape) -> None:
    collection = geojson(place, [Barrier(1, np.argwhere(BREAKS), 2.0)], {"plan": "lines"})
    assert collection["type"] == "FeatureCollection"
    (feature,) = collection["features"]
    assert feature["properties"] == {
        "rank": 1,
        "cells": 10,
        "area_ha": 0.9,
        "saved_ha": 0.18,
        "plan": "lines",
    }


def test_rings_are_closed_and_turn_as_the_standard_says(place: Landscape) -> None:
    (feature,) = geojson(place, [Barrier(1, np.argwhere(BREAKS), 2.0)], {})["features"]
    assert feature["geometry"]["type"] == "MultiPolygon"
    polygons = feature["geometry"]["coordinates"]
    assert sorted(len(polygon) for polygon in polygons) == [1, 1, 2], (
        "a ring with a hole, and two single cells"
    )
    for outer, *holes in polygons:
        assert outer[0] == outer[-1]
        assert doubled_area(outer) > 0
        assert all(doubled_area(hole) < 0 for hole in holes)


def test_longitudes_and_latitudes_are_those_of_the_cells(place: Landscape) -> None:
    (feature,) = geojson(place, [Barrier(1, np.argwhere(BREAKS), 2.0)], {})["features"]
    assert -118 < feature["geometry"]["coordinates"][0][0][0][0] < -117
    back = warp.transform_geom("EPSG:4326", place.crs, feature["geometry"])
    burned_in = features.rasterize([back], out_shape=place.shape, transform=Affine(*place.transform))
    assert np.array_equal(burned_in == 1, BREAKS)
    shape = np.array(back["coordinates"][0][0])
    assert np.abs(shape / 30.0 - np.rint(shape / 30.0) - (435000 / 30 % 1, 3758000 / 30 % 1)).max() % 1 < 1e-2


def test_a_landscape_without_a_place_is_refused(place: Landscape, tmp_path: Path) -> None:
    with pytest.raises(LandscapeError, match="has no CRS, so that its longitude is not known; assign one"):
        write_geojson(tmp_path / "plan.geojson", replace(place, crs=""), [], {})


def test_the_file_is_json_and_its_folder_must_be_there(place: Landscape, tmp_path: Path) -> None:
    file = write_geojson(
        tmp_path / "plan.geojson", place, [Barrier(1, np.argwhere(BREAKS), 2.0)], {"budget": 10}
    )
    assert json.loads(file.read_text()) == geojson(
        place, [Barrier(1, np.argwhere(BREAKS), 2.0)], {"budget": 10}
    )
    with pytest.raises(LandscapeError, match="cannot be written"):
        write_geojson(tmp_path / "nowhere" / "plan.geojson", place, [], {})
