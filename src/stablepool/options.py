"""`PoolOptions`: every deadline and policy of a pool, checked once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from numbers import Integral
from typing import Literal, get_args

__all__ = [
    "MOST_WORKERS_BY_DEFAULT",
    "OnFailure",
    "PoolOptions",
    "backoff_s",
    "count_workers",
    "usable_cores",
]

OnFailure = Literal["restart", "raise", "quarantine"]
MOST_WORKERS_BY_DEFAULT = 16


@dataclass(frozen=True)
class PoolOptions:
    """Deadlines in seconds (None: wait for ever, on purpose) and what to do about failures.

    Attributes:
        timeout_s: One environment's step.
        start_timeout_s: Start of a worker process, and construction of each of its environments.
        reset_timeout_s: One environment's reset, also within a step.
        call_timeout_s: One environment's share of ``call``, ``get_attr``, ``set_attr`` and ``render``.
        close_timeout_s: The whole of ``close()``.
        on_failure: ``"restart"`` reports and replaces; ``"quarantine"`` does so too, but gives up a worker that keeps
            failing instead of raising; ``"raise"`` raises the environment's exception.
        max_restarts: Restarts of one worker slot within ``restart_window_s`` that are borne.
        restart_window_s: Length of that window.
        worker_memory_limit: Resident bytes beyond which a worker is replaced; None: no limit.
        recycle_after_episodes: Episodes after which a worker is replaced; None: never.
        snapshot_bytes: Shared memory for one snapshot of an environment that can be restored; 0: keep none.
        check_finite: Treat NaN and infinity in observations and rewards as errors.
        check_space: Treat observations outside the observation space as errors.
        spare_workers: Processes kept ready to replace a worker; None: one, from the first failure on.
        randomize_addresses: Lay out each worker in memory at random instead of all alike.
    """

    timeout_s: float | None = 15.0
    start_timeout_s: float | None = 60.0
    reset_timeout_s: float | None = 15.0
    call_timeout_s: float | None = 15.0
    close_timeout_s: float = 1.5
    on_failure: OnFailure = "restart"
    max_restarts: int = 10
    restart_window_s: float = 60.0
    worker_memory_limit: int | None = None
    recycle_after_episodes: int | None = None
    snapshot_bytes: int = 1 << 16
    check_finite: bool = False
    check_space: bool = False
    spare_workers: int | None = None
    randomize_addresses: bool = False

    def __post_init__(self) -> None:
        for name in ("timeout_s", "start_timeout_s", "reset_timeout_s", "call_timeout_s", "close_timeout_s"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name.removesuffix('_s')} must be positive seconds or None, got {value!r}")
        if self.on_failure not in get_args(OnFailure):
            raise ValueError(f"on_failure must be one of {get_args(OnFailure)}, got {self.on_failure!r}")
        if self.max_restarts < 0:
            raise ValueError(f"max_restarts must not be negative, got {self.max_restarts}")
        for name in ("worker_memory_limit", "recycle_after_episodes"):
            if (number := getattr(self, name)) is not None and number < 1:
                raise ValueError(f"{name} must be positive or None, got {number}")
        for name in ("snapshot_bytes", "spare_workers"):
            if (number := getattr(self, name)) is not None and number < 0:
                raise ValueError(f"{name} must not be negative, got {number}")


def backoff_s(failures: int) -> float:
    """Seconds to wait before a restart.

    Args:
        failures: Failures of the worker slot within the window, this one included.

    Returns:
        Nothing for the first, then 0.05 s doubled with each, 2 s at most: a poison state must not burn the machine.
    """
    return 0.0 if failures < 2 else min(2.0, 0.05 * 2 ** (failures - 2))


def usable_cores() -> int:
    """Cores that this process may run on, which a container or ``taskset`` may have narrowed."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def count_workers(num_envs: int, max_workers: int | None, max_concurrency: int | None = None) -> int:
    """Worker processes for so many environments.

    Args:
        num_envs: Number of environments.
        max_workers: What the caller asked for; None: one per usable core, 16 at most.
        max_concurrency: Environments that may run at once, which is a bound on workers here.

    Raises:
        ValueError: A number is not positive, or there are no environments.
    """
    if num_envs < 1:
        raise ValueError("env_fns must hold at least one function that makes an environment")
    if max_workers is None:
        max_workers = min(usable_cores(), MOST_WORKERS_BY_DEFAULT)
    if isinstance(
        max_workers, bool
    ):  # a number to Python, but the second argument of AsyncVectorEnv to a script
        raise ValueError(f"`max_workers` must be a number; give shared_memory={max_workers} by its name.")
    if not isinstance(max_workers, Integral) or max_workers < 1:
        raise ValueError(f"`max_workers` must be a positive integer or None, got {max_workers!r}.")
    if max_concurrency is None:
        max_concurrency = num_envs
    if not isinstance(max_concurrency, Integral):
        raise ValueError(f"`max_concurrency` must be an integer or None, got {type(max_concurrency)}.")
    if max_concurrency < 1:
        raise ValueError(f"`max_concurrency` must be a positive or None, got {max_concurrency}.")
    return min(num_envs, int(max_workers), int(max_concurrency))
