"""The end: whatever happens to the parent, nobody and nothing is left behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
import warnings
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil
import pytest
from gymnasium.error import ClosedEnvironmentError
from pool_checks import open_descriptors, runs, settles_to
from pool_envs import Counting, Plan, make

import stablepool
from stablepool import StableProcessPoolEnv

SCRIPT = """
import os, signal, sys, time, threading
sys.path.insert(0, {tests!r})
import numpy as np
from pathlib import Path
from pool_envs import Plan, make
from stablepool import StableProcessPoolEnv

how, folder = sys.argv[1], Path(sys.argv[2])
plan = Plan("step", {fault!r}, folder, at=2) if {fault!r} else None
envs = StableProcessPoolEnv([make(0, plan), make(1)], 2, 60.0)
envs.reset(seed=1)
envs.step(np.ones((2, 4), np.int8))
print(*envs.worker_pids, flush=True)
if {fault!r}:
    envs.step_async(np.ones((2, 4), np.int8))
    while not (folder / "fired-0").exists():
        time.sleep(0.01)
print("ready", flush=True)
if how == "sleep":
    time.sleep(60)
if how == "step":
    envs.step_wait() if {fault!r} else time.sleep(60)
if how == "os._exit":
    os._exit(0)
if how == "raise":
    raise RuntimeError("the training loop failed")
"""


def run_script(how: str, fault: str, folder: Path, then: signal.Signals | None) -> tuple[int, list[int], str]:
    """Run a parent, signal it where asked; return its exit code, its workers and its stderr."""
    code = SCRIPT.format(tests=str(Path(__file__).parent), fault=fault)
    parent = subprocess.Popen(
        [sys.executable, "-c", code, how, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert parent.stdout is not None
        workers = [int(pid) for pid in parent.stdout.readline().split()]
        assert parent.stdout.readline() == "ready\n"
        if then:
            assert all(runs(pid) for pid in workers)
            time.sleep(0.1)
            parent.send_signal(then)
        _, errors = parent.communicate(timeout=30)
        return parent.returncode, workers, errors
    finally:
        parent.kill()
        parent.wait()


@pytest.mark.parametrize("fault", ["", "sleep", "hold-gil", "SIGSTOP"])
def test_a_parent_that_is_killed_takes_its_workers_along(fault: str, tmp_path: Path) -> None:
    _, workers, _ = run_script("sleep", fault, tmp_path, signal.SIGKILL)
    assert settles_to(lambda: [pid for pid in workers if runs(pid)], [])


def test_a_parent_that_is_killed_takes_along_what_environments_have_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAY", "1")
    run_script("sleep", "daemon", tmp_path, signal.SIGKILL)
    assert settles_to(lambda: runs(int((tmp_path / "grandchild").read_text())), False)


@pytest.mark.parametrize(("how", "fault", "then"), [
    ("step", "", signal.SIGINT), ("step", "sleep", signal.SIGINT), ("step", "hold-gil", signal.SIGTERM),
    ("os._exit", "", None), ("os._exit", "hold-gil", None), ("raise", "", None), ("raise", "hold-gil", None),
    ("return", "", None), ("return", "hold-gil", None),
])  # fmt: skip
def test_a_parent_that_ends_without_closing_leaves_nobody(
    how: str, fault: str, then: signal.Signals | None, tmp_path: Path
) -> None:
    started = time.monotonic()
    code, workers, errors = run_script(how, fault, tmp_path, then)
    assert time.monotonic() - started < 20
    assert settles_to(lambda: [pid for pid in workers if runs(pid)], [])
    assert ("KeyboardInterrupt" in errors) == (then == signal.SIGINT)
    assert ("the training loop failed" in errors) == (how == "raise")
    assert "Exception ignored" not in errors, errors
    if how == "return":
        assert code == 0


@pytest.mark.parametrize(
    "how", ["raise", "sleep", "hold-gil", "SIGKILL", "SIGSTOP", "endless-thread", "fork"]
)
def test_close_is_bounded_whatever_an_environment_does_in_it(how: str, tmp_path: Path) -> None:
    envs = StableProcessPoolEnv([make(0, Plan("close", how, tmp_path)), make(1)], 2, close_timeout=0.5)
    envs.reset(seed=1)
    pids = envs.worker_pids
    started = time.monotonic()
    envs.close()
    assert time.monotonic() - started < 2.0
    assert not any(runs(pid) for pid in pids)


@pytest.mark.parametrize("how", ["sleep", "hold-gil", "SIGSTOP"])
def test_close_with_a_hung_step_pending_does_not_wait_for_it(how: str, tmp_path: Path) -> None:
    envs = StableProcessPoolEnv([make(0, Plan("step", how, tmp_path)), make(1)], 2, 60.0)
    envs.reset(seed=1)
    envs.step_async([[0] * 4] * 2)
    started = time.monotonic()
    with pytest.warns(UserWarning, match="pending call to `step`"):
        envs.close()
    assert time.monotonic() - started < 2.0


def test_environments_are_closed_in_their_workers(tmp_path: Path) -> None:
    envs = StableProcessPoolEnv([make(0, Plan("close", "pause", tmp_path))], 1)
    envs.close()
    assert (tmp_path / "fired-0").exists()


def test_environments_that_are_busy_with_a_step_finish_it_and_are_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stablepool.supervisor._MOMENT_S", 20.0)  # for a busy machine

    class Tidy(Counting):
        def step(self, action: Any) -> Any:
            time.sleep(0.1)
            return super().step(action)

        def close(self) -> None:
            (tmp_path / f"closed after {self.steps}").touch()

    envs = StableProcessPoolEnv([Tidy], 1, close_timeout=20.0)
    envs.reset(seed=1)
    envs.step_async([[0] * 4])
    with pytest.warns(UserWarning, match="pending call to `step`"):
        envs.close()
    assert [path.name for path in tmp_path.iterdir()] == ["closed after 1"]


def test_close_during_a_restart(tmp_path: Path) -> None:
    envs = StableProcessPoolEnv([make(0, Plan("step", "SIGKILL", tmp_path))], 1)
    envs.reset(seed=1)
    envs.step([[0] * 4])
    started = time.monotonic()
    envs.close()
    assert time.monotonic() - started < 3.0


def test_a_pool_that_is_garbage_is_ended() -> None:
    envs = StableProcessPoolEnv([make(0)], 1)
    pids = envs.worker_pids
    del envs
    assert settles_to(lambda: any(runs(pid) for pid in pids), False)


def _use_in_a_fork(envs: StableProcessPoolEnv, say: Connection) -> None:
    try:
        envs.step([[0] * 4] * 2)
    except ClosedEnvironmentError as error:
        say.send(str(error))
    envs.close()  # and then this process ends, with all that it runs at exit


def test_a_process_that_is_forked_from_the_pools_leaves_it_alone() -> None:
    envs = StableProcessPoolEnv([make(0), make(1)], 2)
    try:
        envs.reset(seed=1)
        pids = envs.worker_pids
        hear, say = multiprocessing.Pipe(duplex=False)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # a fork beside threads, from Python 3.12 on
            child = multiprocessing.get_context("fork").Process(target=_use_in_a_fork, args=(envs, say))
            child.start()
        assert f"belongs to process {os.getpid()}" in hear.recv()
        child.join(10)
        assert child.exitcode == 0
        observations, *_, infos = envs.step([[0] * 4] * 2)
        assert "fault" not in infos
        assert observations[:, 1].tolist() == [1, 1]
        assert envs.worker_pids == pids
    finally:
        envs.close()


def test_descriptors_and_threads_do_not_pile_up(tmp_path: Path) -> None:
    def use() -> None:
        envs = StableProcessPoolEnv([make(0, Plan("step", "SIGKILL", tmp_path, times=99)), make(1)], 2)
        envs.reset(seed=1)
        envs.step([[0] * 4] * 2)
        envs.step([[0] * 4] * 2)
        envs.close()

    use()
    descriptors, threads = open_descriptors(), psutil.Process().num_threads()
    use()
    assert settles_to(lambda: open_descriptors() <= descriptors, True), (descriptors, open_descriptors())
    assert settles_to(lambda: psutil.Process().num_threads() <= threads, True)


def test_the_public_names_are_these() -> None:
    assert sorted(stablepool.__all__) == [
        "ActionError", "EnvironmentStartError", "FaultRecord", "PoolError", "RestartLimitError",
        "StableProcessPoolEnv", "WorkerFaultError", "final_infos", "first_observations", "list_infos",
        "terminate_children", "valid_transitions",
    ]  # fmt: skip
    assert all(getattr(stablepool, name).__doc__ for name in stablepool.__all__)
    with pytest.raises(AttributeError, match="nothing_like_it"):
        stablepool.nothing_like_it  # noqa: B018
    assert os.getpid()
