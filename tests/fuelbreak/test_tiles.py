"""The cutter: every tile lies where it was cut, nothing unusable is written, and it is all or nothing."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from fuelbreak.errors import LandscapeError
from fuelbreak.layers import read_layers
from fuelbreak.rasters import find_folders, find_tiles, load_landscapes, read_folder, tile_path
from fuelbreak.tile_sets import TileSetWriter
from fuelbreak.tiles import cut_tiles, main

RawMake = Callable[..., Any]


@pytest.fixture
def source(tmp_path: Path, raw_layers: RawMake) -> Path:
    """Rasters of 20 x 30 cells whose elevation is different in every cell."""
    return varied(raw_layers).write(tmp_path / "source", "place")


def varied(raw_layers: RawMake) -> Any:
    layers = raw_layers(rows=20, columns=30)
    layers.grids["dem"] = np.arange(20 * 30, dtype=np.int16).reshape(20, 30)
    layers.grids["fbfm"] = layers.grids["fbfm"].copy()
    return layers


def index_of(root: Path) -> list[dict[str, str]]:
    with (root / "tiles.csv").open(newline="", encoding="utf-8") as table:
        return list(csv.DictReader(table))


def everything_in(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_windows_overlap_as_asked_and_lie_where_they_were_cut(tmp_path: Path, source: Path) -> None:
    report = cut_tiles(source, tmp_path / "out", size=10, overlap=5)
    whole, cut = read_folder(source), load_landscapes(tmp_path / "out")
    assert report.written == len(cut) == 3 * 5
    corners = [(row, column) for row in (0, 5, 10) for column in (0, 5, 10, 15, 20)]
    assert [(int(entry["row"]), int(entry["column"])) for entry in index_of(tmp_path / "out")] == corners
    for tile, (row, column) in zip(cut, corners, strict=True):
        same = whole.window(row, column, 10, 10)
        np.testing.assert_array_equal(tile.elevation_m, same.elevation_m)
        assert (tile.transform, tile.crs) == (same.transform, same.crs)


def test_a_cell_keeps_its_place_on_earth(tmp_path: Path, source: Path) -> None:
    cut_tiles(source, tmp_path / "out", size=10, overlap=0)
    with rasterio.open(source / "place_dem.tif") as whole:
        for files in find_tiles(tmp_path / "out").values():
            with rasterio.open(files["dem"]) as tile:
                east, north = tile.xy(3, 4)
                assert next(whole.sample([(east, north)])) == tile.read(1)[3, 4]


def test_neighbours_share_half_a_tile_by_default(tmp_path: Path, source: Path) -> None:
    cut_tiles(source, tmp_path / "out", size=10)
    assert [int(entry["column"]) for entry in index_of(tmp_path / "out")[:5]] == [0, 5, 10, 15, 20]


def test_layers_are_cut_as_they_are_stored(tmp_path: Path, source: Path) -> None:
    cut_tiles(source, tmp_path / "out", size=10, overlap=0)
    for suffix, path in find_tiles(tmp_path / "out")[0].items():
        with rasterio.open(path) as tile, rasterio.open(source / f"place_{suffix}.tif") as whole:
            assert tile.dtypes == whole.dtypes
            assert tile.nodata == -9999
            assert tile.tags()["FUELBREAK_SOURCE"] == "place"
            np.testing.assert_array_equal(tile.read(1), whole.read(1)[:10, :10])


def test_windows_with_nodata_are_skipped_and_counted(tmp_path: Path, raw_layers: RawMake) -> None:
    layers = varied(raw_layers)
    layers.grids["cc"] = layers.grids["cc"].copy()
    layers.grids["cc"][12, 27] = -9999
    said: list[str] = []
    report = cut_tiles(
        layers.write(tmp_path / "source", "place"), tmp_path / "out", size=10, overlap=0, tell=said.append
    )
    assert (report.written, dict(report.skipped)) == (5, {"nodata": 1})
    assert said[-1] == "skipped place row 10, column 20: nodata in cc at row 12, column 27"
    assert report.lines() == ["5 tiles written, 1 of 6 windows skipped", "  1 skipped: nodata"]


def test_windows_that_cannot_burn_or_are_wrong_are_skipped_and_counted(
    tmp_path: Path, raw_layers: RawMake
) -> None:
    layers = varied(raw_layers)
    layers.grids["fbfm"][:10, :10] = 98
    layers.grids["fbfm"][:10, 10:20] = 91
    layers.grids["fbfm"][3, 25] = 77
    said: list[str] = []
    report = cut_tiles(
        layers.write(tmp_path / "source", "place"), tmp_path / "out", size=10, overlap=0, tell=said.append
    )
    assert (report.written, dict(report.skipped)) == (3, {"no burnable cell": 2, "wrong values in fbfm": 1})
    assert said[2].startswith(
        "skipped place row 0, column 20: fbfm at row 3, column 25: fuel model 77 is unknown"
    )
    assert [tile.name for tile in load_landscapes(tmp_path / "out")] == ["0", "1", "2"]


def test_the_unit_of_slope_is_judged_on_the_whole_raster_and_written_down(
    tmp_path: Path, raw_layers: RawMake
) -> None:
    layers = raw_layers(rows=20, columns=40)
    percent = np.full((20, 40), round(100 * np.tan(np.radians(20))), dtype=np.int16)
    percent[:, 20:], layers.grids["slp"] = 2, percent
    layers.grids["dem"] = layers.grids["dem"].copy()
    layers.grids["dem"][:, 20:] = layers.grids["dem"][:, 20:21]  # flat in the east: tells nothing by itself
    cut_tiles(layers.write(tmp_path / "source", "place"), tmp_path / "out", size=10, overlap=0)
    with rasterio.open(tile_path(tmp_path / "out", 3, "slp")) as flat_tile:
        assert flat_tile.units == ("percent",)
        assert flat_tile.read(1).max() == 2
    assert load_landscapes(tmp_path / "out")[3].slope_deg == pytest.approx(
        np.degrees(np.arctan(0.02)), abs=1e-4
    )


def test_folders_of_several_places_are_cut_in_turn(tmp_path: Path, raw_layers: RawMake) -> None:
    for name in ("b", "a"):
        varied(raw_layers).write(tmp_path / "source" / name, name)
    cut_tiles(tmp_path / "source", tmp_path / "out", size=20, overlap=0)
    assert [entry["source"] for entry in index_of(tmp_path / "out")] == ["a", "b"]


def test_a_raster_smaller_than_a_tile_is_reported(tmp_path: Path, source: Path) -> None:
    report = cut_tiles(source, tmp_path / "out", size=25)
    assert (report.written, dict(report.skipped)) == (0, {"raster smaller than 25x25 cells": 1})


@pytest.mark.parametrize(("size", "overlap"), [(0, 0), (10, 10), (10, -1)])
def test_sizes_that_make_no_sense_are_refused(tmp_path: Path, source: Path, size: int, overlap: int) -> None:
    with pytest.raises(ValueError, match="size must be 1 or more"):
        cut_tiles(source, tmp_path / "out", size=size, overlap=overlap)


def test_a_missing_layer_is_named(tmp_path: Path, source: Path) -> None:
    (source / "place_fbfm.tif").unlink()
    with pytest.raises(LandscapeError, match="layer fbfm is missing"):
        cut_tiles(source, tmp_path / "out")


def test_the_same_name_in_two_folders_is_refused(tmp_path: Path, raw_layers: RawMake) -> None:
    for folder in ("one", "two"):
        varied(raw_layers).write(tmp_path / "source" / folder, "place")
    with pytest.raises(LandscapeError, match="is there twice"):
        cut_tiles(tmp_path / "source", tmp_path / "out")


# The target


@pytest.mark.parametrize("already", ["tiles", "something else"])
def test_an_occupied_target_is_refused_and_untouched(tmp_path: Path, source: Path, already: str) -> None:
    out = tmp_path / "out"
    if already == "tiles":
        cut_tiles(source, out, size=10)
    else:
        out.mkdir()
        (out / "thesis.tex").write_text("do not touch")
    before = everything_in(out)
    with pytest.raises(LandscapeError, match=r"is not empty .* --overwrite .* --append"):
        cut_tiles(source, out, size=10)
    assert everything_in(out) == before


def test_overwrite_replaces_all_tiles_and_nothing_else(tmp_path: Path, source: Path) -> None:
    out = tmp_path / "out"
    cut_tiles(source, out, size=5, overlap=0)
    (out / "notes.txt").write_text("kept")
    cut_tiles(source, out, size=10, overlap=0, existing="overwrite")
    assert len(find_tiles(out)) == len(index_of(out)) == 6
    assert (out / "notes.txt").read_text() == "kept"


def test_append_adds_after_the_last_index(tmp_path: Path, source: Path) -> None:
    out = tmp_path / "out"
    cut_tiles(source, out, size=10, overlap=0)
    before = everything_in(out / "cropped_raster")
    cut_tiles(source, out, size=10, overlap=0, existing="append")
    after = everything_in(out / "cropped_raster")
    assert list(find_tiles(out)) == list(range(12))
    assert [int(entry["index"]) for entry in index_of(out)] == list(range(12))
    assert before.items() <= after.items()


def test_append_begins_at_0_where_there_is_no_tile(tmp_path: Path, source: Path) -> None:
    (tmp_path / "out" / "cropped_raster" / "slp").mkdir(parents=True)
    cut_tiles(source, tmp_path / "out", size=10, overlap=0, existing="append")
    assert list(find_tiles(tmp_path / "out")) == list(range(6))


@pytest.mark.parametrize("existing", ["refuse", "overwrite", "append"])
def test_a_failure_half_way_leaves_the_target_as_it_was(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch, existing: Any
) -> None:
    out = tmp_path / "out"
    if existing != "refuse":
        cut_tiles(source, out, size=10, overlap=0)
    before = everything_in(tmp_path)
    real_add, added = TileSetWriter.add, []

    def fail_at_the_third(self: TileSetWriter, *args: Any) -> int:
        added.append(args)
        if len(added) == 3:
            raise OSError("no space left on device")
        return real_add(self, *args)

    monkeypatch.setattr(TileSetWriter, "add", fail_at_the_third)
    with pytest.raises(OSError, match="no space left"):
        cut_tiles(source, out, size=10, overlap=0, existing=existing)
    assert everything_in(tmp_path) == before


def test_what_a_killed_writer_left_is_cleared_away(tmp_path: Path, source: Path) -> None:
    out = tmp_path / "out"
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait(timeout=30)
    (out / f".tiles-{gone.pid}-0a" / "cropped_raster").mkdir(parents=True)
    (out / f".tiles-{os.getppid()}-0b").mkdir()  # a writer that is still at work
    cut_tiles(source, out, size=10)
    assert sorted(entry.name for entry in out.iterdir()) == [
        f".tiles-{os.getppid()}-0b",
        "cropped_raster",
        "tiles.csv",
    ]


def test_tiles_that_a_killed_writer_had_put_aside_come_back(tmp_path: Path, source: Path) -> None:
    out = tmp_path / "out"
    cut_tiles(source, out, size=10, overlap=0)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait(timeout=30)
    (out / f".tiles-{gone.pid}-0a").mkdir()
    (out / "cropped_raster").rename(out / f".tiles-{gone.pid}-0a" / "replaced")
    cut_tiles(source, out, size=10, overlap=0, existing="append")
    assert list(find_tiles(out)) == list(range(12))


def test_of_two_writers_into_one_folder_the_faster_wins(tmp_path: Path, source: Path) -> None:
    out = tmp_path / "out"
    slower = TileSetWriter(out)
    cut_tiles(source, out, size=10, overlap=0)
    before = everything_in(out)
    layers = read_layers("place", find_folders(source)["place"])
    with pytest.raises(OSError, match="not empty"), slower:
        slower.add(layers, "place")
    assert everything_in(out) == before


def test_a_target_that_is_a_file_is_refused(tmp_path: Path, source: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(LandscapeError, match="is not a folder"):
        cut_tiles(source, tmp_path / "out")


# The command


def test_the_command_reports_and_exits_with_0(
    tmp_path: Path, source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(source), str(tmp_path / "out"), "--size", "10", "--overlap", "0", "-v"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "tile 0: place row 0, column 0"
    assert lines[-1] == "6 tiles written, 0 of 6 windows skipped"


def test_the_command_exits_with_1_where_nothing_could_be_cut(tmp_path: Path, source: Path) -> None:
    assert main([str(source), str(tmp_path / "out"), "--size", "25"]) == 1


@pytest.mark.parametrize(
    "arguments", [["nowhere", "out"], ["source", "source"], ["source", "out", "--size", "0"]]
)
def test_the_command_exits_with_2_where_it_cannot_work(
    tmp_path: Path,
    source: Path,
    arguments: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_real_rasters_are_cut_without_loss(tmp_path: Path, real_landscapes: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "fuelbreak.tiles", real_landscapes / "socal_a", tmp_path / "out"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ran.stdout == "49 tiles written, 0 of 49 windows skipped\n"
    whole = read_folder(real_landscapes / "socal_a")
    for tile, entry in zip(load_landscapes(tmp_path / "out"), index_of(tmp_path / "out"), strict=True):
        same = whole.window(int(entry["row"]), int(entry["column"]), 50, 50)
        np.testing.assert_array_equal(tile.fuel_model, same.fuel_model)
        np.testing.assert_array_equal(tile.slope_deg, same.slope_deg)
        assert tile.transform == same.transform
