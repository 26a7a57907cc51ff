"""How long failures take `StableProcessPoolEnv`: real hangs, real SIGKILLs, with spare workers and without."""

from __future__ import annotations

import logging
import os
import signal
import statistics
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import gymnasium as gym
import numpy as np
from _tables import head, row
from pool_workloads import Unchanging

from stablepool import StableProcessPoolEnv

WORKERS = 16
TIMEOUT_S = 0.5
TIMES = 5


class Hanging(Unchanging):
    """Steps at once, or never where its action is 1."""

    observation_space = gym.spaces.Box(0.0, 1.0, (4,), np.float32)
    action_space = gym.spaces.Discrete(2)
    observation = np.zeros(4, np.float32)

    def step(self, action: np.int64) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Hang where told to."""
        while action == 1:
            time.sleep(1.0)
        return self.observation, 0.0, False, False, {}


def pool(spare_workers: int = 0, timeout: float = TIMEOUT_S) -> StableProcessPoolEnv:
    """One environment for each of 16 workers, reset."""
    envs = StableProcessPoolEnv(
        [Hanging] * WORKERS, WORKERS, timeout, spare_workers=spare_workers, max_restarts=999
    )
    envs.reset(seed=0)
    return envs


def hang(count: int) -> np.ndarray:
    """Actions that hang the first so many environments."""
    return (np.arange(WORKERS) < count).astype(np.int64)


def lose_a_worker(envs: StableProcessPoolEnv, spares: int) -> tuple[float, float]:
    """Kill a worker in its step; return seconds until the step and until the one that needs the replacement return."""
    while len(envs.spare_pids) < spares:
        time.sleep(0.05)
    time.sleep(0.5)  # past the back-off of the failure before
    envs.step_async(hang(1))
    time.sleep(0.05)
    started = time.perf_counter()
    os.kill(envs.worker_pids[0], signal.SIGKILL)
    envs.step_wait()
    noticed = time.perf_counter() - started
    envs.step(hang(0))
    return noticed, time.perf_counter() - started


def hang_all(envs: StableProcessPoolEnv) -> float:
    """Hang every environment at once; return the seconds that the step takes beyond its deadline."""
    started = time.perf_counter()
    envs.step(hang(WORKERS))
    late = time.perf_counter() - started - TIMEOUT_S
    envs.step(hang(0))
    return late


def close_hung() -> float:
    """Close a pool in which a step hangs; return how long that takes."""
    envs = pool(timeout=60.0)
    envs.step_async(hang(1))
    time.sleep(0.05)
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that a call is pending
        envs.close()
    return time.perf_counter() - started


def failure_rows() -> Iterator[str]:
    """The table."""
    logging.getLogger("stablepool").setLevel(logging.ERROR)
    yield from head(f"with {WORKERS} workers", "ms, median (most)")
    for spares in (0, 1):
        envs = pool(spares, timeout=60.0)
        try:
            noticed, replaced = zip(*(lose_a_worker(envs, spares) for _ in range(TIMES)), strict=True)
        finally:
            envs.close()
        if not spares:
            yield row(["a killed worker: the step returns", _ms(noticed)])
        yield row([f"and its replacement has stepped, {spares or 'no'} spare worker", _ms(replaced)])
    envs = pool()
    try:
        yield row(
            [f"{WORKERS} hung at once: the step returns, beyond its deadline", _ms(_several(hang_all, envs))]
        )
    finally:
        envs.close()
    yield row(["close() while a step hangs", _ms([close_hung() for _ in range(TIMES)])])


def _several(measure: Callable[[StableProcessPoolEnv], float], envs: StableProcessPoolEnv) -> list[float]:
    return [measure(envs) for _ in range(TIMES)]


def _ms(seconds: Any) -> str:
    return f"{1e3 * statistics.median(seconds):.1f} ({1e3 * max(seconds):.1f})"
