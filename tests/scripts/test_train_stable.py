"""The reference script: its settings, and that it trains, stops at a signal, resumes and reports."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
import torch

from fuelbreak.runs import RunFolder, load_checkpoint
from fuelbreak.synthetic import generate_landscape
from stablepool import StableProcessPoolEnv

if TYPE_CHECKING:
    from conftest import Watch

SMALL = ("--n-envs", "4", "--steps-per-ep", "5", "--budget", "20", "--break-step", "4", "--batch-size", "8")
SMALL += ("--learning-starts", "16", "--buffer-cap", "500", "--checkpoint-every", "1")
SMALL += ("--demonstrations", "1", "--pretrain-updates", "8", "--prioritized")


# One thread: on a busy machine the barriers between threads cost more than these small networks do.
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1"}


def command(root: Path, *flags: str) -> list[str]:
    return [sys.executable, str(root / "src" / "Train_stable.py"), *SMALL, *flags]


def latest(folder: Path) -> Path:
    return (folder / "runs" / "latest").resolve()


@pytest.mark.parametrize(
    ("preset", "n_envs", "batch_size", "buffer_cap", "max_workers", "timeout"),
    [
        ("conservative", 16, 32, 200_000, None, 8.0),
        ("balanced", 32, 64, 200_000, None, 8.0),
        ("aggressive", 48, 96, 200_000, None, 8.0),
        ("low-memory", 16, 32, 100_000, None, 8.0),
        ("many-core", 64, 64, 200_000, 32, 20.0),
    ],
)
def test_presets_are_those_of_the_guide(
    script: ModuleType,
    preset: str,
    n_envs: int,
    batch_size: int,
    buffer_cap: int,
    max_workers: int | None,
    timeout: float,
) -> None:
    settings = script.parse_settings(["--preset", preset])
    assert settings.preset == preset
    assert (settings.n_envs, settings.batch_size, settings.buffer_cap) == (n_envs, batch_size, buffer_cap)
    assert (settings.max_workers, settings.timeout, settings.sims) == (max_workers, timeout, 1)
    assert (settings.steps_per_ep, settings.budget) == (25, 250)


def test_a_flag_overrides_its_preset(script: ModuleType) -> None:
    settings = script.parse_settings(["--preset", "aggressive", "--batch-size", "7"])
    assert (settings.n_envs, settings.batch_size) == (48, 7)


def test_an_unknown_preset_is_refused(script: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        script.parse_settings(["--preset", "fastest"])
    assert stopped.value.code == 2
    assert "fastest" in capsys.readouterr().err


@pytest.mark.parametrize(
    "flags",
    [
        *(["--n-envs", "0"], ["--batch-size", "-3"], ["--episodes", "0"], ["--timeout", "0"]),
        *(["--n-step", "0"], ["--demonstrations", "-1"], ["--shown-share", "1.5"], ["--temperature", "0.0"]),
    ],
    ids=" ".join,
)
def test_a_setting_that_cannot_work_is_named(
    script: ModuleType, capsys: pytest.CaptureFixture[str], flags: list[str]
) -> None:
    assert script.main(flags) == 2
    assert f"Error: {flags[0]} is {flags[1]}" in capsys.readouterr().err


def test_a_run_trains_reports_and_leaves_its_folder(root: Path, tiles: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        command(root, "--rasters", str(tiles), "--heldout", str(tiles), "--episodes", "3"),
        cwd=tmp_path,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == 0, done.stderr
    assert "Loaded 5 rasters" in done.stdout
    assert re.search(r"Creating StableProcessPoolEnv with 4 environments and \d workers", done.stdout)
    assert "Successfully initialized 4/4 environments" in done.stdout
    assert done.stdout.count("Resetting 4 environments...") == 2
    assert len(re.findall(r"^Environment \d completed: Burned=[\d.]+, Step=[45]$", done.stdout, re.M)) == 12
    episodes = re.findall(
        r"^\[Episode (\d)\] Reward: \S+ Loss: \S+ Burned: ([\d.]+) Eps: ([\d.]+) Completed: 4/4$",
        done.stdout,
        re.M,
    )
    assert [int(episode) for episode, _, _ in episodes] == [0, 1, 2]

    run = latest(tmp_path)
    metrics = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    dealt = [(20, 10, 4, 20), (10, 4, 20, 10), (4, 20, 10, 4)]
    assert [record["charts/breaks"] for record in metrics] == [sum(budgets) / 4 for budgets in dealt]
    assert all(record["pool/void_transitions"] == 0 for record in metrics)
    assert metrics[-1]["losses/td_loss"] >= 0
    assert {"losses/q_values", "losses/imitation_loss"} <= set(metrics[-1])
    assert not {"losses/td_loss", "losses/imitation_loss"} & set(metrics[0]), (
        "nothing is learned while it is shown"
    )
    assert done.stdout.count("Learning from the demonstrations: 8 updates") == 1
    assert re.findall(r"Eps: ([\d.]+)", done.stdout) == ["1.000", "0.200", "0.050"]
    assert metrics[0]["charts/episodic_return"] > 0, "a plan's rewards are those of the environments"
    assert json.loads((run / "summary.json").read_text())["episodes"] == 3
    assert {path.name for path in (run / "pictures").iterdir()} == {
        *("landscape_0.png", "landscape_1.png", "fire.gif", "learning_curve.png")
    }
    assert re.search(r"^Time of a vector step: [\d.]+ ms: \w.* learn [\d.]+ \(\d+%\)", done.stdout, re.M)
    assert {tag for tag in metrics[-1] if tag.startswith("time/")} >= {
        *("time/choose_actions_ms", "time/learn_ms", "time/wait_for_environments_ms", "time/log_ms"),
        "time/checkpoint_ms",
    }
    resets_within_episodes = 4  # the least budget is spent in four steps, the fifth is no transition
    assert metrics[-1]["global_step"] == 3 * 4 * 5 - resets_within_episodes


@contextlib.contextmanager
def running(words: list[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that writes to ``folder/log`` and is ended with the test, however it ends."""
    with (folder / "log").open("w") as output:
        child = subprocess.Popen(words, cwd=folder, env=ENVIRONMENT, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield child
    finally:
        child.kill()
        child.wait()


def wait_for(condition: Callable[[], bool], child: subprocess.Popen[Any], log: Path) -> None:
    deadline = time.monotonic() + 90
    while not condition():
        assert child.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)


def long_run(root: Path, tiles: Path) -> list[str]:
    """A run whose episodes end by the step limit of the run, never by the budget: it can be stopped at any step."""
    return command(
        root,
        "--rasters",
        str(tiles),
        "--episodes",
        "5",
        "--steps-per-ep",
        "12",
        "--budget",
        "200",
        "--no-evaluate",
        "--quiet",
    )


@pytest.fixture(scope="module")
def uninterrupted(root: Path, tiles: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("uninterrupted")
    subprocess.run(
        long_run(root, tiles), cwd=folder, env=ENVIRONMENT, check=True, timeout=110, stdout=subprocess.DEVNULL
    )
    return latest(folder)


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_was_stopped_and_resumed_learns_the_same_to_the_last_bit(
    root: Path, tiles: Path, tmp_path: Path, uninterrupted: Path, number: signal.Signals, exit_code: int
) -> None:
    log = tmp_path / "log"
    with running(long_run(root, tiles), tmp_path) as child:
        wait_for(lambda: "[Episode 1]" in log.read_text(), child, log)
        child.send_signal(number)
        assert child.wait(60) == exit_code, log.read_text()
    run = latest(tmp_path)
    assert f"Stopped by {number.name}; go on with --resume" in log.read_text()
    stopped = load_checkpoint(run)
    assert stopped["episode"] >= 1

    resumed = subprocess.run(
        [sys.executable, str(root / "src" / "Train_stable.py"), "--resume", str(run)],
        cwd=tmp_path,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert resumed.returncode == 0, resumed.stderr
    assert f"at step {stopped['step']} of episode {stopped['episode'] + 1}" in resumed.stdout
    expected, actual = load_checkpoint(uninterrupted), load_checkpoint(run)
    assert actual["updates"] == expected["updates"] > stopped["updates"]
    for name, weight in expected["network"].items():
        assert torch.equal(actual["network"][name], weight), name
    assert deterministic_metrics(run) == deterministic_metrics(uninterrupted)


def test_an_episode_that_is_taken_up_again_keeps_its_learning_rate(
    script: ModuleType, tiles: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first episode after pre-training, whose rate is none of those before it."""
    rates: list[float] = []
    step = script.Training.vector_step

    def noted(training: Any) -> None:
        step(training)
        rates.append(training.learner.optimizer.param_groups[0]["lr"])
        if len(rates) == 5 + 2:  # in the second step after the demonstrated episode
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(script.Training, "vector_step", noted)
    monkeypatch.chdir(tmp_path)
    flags = ("--rasters", str(tiles), "--episodes", "3", "--no-evaluate", "--quiet")
    assert script.main([*SMALL, *flags]) == 143
    assert script.main(["--resume", str(latest(tmp_path))]) == 0
    assert len(rates) == 15
    first, second = set(rates[5:10]), set(rates[10:])
    assert len(first) == len(second) == 1
    assert min(first) > min(second) > 0.0


def deterministic_metrics(run: Path) -> list[dict[str, float]]:
    records = (json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines())
    return [
        {tag: value for tag, value in record.items() if tag != "charts/SPS" and not tag.startswith("time/")}
        for record in records
    ]


@pytest.mark.parametrize("flag", ["--resume", "--rasters"])
def test_a_folder_that_is_not_there_is_an_error_with_its_place(root: Path, tmp_path: Path, flag: str) -> None:
    done = subprocess.run(
        command(root, flag, "nowhere"),
        cwd=tmp_path,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert "nowhere" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def training(script: ModuleType, tmp_path: Path) -> Iterator[Any]:
    """A run on three small landscapes that has not begun."""
    landscapes = [generate_landscape(seed=seed, size=12) for seed in range(3)]
    settings = script.Settings(n_envs=3, budget=20, break_step=4, demonstrations=0, buffer_cap=50)
    env_fns = [script.make_env([landscape], settings) for landscape in landscapes]
    with (
        contextlib.closing(StableProcessPoolEnv(env_fns, 2)) as envs,
        RunFolder.create("train-stable", {}, root=tmp_path) as run,
    ):
        yield script.Training(settings, run, landscapes, envs, "cpu")


def test_a_worker_lost_between_two_episodes_costs_nobody_its_budget(training: Any) -> None:
    envs, budgets = training.envs, training.settings.budgets
    for episode in range(3):
        training.episode, training.step = episode, 0
        os.kill(envs.worker_pids[episode % 2], signal.SIGKILL)
        training.reset()
        dealt = tuple(budgets[(env + episode) % 3] for env in range(3))
        assert envs.get_attr("episode_budget") == dealt
        training.vector_step()
        assert envs.get_attr("break_budget") == tuple(budget.breaks for budget in dealt)
    assert envs.counters["pool/crashes"] == 3


def test_workers_do_not_load_what_only_the_learner_needs(training: Any) -> None:
    """torch alone is 180 MB, in each of 16 processes."""
    training.reset()
    training.vector_step()
    assert training.envs.call_on(range(3), lambda _: "torch" in sys.modules) == [False] * 3


def test_a_run_of_another_version_is_refused_by_the_names_of_its_settings(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = dataclasses.asdict(script.Settings()) | {"ripeness": 3}
    del config["budget_shares"]
    (tmp_path / "config.json").write_text(json.dumps({"config": config}))
    assert script.main(["--resume", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "of another version (only there or only here: budget_shares, ripeness)" in said.err


@pytest.mark.parametrize("shares", [["0"], ["1", "1.5"], ["-0.2", "1"]], ids=" ".join)
def test_shares_of_the_budget_are_more_than_nothing_and_at_most_all(
    script: ModuleType, capsys: pytest.CaptureFixture[str], shares: list[str]
) -> None:
    assert script.main(["--budget-shares", *shares]) == 2
    assert "Error: --budget-shares is (" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("number", "exit_codes"), [(signal.SIGINT, {130}), (signal.SIGTERM, {-signal.SIGTERM})]
)
def test_a_second_signal_ends_the_run_at_once_and_with_it_all_that_it_started(
    root: Path, tiles: Path, watch: Watch, number: signal.Signals, exit_codes: set[int]
) -> None:
    """The first asks for the end of a step that an environment, hung for 60 s, does not let end."""
    watch.sabotage = json.dumps([["hang", 20]])
    script, *arguments = long_run(root, tiles)[1:]
    child = watch.start(script, *arguments, "--timeout", "60")
    log = watch.folder / "log"
    wait_for(lambda: (watch.folder / "hang").exists(), child, log)
    child.send_signal(number)
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(1.0)
    child.send_signal(number)
    assert child.wait(20) in exit_codes, watch.log
    assert "Traceback" not in watch.log
    deadline = time.monotonic() + 20
    while watch.alive():
        assert time.monotonic() < deadline, watch.alive()
        time.sleep(0.1)


FULL_DISK = """
mkdir "$1/disk" && mount -t tmpfs -o size=24m small "$1/disk" && cd "$1/disk" || exit 99
folder=$1; shift
"$@" & run=$!
until [ -e runs/latest/checkpoints/episode_000002.pt ]; do kill -0 $run || exit 98; sleep 0.05; done
head -c 24m /dev/zero > filler 2> "$folder/filler.log"
wait $run; code=$?
cp -r runs "$folder"
exit $code
"""
"""Runs a command on a small disk of its own, which is filled up once there are checkpoints on it."""

IN_A_NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount"]


def can_mount() -> bool:
    command = [*IN_A_NAMESPACE, "mount", "-t", "tmpfs", "small", "/mnt"]
    return shutil.which("unshare") is not None and not subprocess.run(command, capture_output=True).returncode


@pytest.mark.skipif(not can_mount(), reason="needs user namespaces, to mount a small disk")
def test_a_full_disk_keeps_the_last_good_checkpoint_and_the_run_goes_on_and_says_so(
    root: Path, tiles: Path, tmp_path: Path
) -> None:
    flags = ["--rasters", str(tiles), "--episodes", "7", "--no-evaluate", "--quiet"]
    done = subprocess.run(
        [*IN_A_NAMESPACE, "bash", "-c", FULL_DISK, "bash", str(tmp_path), *command(root, *flags)],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert "No space left" in (tmp_path / "filler.log").read_text(), done.stderr
    assert done.returncode == 1, done.stderr
    assert (
        "Not written: checkpoint; the last good one stays ([Errno 28] No space left on device" in done.stdout
    )
    assert "[Episode 6]" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert "Error: what was learned last is not on disk; make room and --resume" in done.stderr
    run = latest(tmp_path)
    assert load_checkpoint(run)["episode"] >= 1
    assert not list(run.rglob("*.tmp"))
    episodes = [json.loads(line)["episode"] for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert episodes[:2] == [0, 1]
