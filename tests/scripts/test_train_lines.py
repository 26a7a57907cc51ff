"""`Train_stable.py --agent lines`: its settings, and that a run trains, stops at a signal, resumes and reports."""

from __future__ import annotations

import contextlib
import io
import json
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
import torch

from fuelbreak.agents import load_agent
from fuelbreak.rasters import load_landscapes, write_landscape
from fuelbreak.runs import load_checkpoint
from fuelbreak.synthetic import generate_landscape

if TYPE_CHECKING:
    from conftest import Watch

SMALL = ("--agent", "lines", "--taught-episodes", "3", "--fit-updates", "40", "--drawn-episodes", "3")
SMALL += ("--episodes-at-once", "1", "--updates-per-episode", "2", "--batch-size", "4", "--budget", "40")


def latest(folder: Path) -> Path:
    return (folder / "runs" / "latest").resolve()


def wait_for(condition: Callable[[], bool], child: subprocess.Popen[str], watch: Watch) -> None:
    deadline = time.monotonic() + 90
    while not condition():
        assert child.poll() is None, watch.log
        assert time.monotonic() < deadline, watch.log
        time.sleep(0.02)


def metrics_of(run: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def deterministic(run: Path) -> list[dict[str, float]]:
    return [
        {tag: value for tag, value in record.items() if tag != "charts/SPS" and not tag.startswith("time/")}
        for record in metrics_of(run)
    ]


def run_here(script: ModuleType, folder: Path, *flags: object) -> str:
    """Run the script in this process, by one thread as those that are started; what it printed."""
    threads, printed = torch.get_num_threads(), io.StringIO()
    torch.set_num_threads(1)
    try:
        with contextlib.chdir(folder), contextlib.redirect_stdout(printed):
            assert script.main([str(flag) for flag in flags]) == 0
    finally:
        torch.set_num_threads(threads)
    return printed.getvalue()


@pytest.fixture(scope="module")
def uninterrupted(script: ModuleType, tiles: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that nothing disturbed, and what it printed, as ``log``."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    write_landscape(generate_landscape(0, 16), folder / "heldout", 0)
    flags = (*SMALL, "--rasters", tiles, "--heldout", folder / "heldout")
    (folder / "log").write_text(run_here(script, folder, *flags))
    return folder


def test_a_run_trains_reports_and_leaves_its_folder(uninterrupted: Path, tiles: Path) -> None:
    log, run = (uninterrupted / "log").read_text(), latest(uninterrupted)
    assert re.findall(r"^\[(\w+) (\d+)/\d+\]", log, re.M) == [
        *(("teach", str(number)) for number in (1, 2, 3)),
        *(("fit", str(number)) for number in range(2, 41, 2)),
        *(("draw", str(number)) for number in (1, 2, 3)),
    ]
    assert re.search(r"^Time of a round: [\d.]+ ms: \w.* learn [\d.]+ \(\d+%\)", log, re.M)
    metrics = metrics_of(run)
    assert len(metrics) == 3 + 20 + 3
    assert {"charts/episodic_return", "charts/episodic_length", "charts/breaks"} <= set(metrics[0])
    assert not {"losses/reward_loss", "charts/learning_rate"} & set(metrics[0]), "nothing is learned yet"
    assert {"losses/reward_loss", "losses/return_loss", "charts/learning_rate"} <= set(metrics[5])
    assert {"losses/reward_loss", "charts/episodic_return", "time/learn_ms"} <= set(metrics[-1])
    assert 0.0 < metrics[0]["charts/episodic_return"] < 1.0
    config = json.loads((run / "config.json").read_text())
    assert (config["config"]["agent"], config["config"]["seed"]) == ("lines", 0)
    assert "torch" in config["versions"]
    assert "Time of a round: " in (run / "CARD.md").read_text()
    assert json.loads((run / "summary.json").read_text())["episodes"] == 6
    assert {path.name for path in (run / "pictures").iterdir()} == {
        *("landscape_0.png", "fire.gif", "learning_curve.png")
    }
    agent, landscape = load_agent(run), load_landscapes(tiles)[0]
    assert (agent.kind, agent.budget, agent.size) == ("lines", 40, 24)
    assert agent.plan(landscape, agent.weather, 30).sum() == 30


def test_a_run_that_was_stopped_and_resumed_learns_the_same_to_the_last_bit(
    script: ModuleType, tiles: Path, watch: Watch, uninterrupted: Path
) -> None:
    child = watch.start(script.__file__, *SMALL, "--rasters", tiles, "--no-evaluate")
    wait_for(lambda: "[fit 10/" in watch.log, child, watch)
    child.send_signal(signal.SIGTERM)
    assert child.wait(60) == 143, watch.log
    run = latest(watch.folder)
    assert "Stopped by SIGTERM; go on with --resume" in watch.log
    stopped = load_checkpoint(run)
    printed = run_here(script, watch.folder, "--resume", run)
    assert f"after {stopped['episode'] + 1} episodes, " in printed
    expected, actual = load_checkpoint(latest(uninterrupted)), load_checkpoint(run)
    assert stopped["episode"] <= actual["episode"] == expected["episode"] == 5
    for name, weight in expected["network"].items():
        assert torch.equal(actual["network"][name], weight), name
    assert deterministic(run) == deterministic(latest(uninterrupted))
    assert len(list((run / "checkpoints").glob("episode_*.pt"))) <= 2


def test_a_second_signal_ends_the_run_at_once(script: ModuleType, tiles: Path, watch: Watch) -> None:
    """The first asks for the end of a round that takes long."""
    child = watch.start(script.__file__, *SMALL, "--rasters", tiles, "--fit-updates", "4000", *LONG_ROUNDS)
    wait_for(lambda: "[teach" in watch.log, child, watch)
    for _ in range(2):
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(0.5)
        child.send_signal(signal.SIGINT)
    assert child.wait(20) == 130, watch.log
    assert "Traceback" not in watch.log
    assert "Ended at once" in watch.log


LONG_ROUNDS = ("--episodes-at-once", "3", "--updates-per-episode", "2000")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--agent", "lines", "--demonstrations", "3"], "--demonstrations"),
        (["--agent", "lines", "--preset", "conservative"], "--preset"),
        (["--taught-episodes", "3"], "--taught-episodes"),
        (["--agent", "trees"], "trees"),
    ],
    ids=" ".join,
)
def test_settings_of_another_agent_are_refused_by_name(
    script: ModuleType, capsys: pytest.CaptureFixture[str], flags: list[str], message: str
) -> None:
    with pytest.raises(SystemExit) as stopped:
        script.parse_settings(flags)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    "flags",
    [["--taught-episodes", "0"], ["--fit-updates", "-1"], ["--target-rate", "2"], ["--batch-size", "0"]],
    ids=" ".join,
)
def test_a_setting_that_cannot_work_is_named(
    script: ModuleType, capsys: pytest.CaptureFixture[str], flags: list[str]
) -> None:
    assert script.main(["--agent", "lines", *flags]) == 2
    assert f"Error: {flags[0]} is {flags[1]}" in capsys.readouterr().err


def test_a_run_goes_on_with_the_agent_that_it_began_with(
    script: ModuleType, uninterrupted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = str(latest(uninterrupted))
    assert script.parse_settings(["--resume", run]).taught_episodes == 3
    assert script.main(["--resume", run, "--agent", "cells"]) == 2
    assert f"Error: --agent is cells; {run} trains lines" in capsys.readouterr().err
