"""`Watch`: one place to sleep until a worker is done, a worker has died, or a deadline passes."""

from __future__ import annotations

import select
from typing import Any

from stablepool.channel import Bell

__all__ = ["LONGEST_SLEEP_S", "Watch"]

LONGEST_SLEEP_S = 0.1


class Watch:
    """One poll over the done bell and the sentinels of living workers.

    A worker rings only where it sees that every other has finished, too. Two that finish in the same instant each see
    that: one ring too many. On a machine that reorders stores after loads neither might; so no sleep is longer than
    `LONGEST_SLEEP_S`, after which the caller looks for itself.

    Args:
        bell: The bell that all workers ring.
    """

    def __init__(self, bell: Bell) -> None:
        self._bell = bell
        self._is_epoll = hasattr(select, "epoll")
        self._poller: Any = select.epoll() if self._is_epoll else select.poll()
        self._poller.register(bell.fileno(), select.POLLIN)
        self._sentinels: dict[int, int] = {}

    def __contains__(self, sentinel: int) -> bool:
        return sentinel in self._sentinels

    def __len__(self) -> int:
        return len(self._sentinels)

    def add(self, sentinel: int, worker: int) -> None:
        """Wait for the death of a worker's process, too."""
        self._sentinels[sentinel] = worker
        self._poller.register(sentinel, select.POLLIN)

    def drop(self, sentinel: int) -> None:
        """Stop waiting for a process."""
        if self._sentinels.pop(sentinel, None) is not None:
            self._poller.unregister(sentinel)

    def sleep(self, seconds: float | None) -> list[int]:
        """Sleep until something happens, ``seconds`` at most; return the workers whose process has ended."""
        seconds = LONGEST_SLEEP_S if seconds is None else max(0.0, min(seconds, LONGEST_SLEEP_S))
        ended: list[int] = []
        for descriptor, _ in self._poller.poll(seconds if self._is_epoll else seconds * 1e3):
            if descriptor in self._sentinels:
                ended.append(self._sentinels[descriptor])
            else:
                self._bell.clear()
        return ended

    def close(self) -> None:
        """Close the descriptor of the poll."""
        if self._is_epoll:
            self._poller.close()
