"""The command line: what it prints is what the judge says, and what it writes lies where the landscape lies."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio

from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plans import judge
from fuelbreak.plans.__main__ import main
from fuelbreak.rasters import load_landscapes, read_folder, write_landscape


@pytest.fixture
def tiles(tmp_path: Path, landscapes: list[Landscape]) -> Path:
    """A set of two tiles."""
    for index in range(2):
        write_landscape(landscapes[index], tmp_path / "tiles", index)
    return tmp_path / "tiles"


def test_the_printed_reduction_is_that_of_the_written_breaks(
    tiles: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "plan.tif"
    assert (
        main([str(tiles), "--tile", "1", "--plan", "burn-probability", "--budget", "30", "--out", str(out)])
        == 0
    )
    with rasterio.open(out) as file:
        mask, tags = file.read(1), file.tags()
    assert set(np.unique(mask)) == {0, 1}
    assert mask.sum() == 30
    assert (tags["plan"], tags["budget"]) == ("burn probability", "30")
    landscape = load_landscapes(tiles)[1]
    verdict = judge(FireSimulator(landscape), mask == 1)
    printed = capsys.readouterr().out
    assert (
        f"{100 * verdict.reduction:.1f} % less, over all {landscape.burnable.sum()} burnable ignitions"
        in printed
    )


def test_the_mask_has_the_place_of_the_real_rasters(real_landscapes: Path, tmp_path: Path) -> None:
    out = tmp_path / "plan.tif"
    folder = real_landscapes / "sierra_a"
    assert main([str(folder), "--plan", "random", "--budget", "25", "--out", str(out)]) == 0
    with rasterio.open(out) as plan, rasterio.open(folder / "sierra_a_fbfm.tif") as fuel:
        assert (plan.crs, plan.transform, plan.shape) == (fuel.crs, fuel.transform, fuel.shape)
        assert (plan.read(1)[~read_folder(folder).burnable] == 0).all()


def test_the_weather_of_the_command_is_that_of_the_fires(
    tiles: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [str(tiles), "--tile", "0", "--plan", "none", "--wind", "0", "--upwind", "90", "--hours", "24"]
    assert main(words) == 0
    weather = Weather(wind_speed_10m_km_h=0.0, upwind_direction_deg=90.0, duration_min=1440.0)
    landscape = load_landscapes(tiles)[0]
    burned = FireSimulator(landscape, weather).burned_cells(np.argwhere(landscape.burnable)).mean()
    assert f"{burned * landscape.cell_area_ha:.1f} ha without" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], r"holds tiles 0 to 1; say which with --tile"),
        (["--tile", "7"], r"holds tiles 0 to 1; there is no tile 7"),
        (["--tile", "0", "--wind", "900"], r"wind_speed_10m_km_h is 900\.0"),
        (
            ["--tile", "0", "--plan", "none", "--out", "nowhere/plan.tif"],
            r"cannot be written .* choose a folder that",
        ),
    ],
)
def test_what_is_wrong_is_said_with_a_remedy(
    words: list[str], said: str, tiles: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tiles), *words]) == 2
    assert re.search(said, capsys.readouterr().err)


def test_a_file_that_is_there_stays_unless_told_otherwise(
    tiles: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "plan.tif"
    out.write_text("mine")
    words = [str(tiles), "--tile", "0", "--plan", "random", "--out", str(out)]
    assert main(words) == 2
    assert "is there already" in capsys.readouterr().err
    assert out.read_text() == "mine"
    assert main([*words, "--overwrite"]) == 0
    assert out.read_bytes()[:2] == b"II"


@pytest.mark.parametrize("words", [["--plan", "oracle"], ["--budget", "-1"]])
def test_what_cannot_be_meant_is_a_usage_error(
    words: list[str], tiles: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([str(tiles), *words])
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_one_folder_of_layers_needs_no_tile(
    raw_layers: Callable[..., object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw_layers(8, 9).write(tmp_path, "here")
    assert main([str(tmp_path), "--plan", "adaptive-dpv", "--budget", "5"]) == 0
    assert "Plan 'adaptive DPV': 5 breaks, 0.4 ha" in capsys.readouterr().out
