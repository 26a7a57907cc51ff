"""The command: what it prints, what it leaves, and what it says where it cannot."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from fuelbreak.evaluate import evaluate_run
from fuelbreak.evaluate.__main__ import main
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.pictures import draw_fire
from fuelbreak.rasters import write_landscape


@pytest.fixture
def tiles(tmp_path: Path, landscapes: list[Landscape]) -> Path:
    for index, landscape in enumerate(landscapes):
        write_landscape(landscape, tmp_path / "tiles", index)
    return tmp_path / "tiles"


def shows_something(picture: Path) -> bool:
    pixels = np.asarray(Image.open(picture).convert("RGB"))
    return pixels.shape[0] > 100 and len(np.unique(pixels.reshape(-1, 3), axis=0)) > 20


def test_every_landscape_budget_weather_and_plan_is_in_what_the_command_leaves(
    run: Path, tiles: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--tiles", str(tiles), "--budgets", "10", "25", "--weathers", "default", "calm-day"]
    assert main([str(run), *words, "--plans", "random", "none", "--pictures", "1"]) == 0
    printed = capsys.readouterr().out
    summary = json.loads((run / "summary.json").read_text())
    cases = summary["evaluation"]
    assert [(case["weather"], case["budget"]) for case in cases] == [
        *(("default", 10), ("default", 25), ("calm-day", 10), ("calm-day", 25))
    ]
    with (run / "evaluation.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 2 * 2 * 2 * 3
    agents = [
        float(row["reduction"])
        for row in rows
        if (row["plan"], row["weather"], row["budget"]) == ("agent", "calm-day", "25")
    ]
    assert cases[3]["plans"]["agent"]["mean"] == pytest.approx(np.mean(agents), abs=1e-5)
    said = f"{100 * np.mean(agents):.1f} ["
    assert said in printed
    assert said in (run / "evaluation.md").read_text()
    assert said in (run / "CARD.md").read_text()
    assert summary["pictures"] == [
        "pictures/landscape_tiles-0.png",
        "pictures/fire.gif",
        "pictures/learning_curve.png",
    ]
    assert all(shows_something(run / picture) for picture in summary["pictures"])


def test_a_checkpoint_by_itself_is_judged_into_a_folder_of_its_own(
    run: Path, tiles: Path, tmp_path: Path
) -> None:
    words = ["--tiles", str(tiles), "--budgets", "10", "--plans", "random", "--pictures", "0", "--limit", "1"]
    assert main([str(run / "checkpoints" / "latest.pt"), *words, "--out", str(tmp_path / "here")]) == 0
    assert json.loads((tmp_path / "here" / "summary.json").read_text())["run"] == "latest.pt"
    assert not (run / "summary.json").exists()


def test_a_run_is_judged_as_it_was_trained(run: Path, landscapes: list[Landscape]) -> None:
    (comparison,) = evaluate_run(run, landscapes)
    assert (comparison.weather, comparison.budget, comparison.landscapes) == ("own", 30, 2)
    summary = json.loads((run / "summary.json").read_text())
    assert (summary["episodes"], summary["budget"]) == (4, 30)
    assert summary["ms_per_vector_step"] == {"learn": 6.5}
    assert "Time of a vector step: 6.5 ms: learn" in (run / "CARD.md").read_text()
    tags = EventAccumulator(str(run)).Reload().Tags()["images"]
    assert "pictures/learning_curve" in tags
    assert len([tag for tag in tags if tag.startswith("pictures/landscape_")]) == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere", "--tiles", "TILES"], "no checkpoint at nowhere"),
        (["RUN", "--tiles", "missing"], "missing: is not"),
        (["RUN", "--plans", "best"], "there is no plan 'best'; choose from: all, none"),
        (["RUN", "--tiles", "TILES", "--weathers", "hail"], "there is no weather 'hail'"),
        (["RUN", "--budgets", "0"], "--budgets and --size are numbers of cells"),
        (["RUN", "--workers", "0"], "--workers is 0"),
    ],
)
def test_what_cannot_be_judged_is_named(
    run: Path, tiles: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    places = {"RUN": str(run), "TILES": str(tiles)}
    assert main([places.get(word, word) for word in words]) == 2
    assert message in capsys.readouterr().err


def test_the_fire_spreads_from_frame_to_frame_and_less_with_breaks(
    tmp_path: Path, landscapes: list[Landscape]
) -> None:
    landscape = landscapes[0]
    breaks = landscape.burnable.copy()
    breaks[10:15] = False
    with Image.open(draw_fire(tmp_path / "fire.gif", landscape, breaks, Weather())) as animation:
        frames = []
        for index in range(animation.n_frames):
            animation.seek(index)
            frames.append(np.asarray(animation.convert("RGB")).astype(int))
    changed = [np.any(frame != frames[0], axis=2) for frame in frames]
    middle = frames[0].shape[1] // 2
    assert changed[-1][:, :middle].sum() > changed[len(frames) // 3][:, :middle].sum() > 0
    assert changed[-1][:, :middle].sum() > changed[-1][:, middle:].sum()
