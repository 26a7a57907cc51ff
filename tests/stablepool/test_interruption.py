"""A call that a signal handler breaks off: nothing that the learner did not see is taken for a transition."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from stablepool import StableProcessPoolEnv, valid_transitions

GO, SLOW, HANG = 0, 1, 2


class Counter(gym.Env[np.ndarray, int]):
    """Counts its steps; some take a while."""

    observation_space = gym.spaces.Box(0.0, np.inf, (1,), np.float32)
    action_space = gym.spaces.Discrete(3)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict]:
        super().reset(seed=seed)
        self.count = 0
        return np.zeros(1, np.float32), {}

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict]:
        time.sleep((0.0, 0.8, 60.0)[action])
        self.count += 1
        return np.array([self.count], np.float32), 1.0, False, False, {}


class Alarm(Exception):
    """What the script's handler raises."""


def _raise_alarm(*_: object) -> None:
    raise Alarm


@pytest.fixture
def pool() -> Iterator[StableProcessPoolEnv]:
    previous = signal.signal(signal.SIGALRM, _raise_alarm)
    pool = StableProcessPoolEnv([Counter] * 3, max_workers=3, timeout=2.0)
    pool.reset(seed=0)
    yield pool
    signal.setitimer(signal.ITIMER_REAL, 0)
    pool.close()
    signal.signal(signal.SIGALRM, previous)


def interrupted(call: Any, *arguments: Any) -> None:
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    with pytest.raises(Alarm):
        call(*arguments)


def test_the_step_after_an_interrupted_one_is_no_transition(pool: StableProcessPoolEnv) -> None:
    pool.step(np.array([GO, GO, GO]))
    interrupted(pool.step, np.array([GO, SLOW, GO]))
    observations, *_, infos = pool.step(np.array([GO, GO, GO]))
    assert observations.ravel().tolist() == [3, 3, 3]
    assert infos["interrupted"].all()
    assert not valid_transitions(infos, 3).any()
    observations, *_, infos = pool.step(np.array([GO, GO, GO]))
    assert observations.ravel().tolist() == [4, 4, 4]
    assert valid_transitions(infos, 3).all()


def test_a_failure_in_an_interrupted_step_is_reported_by_the_next(pool: StableProcessPoolEnv) -> None:
    pool.step(np.array([GO, GO, GO]))
    interrupted(pool.step, np.array([GO, HANG, GO]))
    observations, _, _, truncated, infos = pool.step(np.array([GO, GO, GO]))
    assert infos["fault"][1].kind == "timeout"
    assert truncated.tolist() == [False, True, False]
    assert observations.ravel().tolist() == [3, 1, 3]
    assert not valid_transitions(infos, 3).any()
    observations, *_, infos = pool.step(np.array([GO, GO, GO]))
    assert observations.ravel().tolist() == [4, 0, 4]
    assert valid_transitions(infos, 3).tolist() == [True, False, True]


def test_a_reset_after_an_interrupted_step_starts_afresh(pool: StableProcessPoolEnv) -> None:
    interrupted(pool.step, np.array([GO, SLOW, GO]))
    pool.reset(seed=0)
    observations, *_, infos = pool.step(np.array([GO, GO, GO]))
    assert observations.ravel().tolist() == [1, 1, 1]
    assert valid_transitions(infos, 3).all()


def test_an_interrupted_wait_can_be_taken_up_again(pool: StableProcessPoolEnv) -> None:
    pool.step_async(np.array([GO, SLOW, GO]))
    interrupted(pool.step_wait)
    observations, *_, infos = pool.step_wait()
    assert observations.ravel().tolist() == [1, 1, 1]
    assert valid_transitions(infos, 3).all()
