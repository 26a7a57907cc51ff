"""Landscape files of all eight layers, as LANDFIRE's download and FlamMap write them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import rasterio.shutil

from fuelbreak.band_names import LCP_ORDER, band_numbers
from fuelbreak.bands import FIELD_OF_BAND, SUFFIXES
from fuelbreak.errors import LandscapeError
from fuelbreak.landscape import Landscape
from fuelbreak.plans.files import read_place
from fuelbreak.rasters import load_landscapes, read_folder
from fuelbreak.tiles import cut_tiles

RawMake = Callable[..., Any]
LANDFIRE_NAMES = {
    "dem": "US_ELEV2020",
    "slp": "US_SLPD2020",
    "asp": "US_ASP2020",
    "fbfm": "US_240FBFM40",
    "cc": "US_240CC",
    "ch": "US_240CH",
    "cbh": "US_240CBH",
    "cbd": "US_240CBD",
}


def landscape_file(
    path: Path, layers: Any, order: Sequence[str] = LCP_ORDER, names: Sequence[str] = (), **profile: Any
) -> Path:
    """The layers in one file, with names for the bands where there are any."""
    height, width = layers.grids["slp"].shape
    place = {"crs": layers.crs, "transform": layers.transform, "height": height, "width": width}
    settings = place | {"count": len(order), "dtype": "int16", "nodata": -9999} | profile
    with rasterio.open(path, "w", driver="GTiff", **settings) as target:
        for number, suffix in enumerate(order, start=1):
            target.write(layers.grids[suffix].astype(settings["dtype"]), number)
        if names:
            target.descriptions = tuple(names)
    return path


def assert_same(one: Landscape, other: Landscape) -> None:
    assert (one.crs, one.transform) == (other.crs, other.transform)
    for field in FIELD_OF_BAND.values():
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field), err_msg=field)


@pytest.fixture
def hills(raw_layers: RawMake) -> Any:
    """A slope of 20 degrees, 40 x 40 cells, every layer with another value in each corner."""
    layers = raw_layers(40, 40)
    for number, suffix in enumerate(("cc", "ch", "cbh", "cbd")):
        layers.grids[suffix][0, number] += 1
    layers.grids["fbfm"][-1, 0] = 102
    return layers


@pytest.fixture
def expected(hills: Any, tmp_path: Path) -> Landscape:
    (tmp_path / "folder").mkdir()
    return read_folder(hills.write(tmp_path / "folder", "place"))


def test_bands_without_names_are_in_the_order_of_a_landscape_file(
    tmp_path: Path, hills: Any, expected: Landscape
) -> None:
    read = read_folder(landscape_file(tmp_path / "place.tif", hills))
    assert read.name == "place"
    assert_same(read, expected)


def test_bands_are_found_by_landfires_names_in_any_order(
    tmp_path: Path, hills: Any, expected: Landscape
) -> None:
    order = sorted(LCP_ORDER)
    file = landscape_file(tmp_path / "LF2023.tif", hills, order, [LANDFIRE_NAMES[suffix] for suffix in order])
    assert_same(read_folder(file), expected)
    assert_same(read_place(file), expected)


def test_a_lcp_file_is_read(tmp_path: Path, hills: Any, expected: Landscape) -> None:
    rasterio.shutil.copy(
        landscape_file(tmp_path / "place.tif", hills), tmp_path / "place.lcp", driver="LCP", LATITUDE="38"
    )
    assert_same(read_folder(tmp_path / "place.lcp"), expected)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"CANOPY_HT_UNIT": "FEET"}, "band ch: is in feet; write the landscape file with meters x 10"),
        ({"CBD_UNIT": "POUND_PER_CUBIC_FOOT"}, r"band cbd: is in lb/ft\^3; write .* with kg/m\^3 x 100"),
        ({"ASPECT_UNIT": "GRASS_DEGREES"}, "band asp: is in grass degrees"),
    ],
)
def test_other_units_of_a_lcp_file_are_refused(
    tmp_path: Path, hills: Any, options: dict[str, str], message: str
) -> None:
    source = landscape_file(tmp_path / "place.tif", hills)
    rasterio.shutil.copy(source, tmp_path / "place.lcp", driver="LCP", LATITUDE="38", **options)
    with pytest.raises(LandscapeError, match=message):
        read_folder(tmp_path / "place.lcp")


def test_percent_and_feet_of_a_lcp_file_are_converted(
    tmp_path: Path, hills: Any, expected: Landscape
) -> None:
    hills.grids["slp"] = np.rint(100 * np.tan(np.radians(hills.grids["slp"]))).astype(np.int16)
    hills.grids["dem"] = np.rint(hills.grids["dem"] / 0.3048).astype(np.int16)
    source = landscape_file(tmp_path / "place.tif", hills)
    units = {"SLOPE_UNIT": "PERCENT", "ELEVATION_UNIT": "FEET"}
    rasterio.shutil.copy(source, tmp_path / "place.lcp", driver="LCP", LATITUDE="38", **units)
    read = read_folder(tmp_path / "place.lcp")
    np.testing.assert_allclose(read.slope_deg, expected.slope_deg, atol=0.3)
    np.testing.assert_allclose(read.elevation_m, expected.elevation_m, atol=0.2)


def test_slopes_in_percent_are_known_by_landfires_name(
    tmp_path: Path, hills: Any, expected: Landscape
) -> None:
    hills.grids["slp"] = np.full_like(hills.grids["slp"], 36)  # 20 degrees
    hills.grids["dem"] = np.full_like(hills.grids["dem"], 500)  # tells nothing about it
    names = [LANDFIRE_NAMES[suffix].replace("SLPD", "SLPP") for suffix in LCP_ORDER]
    read = read_folder(landscape_file(tmp_path / "place.tif", hills, names=names))
    np.testing.assert_allclose(read.slope_deg, expected.slope_deg, atol=0.3)


def test_tiles_are_cut_from_a_landscape_file(tmp_path: Path, hills: Any, expected: Landscape) -> None:
    report = cut_tiles(landscape_file(tmp_path / "place.tif", hills), tmp_path / "tiles", size=20, overlap=0)
    assert report.written == 4
    last = load_landscapes(tmp_path / "tiles")[3]
    assert_same(last, expected.window(20, 20, 20, 20))


@pytest.mark.parametrize(
    "profile",
    [
        {"tiled": True, "blockxsize": 16, "blockysize": 16, "compress": "lzw", "predictor": 2},
        {"BIGTIFF": "YES"},
        {"interleave": "pixel", "compress": "deflate"},
        {"dtype": "float32"},
        {"dtype": "int32", "nodata": 2147483647},
    ],
    ids=["tiled and compressed", "BigTIFF", "by pixel", "floats", "wide integers"],
)
def test_it_does_not_matter_how_the_file_is_written(
    tmp_path: Path, hills: Any, expected: Landscape, profile: dict[str, Any]
) -> None:
    assert_same(read_folder(landscape_file(tmp_path / "place.tif", hills, **profile)), expected)


@pytest.mark.parametrize(
    ("order", "names", "message"),
    [
        (LCP_ORDER[:5], (), "5 bands without names where one layer, or the eight of a landscape file"),
        (LCP_ORDER[:7], list(LCP_ORDER[:7]), "no band is cbd by its name"),
        ((*LCP_ORDER, "fbfm"), [*LCP_ORDER, "US_240FBFM13"], "bands 4 and 9 are both fbfm by their names"),
        (("fbfm", *LCP_ORDER[1:3], "dem", *LCP_ORDER[4:]), (), "fuel model .* is unknown"),
    ],
    ids=["five bands", "no bulk density", "two fuel models", "wrong order"],
)
def test_what_does_not_say_which_band_is_which_is_refused(
    tmp_path: Path, hills: Any, order: Sequence[str], names: Sequence[str], message: str
) -> None:
    with pytest.raises(LandscapeError, match=message):
        read_folder(landscape_file(tmp_path / "place.tif", hills, order, names))


@pytest.mark.parametrize(
    "names",
    [
        "Elevation,Slope,Aspect,Fuel models,Canopy cover,Canopy height,Canopy base height,Canopy bulk density",
        "LC20_Elev_220,LC20_SlpD_220,LC20_Asp_220,LC22_F40_230,LC22_CC_230,LC22_CH_230,LC22_CBH_230,LC22_CBD_230",
        "US_DEM,us_slp,us_asp,us_140FBFM,us_140cc,us_140ch,us_140cbh,us_140cbd",
    ],
    ids=["GDAL", "LANDFIRE 2022", "LANDFIRE 2014"],
)
def test_names_that_are_in_use_are_known(names: str) -> None:
    numbers = {suffix: number for number, suffix in enumerate(LCP_ORDER, start=1)}
    assert band_numbers(names.split(","), "place.tif") == numbers
    assert set(LCP_ORDER) == set(SUFFIXES)
