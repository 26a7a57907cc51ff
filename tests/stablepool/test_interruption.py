"""A call that a signal handler breaks off: nothing that the learner did not see is taken for a transition."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from gymnasium.error import AlreadyPendingCallError
from pool_envs import GO, HANG, SLOW, Counter

from stablepool import StableProcessPoolEnv, valid_transitions


class Slow(Counter):
    """Takes its time to answer, and to take a value."""

    def nap(self) -> str:
        time.sleep(0.8)
        return "late"

    @property
    def mood(self) -> str:
        return "calm"

    @mood.setter
    def mood(self, value: str) -> None:
        time.sleep(0.8)


class Alarm(Exception):
    """What the script's handler raises."""


def _raise_alarm(*_: object) -> None:
    raise Alarm


@pytest.fixture
def pool() -> Iterator[StableProcessPoolEnv]:
    previous = signal.signal(signal.SIGALRM, _raise_alarm)
    pool = StableProcessPoolEnv([Slow] * 3, max_workers=3, timeout=2.0)
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


def test_a_call_after_an_interrupted_one_gets_its_own_answer(pool: StableProcessPoolEnv) -> None:
    pids = pool.worker_pids
    interrupted(pool.call, "nap")
    assert pool.get_attr("mood") == ("calm",) * 3
    interrupted(pool.set_attr, "mood", "hasty")
    assert pool.call_on([1], lambda env: env.count) == [0]
    observations, *_, infos = pool.step(np.array([GO, GO, GO]))
    assert observations.ravel().tolist() == [1, 1, 1]
    assert valid_transitions(infos, 3).all()
    assert pool.worker_pids == pids


def test_a_worker_lost_in_an_interrupted_call_is_reported_by_the_next_step(
    pool: StableProcessPoolEnv,
) -> None:
    interrupted(pool.call_on, [1], lambda env: time.sleep(60))
    infos = pool.step(np.array([GO, GO, GO]))[4]
    assert infos["_fault"].tolist() == [False, True, False]
    assert (infos["fault"][1].kind, infos["fault"][1].phase) == ("timeout", "call")


@pytest.mark.parametrize(("act", "kind"), [(SLOW, None), (HANG, "timeout")])
def test_a_step_whose_wait_was_broken_off_and_left_is_finished_first(
    act: int, kind: str | None, pool: StableProcessPoolEnv
) -> None:
    pool.step_async(np.array([GO, act, GO]))
    interrupted(pool.step_wait)
    observations, *_, infos = pool.step(np.array([GO, GO, GO]))
    assert observations.ravel().tolist() == [2, 0 if kind else 2, 2]
    assert not valid_transitions(infos, 3).any()
    assert (infos["fault"][1].kind if "fault" in infos else None) == kind
    assert valid_transitions(pool.step(np.array([GO, GO, GO]))[4], 3).tolist() == [True, not kind, True]


def wait_in_a_thread(wait: Any, timeout: float) -> threading.Thread:
    """A guard made by hand, which gives up a thread that waits."""
    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    thread.join(timeout)
    assert thread.is_alive()
    return thread


@pytest.mark.parametrize(("act", "kind"), [(SLOW, None), (HANG, "timeout")])
def test_a_step_that_a_thread_still_waits_for_is_finished_first(
    act: int, kind: str | None, pool: StableProcessPoolEnv
) -> None:
    pool.step_async(np.array([GO, act, GO]))
    thread = wait_in_a_thread(pool.step_wait, 0.3)
    started = time.monotonic()
    observations, _, _, truncated, infos = pool.step(np.array([GO, GO, GO]))
    assert time.monotonic() - started < 10.0
    thread.join(5)
    assert observations.ravel().tolist() == [2, 0 if kind else 2, 2]
    assert truncated.tolist() == [False, bool(kind), False]
    assert infos["interrupted"].all()
    assert not valid_transitions(infos, 3).any()
    assert (infos["fault"][1].kind if "fault" in infos else None) == kind
    assert valid_transitions(pool.step(np.array([GO, GO, GO]))[4], 3).tolist() == [True, not kind, True]


def test_a_reset_after_a_step_that_a_thread_still_waits_for_starts_afresh(pool: StableProcessPoolEnv) -> None:
    pool.step_async(np.array([GO, SLOW, GO]))
    wait_in_a_thread(pool.step_wait, 0.3)
    pool.reset(seed=0)
    observations, *_, infos = pool.step(np.array([GO, GO, GO]))
    assert observations.ravel().tolist() == [1, 1, 1]
    assert valid_transitions(infos, 3).all()


def test_a_thread_that_may_wait_for_ever_holds_nobody_up() -> None:
    pool = StableProcessPoolEnv([Slow] * 2, 2, timeout=None)
    try:
        pool.reset(seed=0)
        pool.step_async(np.array([GO, SLOW]))
        thread = wait_in_a_thread(pool.step_wait, 0.1)
        with pytest.raises(AlreadyPendingCallError):
            pool.step_async(np.array([GO, GO]))
        thread.join(5)
        assert pool.step(np.array([GO, GO]))[0].ravel().tolist() == [2, 2]
    finally:
        pool.close()
