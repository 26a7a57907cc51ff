"""``python -m fuelbreak.fire``: arrival times as a GeoTIFF, and beside those of another simulator."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine

from fuelbreak.band_names import LCP_ORDER
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


def ascii_grid(path: Path, times: np.ndarray, landscape: Landscape, nodata: str) -> Path:
    """An ESRI ASCII grid, which knows no coordinate system, as FlamMap exports it."""
    height, width = times.shape
    a, _, west, _, _, north = landscape.transform
    head = f"NCOLS {width}\nNROWS {height}\nXLLCORNER {west:.6f}\nYLLCORNER {north - height * a:.6f}\nCELLSIZE {a}\n"
    rows = "\n".join(" ".join(f"{value:.4f}" for value in row) for row in times)
    path.write_text(f"{head}NODATA_VALUE {nodata}\n{rows}\n")
    return path


@pytest.mark.parametrize(("nodata", "unburned"), [("-9999", -9999.0), ("-9999", -1.0), ("-1.0", -1.0)])
def test_ascii_grids_are_compared_as_well(
    folder: Path,
    landscape: Landscape,
    tmp_path: Path,
    nodata: str,
    unburned: float,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "arrival.tif"
    asked = arguments(folder, landscape, out)
    assert main(asked) == 0
    times = read_raster(out, "times")
    assert (times.grid == 0).sum() == 1
    other = ascii_grid(
        tmp_path / "flammap.asc", np.where(times.missing, unburned, times.grid), landscape, nodata
    )
    capsys.readouterr()
    assert main([*asked, "--compare", str(other)]) == 0
    burned = int((~times.missing).sum())
    said = capsys.readouterr().out
    assert (
        f"burned cells: {burned} and {burned}; overlap (IoU) 1.000; median difference of times 0.0%" in said
    )


def test_wind_may_be_given_as_flammap_takes_it(folder: Path, landscape: Landscape, tmp_path: Path) -> None:
    asked = arguments(folder, landscape, tmp_path / "metric.tif")[:-1]
    assert main([*asked, str(10 * 1.609344 * 1.15)]) == 0
    asked = arguments(folder, landscape, tmp_path / "imperial.tif")
    assert main([*asked, "--wind-speed-20ft-mph", "10"]) == 0
    one, other = (read_raster(tmp_path / f"{name}.tif", "times").grid for name in ("metric", "imperial"))
    assert np.array_equal(one, other)


def test_a_landscape_file_of_all_layers_does_as_well(
    folder: Path, landscape: Landscape, tmp_path: Path
) -> None:
    whole = tmp_path / "place.tif"
    read = {suffix: read_raster(folder / f"place_{suffix}.tif", suffix) for suffix in LCP_ORDER}
    height, width = landscape.shape
    place = {"height": height, "width": width, "transform": Affine(*landscape.transform)}
    with rasterio.open(whole, "w", driver="GTiff", count=8, dtype="int16", nodata=-9999, **place) as target:
        for number, suffix in enumerate(LCP_ORDER, start=1):
            target.write(read[suffix].grid, number)
    for name, layers in (("one", folder), ("other", whole)):
        assert main(arguments(layers, landscape, tmp_path / f"{name}.tif")) == 0
    assert (tmp_path / "one.tif").read_bytes() == (tmp_path / "other.tif").read_bytes()


def test_what_is_wrong_is_said(
    folder: Path, landscape: Landscape, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = arguments(folder, landscape, tmp_path / "arrival.tif")
    small = tmp_path / "small.tif"
    write_raster(small, np.zeros((3, 3), np.float32), landscape.crs, landscape.transform, tags={})
    assert main([*asked, "--compare", str(small)]) == 2
    assert "is (3, 3), the landscape (20, 20)" in capsys.readouterr().err
    nowhere = np.zeros(landscape.shape, np.float32)
    write_raster(small, nowhere, landscape.crs, landscape.transform, tags={})
    assert main([*asked, "--compare", str(small)]) == 2
    assert "400 cells burn at minute 0; give cells that do not burn as nodata" in capsys.readouterr().err
    a, b, c, d, e, f = landscape.transform
    write_raster(small, nowhere, landscape.crs, (a, b, c + 30.0, d, e, f), tags={})
    assert main([*asked, "--compare", str(small)]) == 2
    assert "lies elsewhere: its transform is" in capsys.readouterr().err
    assert main([*asked, "--ignition", "99", "0"]) == 2
    assert "outside the grid" in capsys.readouterr().err
    assert main([*asked, "--duration-min", "0"]) == 2
    assert "duration_min" in capsys.readouterr().err
