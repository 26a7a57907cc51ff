"""What was set in an environment is set in the one that replaces it, before its first reset."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from pool_envs import Counting, Saved

from stablepool import StableProcessPoolEnv

ACTIONS = np.ones((3, 4), np.int8)
LEVELS = [1, 2, 3]


class Course(Counting):
    """Shows its level; dies when it is told to."""

    level: Any = 0

    def _observation(self) -> np.ndarray:
        return np.array([np.sum(self.level), self.steps, 0], np.float32)

    def step(self, action: np.ndarray) -> Any:
        if not action.any():
            os.kill(os.getpid(), signal.SIGKILL)
        return super().step(action)


def lose_the_second(envs: StableProcessPoolEnv) -> None:
    assert envs.step(ACTIONS * np.array([[1], [0], [1]], np.int8))[4]["fault"][1].kind == "crash"


@pytest.fixture
def envs() -> Any:
    pool = StableProcessPoolEnv([lambda: gym.Wrapper(Course())] * 3, 2, 10.0)
    pool.reset(seed=1)
    yield pool
    pool.close()


def test_a_replacement_has_the_values_that_were_set_last(envs: StableProcessPoolEnv) -> None:
    envs.set_attr("level", [7, 7, 7])
    envs.set_attr("level", LEVELS)
    lose_the_second(envs)
    assert envs.step(ACTIONS)[0][:, :2].tolist() == [[1, 0], [2, 0], [3, 2]]
    assert envs.get_attr("level") == (1, 2, 3)
    lose_the_second(envs)  # once more, in another life
    assert envs.get_attr("level") == (1, 2, 3)


def test_a_value_is_kept_as_it_was_when_it_was_set(envs: StableProcessPoolEnv) -> None:
    value = np.array([1, 2])
    envs.set_attr("level", value)
    value += 10
    lose_the_second(envs)
    assert envs.step(ACTIONS)[0][1, 0] == 3


def test_what_was_set_in_some_is_set_in_the_replacements_of_those(envs: StableProcessPoolEnv) -> None:
    envs.set_attr_on([1], "level", 5)
    lose_the_second(envs)
    assert envs.call("get_wrapper_attr", "level") == (0, 5, 0)
    assert envs.call_on([0, 1], vars_of_the_outermost) == [False, True]


def vars_of_the_outermost(env: Any) -> bool:
    return "level" in vars(env)


def test_an_attribute_that_could_not_be_set_is_not_forced_on_a_replacement(
    envs: StableProcessPoolEnv,
) -> None:
    with pytest.raises(AttributeError):
        envs.set_attr("unwrapped", None)  # a property
    lose_the_second(envs)
    assert "fault" not in envs.step(ACTIONS)[4]


def test_a_step_that_is_repeated_from_snapshots_has_them_too() -> None:
    class Both(Course, Saved):
        pass

    envs = StableProcessPoolEnv([Both, Both], 2, 10.0)
    try:
        envs.reset(seed=1)
        envs.set_attr("level", [0, 4])
        envs.step(ACTIONS[:2])
        os.kill(envs.worker_pids[1], signal.SIGKILL)
        observations, *_, infos = envs.step(ACTIONS[:2])
        assert "fault" not in infos
        assert observations[:, :2].tolist() == [[0, 2], [4, 2]]
    finally:
        envs.close()


SCRIPT = """\
import gymnasium as gym
from stablepool import StableProcessPoolEnv

class Reward:
    scale = 3

def scaled(env):
    reward = env.get_wrapper_attr("reward")
    return reward.scale, type(reward).__module__

envs = StableProcessPoolEnv([lambda: gym.make("CartPole-v1")] * 2, 1)
envs.reset(seed=1)
envs.set_attr("reward", Reward())
print(envs.call_on([0, 1], scaled), envs.counters["pool/crashes"])
envs.close()
"""


def test_classes_and_functions_of_a_script_reach_its_workers_which_do_not_import_it(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    run = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert (run.returncode, run.stdout) == (0, "[(3, '__main__'), (3, '__main__')] 0\n"), run.stderr
