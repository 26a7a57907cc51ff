"""Many scripts, looked at in several processes; outcomes come one by one, in the order of the scripts."""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from .outcome import Exit, Outcome
from .signals import Signals

if TYPE_CHECKING:  # a single script pays for none of it
    from concurrent.futures import Future, ProcessPoolExecutor

__all__ = ["examined"]

_AHEAD = 8
"""Outcomes a process may be ahead by: with more of them memory would grow with the list."""

_FEW_FILES, _FEW_BYTES = 8, 400_000
Look = Callable[[Path], Outcome]


def examined(
    paths: Sequence[Path], look: Look, signals: Signals, jobs: int | None = None
) -> Iterator[Outcome]:
    """Look at scripts; in this process where others would cost more than they bring.

    Args:
        paths: The scripts.
        look: What to do with each; it must be picklable.
        signals: May end the wait.
        jobs: How many processes; None for one a core.
    """
    jobs = min(jobs or _cores(), len(paths))
    if jobs > 1 and _is_much(paths):
        yield from _in_processes(paths, look, signals, jobs)
        return
    for path in paths:
        with signals.interruptible():
            outcome = look(path)
        yield outcome


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _is_much(paths: Sequence[Path]) -> bool:
    size = 0
    for path in paths if len(paths) >= _FEW_FILES else ():
        try:
            size += path.stat().st_size
        except OSError:
            continue
        if size > _FEW_BYTES:
            return True
    return False


def _in_processes(paths: Sequence[Path], look: Look, signals: Signals, jobs: int) -> Iterator[Outcome]:
    """A window over the list moves on as outcomes are taken; a process that dies costs the script it looked at."""
    from concurrent.futures.process import BrokenProcessPool

    left = deque(paths)
    while left:
        with _executor(jobs, look) as executor:
            window: deque[Future[Outcome]] = deque()
            while left:
                for path in islice(left, len(window), jobs * _AHEAD):
                    window.append(executor.submit(_look_at, path))
                try:
                    with signals.interruptible():
                        outcome = window.popleft().result()
                except BrokenProcessPool:
                    break
                left.popleft()
                yield outcome
        if left:
            yield _alone(left.popleft(), look, signals)


def _alone(path: Path, look: Look, signals: Signals) -> Outcome:
    """Look at the script that may have ended a process, in a process of its own."""
    from concurrent.futures.process import BrokenProcessPool

    with _executor(1, look) as executor:
        try:
            with signals.interruptible():
                return executor.submit(_look_at, path).result()
        except BrokenProcessPool:
            message = "the process that looked at it died"
            return Outcome(path, Exit.IO, message, "is there enough memory? Name it alone to see more")


@contextmanager
def _executor(jobs: int, look: Look) -> Iterator[ProcessPoolExecutor]:
    """An executor whose processes end with the block, once they are through with the scripts that they are at.

    They are not killed: one that dies while it sends an outcome leaves the executor waiting for the rest of it.
    """
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else None
    executor = ProcessPoolExecutor(jobs, multiprocessing.get_context(method), _start_worker, (look,))
    try:
        yield executor
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


_LOOKS: list[Look] = []
"""In a worker: what it does with each script. It travels once, for it may know thousands of files."""


def _look_at(path: Path) -> Outcome:
    return _LOOKS[-1](path)


def _start_worker(look: Look) -> None:
    """Leave Ctrl-C to the parent, and end with it even where it is killed."""
    _LOOKS.append(look)
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    import threading

    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    import multiprocessing

    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
