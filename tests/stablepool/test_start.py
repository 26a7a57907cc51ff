"""Start-up: what cannot start says why, at once, and leaves nothing; what can be sent is sent."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from pool_envs import Counting, Plan, make

from stablepool import EnvironmentStartError, StableProcessPoolEnv

ACTIONS = np.ones((2, 4), np.int8)


@pytest.mark.parametrize(
    ("how", "kind"),
    [
        ("raise", "error"),
        ("sys.exit", "error"),
        ("os._exit", "crash"),
        ("SIGKILL", "crash"),
        ("hold-gil", "timeout"),
    ],
)
def test_an_environment_that_cannot_be_made_ends_the_start(how: str, kind: str, tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(EnvironmentStartError, match="environment 1 could not be started") as caught:
        StableProcessPoolEnv([make(0), make(1, Plan("construct", how, tmp_path))], 2, start_timeout=2.0)
    assert time.monotonic() - started < 6
    assert caught.value.fault.kind == kind
    assert caught.value.fault.phase == "construct"
    assert caught.value.fault.env_index == 1


def test_the_environments_own_exception_is_the_cause(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentStartError, match=r"ValueError: the environment raised") as caught:
        StableProcessPoolEnv([make(0, Plan("construct", "raise", tmp_path))])
    assert isinstance(caught.value.__cause__, ValueError)


def test_a_replacement_that_cannot_be_made_at_first_is_made_later(tmp_path: Path) -> None:
    class TwoFaults(Counting):
        def __init__(self) -> None:
            super().__init__(0, Plan("step", "SIGKILL", tmp_path / "step", at=2))
            if any((tmp_path / "step").iterdir()) and not any((tmp_path / "construct").iterdir()):
                Plan("construct", "raise", tmp_path / "construct").fire()

    for folder in ("step", "construct"):
        (tmp_path / folder).mkdir()
    envs = StableProcessPoolEnv([TwoFaults, make(1)], 2, 5.0)
    try:
        envs.reset(seed=1)
        envs.step(ACTIONS)
        assert envs.step(ACTIONS)[4]["fault"][0].kind == "crash"
        observations, rewards, _, truncations, infos = envs.step(ACTIONS)
        assert (infos["fault"][0].kind, infos["fault"][0].phase) == ("error", "construct")
        assert (observations[0][1], rewards[0], truncations[0]) == (1, 0, True)
        observations, *_, infos = envs.step(ACTIONS)
        assert "fault" not in infos
        assert observations[:, 1].tolist() == [0, 4]
    finally:
        envs.close()


def test_functions_of_every_sort_travel() -> None:
    class Local(Counting):
        pass

    class Maker:
        def create(self) -> gym.Env:
            return Counting(3)

    number = 7
    envs = StableProcessPoolEnv([lambda: Counting(number), Local, Maker().create, Counting], 2)
    try:
        assert envs.reset(seed=1)[0][:, 0].tolist() == [7, 0, 3, 0]
    finally:
        envs.close()


def test_a_function_that_cannot_travel_is_named() -> None:
    lock = threading.Lock()
    with pytest.raises(TypeError, match="environment function 1 cannot be sent"):
        StableProcessPoolEnv([make(0), lambda: Counting(lock)])


def test_a_pool_outlives_the_thread_that_made_it() -> None:
    made: list[StableProcessPoolEnv] = []
    thread = threading.Thread(target=lambda: made.append(StableProcessPoolEnv([make(0), make(1)], 2)))
    thread.start()
    thread.join()
    time.sleep(0.1)
    try:
        made[0].reset(seed=1)
        assert "fault" not in made[0].step(ACTIONS)[4]
    finally:
        made[0].close()


def _use_a_pool() -> list[float]:
    envs = StableProcessPoolEnv([make(0), make(1)], 2)
    try:
        return envs.reset(seed=1)[0][:, 0].tolist()
    finally:
        envs.close()


def test_a_pool_may_be_made_inside_a_process_pool() -> None:
    with ProcessPoolExecutor(1) as executor:
        assert executor.submit(_use_a_pool).result(timeout=60) == [0, 1]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_pool_may_be_made_inside_a_daemonic_process(method: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # a fork beside threads, from Python 3.12 on
        with multiprocessing.get_context(method).Pool(1) as processes:
            assert processes.apply_async(_use_a_pool).get(timeout=60) == [0, 1]


def _keep_a_pool_open() -> None:
    _kept.append(StableProcessPoolEnv([make(0)], 1))


_kept: list[StableProcessPoolEnv] = []


@pytest.mark.parametrize("daemon", [True, False])
def test_a_process_that_never_closes_its_pool_ends_all_the_same(daemon: bool) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_keep_a_pool_open, daemon=daemon)
    process.start()
    process.join(30)
    assert process.exitcode == 0


SCRIPT = """
import pathlib, sys
pathlib.Path(sys.argv[1]).open("a").write("imported\\n")
import gymnasium as gym, numpy as np
from stablepool import StableProcessPoolEnv

class Env(gym.Env):
    observation_space = gym.spaces.Box(0, 9, (1,), np.float32)
    action_space = gym.spaces.Discrete(2)
    def reset(self, seed=None, options=None):
        return np.zeros(1, np.float32), {"main": Env}
    def step(self, action):
        return np.ones(1, np.float32), 1.0, False, False, {}

envs = StableProcessPoolEnv([Env, lambda: Env()], 2)
_, infos = envs.reset()
assert infos["main"][0] is Env, infos
envs.step([0, 1])
envs.close()
print("done")
"""


def test_a_script_without_a_main_guard_is_run_once(tmp_path: Path) -> None:
    script = tmp_path / "unguarded.py"
    script.write_text(SCRIPT)
    count = tmp_path / "count"
    run = subprocess.run(
        [sys.executable, script, count], capture_output=True, text=True, timeout=60, cwd=tmp_path
    )
    assert (run.returncode, run.stdout) == (0, "done\n"), run.stderr
    assert count.read_text() == "imported\n"


def test_a_worker_leads_a_process_group_in_its_parents_session() -> None:
    envs = StableProcessPoolEnv([Counting], 1)
    try:
        (pid,) = envs.worker_pids
        assert (os.getpgid(pid), os.getsid(pid)) == (pid, os.getsid(0))
    finally:
        envs.close()


def test_workers_import_neither_torch_nor_the_parents_half() -> None:
    class Modules(Counting):
        def loaded(self) -> list[str]:
            return sorted(sys.modules)

    envs = StableProcessPoolEnv([Modules], 1)
    try:
        loaded = envs.call("loaded")[0]
        assert "torch" not in loaded
        assert "stablepool.supervisor" not in loaded
    finally:
        envs.close()
