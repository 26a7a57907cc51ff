"""`Recycler`: which workers have grown too large or too old, so that environments that leak cannot eat the machine."""

from __future__ import annotations

import time
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import psutil

from stablepool.options import PoolOptions
from stablepool.slot import WorkerSlot

__all__ = ["Recycler"]

_BETWEEN_LOOKS_S = 0.25


class Recycler:
    """Counts episodes and looks at memory now and then.

    Args:
        options: ``worker_memory_limit`` and ``recycle_after_episodes``.
    """

    def __init__(self, options: PoolOptions) -> None:
        self._limit, self._most_episodes = options.worker_memory_limit, options.recycle_after_episodes
        self.is_on = self._limit is not None or self._most_episodes is not None
        self._episodes: dict[tuple[int, int], int] = {}
        self._large: set[tuple[int, int]] = set()
        self._next_look = 0.0

    def due(self, slots: Iterable[WorkerSlot], ended: npt.NDArray[np.bool_]) -> list[WorkerSlot]:
        """Return the workers that should be replaced soon.

        Args:
            slots: Workers that took part in the step.
            ended: bool (num_envs,), episodes that ended in it.
        """
        slots = list(slots)
        looks = self._limit is not None and time.monotonic() >= self._next_look
        if looks:
            self._next_look = time.monotonic() + _BETWEEN_LOOKS_S
        for slot in slots:
            life = slot.worker, slot.generation
            self._episodes[life] = self._episodes.get(life, 0) + int(ended[list(slot.env_indices)].sum())
            if looks and self._limit is not None and resident_bytes(slot.pid) > self._limit:
                self._large.add(life)
        return [slot for slot in slots if self._is_due((slot.worker, slot.generation))]

    def _is_due(self, life: tuple[int, int]) -> bool:
        many = self._most_episodes is not None and self._episodes[life] >= self._most_episodes
        return many or life in self._large


def resident_bytes(pid: int) -> int:
    """Resident set size of a process; 0 where it has ended."""
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0
