"""The worker's side: `serve` has its environments built, then obeys one command per wake-up until told to close.

It imports little on purpose: a worker starts as fast as what stands here and in the environments' own modules.
"""

from __future__ import annotations

import gc
import importlib
import os
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from stablepool.addresses import randomize_addresses
from stablepool.channel import Bell, Channel, dumps
from stablepool.memory import Cells, ControlBlock, SharedFile
from stablepool.messages import AttachRequest, Command, RemoteError, Reply, RollCall
from stablepool.residents import Residents
from stablepool.snapshots import keeps_snapshots

__all__ = ["Endowment", "Post", "Terms", "adopt", "serve"]

_PR_SET_PDEATHSIG = 1
_EXIT_BROKEN = 70  # EX_SOFTWARE
_CLOSE = int(Command.CLOSE)
_WORTH_A_TABLE = 8  # environments; making a table of fewer takes a worker longer than it saves the parent


@dataclass(frozen=True)
class Terms:
    """What holds for every worker of a pool.

    Attributes:
        num_workers: Worker slots of the pool.
        num_envs: Environments of the pool.
        autoreset_mode: Value of Gymnasium's `AutoresetMode`, or `CUSTOM_AUTORESET`.
        shared_memory: Whether observations are written to the shared block (else sent in messages).
        check_finite: Whether NaN and infinity in observations and rewards are errors.
        check_space: Whether observations outside the observation space are errors.
    """

    num_workers: int
    num_envs: int
    autoreset_mode: str
    shared_memory: bool
    check_finite: bool
    check_space: bool


@dataclass(frozen=True)
class Endowment:
    """What a worker process is born with; the descriptors in it are inherited.

    Attributes:
        terms: What holds for all workers.
        parent_pid: The process whose end is the worker's end.
        plan: File that holds the pickled environment functions.
        block: File that holds the shared block.
        go: Rung by the parent, one per worker.
        done: Rung by every worker.
        channel: Messages to and from the parent.
        modules: Of a spare: what to import before it says that it is ready; None where it is posted at once.
    """

    terms: Terms
    parent_pid: int
    plan: SharedFile
    block: SharedFile
    go: Bell
    done: Bell
    channel: Channel
    modules: tuple[str, ...] | None


@dataclass(frozen=True)
class Post:
    """A worker's place in the pool.

    Attributes:
        worker: Index of the worker slot.
        env_indices: Environments that live here, in the order in which they are stepped.
        plan_ranges: (start, end) of each environment function of this worker in the plan.
    """

    worker: int
    env_indices: tuple[int, ...]
    plan_ranges: tuple[tuple[int, int], ...]


_endowments: list[Endowment] = []  # the executor offers no other way from initializer to task


def adopt(endowment: Endowment) -> None:
    """Tie this process to its parent and keep what it was given (the executor's initializer)."""
    # Ctrl-C is the parent's affair; the others stop a process of the background that reads or writes a terminal.
    for number in (signal.SIGINT, signal.SIGTTIN, signal.SIGTTOU):
        signal.signal(number, signal.SIG_IGN)
    randomize_addresses()
    _die_with_parent(endowment.parent_pid)
    _endowments.append(endowment)


def _die_with_parent(parent_pid: int) -> None:
    """Have the kernel kill this process when its parent ends, however that happens."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent_pid:  # it ended before the request took effect
        os._exit(1)


def serve() -> None:
    """Be a worker until told to close: the one long task of the executor.

    An error of the worker itself ends the process: an executor would go on living, waiting for another task. So is
    ended what an environment has forked and what comes back from it as if it were the worker, see `_Worker`.
    """
    pid = os.getpid()
    try:
        given = _endowments.pop()
        if given.modules is not None:
            _warm_up(given.modules)
            given.channel.send(0, Reply())
        _Worker(given, _await_post(given.channel)).run()
    except BaseException:  # noqa: BLE001 - whatever it is, the process must not survive it
        try:
            if os.getpid() == pid:
                traceback.print_exc()
                sys.stderr.flush()
        finally:  # an environment may have closed stderr, too
            os._exit(_EXIT_BROKEN)


def _await_post(channel: Channel) -> Post:
    while isinstance(message := channel.receive(0), RollCall):
        channel.send(0, Reply())
    assert isinstance(message, Post)
    return message


def _warm_up(modules: tuple[str, ...]) -> None:
    """Import what the other workers have imported, in their order."""
    for name in ("stablepool.layout", *modules):
        if name not in sys.modules:
            try:
                importlib.import_module(name)
            except Exception:  # noqa: BLE001, S112 - some are made on the fly; one that is needed fails, and is
                continue  # reported, when an environment imports it


class _Worker:
    """Obeys the commands of one slot."""

    def __init__(self, born_with: Endowment, post: Post) -> None:
        self._given, self._post, self._terms = born_with, post, born_with.terms
        self._block = ControlBlock(born_with.block, self._terms.num_workers, self._terms.num_envs)
        self._cells = Cells(self._block)
        os.register_at_fork(after_in_child=self._cells.release)  # there is one worker to a slot
        self._residents = Residents(
            self._cells,
            post.env_indices,
            self._terms.autoreset_mode,
            check_finite=self._terms.check_finite,
            check_space=self._terms.check_space,
        )
        self._handlers: dict[int, Callable[[], Reply]] = {
            Command.STEP: lambda: self._residents.step(None),
            Command.STEP_MESSAGE: lambda: self._residents.step(self._receive()),
            Command.RESET: lambda: self._residents.reset(self._receive()),
            Command.DELIVER: self._residents.deliver,
            Command.CALL: lambda: self._residents.call(self._receive()),
            Command.SET_ATTR: lambda: self._residents.set_attr(self._receive()),
            Command.RESTORE: lambda: self._residents.restore(self._receive().places),
            Command.ATTACH: self._attach,
            Command.DESCRIBE: self._describe,
        }

    def run(self) -> None:
        """Build the environments, say so, and obey."""
        worker, cells, residents, go = self._post.worker, self._cells, self._residents, self._given.go
        self._given.channel.send(0, self._build())
        while True:
            go.clear()
            residents.sequence, residents.buffer = cells.sequence[worker], cells.buffer[worker]
            command = cells.command[worker]
            if command == _CLOSE:
                residents.close()
                self._finish(Reply())
                gc.freeze()  # else the interpreter looks through all that was imported, several times, before it ends
                return
            self._finish(self._handlers[command]())

    def _finish(self, reply: Reply) -> None:
        """Ring "done" first: the parent reads a large message only once it knows of it.

        Only the last of those that the parent waits for rings: it shall wake once per vector step.
        """
        worker, cells, sequence = self._post.worker, self._cells, self._residents.sequence
        body = self._pack(reply) if reply else b""
        cells.has_reply[worker] = bool(body)
        cells.done[worker] = sequence
        if cells.done.tobytes() == cells.awaited.tobytes():
            self._given.done.ring()
        if body:
            self._given.channel.send_bytes(sequence, body)

    def _pack(self, reply: Reply) -> bytes:
        try:
            return dumps(reply.tabulated() if len(reply.infos) >= _WORTH_A_TABLE else reply)
        except Exception:  # noqa: BLE001 - anything may be wrong with what an environment returned
            self._blame_unpicklable(reply)
            return dumps(reply)

    def _blame_unpicklable(self, reply: Reply) -> None:
        for part in (reply.infos, reply.observations, reply.results):
            for index in list(part):
                try:
                    dumps(part[index])
                except Exception as error:  # noqa: BLE001 - as above
                    reply.errors[index] = RemoteError.capture(error)
                    del part[index]

    def _build(self) -> Reply:
        ranges = self._post.plan_ranges
        with self._given.plan.map(0, max(end for _, end in ranges)) as plan:
            return self._residents.build(plan[start:end] for start, end in ranges)

    def _describe(self) -> Reply:
        modules = tuple(sys.modules)  # in the order of their import
        return Reply(results={each.index: (*_describe(each.env), modules) for each in self._residents})

    def _attach(self) -> Reply:
        from stablepool.layout import attach_data

        request: AttachRequest = self._receive()
        data = attach_data(
            self._given.block,
            self._block.size,
            request,
            self._terms.num_envs,
            shared_observations=self._terms.shared_memory,
        )
        self._residents.settle_in(data.actions, data.observations, data.snapshots)
        return Reply(results={each.index: _same_spaces(each.env, request) for each in self._residents})

    def _receive(self) -> Any:
        return self._given.channel.receive(self._residents.sequence)


def _describe(env: Any) -> tuple[Any, ...]:
    """What the parent must know of an environment to lay out the memory and to be a vector environment."""
    return (
        env.observation_space,
        env.action_space,
        dict(env.metadata),
        env.render_mode,
        keeps_snapshots(env),
    )


def _same_spaces(env: Any, request: AttachRequest) -> tuple[bool, bool]:
    from gymnasium.spaces.utils import is_space_dtype_shape_equiv

    if request.exact:
        same = request.observation_space == env.observation_space
    else:
        same = is_space_dtype_shape_equiv(request.observation_space, env.observation_space)
    return bool(same), bool(request.action_space == env.action_space)
