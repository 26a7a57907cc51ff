"""Ending processes for good: whole trees, and whatever a process left behind in its process group."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

__all__ = ["call_before_threads_are_joined", "kill_trees", "not_in_a_fork", "terminate_children"]

_ENDED = ("Z", "X", "x")  # a zombie, or gone
_HELPERS = ("multiprocessing.resource_tracker", "multiprocessing.forkserver")


def kill_trees(roots: Iterable[int], grace_s: float = 2.0) -> list[int]:
    """Kill processes with all their descendants and every process of the groups that they lead.

    A descendant whose parent has ended already is found by its process group: each worker leads its own.

    Args:
        roots: Process ids of group leaders, which may have ended already.
        grace_s: Seconds to wait for the dead to be gone; SIGKILL needs longer only in uninterruptible sleep.

    Returns:
        The process ids that were sent SIGKILL.
    """
    leaders = set(roots) - {0, 1, os.getpid()}
    if not leaders:
        return []
    victims = _family(leaders)
    _kill(victims)
    late = _family(leaders)  # what was forked between the look and the shot
    _kill(late)
    _await_end(victims | late, grace_s)
    return sorted(victims | late)


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


@dataclass(frozen=True)
class _Stat:
    """What ``/proc/PID/stat`` says: one short read, where psutil needs a multiple for the same."""

    state: str
    parent: int
    group: int

    @classmethod
    def read(cls, pid: int) -> _Stat | None:
        """Look at a process; None where there is none."""
        try:
            text = Path(f"/proc/{pid}/stat").read_bytes()
        except OSError:
            return None
        state, parent, group = text[text.rindex(b")") + 2 :].split(maxsplit=3)[:3]
        return cls(state.decode(), int(parent), int(group))

    @property
    def runs(self) -> bool:
        """Whether the process is more than what its parent has still to ask for."""
        return self.state not in _ENDED


def _family(leaders: set[int]) -> set[int]:
    """Leaders, their descendants, and the members of their groups, from one look at the process table."""
    table = {pid: stat for pid in psutil.pids() if (stat := _Stat.read(pid)) is not None}
    children: dict[int, list[int]] = defaultdict(list)
    for pid, stat in table.items():
        children[stat.parent].append(pid)
    family = leaders | {pid for pid, stat in table.items() if stat.group in leaders}
    unseen = list(family)
    while unseen:
        born = [pid for pid in children[unseen.pop()] if pid not in family]
        family.update(born)
        unseen += born
    return {pid for pid in family if pid in table and table[pid].runs}


def _await_end(pids: Iterable[int], grace_s: float) -> None:
    """Wait until no process runs; their exit codes are left for whoever started them."""
    deadline, pause_s = time.monotonic() + grace_s, 0.0005
    running = [pid for pid in pids if _runs(pid)]
    while running and time.monotonic() < deadline:
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, 0.02)
        running = [pid for pid in running if _runs(pid)]


def _runs(pid: int) -> bool:
    stat = _Stat.read(pid)
    return stat is not None and stat.runs


def _kill(pids: Iterable[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


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


def not_in_a_fork(act: Callable[..., Any]) -> Callable[..., Any]:
    """Have ``act`` do nothing in a process that was forked from this one.

    A child of `fork` (a data loader's worker, a process of `multiprocessing`) inherits every object and every callback
    at exit; the workers and the poll that they refer to are still its parent's.
    """
    home = os.getpid()

    def act_at_home(*args: Any) -> None:
        if os.getpid() == home:
            act(*args)

    return act_at_home
