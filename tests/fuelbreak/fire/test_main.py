"""``python -m fuelbreak.fire``: arrival times as a GeoTIFF, and beside those of another simulator."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fuelbreak.fire.__main__ import main
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.geotiff import read_raster, write_raster
from fuelbreak.landscape import Landscape
from fuelbreak.layers import SUFFIXES
from fuelbreak.rasters import read_folder, tile_path, write_landscape
from fuelbreak.synthetic import generate_landscape


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_landscape(generate_landscape(3, 20), tmp_path, 0)
    place = tmp_path / "place"
    place.mkdir()
    for suffix in SUFFIXES:
        tile_path(tmp_path, 0, suffix).rename(place / f"place_{suffix}.tif")
    return place


@pytest.fixture
def landscape(folder: Path) -> Landscape:
    return read_folder(folder)


def arguments(folder: Path, landscape: Landscape, out: Path) -> list[str]:
    row, column = np.argwhere(landscape.burnable)[100]
    return [
        str(folder),
        "--ignition",
        str(row),
        str(column),
        "--out",
        str(out),
        "--wind-speed-10m-km-h",
        "30",
    ]


def test_arrival_times_lie_where_the_landscape_lies(
    folder: Path, landscape: Landscape, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "arrival.tif"
    assert main(arguments(folder, landscape, out)) == 0
    row, column = np.argwhere(landscape.burnable)[100]
    expected = FireSimulator(landscape, Weather(30.0)).arrival_time_min((int(row), int(column)))
    written = read_raster(out, "times")
    assert np.array_equal(np.where(written.missing, np.inf, written.grid), expected)
    assert written.transform == landscape.transform
    assert f"{np.isfinite(expected).sum()} cells burned" in capsys.readouterr().out


def test_the_other_simulators_times_are_compared(
    folder: Path, landscape: Landscape, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, other = tmp_path / "arrival.tif", tmp_path / "other.tif"
    asked = arguments(folder, landscape, out)
    assert main(asked) == 0
    times = read_raster(out, "times")
    late = np.where(times.missing, -9999.0, times.grid * 1.25).astype(np.float32)
    write_raster(other, late, landscape.crs, landscape.transform, tags={})
    capsys.readouterr()
    assert main([*asked, "--compare", str(other)]) == 0
    said = capsys.readouterr().out
    still = int((~times.missing & (times.grid * 1.25 <= 180.0)).sum())
    assert f"burned cells: {int((~times.missing).sum())} and {still}" in said
    assert "median difference of times 20.0%" in said


def test_what_is_wrong_is_said(
    folder: Path, landscape: Landscape, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = arguments(folder, landscape, tmp_path / "arrival.tif")
    small = tmp_path / "small.tif"
    write_raster(small, np.zeros((3, 3), np.float32), landscape.crs, landscape.transform, tags={})
    assert main([*asked, "--compare", str(small)]) == 2
    assert "is (3, 3), the landscape (20, 20)" in capsys.readouterr().err
    assert main([*asked, "--ignition", "99", "0"]) == 2
    assert "outside the grid" in capsys.readouterr().err
    assert main([*asked, "--duration-min", "0"]) == 2
    assert "duration_min" in capsys.readouterr().err
