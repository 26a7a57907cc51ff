"""Spare workers: they take over at once, change no result, and are nobody's burden when they die or are not needed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from pool_checks import leftovers, runs, settles_to
from pool_envs import Counting, Plan, Saved

from stablepool import StableProcessPoolEnv

ACTIONS = np.ones((2, 4), np.int8)

SCRIPT = """
import sys, time
sys.path.insert(0, {tests!r})
from pool_envs import Counting
from stablepool import StableProcessPoolEnv

envs = StableProcessPoolEnv([Counting], 1, spare_workers=1)
while not envs.spare_pids:
    time.sleep(0.01)
print(*envs.worker_pids, *envs.spare_pids, flush=True)
time.sleep(60)
"""


def pool(kind: type[Counting] = Counting, plan: Plan | None = None, **kwargs) -> StableProcessPoolEnv:
    """Two environments, each alone on its worker."""
    return StableProcessPoolEnv([lambda: kind(0), lambda: kind(1, plan)], 2, 10.0, **kwargs)


def spares_of(envs: StableProcessPoolEnv, count: int = 1) -> tuple[int, ...]:
    assert settles_to(lambda: len(envs.spare_pids), count, within_s=90.0)
    return envs.spare_pids


def lose_worker(envs: StableProcessPoolEnv, worker: int = 1) -> None:
    os.kill(envs.worker_pids[worker], signal.SIGKILL)
    assert envs.step(ACTIONS)[4]["_fault"][worker]
    assert "fault" not in envs.step(ACTIONS)[4]


def test_a_spare_takes_the_place_of_a_killed_worker_and_another_is_started() -> None:
    envs = pool(spare_workers=1)
    try:
        envs.reset(seed=5)
        (spare,) = spares_of(envs)
        lose_worker(envs)
        assert envs.worker_pids[1] == spare
        assert spare not in spares_of(envs)
        assert envs.counters["pool/spares_lost"] == 0
    finally:
        envs.close()


def play(folder: Path, kind: type[Counting], spare_workers: int) -> list[np.ndarray]:
    """Everything that a learner sees while environment 1 dies twice."""
    envs = pool(kind, Plan("step", "SIGKILL", folder, at=3, times=2), spare_workers=spare_workers)
    seen = [envs.reset(seed=5)[0]]
    try:
        for _ in range(12):
            spares_of(envs, spare_workers)
            seen += envs.step(ACTIONS)[:4]
        assert len(list(folder.glob("fired-*"))) == 2
    finally:
        envs.close()
    return seen


@pytest.mark.parametrize("kind", [Counting, Saved])
def test_with_spares_a_run_with_failures_is_the_same_bit_for_bit(
    kind: type[Counting], tmp_path: Path
) -> None:
    runs_of = []
    for spare_workers in (0, 1):
        folder = tmp_path / str(spare_workers)
        folder.mkdir()
        runs_of.append(play(folder, kind, spare_workers))
    assert all(np.array_equal(one, other) for one, other in zip(*runs_of, strict=True))


def test_by_default_only_a_run_with_failures_pays_for_a_spare() -> None:
    envs = pool()
    try:
        envs.reset(seed=5)
        processes = len(leftovers())
        envs.step(ACTIONS)
        assert envs.spare_pids == ()
        assert len(leftovers()) == processes
        lose_worker(envs)
        spares_of(envs)
    finally:
        envs.close()


def test_a_dead_spare_is_dropped_counted_and_replaced() -> None:
    envs = pool(spare_workers=1)
    try:
        envs.reset(seed=5)
        (spare,) = spares_of(envs)
        os.kill(spare, signal.SIGKILL)
        assert settles_to(lambda: runs(spare), False)
        lose_worker(envs)
        assert spare not in (*envs.worker_pids, *spares_of(envs))
        assert envs.counters["pool/spares_lost"] == 1
        assert envs.counters["pool/restarts"] == 1
    finally:
        envs.close()


def test_a_spare_that_is_stopped_costs_a_moment_and_no_start_timeout() -> None:
    envs = pool(spare_workers=1, start_timeout=600.0)
    try:
        envs.reset(seed=5)
        (spare,) = spares_of(envs)
        os.kill(spare, signal.SIGSTOP)
        started = time.monotonic()
        lose_worker(envs)
        assert time.monotonic() - started < 60
        assert spare not in envs.worker_pids
        assert not runs(spare)
        assert envs.counters["pool/spares_lost"] == 1
    finally:
        envs.close()


def test_more_workers_lost_than_there_are_spares_are_all_replaced() -> None:
    envs = pool(spare_workers=1)
    try:
        envs.reset(seed=5)
        (spare,) = spares_of(envs)
        for pid in envs.worker_pids:
            os.kill(pid, signal.SIGKILL)
        envs.step(ACTIONS)
        assert envs.step(ACTIONS)[0][:, 1].tolist() == [0, 0]
        assert spare in envs.worker_pids
        assert all(envs.worker_pids)
    finally:
        envs.close()


def test_a_pool_can_be_closed_while_its_spares_start() -> None:
    pool(spare_workers=3).close()  # the fixture sees whether anything is left


def test_spares_end_with_a_parent_that_is_killed() -> None:
    code = SCRIPT.format(tests=str(Path(__file__).parent))
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(pids) == 2
        assert all(runs(pid) for pid in pids)
    finally:
        parent.kill()
        parent.communicate()
    assert settles_to(lambda: [pid for pid in pids if runs(pid)], [])


def test_a_negative_number_of_spares_is_refused() -> None:
    with pytest.raises(ValueError, match="spare_workers must not be negative"):
        pool(spare_workers=-1)


def test_spares_that_keep_dying_are_given_up_and_replacements_go_on(caplog: pytest.LogCaptureFixture) -> None:
    envs = pool(spare_workers=1, max_restarts=99)
    try:
        envs.reset(seed=5)
        for _ in range(3):
            (spare,) = spares_of(envs)
            os.kill(spare, signal.SIGKILL)
            assert settles_to(lambda: runs(spare), False)  # noqa: B023 - called at once
            lose_worker(envs)
        assert "3 spare workers in a row were lost" in caplog.text
        lose_worker(envs)
        assert envs.spare_pids == ()
        assert envs.counters["pool/spares_lost"] == 3
    finally:
        envs.close()
