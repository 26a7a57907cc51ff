"""Tiles and folders of layers: what is read is what is in the files, in our units, or an error that says where."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rasterio.transform import Affine

from fuelbreak import rasters
from fuelbreak.errors import LandscapeError
from fuelbreak.landscape import Landscape
from fuelbreak.rasters import load_landscapes, read_folder, tile_path, write_landscape
from fuelbreak.synthetic import generate_landscape

RawMake = Callable[..., Any]
FIELDS = (
    "slope_deg",
    "aspect_deg",
    "elevation_m",
    "canopy_cover",
    "canopy_height_m",
    "canopy_base_height_m",
    "canopy_bulk_density_kg_m3",
    "fuel_model",
    "firelines",
)
REAL = ("socal_a", "norcal_a", "vermont_a", "norcal_c", "sierra_a")


def assert_same(one: Landscape, other: Landscape) -> None:
    for field in FIELDS:
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field), err_msg=field)
    assert (one.crs, one.transform, one.cell_size_m) == (other.crs, other.transform, other.cell_size_m)


# Units


def test_converts_landfire_units(tmp_path: Path, raw_layers: RawMake) -> None:
    landscape = read_folder(raw_layers().write(tmp_path, "place"))
    assert landscape.name == "place"
    assert landscape.crs == "EPSG:32611"
    assert landscape.transform == (30.0, 0.0, 435000.0, 0.0, -30.0, 3758000.0)
    cell = {field: getattr(landscape, field)[0, 0].item() for field in FIELDS[:-1]}
    assert cell == pytest.approx(
        {
            "slope_deg": 20,
            "aspect_deg": 270,
            "elevation_m": 100,
            "canopy_cover": 0.45,
            "canopy_height_m": 19.0,
            "canopy_base_height_m": 1.3,
            "canopy_bulk_density_kg_m3": 0.08,
            "fuel_model": 165,
        }
    )


def test_rows_run_from_north_to_south_as_in_the_file(tmp_path: Path, raw_layers: RawMake) -> None:
    layers = raw_layers()
    layers.grids["fbfm"] = layers.grids["fbfm"].copy()
    layers.grids["fbfm"][0, :] = 91
    landscape = read_folder(layers.write(tmp_path, "place"))
    assert not landscape.burnable[0].any()
    assert landscape.burnable[1:].all()


@pytest.mark.parametrize("suffix", ["north", "east", "south", "west"])
def test_reads_fire_lines_where_there_are_any(tmp_path: Path, raw_layers: RawMake, suffix: str) -> None:
    layers = raw_layers()
    line = np.full((6, 8), -9999, dtype=np.int16)
    line[3, :] = 7
    layers.grids[f"fireline_{suffix}"] = line
    firelines = read_folder(layers.write(tmp_path, "place")).firelines
    number = ("north", "east", "south", "west").index(suffix)
    assert (firelines[number, 3] == 7).all()
    assert firelines.sum() == 7 * 8  # nodata in a fire line layer: no line there


@pytest.mark.parametrize("name", REAL)
def test_every_real_folder_loads_and_survives_writing(
    tmp_path: Path, real_landscapes: Path, name: str
) -> None:
    landscape = read_folder(real_landscapes / name)
    write_landscape(landscape, tmp_path, 3)
    (again,) = load_landscapes(tmp_path)
    assert again.name == "3"
    assert_same(again, landscape)


def test_values_between_whole_numbers_survive_writing(tmp_path: Path, landscape_with: Any) -> None:
    landscape = landscape_with(
        slope_deg=np.full((6, 8), 12.345),
        aspect_deg=np.full((6, 8), 0.25),
        elevation_m=np.full((6, 8), 100.5),
    )
    write_landscape(landscape, tmp_path, 0)
    assert_same(load_landscapes(tmp_path)[0], landscape)


def test_fire_lines_survive_writing_and_do_not_outlive_their_tile(
    tmp_path: Path, landscape_with: Any
) -> None:
    lines = np.zeros((4, 6, 8))
    lines[1, 2, :] = 1
    landscape = landscape_with(firelines=lines)
    write_landscape(landscape, tmp_path, 0)
    assert_same(load_landscapes(tmp_path)[0], landscape)
    write_landscape(landscape_with(), tmp_path, 0)
    assert not load_landscapes(tmp_path)[0].firelines.any()


def test_refuses_to_write_what_landfire_cannot_hold(tmp_path: Path, landscape_with: Any) -> None:
    height = np.full((6, 8), 19.0)
    height[4, 2] = 12.34
    with pytest.raises(LandscapeError, match=r"band ch: row 4, column 2: 12\.34 lies between"):
        write_landscape(landscape_with(canopy_height_m=height), tmp_path, 0)
    assert not list(tmp_path.rglob("*.tif"))


def test_a_write_that_fails_leaves_no_part_of_a_tile(
    tmp_path: Path, landscape_with: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_write, written = rasters.write_raster, []

    def fail_at_the_fifth(path: Path, *args: Any, **kwargs: Any) -> None:
        written.append(path)
        if len(written) == 5:
            raise OSError("no space left on device")
        real_write(path, *args, **kwargs)

    monkeypatch.setattr(rasters, "write_raster", fail_at_the_fifth)
    with pytest.raises(OSError, match="no space left"):
        write_landscape(landscape_with(), tmp_path, 0)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


# Sets


def test_tiles_come_in_the_order_of_their_index(tmp_path: Path, landscape_with: Any) -> None:
    for index in (10, 2, 0, 1):
        write_landscape(landscape_with(elevation_m=np.full((6, 8), index)), tmp_path, index)
    landscapes = load_landscapes(tmp_path)
    assert [landscape.name for landscape in landscapes] == ["0", "1", "2", "10"]
    assert [landscape.elevation_m[0, 0] for landscape in landscapes] == [0, 1, 2, 10]


def test_tiles_of_different_sizes_may_stand_side_by_side(tmp_path: Path) -> None:
    for index, size in enumerate((12, 20)):
        write_landscape(generate_landscape(index, size), tmp_path, index)
    for _ in range(2):  # from the tiles, then from the cache
        assert [landscape.shape for landscape in load_landscapes(tmp_path)] == [(12, 12), (20, 20)]


def test_limit_reads_the_first_tiles_with_and_without_a_cache(tmp_path: Path, landscape_with: Any) -> None:
    for index in range(4):
        write_landscape(landscape_with(), tmp_path, index)
    for _ in range(2):
        assert [landscape.name for landscape in load_landscapes(tmp_path, limit=2)] == ["0", "1"]
    assert len(load_landscapes(tmp_path)) == 4
    assert [landscape.name for landscape in load_landscapes(tmp_path, limit=2)] == ["0", "1"]


def test_a_progress_bar_goes_to_stderr_when_asked_for(
    tmp_path: Path, landscape_with: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    write_landscape(landscape_with(), tmp_path, 0)
    load_landscapes(tmp_path, cache=False)
    assert capsys.readouterr() == ("", "")
    load_landscapes(tmp_path, cache=False, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "Loading rasters" in err


def test_an_empty_folder_says_how_to_fill_it(tmp_path: Path) -> None:
    with pytest.raises(LandscapeError, match=r"python -m fuelbreak\.synthetic"):
        load_landscapes(tmp_path)


def test_a_root_that_is_a_file_is_no_set_of_tiles(tmp_path: Path) -> None:
    (tmp_path / "tiles.zip").write_text("")
    with pytest.raises(LandscapeError, match="no tile"):
        load_landscapes(tmp_path / "tiles.zip")


def test_a_missing_layer_of_one_tile_is_named(tmp_path: Path, landscape_with: Any) -> None:
    for index in range(2):
        write_landscape(landscape_with(), tmp_path, index)
    tile_path(tmp_path, 1, "cbh").unlink()
    with pytest.raises(LandscapeError, match="layer cbh is missing") as caught:
        load_landscapes(tmp_path)
    assert (caught.value.file, caught.value.band) == ("1", "cbh")


# What is refused


@pytest.mark.parametrize(
    ("suffix", "value", "words"),
    [
        ("slp", -9999, "nodata"),
        ("asp", 32767, "nodata"),
        ("dem", -9999, "nodata"),
        ("cc", 32767, "nodata"),
        ("fbfm", -9999, "nodata"),
        ("fbfm", 32767, "nodata"),
        ("fbfm", 0, "fuel model 0 is unknown"),
        ("slp", -3, "negative"),
        ("asp", 400, "modulo 360"),
        ("cc", 101, "percent"),
        ("ch", -10, "negative"),
        ("ch", 1900, "divide by 10"),
        ("cbh", 200, "above the canopy height"),
        ("cbd", 800, "divide by 100"),
    ],
)
def test_one_wrong_cell_is_named_with_its_file(
    tmp_path: Path, raw_layers: RawMake, suffix: str, value: int, words: str
) -> None:
    layers = raw_layers()
    layers.grids[suffix] = layers.grids[suffix].copy()
    layers.grids[suffix][4, 5] = value
    with pytest.raises(LandscapeError, match=words) as caught:
        read_folder(layers.write(tmp_path, "place"))
    error = caught.value
    assert error.file == str(tmp_path / f"place_{suffix}.tif")
    assert (error.band, error.row, error.column) == (suffix, 4, 5)


def test_nodata_is_what_the_tag_says(tmp_path: Path, raw_layers: RawMake) -> None:
    layers = raw_layers()
    layers.nodata = 165
    with pytest.raises(LandscapeError, match=r"nodata \(165\)"):
        read_folder(layers.write(tmp_path, "place"))


def test_nan_in_a_float_layer_is_nodata(tmp_path: Path, raw_layers: RawMake) -> None:
    layers = raw_layers()
    layers.grids["dem"] = layers.grids["dem"].astype(np.float32)
    layers.grids["dem"][1, 2] = np.nan
    with pytest.raises(LandscapeError, match=r"row 1, column 2: nodata \(nan\)"):
        read_folder(layers.write(tmp_path, "place"))


@pytest.mark.parametrize(("suffix", "value"), [("cc", 0.45), ("cbd", 0.08), ("cbh", 1.3), ("fbfm", 101.5)])
def test_fractions_where_landfire_has_whole_numbers_are_refused(
    tmp_path: Path, raw_layers: RawMake, suffix: str, value: float
) -> None:
    layers = raw_layers()
    layers.grids[suffix] = np.full((6, 8), value, dtype=np.float32)
    with pytest.raises(LandscapeError, match="not a whole number") as caught:
        read_folder(layers.write(tmp_path, "place"))
    assert caught.value.band == suffix


@pytest.mark.parametrize("suffix", ["slp", "dem", "cbd", "fireline_east"])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"crs": "EPSG:32610"}, "CRS EPSG:32610 differs from EPSG:32611"),
        ({"crs": None}, "CRS none differs"),
        ({"transform": Affine(30, 0, 435015, 0, -30, 3758000)}, "transform .* differs"),
        ({"transform": Affine(10, 0, 435000, 0, -10, 3758000)}, "transform .* differs"),
    ],
)
def test_a_layer_on_another_grid_is_refused(
    tmp_path: Path, raw_layers: RawMake, suffix: str, change: dict[str, Any], words: str
) -> None:
    raw_layers().write(tmp_path, "place")
    other = raw_layers()
    other.grids["fireline_east"] = other.grids["slp"]
    for attribute, value in change.items():
        setattr(other, attribute, value)
    other.write(tmp_path, "place", only=(suffix,))
    with pytest.raises(LandscapeError, match=words) as caught:
        read_folder(tmp_path)
    assert caught.value.file == str(tmp_path / f"place_{suffix}.tif")


def test_a_layer_of_another_shape_is_refused(tmp_path: Path, raw_layers: RawMake) -> None:
    raw_layers().write(tmp_path, "place")
    raw_layers(rows=7).write(tmp_path, "place", only=("asp",))
    with pytest.raises(LandscapeError, match=r"shape \(7, 8\) differs from \(6, 8\)"):
        read_folder(tmp_path)


@pytest.mark.parametrize(
    ("crs", "transform", "words"),
    [
        ("EPSG:4326", Affine(0.0003, 0, -120, 0, -0.0003, 38), "not metres"),
        ("EPSG:2227", Affine(98.4, 0, 6000000, 0, -98.4, 2000000), "not metres"),
        (None, Affine(1, 0, 0, 0, 1, 0), "not north-up"),
        (
            None,
            Affine(0.0003, 0, -120, 0, -0.0003, 38),
            "cells measure 0.0003 m: is the transform in degrees",
        ),
        ("EPSG:32611", Affine.rotation(10) @ Affine.scale(30, -30), "not north-up"),
        ("EPSG:32611", Affine(30, 0, 0, 0, -20, 0), "must be square"),
    ],
)
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_cells_must_be_square_metres_north_up(
    tmp_path: Path, raw_layers: RawMake, crs: str | None, transform: Affine, words: str
) -> None:
    layers = raw_layers()
    layers.crs, layers.transform = crs, transform
    with pytest.raises(LandscapeError, match=words):
        read_folder(layers.write(tmp_path, "place"))


def test_a_file_that_is_no_raster_is_named(tmp_path: Path, raw_layers: RawMake) -> None:
    raw_layers().write(tmp_path, "place")
    (tmp_path / "place_dem.tif").write_text("<html>404</html>")
    with pytest.raises(LandscapeError, match="not readable as a GeoTIFF") as caught:
        read_folder(tmp_path)
    assert (caught.value.file, caught.value.band) == (str(tmp_path / "place_dem.tif"), "dem")


def test_a_truncated_file_is_named(tmp_path: Path, raw_layers: RawMake) -> None:
    raw_layers(rows=200, columns=200).write(tmp_path, "place")
    path = tmp_path / "place_dem.tif"
    path.write_bytes(path.read_bytes()[:-3000])
    with pytest.raises(LandscapeError, match="not readable as a GeoTIFF"):
        read_folder(tmp_path)


def test_a_folder_of_two_places_is_no_landscape(tmp_path: Path, raw_layers: RawMake) -> None:
    raw_layers().write(tmp_path, "one")
    raw_layers().write(tmp_path, "two")
    with pytest.raises(LandscapeError, match="2 places"):
        read_folder(tmp_path)


# Cache


def test_the_second_reading_opens_no_tile(
    tmp_path: Path, landscape_with: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_landscape(landscape_with(), tmp_path, 0)
    first = load_landscapes(tmp_path)

    def refuse(*args: Any) -> None:
        raise AssertionError("a tile was read")

    monkeypatch.setattr(rasters, "read_layers", refuse)
    (again,) = load_landscapes(tmp_path)
    assert_same(again, first[0])
    with pytest.raises(AssertionError, match="a tile was read"):
        load_landscapes(tmp_path, cache=False)


def test_a_changed_added_or_removed_tile_makes_the_cache_stale(tmp_path: Path, landscape_with: Any) -> None:
    write_landscape(landscape_with(), tmp_path, 0)
    load_landscapes(tmp_path)
    write_landscape(landscape_with(elevation_m=np.full((6, 8), 500.0)), tmp_path, 0)
    assert load_landscapes(tmp_path)[0].elevation_m.max() == 500
    write_landscape(landscape_with(), tmp_path, 1)
    assert len(load_landscapes(tmp_path)) == 2
    for path in tmp_path.rglob("cropped_raster_0_*.tif"):
        path.unlink()
    assert [landscape.name for landscape in load_landscapes(tmp_path)] == ["1"]


def test_the_cache_knows_the_unit_that_slope_was_read_in(tmp_path: Path, raw_layers: RawMake) -> None:
    layers = raw_layers()
    layers.grids["dem"] = np.full((6, 8), 100, dtype=np.int16)  # says nothing about the unit
    root = layers.write_tile(tmp_path, 0)
    assert load_landscapes(root, slope_units="degrees")[0].slope_deg[0, 0] == 20
    assert load_landscapes(root, slope_units="percent")[0].slope_deg[0, 0] == pytest.approx(11.31, abs=0.01)


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "other"])
def test_a_damaged_cache_is_made_anew(tmp_path: Path, landscape_with: Any, damage: str) -> None:
    write_landscape(landscape_with(), tmp_path, 0)
    (first,) = load_landscapes(tmp_path)
    path = tmp_path / "landscapes.cache.npz"
    sound = path.read_bytes()
    at = sound.index(np.full((6, 8), 225, dtype=np.float32).tobytes()) + 7  # inside of the aspects
    path.write_bytes(
        {
            "cut": sound[: len(sound) // 2],
            "flipped": sound[:at] + bytes([sound[at] ^ 0xFF]) + sound[at + 1 :],
            "empty": b"",
            "other": b"no archive at all",
        }[damage]
    )
    (again,) = load_landscapes(tmp_path)
    assert_same(again, first)
    assert path.read_bytes() == sound
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["cropped_raster", path.name]


def test_a_root_that_cannot_be_written_is_read_all_the_same(
    tmp_path: Path, landscape_with: Any, caplog: pytest.LogCaptureFixture
) -> None:
    write_landscape(landscape_with(), tmp_path, 0)
    (tmp_path / "landscapes.cache.npz").mkdir()  # not even root replaces a folder by a file
    with caplog.at_level(logging.WARNING):
        assert len(load_landscapes(tmp_path)) == 1
    assert [record.message.split(" (")[0] for record in caplog.records] == [
        f"cannot keep a cache in {tmp_path}"
    ]
