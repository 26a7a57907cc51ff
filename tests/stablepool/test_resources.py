"""Where the system runs out of something: said with what to do about it, survived where it passes."""

from __future__ import annotations

import contextlib
import gc
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from pool_checks import leftovers, open_descriptors, settles_to
from pool_envs import make

import stablepool.reserve
from stablepool import StableProcessPoolEnv
from stablepool.resources import with_advice

ACTIONS = np.ones((2, 4), np.int8)


@contextmanager
def limited(what: int, to: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(what)
    resource.setrlimit(what, (to, hard))
    try:
        yield
    finally:
        resource.setrlimit(what, (soft, hard))


@contextmanager
def descriptors_left(count: int) -> Iterator[None]:
    """So many more can be opened; below 0: not all that are closed meanwhile can be opened again.

    The system limits their numbers: gaps between them, which other tests may have left, are filled first.
    """
    with contextlib.ExitStack() as fillers:
        gc.collect()
        highest = max(int(entry.name) for entry in Path("/proc/self/fd").iterdir())
        filler = -1
        while filler < highest:
            filler = os.open(os.devnull, os.O_RDONLY)
            fillers.callback(os.close, filler)
        with limited(resource.RLIMIT_NOFILE, filler + 1 + count):
            yield


def test_wherever_descriptors_run_out_in_a_start_nothing_is_left() -> None:
    StableProcessPoolEnv([make(0), make(1)], 2).close()  # what is opened once and for all is open now
    for spare in range(5, 30, 4):
        in_use = open_descriptors()
        with descriptors_left(spare), contextlib.suppress(OSError):
            StableProcessPoolEnv([make(0), make(1)], 2).close()
            assert spare > 20, "no pool can do with so few"
        assert settles_to(leftovers, []), f"{spare} descriptors"
        assert open_descriptors() == in_use, f"{spare} descriptors"


def test_a_start_without_descriptors_says_what_to_do() -> None:
    with (
        descriptors_left(8),
        pytest.raises(OSError, match=r"Too many open files; for the pool.*ulimit -n"),
    ):
        StableProcessPoolEnv([make(0)], 1)


def test_a_replacement_that_finds_no_descriptors_is_started_once_there_are_some() -> None:
    envs = StableProcessPoolEnv([make(0), make(1)], 2, 10.0, spare_workers=0)
    try:
        envs.reset(seed=1)
        envs.step(ACTIONS)
        with descriptors_left(-2):
            os.kill(envs.worker_pids[1], signal.SIGKILL)
            assert envs.step(ACTIONS)[4]["fault"][1].phase == "idle"
            observations, *_, infos = envs.step(ACTIONS)
        record = infos["fault"][1]
        assert (record.kind, record.phase, record.pid, record.transition_valid) == (
            "error",
            "start",
            0,
            False,
        )
        assert "raise the limit (ulimit -n)" in record.traceback
        assert observations[:, 1].tolist() == [3, 1]
        for _ in range(2):  # what was started under the limit may have failed as well
            observations, *_, infos = envs.step(ACTIONS)
            if "fault" not in infos:
                break
        assert "fault" not in infos
        assert observations[1, 1] == 0
    finally:
        envs.close()


def test_a_replacement_that_finds_no_thread_is_started_once_there_is_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    envs = StableProcessPoolEnv([make(0), make(1)], 2, 10.0, spare_workers=0)
    try:
        envs.reset(seed=1)
        with monkeypatch.context() as patch:
            patch.setattr(stablepool.reserve, "Recruit", _no_thread)
            os.kill(envs.worker_pids[1], signal.SIGKILL)
            assert envs.step(ACTIONS)[4]["fault"][1].phase == "idle"
            record = envs.step(ACTIONS)[4]["fault"][1]
        assert (record.kind, record.phase) == ("error", "start")
        assert "can't start new thread" in record.traceback
        envs.step(ACTIONS)
        assert "fault" not in envs.step(ACTIONS)[4]
    finally:
        envs.close()


def _no_thread(*_: Any) -> Any:
    raise RuntimeError("can't start new thread")


def test_memory_that_cannot_be_reserved_is_an_error_at_start_that_says_what_to_do() -> None:
    class Large(gym.Env[Any, Any]):
        observation_space = gym.spaces.Box(0, 1, (1024, 1024), np.float32)
        action_space = gym.spaces.Discrete(2)

    with (
        limited(resource.RLIMIT_FSIZE, 4 << 20),
        pytest.raises(
            OSError, match=r"File too large; for the pool, its shared memory could not be reserved"
        ),
    ):
        StableProcessPoolEnv([Large, Large], 2)


FULL = """
import sys
sys.path.insert(0, {tests!r})
from pool_envs import make
import stablepool.reserve
from stablepool import StableProcessPoolEnv
try:
    StableProcessPoolEnv([make(0)], 1).close()
except OSError as error:
    print(error)
"""


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None, reason="needs a /dev/shm of its own"
)
def test_a_full_dev_shm_is_an_error_at_start_that_says_what_to_do(tmp_path: Path) -> None:
    script = tmp_path / "full.py"
    script.write_text(FULL.format(tests=str(Path(__file__).parent)))
    fill = "mount -t tmpfs -o size=4k none /dev/shm && head -c 4096 /dev/zero > /dev/shm/full"
    command = ["unshare", "--mount", "sh", "-c", f"{fill} || exit 77; exec '{sys.executable}' '{script}'"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if run.returncode:
        pytest.skip(f"no /dev/shm of its own: {run.stderr.strip()}")
    assert "No space left on device" in run.stdout, run.stderr
    assert "free or enlarge it" in run.stdout


def test_an_error_that_nobody_knows_is_left_as_it_is() -> None:
    error = PermissionError(1, "no")
    assert with_advice(error) is error
    assert isinstance(with_advice(BlockingIOError(11, "again")), BlockingIOError)
