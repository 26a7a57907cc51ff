"""Ending processes for good: whole trees, and whatever a process left behind in its session."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import psutil

__all__ = ["call_before_threads_are_joined", "kill_trees", "terminate_children"]

_HELPERS = ("multiprocessing.resource_tracker", "multiprocessing.forkserver")


def kill_trees(roots: Iterable[int], grace_s: float = 2.0) -> list[int]:
    """Kill processes with all their descendants and every process of the sessions that they lead.

    A descendant whose parent has ended already is found by its session: each worker leads its own.

    Args:
        roots: Process ids of session leaders, which may have ended already.
        grace_s: Seconds to wait for the dead to be gone; SIGKILL needs longer only in uninterruptible sleep.

    Returns:
        The process ids that were sent SIGKILL.
    """
    leaders = set(roots) - {0, 1, os.getpid()}
    if not leaders:
        return []
    victims = _family(leaders)
    _signal(victims, signal.SIGKILL)
    late = _family(leaders)  # what was forked between the look and the shot
    _signal(late, signal.SIGKILL)
    dead = {*victims, *late}
    _await_end(dead, grace_s)
    return sorted(process.pid for process in dead)


def terminate_children(timeout: float = 2.0) -> list[int]:
    """End every leftover child of this process, with its whole tree.

    Call it last, after ``close()``, in a script's ``finally``. multiprocessing's own helpers (resource tracker, fork
    server) are left alone: they end with this process and clean up after it.

    Args:
        timeout: Seconds that the children get to obey SIGTERM before they are killed.

    Returns:
        Process ids that were ended.
    """
    victims = [child for child in psutil.Process().children(recursive=True) if not _is_helper(child)]
    _signal(victims, signal.SIGTERM)
    _, stubborn = psutil.wait_procs(victims, timeout=timeout)
    _signal(stubborn, signal.SIGKILL)
    _, immortal = psutil.wait_procs(stubborn, timeout=timeout)
    return sorted({process.pid for process in victims} - {process.pid for process in immortal})


def _is_helper(process: psutil.Process) -> bool:
    try:
        command = " ".join(process.cmdline())
    except psutil.Error:
        return False
    return any(helper in command for helper in _HELPERS)


def _family(leaders: set[int]) -> list[psutil.Process]:
    """Leaders, their descendants, and the members of their sessions, from one look at the process table."""
    table: dict[int, psutil.Process] = {}
    children: dict[int, list[int]] = defaultdict(list)
    family = set(leaders)
    for process in psutil.process_iter(["ppid", "status"]):
        table[process.pid] = process
        children[process.info["ppid"]].append(process.pid)
        if _session(process.pid) in leaders:
            family.add(process.pid)
    unseen = list(family)
    while unseen:
        born = [pid for pid in children[unseen.pop()] if pid not in family]
        family.update(born)
        unseen += born
    return [
        table[pid] for pid in family if pid in table and table[pid].info["status"] != psutil.STATUS_ZOMBIE
    ]


def _await_end(processes: Iterable[psutil.Process], grace_s: float) -> None:
    """Wait until no process runs; their exit codes are left for whoever started them."""
    deadline, pause_s = time.monotonic() + grace_s, 0.0005
    running = [process for process in processes if _runs(process)]
    while running and time.monotonic() < deadline:
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, 0.02)
        running = [process for process in running if _runs(process)]


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _session(pid: int) -> int | None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        return os.getsid(pid)
    return None


def _signal(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.send_signal(number)


def call_before_threads_are_joined(finish: Callable[[], Any]) -> None:
    """Have ``finish`` run at interpreter exit while threads still live.

    An executor's thread waits for its worker, the interpreter waits for the thread, and ``atexit`` comes only after
    that: a pool that was never closed would keep the program from ending. `concurrent.futures` uses the same hook for
    its own threads; callbacks run last-in first-out, so this one comes before theirs.
    """
    threading._register_atexit(finish)  # type: ignore[attr-defined]
