"""`Recruit`: a started worker process with the parent's ends of everything that connects to it.

A recruit is no worker of anybody's until it is posted to a slot: one message tells it which environments are its own.
So a process that was started in advance (see `reserve`) takes over a slot in the same way as one started for it.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import Any

from stablepool.channel import Bell, Channel, ChannelError, make_bell
from stablepool.cleanup import kill_trees
from stablepool.heirlooms import Heirlooms
from stablepool.launch import WorkerContext, WorkerProcess
from stablepool.memory import ControlBlock, SharedFile
from stablepool.messages import RollCall
from stablepool.resources import Ballast
from stablepool.warden import Warden, kill_marked
from stablepool.worker import Endowment, Post, Terms, adopt, serve

__all__ = ["Recruit", "SharedParts", "kill_recruits"]

_GRACE_S = 1.0


@dataclass(frozen=True)
class SharedParts:
    """What all workers of a pool have in common."""

    terms: Terms
    randomize_addresses: bool
    plan: SharedFile
    plan_ranges: tuple[tuple[int, int], ...]
    block_file: SharedFile
    block: ControlBlock
    done: Bell
    token: str
    warden: Warden
    heirlooms: Heirlooms
    ballast: Ballast

    def close(self) -> None:
        """Close the descriptors; maps and views stay valid until nobody refers to them."""
        for part in (self.plan, self.block_file, self.done, self.heirlooms, self.ballast):
            part.close()
        self.warden.dismiss()


class Recruit:
    """One worker process, from its start until nothing is left of it.

    The kernel ends the process together with the *thread* that makes this object.

    Args:
        parts: What all workers share.
        serial: A number that no other recruit of this pool has; its messages carry it.
        modules: Modules to import before it says that it is ready; None: it is posted at once and says nothing.

    Attributes:
        channel: Messages to and from the process.
        go: Wakes it.
        sentinel: Descriptor that becomes readable when the process ends.
        pid: Process id.
        is_killed: Whether it has been killed: its process id may be another's since.

    Raises:
        OSError: The process cannot be started.
    """

    def __init__(self, parts: SharedParts, serial: int, modules: tuple[str, ...] | None = None) -> None:
        self._parts = parts
        self._token = f"{parts.token}-{serial}."
        self.channel, theirs = Channel.pair(serial)
        with contextlib.ExitStack() as undo, contextlib.closing(theirs):
            undo.callback(self.channel.close)
            self.go = make_bell()
            undo.callback(self.go.close)
            context = WorkerContext(
                self._token, parts.heirlooms.fds, randomizes_addresses=parts.randomize_addresses
            )
            undo.callback(_abandon, context, parts.ballast)
            self._executor = ProcessPoolExecutor(
                1, context, initializer=adopt, initargs=(self._endowment(theirs, modules),)
            )
            undo.callback(self._executor.shutdown, wait=False, cancel_futures=True)
            self._executor.submit(serve)
            undo.pop_all()
        assert context.process is not None
        self._process: WorkerProcess = context.process
        self.pid: int = self._process.pid or 0
        self.sentinel: int = self._process.sentinel
        self.is_killed = False
        self._manager: Any = None  # the executor's thread

    def _endowment(self, theirs: Channel, modules: tuple[str, ...] | None) -> Endowment:
        parts = self._parts
        return Endowment(
            terms=parts.terms,
            parent_pid=os.getpid(),
            plan=parts.plan,
            block=parts.block_file,
            go=self.go,
            done=parts.done,
            channel=theirs,
            modules=modules,
        )

    def post(self, worker: int, env_indices: tuple[int, ...], deadline: float | None) -> None:
        """Make it the worker of a slot; it builds these environments and then answers.

        Raises:
            ChannelError: It has died, or takes nothing until ``deadline`` (``time.monotonic``).
        """
        ranges = tuple(self._parts.plan_ranges[index] for index in env_indices)
        self.channel.send(0, Post(worker, env_indices, ranges), deadline, self.sentinel)

    def answers(self, within_s: float) -> bool:
        """Tell whether a process that waits for its post is awake: one that is stopped or stuck does not answer."""
        deadline = time.monotonic() + within_s
        try:
            self.channel.send(0, RollCall(), deadline, self.sentinel)
            self.channel.receive(0, deadline, self.sentinel)
        except ChannelError:
            return False
        return True

    def has_died(self, wait_s: float = 0.0) -> bool:
        """Tell whether the process has ended, waiting at most ``wait_s`` for it."""
        return bool(wait([self.sentinel], wait_s))

    def exit_code(self) -> int | None:
        """Exit code of the ended process; waits a moment for whoever is just reaping it."""
        self._process.join(1.0)
        return self._process.exitcode

    def sweep(self) -> None:
        """Kill what the process has started and what has left its process tree since."""
        with self._parts.ballast.thrown_off():
            kill_marked(self._token)

    def retire(self) -> None:
        """Let the process exit by itself once its task has returned."""
        self._manager = self._executor._executor_manager_thread
        self._executor.shutdown(wait=False, cancel_futures=True)

    def dispose(self) -> None:
        """Let go of a process that has ended, and of all that was opened for it."""
        ended = self.exit_code() is not None
        self._executor.shutdown(wait=ended, cancel_futures=True)  # its thread still looks at the process
        if self._manager is not None:  # the executor has forgotten its thread when it was shut down before
            self._manager.join(_GRACE_S)
        if ended:
            self._process.close()
        self._close_ends()

    def _close_ends(self) -> None:
        self.channel.close()
        self.go.close()


def _abandon(context: WorkerContext, ballast: Ballast) -> None:
    """Kill a process that was started and found no thread to look after it."""
    if context.process is not None and context.process.pid is not None:
        with ballast.thrown_off():
            kill_trees([context.process.pid])


def kill_recruits(recruits: Iterable[Recruit], ballast: Ballast) -> None:
    """Kill processes with everything that they started, all at once; one that has been killed before is left alone."""
    doomed = [recruit for recruit in recruits if not recruit.is_killed]
    if doomed:
        with ballast.thrown_off():
            kill_trees([recruit.pid for recruit in doomed])
    for recruit in doomed:
        recruit.is_killed = True
