"""Ending processes for good: whole trees, and whatever a process left behind in its process group."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import psutil

from stablepool.warden import MARK

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


def terminate_children(timeout: float = 2.0, *, include_subprocesses: bool = False) -> list[int]:
    """End the child processes of `multiprocessing` and everything that they started, and reap them.

    Call it last, after ``close()``, in a script's ``finally``. By default it ends what
    ``multiprocessing.active_children()`` lists and the workers of pools that were not closed, each with its process
    tree. Programs that the script started with `subprocess` live on, and so do multiprocessing's own helpers (resource
    tracker, fork server). Afterwards ``active_children()`` is empty, and ``is_alive()`` and ``exitcode`` of each child
    tell of its end.

    Args:
        timeout: Seconds that the processes get to obey SIGTERM before they are killed.
        include_subprocesses: End every other child of this process as well, with its process tree.

    Returns:
        Process ids that were ended.
    """
    children = _own_processes()
    roots = _other_children() if include_subprocesses else _pool_workers()
    roots += [process for child in children if (process := _look_up(child.pid)) is not None]
    victims = _trees(roots)
    _signal(victims, signal.SIGTERM)
    stubborn = _await_end((process.pid for process in victims), timeout)
    late = _trees(process for process in victims if process.pid in stubborn)  # may have children since
    _signal(late, signal.SIGKILL)
    victims |= late
    immortal = _await_end((process.pid for process in victims), timeout)
    _reap(children, timeout)
    return sorted({process.pid for process in victims} - set(immortal))


def _own_processes() -> list[BaseProcess]:
    """Children that multiprocessing lists; a process made by `os.fork` inherits the list of its parent."""
    mine = os.getpid()
    return [
        child for child in multiprocessing.active_children() if getattr(child, "_parent_pid", mine) == mine
    ]


def _other_children() -> list[psutil.Process]:
    return [
        child for child in psutil.Process().children() if not _is_helper(child)
    ] + _served_by_fork_servers()


def _served_by_fork_servers() -> list[psutil.Process]:
    """Children of fork servers, which are this process's grandchildren."""
    return [
        child
        for helper in psutil.Process().children()
        if _is_helper(helper)
        for child in _children(helper, recursive=False)
    ]


def _pool_workers() -> list[psutil.Process]:
    """Workers of this process's pools, which multiprocessing does not list; their mark begins with our pid."""
    workers = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error):
            if child.environ().get(MARK, "").startswith(f"{os.getpid()}-"):
                workers.append(child)
    return workers


def _look_up(pid: int | None) -> psutil.Process | None:
    try:
        return psutil.Process(pid)
    except psutil.Error:
        return None


def _trees(roots: Iterable[psutil.Process]) -> set[psutil.Process]:
    """Processes with all their descendants, without multiprocessing's helpers."""
    trees: set[psutil.Process] = set()
    for root in roots:
        trees |= {root, *(child for child in _children(root, recursive=True) if not _is_helper(child))}
    return trees


def _children(process: psutil.Process, *, recursive: bool) -> list[psutil.Process]:
    try:
        return process.children(recursive=recursive)
    except psutil.Error:
        return []


def _reap(children: Iterable[BaseProcess], timeout_s: float) -> None:
    """Collect exit codes. A child is asked itself: whoever waits for its pid would take the code from it.

    ``join`` would not do. Its sentinel stays open while a descendant of the child lives, and another thread (an
    executor's) may collect the code first.
    """
    deadline = time.monotonic() + timeout_s
    while any(_is_alive(child) for child in children) and time.monotonic() < deadline:
        time.sleep(0.005)


def _is_alive(child: BaseProcess) -> bool:
    try:
        return child.is_alive()
    except ValueError:  # closed by another thread
        return False


def _is_helper(process: psutil.Process) -> bool:
    """Tell whether a process is one of multiprocessing's; what was forked from one shows its command, too."""
    try:
        command = process.cmdline()
        if not any(helper in " ".join(command) for helper in _HELPERS):
            return False
        parent = process.parent()
        return parent is None or parent.cmdline() != command
    except psutil.Error:
        return False


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


def _await_end(pids: Iterable[int], grace_s: float) -> list[int]:
    """Wait until no process runs, return those that do; exit codes are left for whoever started the processes."""
    deadline, pause_s = time.monotonic() + grace_s, 0.0005
    running = [pid for pid in pids if _runs(pid)]
    while running and time.monotonic() < deadline:
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, 0.02)
        running = [pid for pid in running if _runs(pid)]
    return running


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
