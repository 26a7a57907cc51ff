"""Ctrl-C, SIGTERM and SIGHUP at any moment: the original is back, or the script is patched and the undo line is out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from patches.run.plan import apply, make_plan
from tests.patches.tools import options

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "patch_train_stable.py"
OLD = b"from gymnasium.vector import AsyncVectorEnv\nenvs = AsyncVectorEnv(fns)\n"
NEW = apply(make_plan(OLD, options()))
CODES = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129}


def interrupted(
    tmp_path: Path, moments: int, name: str, second: int, *arguments: str
) -> list[tuple[Path, int]]:
    """Folders of all runs with their exit codes."""
    driver = str(Path(__file__).with_name("interrupting.py"))
    command = [sys.executable, driver, str(tmp_path), str(moments), name, str(second), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=True)
    runs = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(runs) == moments
    return [(Path(run["folder"]), run["code"]) for run in runs]


def check_told(folder: Path, scripts: list[str], code: int, name: str) -> list[bool]:
    """Each script is old, or new with its undo line; True for the new ones."""
    out, err = (folder / "out").read_text(), (folder / "err").read_text()
    assert "Traceback" not in out + err, err
    assert code == CODES[name]
    assert f"interrupted by {name}" in out
    undo = [line.rpartition(" ")[2] for line in out.splitlines() if line.startswith("To undo:")]
    states = [(folder / script).read_bytes() for script in scripts]
    assert set(states) <= {OLD, NEW}
    assert states.count(NEW) == len(undo)
    assert {path.name for path in (folder / "backups").glob("2*")} >= set(undo)
    assert not list(folder.glob(".*.tmp"))
    return [state == NEW for state in states]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize(("name", "second"), [("SIGINT", 7), ("SIGTERM", 400), ("SIGHUP", 0)])
def test_at_any_moment_of_a_patch(tmp_path: Path, name: str, second: int) -> None:
    (tmp_path / "start").mkdir()
    (tmp_path / "start" / "train.py").write_bytes(OLD)
    runs = interrupted(tmp_path, 60, name, second, "train.py")
    told = [check_told(folder, ["train.py"], code, name)[0] for folder, code in runs]
    assert {*told} == {True, False}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_between_the_files_of_a_list(tmp_path: Path) -> None:
    (tmp_path / "start").mkdir()
    scripts = ["a.py", "b.py", "c.py"]
    for script in scripts:
        (tmp_path / "start" / script).write_bytes(OLD)
    runs = interrupted(tmp_path, 50, "SIGINT", 3, *scripts)
    counts = {sum(check_told(folder, scripts, code, "SIGINT")) for folder, code in runs}
    assert counts == {0, 1, 2, 3}


STABLEPOOL = """\
import os, pathlib, subprocess, sys, time

class StableProcessPoolEnv:
    def __init__(self, fns, timeout):
        child = [sys.executable, "-c", "import time; time.sleep(600)"]
        pids = [subprocess.Popen(child, start_new_session=own).pid for own in (False, True)]
        pathlib.Path("pids.tmp").write_text(" ".join(map(str, [os.getpid(), *pids])))
        pathlib.Path("pids.tmp").rename("pids")

    def step(self, actions):
        time.sleep(0.01)

    def step_wait(self):
        pass
"""
STEPPING = """\
from gymnasium.vector import AsyncVectorEnv
fns = []
envs = AsyncVectorEnv(fns)
while True:
    envs.step(0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs process groups")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("delay", [0.0, 0.3])
def test_a_signal_during_the_trial_run_restores(tmp_path: Path, name: str, delay: float) -> None:
    (tmp_path / "stablepool.py").write_text(STABLEPOOL)
    (tmp_path / "train.py").write_text(STEPPING)
    command = [sys.executable, str(TOOL), "train.py", "--smoke", "100000"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        wait_for(lambda: (tmp_path / "pids").exists())
        assert "stablepool" in (tmp_path / "train.py").read_text()
        time.sleep(delay)
        run.send_signal(getattr(signal, name))
        time.sleep(0.05)
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=30)
    assert run.returncode == CODES[name]
    assert (out + err).count("Traceback") == 0, err
    assert f"the trial run was interrupted by {name}; the original is back" in out
    assert (tmp_path / "train.py").read_text() == STEPPING
    for pid in map(int, (tmp_path / "pids").read_text().split()):
        wait_for(lambda pid=pid: not is_running(pid))  # type: ignore[misc]


def is_running(pid: int) -> bool:
    """True for a process that is there and no zombie of somebody who does not wait for it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for(condition: object, timeout_s: float = 20.0) -> None:
    until = time.monotonic() + timeout_s
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_folder_in_processes_leaves_none_behind(tmp_path: Path) -> None:
    for index in range(40):
        (tmp_path / f"{index:02}.py").write_bytes(OLD + b"x = [1, 2, 3]\n" * 2000)
    command = [sys.executable, str(TOOL), ".", "--check"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        first = run.stdout.readline()
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=30)
    assert run.returncode == 130
    assert "Traceback" not in err
    assert first.startswith("00.py: changes pending")
    assert "interrupted by SIGINT" in out
    assert "not looked at" in out


def test_ignored_signals_stay_ignored(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_bytes(OLD)
    code = (
        "import os, signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        f"sys.path.insert(0, {str(ROOT)!r}); from patches.run.signals import Signals\n"
        "with Signals().handled(): os.kill(os.getpid(), signal.SIGHUP)\n"
        "print('still here')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.stdout == "still here\n"


def test_a_signal_while_the_tool_is_imported_ends_it_without_a_traceback() -> None:
    code = (
        f"import os, signal, sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from patches.run.signals import exit_on_signals; exit_on_signals()\n"
        "os.kill(os.getpid(), signal.SIGINT); import time; time.sleep(5)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stderr) == (130, "")
