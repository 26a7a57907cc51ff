"""The worker's side: `serve` builds its environments, then obeys one command per wake-up until told to close.

It imports little on purpose: a worker starts as fast as what stands here and in the environments' own modules.
"""

from __future__ import annotations

import importlib
import os
import pickle
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic_ns
from typing import Any

from stablepool import snapshots
from stablepool.channel import Bell, Channel, dumps
from stablepool.memory import ControlBlock, SharedFile
from stablepool.messages import (
    AttachRequest,
    CallRequest,
    Command,
    Phase,
    RemoteError,
    Reply,
    ResetRequest,
    RestoreRequest,
    SetAttrRequest,
)
from stablepool.snapshots import keeps_snapshots

__all__ = ["Endowment", "Post", "adopt", "serve"]

_PR_SET_PDEATHSIG = 1
_EXIT_BROKEN = 70  # EX_SOFTWARE
_FORBIDDEN_CALLS = ("reset", "step", "close", "_setattr", "_check_spaces")


@dataclass(frozen=True)
class Endowment:
    """What a worker process is born with; the descriptors in it are inherited.

    Attributes:
        num_workers: Worker slots of the pool.
        num_envs: Environments of the pool.
        parent_pid: The process whose end is the worker's end.
        autoreset_mode: Value of Gymnasium's `AutoresetMode`.
        shared_memory: Whether observations are written to the shared block (else sent in messages).
        check_finite: Whether NaN and infinity in observations and rewards are errors.
        plan: File that holds the pickled environment functions.
        block: File that holds the shared block.
        go: Rung by the parent, one per worker.
        done: Rung by every worker.
        channel: Messages to and from the parent.
        modules: Of a spare: what to import before it says that it is ready; None where it is posted at once.
    """

    num_workers: int
    num_envs: int
    parent_pid: int
    autoreset_mode: str
    shared_memory: bool
    check_finite: bool
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
    signal.signal(signal.SIGINT, signal.SIG_IGN)
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

    An error of the worker itself ends the process: an executor would go on living, waiting for another task.
    """
    try:
        given = _endowments.pop()
        if given.modules is not None:
            _warm_up(given.modules)
            given.channel.send(0, Reply())
        _Worker(given, given.channel.receive(0)).run()
    except BaseException:  # noqa: BLE001 - whatever it is, the process must not survive it
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(_EXIT_BROKEN)


def _warm_up(modules: tuple[str, ...]) -> None:
    """Import what the other workers have imported, in their order."""
    for name in ("stablepool.layout", *modules):
        if name not in sys.modules:
            try:
                importlib.import_module(name)
            except Exception:  # noqa: BLE001, S112 - some are made on the fly; one that is needed fails, and is
                continue  # reported, when an environment imports it


class _Worker:
    """The environments of one worker process and what it knows about their episodes."""

    def __init__(self, born_with: Endowment, post: Post) -> None:
        self._given, self._worker, self._env_indices = born_with, post.worker, post.env_indices
        self._plan_ranges = post.plan_ranges
        self._block = ControlBlock(born_with.block, born_with.num_workers, born_with.num_envs)
        self._cells = _Cells(self._block)
        self._envs: dict[int, Any] = {}
        self._needs_reset = dict.fromkeys(post.env_indices, False)
        self._held: dict[int, tuple[Any, dict[str, Any]]] = {}
        self._sequence = 0
        self._buffer = 0
        self._action_code = 0
        self._actions: Any = None
        self._observations: Any = None
        self._snapshots: Any = None
        self._keeping: set[int] = set()  # environments whose state is worth a snapshot after each command
        self._step_env = {
            "NextStep": self._step_next_step,
            "SameStep": self._step_same_step,
            "Disabled": self._step_disabled,
        }[born_with.autoreset_mode]
        self._handlers: dict[int, Callable[[], Reply]] = {
            Command.STEP: self._step,
            Command.STEP_MESSAGE: self._step_message,
            Command.RESET: self._reset,
            Command.DELIVER: self._deliver,
            Command.CALL: self._call,
            Command.SET_ATTR: self._set_attr,
            Command.RESTORE: self._restore,
            Command.ATTACH: self._attach,
            Command.DESCRIBE: self._describe,
        }

    def run(self) -> None:
        """Build the environments, say so, and obey."""
        worker, cells, given = self._worker, self._cells, self._given
        given.channel.send(0, self._build())
        while True:
            given.go.clear()
            self._sequence, self._buffer = cells.sequence[worker], cells.buffer[worker]
            command = cells.command[worker]
            if command == Command.CLOSE:
                self._close()
                return
            self._finish(self._handlers[command]())

    def _finish(self, reply: Reply) -> None:
        """Ring "done" first: the parent reads a large message only once it knows of it.

        Only the last of those that the parent waits for rings: it shall wake once per vector step.
        """
        worker, cells = self._worker, self._cells
        body = self._pack(reply) if reply else b""
        cells.has_reply[worker] = bool(body)
        cells.done[worker] = self._sequence
        if cells.done.tobytes() == cells.awaited.tobytes():
            self._given.done.ring()
        if body:
            self._given.channel.send_bytes(self._sequence, body)

    def _pack(self, reply: Reply) -> bytes:
        try:
            return dumps(reply)
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
        reply = Reply()
        with self._given.plan.map(0, max(end for _, end in self._plan_ranges)) as plan:
            for index, (start, end) in zip(self._env_indices, self._plan_ranges, strict=True):
                self._begin(index, Phase.CONSTRUCT)
                try:
                    self._envs[index] = pickle.loads(plan[start:end])()  # noqa: S301 - the caller's own functions
                except BaseException as error:  # noqa: BLE001 - also SystemExit: the caller shall see its traceback
                    self._cells.finished_ns[index] = monotonic_ns()
                    reply.errors[index] = RemoteError.capture(error)
                    return reply
                self._end(index)
        return reply

    def _describe(self) -> Reply:
        modules = tuple(sys.modules)  # in the order of their import
        return Reply(
            results={
                index: (
                    env.observation_space,
                    env.action_space,
                    dict(env.metadata),
                    env.render_mode,
                    keeps_snapshots(env),
                    modules,
                )
                for index, env in self._envs.items()
            }
        )

    def _attach(self) -> Reply:
        from stablepool.layout import attach_data

        request: AttachRequest = self._receive()
        data = attach_data(
            self._given.block,
            self._block.size,
            request,
            self._given.num_envs,
            shared_observations=self._given.shared_memory,
        )
        self._actions, self._observations, self._snapshots = data.actions, data.observations, data.snapshots
        return Reply(results={index: _same_spaces(env, request) for index, env in self._envs.items()})

    def _receive(self) -> Any:
        return self._given.channel.receive(self._sequence)

    def _begin(self, index: int, phase: Phase) -> None:
        self._cells.phase[index] = phase
        self._cells.started_ns[index] = monotonic_ns()

    def _end(self, index: int) -> None:
        self._cells.finished_ns[index] = monotonic_ns()
        self._cells.finished[index] = self._sequence

    def _publish(self, reply: Reply, index: int, observation: Any, info: dict[str, Any]) -> None:
        if self._given.check_finite:
            assert_finite("observation", observation)
        if self._given.shared_memory:
            self._observations.write(self._buffer, index, observation)
        else:
            reply.observations[index] = observation
        if info:
            reply.infos[index] = info
        if self._snapshots is not None and index not in self._keeping and keeps_snapshots(self._envs[index]):
            self._keeping.add(index)

    def _each(self, phase: Phase, act: Callable[[int, Reply], None]) -> Reply:
        """Do something with each environment that is involved, going on with the next where one raises."""
        reply = Reply()
        for index in self._env_indices:
            if not self._cells.involved[index]:
                continue
            self._begin(index, phase)
            try:
                act(index, reply)
                if index in self._keeping:
                    self._keep_snapshot(index)
            except BaseException as error:  # noqa: BLE001 - also SystemExit: the caller shall see its traceback
                self._cells.finished_ns[index] = monotonic_ns()
                reply.errors[index] = RemoteError.capture(error)
            else:
                self._end(index)
        return reply

    def _keep_snapshot(self, index: int) -> None:
        data = snapshots.take(self._envs[index])
        flag = self._needs_reset[index]
        if not self._snapshots.store(index, self._sequence, data, needs_reset=flag):
            self._keeping.discard(index)
            limit = self._snapshots.capacity
            print(  # noqa: T201 - a worker has no other way to warn
                f"stablepool: the snapshot of environment {index} has {len(data)} bytes and snapshot_bytes={limit}; "
                "none is kept, so that a lost step of it cannot be repeated",
                file=sys.stderr,
            )

    def _restore(self) -> Reply:
        request: RestoreRequest = self._receive()

        def put_back(index: int, reply: Reply) -> None:
            data, self._needs_reset[index] = self._snapshots.load(index, request.places[index])
            self._envs[index] = snapshots.restore(self._envs[index], data)
            self._keeping.add(index)
            reply.results[index] = True

        return self._each(Phase.RESET, put_back)

    def _step(self) -> Reply:
        self._action_code = self._cells.action_code[0]
        return self._each(Phase.STEP, self._step_stored)

    def _step_stored(self, index: int, reply: Reply) -> None:
        self._step_env(index, self._actions.row(self._action_code, index), reply)

    def _step_message(self) -> Reply:
        actions: dict[int, Any] = self._receive()
        return self._each(Phase.STEP, lambda index, reply: self._step_env(index, actions[index], reply))

    def _step_next_step(self, index: int, action: Any, reply: Reply) -> None:
        if index in self._held or self._needs_reset[index]:
            observation, info = self._held.pop(index) if index in self._held else self._autoreset(index)
            reward, terminated, truncated = 0.0, False, False
        else:
            observation, reward, terminated, truncated, info = self._envs[index].step(action)
        self._needs_reset[index] = bool(terminated or truncated)
        self._record(index, reward, terminated, truncated)
        self._publish(reply, index, observation, info)

    def _step_same_step(self, index: int, action: Any, reply: Reply) -> None:
        observation, reward, terminated, truncated, info = self._envs[index].step(action)
        if terminated or truncated:
            final = {"final_info": info, "final_obs": observation}
            observation, info = self._autoreset(index)
            info = {**final, **info}
        self._record(index, reward, terminated, truncated)
        self._publish(reply, index, observation, info)

    def _step_disabled(self, index: int, action: Any, reply: Reply) -> None:
        self._held.pop(index, None)
        observation, reward, terminated, truncated, info = self._envs[index].step(action)
        self._record(index, reward, terminated, truncated)
        self._publish(reply, index, observation, info)

    def _autoreset(self, index: int) -> tuple[Any, dict[str, Any]]:
        self._begin(index, Phase.RESET)
        observation, info = self._envs[index].reset()
        return observation, info

    def _record(self, index: int, reward: Any, terminated: Any, truncated: Any) -> None:
        if self._given.check_finite:
            assert_finite("reward", reward)
        self._cells.rewards[index] = reward
        self._cells.terminations[index] = terminated
        self._cells.truncations[index] = truncated

    def _reset(self) -> Reply:
        request: ResetRequest = self._receive()

        def reset(index: int, reply: Reply) -> None:
            observation, info = self._envs[index].reset(seed=request.seeds[index], options=request.options)
            self._needs_reset[index] = False
            self._held.pop(index, None)
            if request.hold:
                self._held[index] = observation, info
                reply.results[index] = True
            else:
                self._publish(reply, index, observation, info)

        return self._each(Phase.RESET, reset)

    def _deliver(self) -> Reply:
        def deliver(index: int, reply: Reply) -> None:
            observation, info = self._held.pop(index)
            self._publish(reply, index, observation, info)

        return self._each(Phase.REPLY, deliver)

    def _call(self) -> Reply:
        request: CallRequest = self._receive()

        def call(index: int, reply: Reply) -> None:
            if callable(request.name):
                reply.results[index] = request.name(self._envs[index], *request.args, **request.kwargs)
                return
            if request.name in _FORBIDDEN_CALLS:
                raise ValueError(
                    f"Trying to call function `{request.name}` with `call`, use `{request.name}` directly instead."
                )
            attribute = _get_attr(self._envs[index], request.name)
            value = attribute(*request.args, **request.kwargs) if callable(attribute) else attribute
            reply.results[index] = value

        return self._each(Phase.CALL, call)

    def _set_attr(self) -> Reply:
        request: SetAttrRequest = self._receive()
        return self._each(
            Phase.CALL, lambda index, _: _set_attr(self._envs[index], request.name, request.values[index])
        )

    def _close(self) -> None:
        """Close every environment; one that raises must not keep the others from closing."""
        for index, env in self._envs.items():
            self._begin(index, Phase.CLOSE)
            try:
                env.close()
            except Exception as error:  # noqa: BLE001 - nobody is left to raise to
                print(f"stablepool: environment {index} raised in close(): {error!r}", file=sys.stderr)  # noqa: T201
        self._finish(Reply())


class _Cells:
    """The control block as memory views: one element costs a fraction of what it costs through numpy."""

    def __init__(self, block: ControlBlock) -> None:
        self.command: Any = block.command.data
        self.sequence: Any = block.sequence.data
        self.done: Any = block.done.data
        self.awaited: Any = block.awaited.data
        self.has_reply: Any = block.has_reply.data
        self.buffer: Any = block.buffer.data
        self.action_code: Any = block.action_code.data
        self.involved: Any = block.involved.data
        self.phase: Any = block.phase.data
        self.started_ns: Any = block.started_ns.data
        self.finished_ns: Any = block.finished_ns.data
        self.finished: Any = block.finished.data
        self.rewards: Any = block.rewards.data
        self.terminations: Any = block.terminations.data
        self.truncations: Any = block.truncations.data


def _same_spaces(env: Any, request: AttachRequest) -> tuple[bool, bool]:
    from gymnasium.spaces.utils import is_space_dtype_shape_equiv

    if request.exact:
        same = request.observation_space == env.observation_space
    else:
        same = is_space_dtype_shape_equiv(request.observation_space, env.observation_space)
    return bool(same), bool(request.action_space == env.action_space)


def assert_finite(what: str, value: Any) -> None:
    """Refuse NaN and infinity, also within nested observations.

    Raises:
        ValueError: There is one.
    """
    import numpy as np

    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, tuple):
        for part in value:
            assert_finite(what, part)
        return
    array = np.asarray(value)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError(f"the {what} holds NaN or infinity (check_finite=True)")


def _get_attr(env: Any, name: str) -> Any:
    return env.get_wrapper_attr(name) if hasattr(env, "get_wrapper_attr") else getattr(env, name)


def _set_attr(env: Any, name: str, value: Any) -> None:
    if hasattr(env, "set_wrapper_attr"):
        env.set_wrapper_attr(name, value)
    else:
        setattr(env, name, value)
