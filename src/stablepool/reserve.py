"""`Reserve`: worker processes that are started and imported in advance, to take over the slot of one that fails.

    Reserve, one thread ──starts──► recruit: imports what the workers have imported, says "ready", waits
    Supervisor, keeper ──take()──► a ready recruit, else None: then one is started for the slot

A spare holds no environment and knows none until it is posted. It ends with the pool and with the parent as every
worker does. One that dies, or is not ready in time, is dropped and counted; nobody's step depends on it.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from concurrent import futures
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from stablepool.channel import ChannelError
from stablepool.options import PoolOptions
from stablepool.recruit import Recruit, SharedParts, kill_recruits

__all__ = ["Reserve"]

_LOG = logging.getLogger("stablepool")
_MOST_LOST = 3  # in a row; spares that keep dying help nobody
_GRACE_S = 2.0
_ROLL_CALL_S = (
    1.0  # an answer takes a tenth of a millisecond; a process that is stopped must not cost start_timeout
)


@dataclass
class _Spare:
    """A process in reserve."""

    recruit: Recruit
    started_s: float
    is_ready: bool = False


class Reserve:
    """The spare workers of one pool, and the starting of every other.

    Args:
        parts: What all workers share.
        options: ``spare_workers`` and ``start_timeout_s``.

    Attributes:
        lost: Spares that died or were not ready in time.
    """

    def __init__(self, parts: SharedParts, options: PoolOptions) -> None:
        self._parts, self._options = parts, options
        self._size = 1 if options.spare_workers is None else options.spare_workers
        self._serials = itertools.count(1)
        self._spares: list[_Spare] = []
        self._modules: tuple[str, ...] = ()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="stablepool-reserve")
        self._starting: list[Future[None]] = []
        self._lost_in_a_row = 0
        self.lost = 0

    def prepare(self, modules: tuple[str, ...]) -> None:
        """Learn what a worker imports, and start the spares that are wanted before the first failure."""
        self._modules = modules
        if self._options.spare_workers:
            self.refill()

    def hire(self) -> Recruit:
        """Return a spare that is ready, or start a process.

        Raises:
            OSError: The process cannot be started.
        """
        return self._take() or Recruit(self._parts, next(self._serials))

    def _take(self) -> Recruit | None:
        with self._lock:
            self._look()
            for spare in [spare for spare in self._spares if spare.is_ready]:
                if spare.recruit.answers(_ROLL_CALL_S):
                    self._spares.remove(spare)
                    self._lost_in_a_row = 0
                    return spare.recruit
                self._drop(spare, "it does not answer")
        return None

    def _look(self) -> None:
        """See which spares are ready by now, and drop those that will never be."""
        for spare in list(self._spares):
            try:
                spare.is_ready = self._is_ready(spare)
            except ChannelError as error:
                self._drop(spare, str(error))

    def _drop(self, spare: _Spare, reason: str) -> None:
        self._spares.remove(spare)
        self.lost += 1
        self._lost_in_a_row += 1
        _LOG.info("spare worker (process %d) was lost before it was needed: %s", spare.recruit.pid, reason)
        if self._lost_in_a_row == _MOST_LOST:
            _LOG.warning("%d spare workers in a row were lost: no more are started", _MOST_LOST)
        self._end(spare.recruit)

    def _is_ready(self, spare: _Spare) -> bool:
        recruit, now, limit = spare.recruit, time.monotonic(), self._options.start_timeout_s
        if recruit.has_died():
            raise ChannelError("it has died")
        if spare.is_ready:
            return True
        if recruit.channel.poll(now, recruit.sentinel):
            recruit.channel.receive(0, now + _GRACE_S, recruit.sentinel)
            return True
        if limit is not None and now - spare.started_s > limit:
            raise ChannelError("it was not ready in time")
        return False

    def refill(self) -> None:
        """Start, in the background, as many spares as are missing."""
        if self._size and not self._closing.is_set():
            self._starting = [future for future in self._starting if not future.done()]
            self._starting.append(self._starter.submit(self._fill))

    def _fill(self) -> None:
        while not self._closing.is_set() and self._lost_in_a_row < _MOST_LOST:
            with self._lock:
                if len(self._spares) >= self._size:
                    return
            try:
                recruit = Recruit(self._parts, next(self._serials), self._modules)
            except (OSError, RuntimeError) as error:  # RuntimeError: "can't start new thread"
                _LOG.warning("no spare worker can be started (%s); replacements take longer", error)
                return
            with self._lock:
                is_late = self._closing.is_set()
                if not is_late:
                    self._spares.append(_Spare(recruit, time.monotonic()))
            if is_late:
                self._end(recruit)

    def pids(self) -> tuple[int, ...]:
        """Process ids of the spares that are ready."""
        with self._lock:
            self._look()
            return tuple(spare.recruit.pid for spare in self._spares if spare.is_ready)

    def close(self) -> None:
        """Kill every spare, waiting a moment for one that is just being started."""
        self._closing.set()
        futures.wait(self._starting, timeout=_GRACE_S)
        with self._lock:
            spares, self._spares = self._spares, []
        for spare in spares:
            self._end(spare.recruit)
        self._starter.shutdown(wait=False, cancel_futures=True)

    def _end(self, recruit: Recruit) -> None:
        recruit.is_killed = recruit.has_died()
        kill_recruits([recruit], self._parts.ballast)
        recruit.sweep()
        recruit.dispose()
