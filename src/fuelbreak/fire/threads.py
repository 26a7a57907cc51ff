"""Threads for compiled code that releases the interpreter's lock; one by default: workers keep to their core."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

__all__ = ["Threads", "usable_cores"]

Item = TypeVar("Item")


class Threads:
    """Runs a function over items on a fixed number of threads, started when first needed.

    Args:
        count: How many, at least 1; with 1 everything runs on the caller's thread.

    Attributes:
        count: As given.

    Raises:
        ValueError: Less than one.
    """

    def __init__(self, count: int) -> None:
        if count < 1:
            raise ValueError(f"threads is {count}; give 1 or more")
        self.count = count
        self._pool: ThreadPoolExecutor | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {"count": self.count, "_pool": None}

    def shares(self, count: int) -> list[slice]:
        """Cut things that follow each other into about equal shares, one for each thread.

        Args:
            count: How many things there are.

        Returns:
            At most as many slices as threads, none of them empty.
        """
        size = max(-(-count // self.count), 1)
        return [slice(first, min(first + size, count)) for first in range(0, count, size)]

    def for_each(self, function: Callable[[Item], None], items: Iterable[Item]) -> None:
        """Call the function with every item and wait for all.

        Args:
            function: Whose calls do not depend on each other.
            items: What to call it with.
        """
        if self.count == 1:
            for item in items:
                function(item)
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.count, thread_name_prefix="fire")
        for future in [self._pool.submit(function, item) for item in items]:
            future.result()


def usable_cores() -> int:
    """Cores that this process may run on, which a container or ``taskset`` may have narrowed."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
