"""The command: what it prints is what the judge says, and what it writes lies where the landscape lies."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from PIL import Image

from fuelbreak.dqn import QNetwork
from fuelbreak.fire.scenarios import write_weather_csv
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.plan.__main__ import main
from fuelbreak.plans import judge
from fuelbreak.rasters import load_landscapes, read_folder, write_landscape
from fuelbreak.runs import RunFolder
from fuelbreak.synthetic import generate_landscape

PLACE = (30.0, 0.0, 435000.0, 0.0, -30.0, 3758000.0)


@pytest.fixture
def tiles(tmp_path: Path) -> Path:
    for index in range(2):
        placed = replace(generate_landscape(index, 24), crs="EPSG:32611", transform=PLACE)
        write_landscape(placed, tmp_path / "tiles", index)
    return tmp_path / "tiles"


@pytest.fixture
def agent(tmp_path: Path, one_thread: None) -> Path:
    torch.manual_seed(5)
    with RunFolder.create("train", {}, root=tmp_path / "runs") as run:
        run.save_checkpoint(3, QNetwork(), k=10, budget=30, weather={"duration_min": 60.0})
    return run.path


def test_what_is_printed_written_and_drawn_is_one_plan(
    tiles: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = ["--tile", "1", "--method", "burn-probability", "--budget", "30", "--out", str(out)]
    assert main([str(tiles), *words]) == 0
    with rasterio.open(out / "plan.tif") as file:
        mask, tags = file.read(1), file.tags()
    assert set(np.unique(mask)) == {0, 1}
    assert mask.sum() == 30
    assert (tags["plan"], tags["budget"]) == ("burn probability", "30")
    landscape = load_landscapes(tiles)[1]
    verdict = judge(FireSimulator(landscape), mask == 1)
    printed = capsys.readouterr().out
    fires = f"all {landscape.burnable.sum()} burnable ignitions"
    assert f"{100 * verdict.reduction:.1f} % less, over {fires}" in printed
    collection = json.loads((out / "plan.geojson").read_text())
    assert sum(feature["properties"]["cells"] for feature in collection["features"]) == 30
    ranks = [feature["properties"]["rank"] for feature in collection["features"]]
    assert ranks == list(range(1, len(ranks) + 1))
    pixels = np.asarray(Image.open(out / "plan.png").convert("RGB"))
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 20


def test_the_files_have_the_place_of_the_real_rasters(real_landscapes: Path, tmp_path: Path) -> None:
    folder = real_landscapes / "sierra_a"
    assert main([str(folder), "--method", "random", "--budget", "25", "--out", str(tmp_path)]) == 0
    with rasterio.open(tmp_path / "plan.tif") as plan, rasterio.open(folder / "sierra_a_fbfm.tif") as fuel:
        assert (plan.crs, plan.transform, plan.shape) == (fuel.crs, fuel.transform, fuel.shape)
        west, south, east, north = rasterio.warp.transform_bounds(plan.crs, "EPSG:4326", *plan.bounds)
        assert (plan.read(1)[~read_folder(folder).burnable] == 0).all()
    for feature in json.loads((tmp_path / "plan.geojson").read_text())["features"]:
        for polygon in feature["geometry"]["coordinates"]:
            assert all(west <= x <= east and south <= y <= north for x, y in polygon[0])


def test_an_agent_plans_under_the_weather_of_its_training(
    tiles: Path, agent: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tiles), "--tile", "0", "--checkpoint", str(agent), "--budget", "40"]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"Plan dqn agent \S+-train, whole landscape: 40 breaks, 3\.6 ha", printed)
    assert "fires of 1 h" in printed


def test_an_agent_takes_a_larger_landscape_whole_or_in_windows_whichever_saves_more(
    tiles: Path, agent: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [str(tiles), "--tile", "0", "--checkpoint", str(agent), "--budget", "40", "--size", "12"]
    reductions = {}
    for split in ("whole", "windows", "auto"):
        assert main([*words, "--overlap", "4", "--split", split]) == 0
        printed = capsys.readouterr().out
        assert "40 breaks" in printed
        found = re.search(r"with the breaks: ([\d.]+) % less", printed)
        assert found is not None
        reductions[split] = float(found[1])
    assert reductions["auto"] == max(reductions["whole"], reductions["windows"])


def test_under_several_weathers_each_gets_its_line(
    tiles: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    days = [Weather(upwind_direction_deg=angle) for angle in (0.0, 90.0)]
    write_weather_csv(tmp_path / "days.csv", days)
    words = ["--tile", "0", "--method", "dpv", "--budget", "20", "--weathers", str(tmp_path / "days.csv")]
    assert main([str(tiles), *words]) == 0
    printed = capsys.readouterr().out
    assert "wind from N (0" in printed
    assert "wind from E (90" in printed
    assert re.search(r"whole landscape for weather days:[12]", printed)


def test_single_values_replace_those_of_the_weather(tiles: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [str(tiles), "--tile", "0", "--method", "none", "--wind", "0", "--upwind", "90", "--hours", "24"]
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
        (["--tile", "0", "--method", "oracle"], r"no method 'oracle'; choose from: none, random"),
        (["--tile", "0", "--budget", "-1"], r"--budget is -1; give a whole number from 0 up"),
        (["--checkpoint", "x", "--method", "lines"], r"--checkpoint and --method exclude each other"),
        (["--checkpoint", "nowhere"], r"no checkpoint at nowhere"),
        (
            ["--tile", "0", "--split", "windows", "--overlap", "50"],
            r"--overlap is 50 cells; give less than the 50",
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
    (tmp_path / "plan.tif").write_text("mine")
    words = [str(tiles), "--tile", "0", "--method", "random", "--budget", "5", "--out", str(tmp_path)]
    assert main(words) == 2
    assert "is there already" in capsys.readouterr().err
    assert (tmp_path / "plan.tif").read_text() == "mine"
    assert main([*words, "--overwrite"]) == 0
    assert (tmp_path / "plan.tif").read_bytes()[:2] == b"II"


def test_without_a_crs_there_is_no_geojson_and_the_command_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_landscape(generate_landscape(0, 12), tmp_path, 0)
    words = [
        str(tmp_path),
        "--tile",
        "0",
        "--method",
        "random",
        "--budget",
        "5",
        "--out",
        str(tmp_path / "out"),
    ]
    assert main(words) == 0
    assert re.search(r"Not written: \S+plan\.geojson; the rasters have no CRS", capsys.readouterr().out)
    assert {file.name for file in (tmp_path / "out").iterdir()} == {"plan.tif", "plan.png"}


def test_one_folder_of_layers_needs_no_tile(
    raw_layers: Callable[..., object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw_layers(8, 9).write(tmp_path, "here")
    assert main([str(tmp_path), "--method", "adaptive-dpv", "--budget", "5"]) == 0
    assert "Plan adaptive DPV, whole landscape: 5 breaks, 0.4 ha" in capsys.readouterr().out
