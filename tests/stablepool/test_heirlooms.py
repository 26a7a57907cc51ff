"""Locks, queues and values of multiprocessing reach environments through their functions, as in `AsyncVectorEnv`."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pool_checks import open_descriptors
from pool_envs import Counting

from stablepool import StableProcessPoolEnv

ACTIONS = np.ones((3, 4), np.int8)


class Sharing(Counting):
    """Counts every construction in memory that all environments share, and puts its number into a queue."""

    def __init__(self, index: int, lock: Any, count: Any, queue: Any) -> None:
        super().__init__(index)
        with lock:
            count.value += 1
        queue.put(index)


def sharing(lock: Any, count: Any, queue: Any) -> list[Callable[[], Sharing]]:
    return [lambda index=index: Sharing(index, lock, count, queue) for index in range(3)]  # type: ignore[misc]


def test_environments_share_them_and_their_replacements_do_too() -> None:
    context = multiprocessing.get_context("spawn")
    count, queue = context.Value("i", 0), context.Queue()
    envs = StableProcessPoolEnv(sharing(context.Lock(), count, queue), 2, spare_workers=1)
    try:
        envs.reset(seed=1)
        assert count.value == 3
        os.kill(envs.worker_pids[0], signal.SIGKILL)
        envs.step(ACTIONS)
        assert "fault" not in envs.step(ACTIONS)[4]
        assert count.value == 5
        assert sorted(queue.get(timeout=30) for _ in range(5)) == [0, 0, 1, 1, 2]
    finally:
        envs.close()
        queue.close()
        queue.join_thread()


def test_their_descriptors_are_closed_with_the_pool() -> None:
    context = multiprocessing.get_context("spawn")
    lock, count, queue = context.Lock(), context.Value("i", 0), context.SimpleQueue()
    StableProcessPoolEnv(
        sharing(lock, count, queue), 1
    ).close()  # what is made once and for all has been made now
    before = open_descriptors()
    StableProcessPoolEnv(sharing(lock, count, queue), 1).close()
    assert open_descriptors() == before


@pytest.mark.parametrize(
    ("lock", "why"),
    [
        (threading.Lock(), r"its variable 'lock' \(lock\).*inside the function"),
        (multiprocessing.get_context("fork").Lock(), r"its variable 'lock' \(Lock\).*get_context\('spawn'\)"),
    ],
)
def test_what_cannot_be_inherited_is_named_with_the_remedy(lock: Any, why: str, tmp_path: Path) -> None:
    with pytest.raises(
        TypeError, match=f"environment function 0 cannot be sent to a worker because of {why}"
    ):
        StableProcessPoolEnv([lambda: Sharing(0, lock, None, None)])
