"""`WorkerSlot`: one place for a worker process, and the clock that runs against it.

A slot outlives its processes: a process that fails is killed and another takes its place, one generation later.
Commands travel by shared memory and a bell, see `supervisor`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from stablepool.channel import ChannelError
from stablepool.faults import FaultKind
from stablepool.messages import Command, Phase, RemoteError, Reply
from stablepool.options import PoolOptions
from stablepool.recruit import Recruit, SharedParts
from stablepool.resources import with_advice

__all__ = ["Failure", "Order", "SlotFailedError", "WorkerSlot"]

_PHASE_OF_COMMAND = {
    Command.DESCRIBE: Phase.CONSTRUCT,  # they import what a worker needs beyond its environments
    Command.ATTACH: Phase.CONSTRUCT,
    Command.RESTORE: Phase.RESET,
    Command.RESET: Phase.RESET,
    Command.CALL: Phase.CALL,
    Command.SET_ATTR: Phase.CALL,
}


@dataclass(frozen=True)
class Failure:
    """What is known about the end of one worker process.

    Attributes:
        kind: As in `FaultRecord`.
        phase: As in `FaultRecord`.
        env_index: The environment that the worker was busy with.
        elapsed_s: Seconds since that began.
        pid: Process id.
        exit_code: How it ended by itself, None where the pool ended it.
        generation: Which life of the slot this was, from 0.
        explanation: A sentence or a traceback.
        errors: Exceptions by environment index.
        reply: What the worker had answered, where it lived to answer.
    """

    kind: FaultKind
    phase: str
    env_index: int
    elapsed_s: float
    pid: int
    exit_code: int | None
    generation: int
    explanation: str
    errors: dict[int, RemoteError] = field(default_factory=dict)
    reply: Reply = field(default_factory=Reply)


class Order(NamedTuple):
    """What a worker, or all of them at once, were told last.

    Attributes:
        number: Of the command; a worker's grow.
        phase: What it begins with.
        sent_ns: Monotonic clock when it was given.
    """

    number: int
    phase: Phase
    sent_ns: int


class SlotFailedError(Exception):
    """A worker failed while it was being brought up or spoken to; carries the `Failure`."""

    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        super().__init__(failure.explanation)


class WorkerSlot:
    """One worker's place in the pool.

    Args:
        worker: Index of the slot.
        env_indices: Environments that live here.
        parts: What all workers share.
        options: Deadlines.

    Attributes:
        generation: Which life of the slot runs now, from 0; -1 before the first.
        restarts: How often a process has been replaced here.
        order: The command given last.
        is_partial: Whether it was about some environments alone.
        recruit: The process; None where there is none.
    """

    def __init__(
        self, worker: int, env_indices: tuple[int, ...], parts: SharedParts, options: PoolOptions
    ) -> None:
        self.worker, self.env_indices = worker, env_indices
        self.generation, self.restarts = -1, 0
        self.order, self.is_partial = Order(0, Phase.START, 0), True
        self._parts, self._block, self._options = parts, parts.block, options
        self._involved: tuple[int, ...] = ()
        self._shortest_limit = min(limit for phase in Phase if (limit := self._limit(phase)) is not None)
        self.recruit: Recruit | None = None

    @property
    def sequence(self) -> int:
        """Number of the command given last."""
        return self.order.number

    @property
    def pid(self) -> int:
        """Process id of the current worker; 0 where there is none, or none any more."""
        return 0 if self.recruit is None or self.recruit.is_killed else self.recruit.pid

    @property
    def sentinel(self) -> int:
        """Descriptor that becomes readable when the process ends; -1 where there is none."""
        return self.recruit.sentinel if self.recruit is not None else -1

    def launch(self, recruit: Recruit) -> None:
        """Begin another life of this slot with a new process; returns before its environments are built.

        Raises:
            SlotFailedError: The process is gone, or takes no message.
        """
        self.generation += 1
        self.recruit = recruit
        self._begin(Phase.START, self.env_indices)
        try:
            recruit.post(self.worker, self.env_indices, self.deadline())
        except ChannelError as error:
            raise SlotFailedError(self._explain(error)) from error

    def _begin(self, phase: Phase, involved: Iterable[int]) -> None:
        self.involve(tuple(involved))
        self.order = Order(self.order.number + 1, phase, time.monotonic_ns())
        if phase is Phase.START:
            self._block.done[self.worker] = self._block.awaited[self.worker] = 0
            self._block.finished[list(self.env_indices)] = -1

    def involve(self, chosen: tuple[int, ...]) -> None:
        """Note, for the worker to read, which environments a command is about."""
        if chosen != self._involved:
            self._block.involved[list(self.env_indices)] = False
            self._block.involved[list(chosen)] = True
            self._involved = chosen
            self.is_partial = chosen != self.env_indices

    def command(
        self, command: Command, message: Any = None, *, buffer: int = 0, involved: Iterable[int] | None = None
    ) -> None:
        """Tell the worker what to do and wake it.

        Args:
            command: What to do.
            message: Sent after the wake-up where it is not None, so that its size does not matter.
            buffer: Which observation buffer to write.
            involved: Environments that the command is about; all of the worker's by default.

        Raises:
            SlotFailedError: The worker does not take the message.
        """
        assert self.recruit is not None
        self._begin(
            _PHASE_OF_COMMAND.get(command, Phase.STEP), self.env_indices if involved is None else involved
        )
        block, worker = self._block, self.worker
        block.command[worker], block.buffer[worker] = command, buffer
        block.sequence[worker] = block.awaited[worker] = self.sequence
        self.recruit.go.ring()
        if message is not None:
            try:
                self.recruit.channel.send(self.sequence, message, self.deadline(), self.sentinel)
            except ChannelError as error:
                raise SlotFailedError(self._explain(error)) from error

    def excuse(self) -> None:
        """Have the other workers no longer wait for this one, which is dead or busy, before they ring."""
        self._block.awaited[self.worker] = self._block.done[self.worker]

    def is_done(self) -> bool:
        """Tell whether the last command has been finished."""
        return bool(self._block.done[self.worker] == self.sequence)

    def reply(self) -> Reply:
        """Fetch the answer to a command that is done.

        Raises:
            SlotFailedError: The answer is announced and does not come, or is none.
        """
        return self._message(self.order.number) if self._block.has_reply[self.worker] else Reply()

    def receive(self, sequence: int | None = None) -> Reply:
        """Wait for a message, as long as the worker's clock allows.

        Raises:
            SlotFailedError: The worker missed its deadline, died, or sent something else.
        """
        assert self.recruit is not None
        try:
            while not self.recruit.channel.poll(self.deadline(), self.sentinel):
                if self.is_overdue():
                    raise SlotFailedError(self.timeout_failure())
        except ChannelError as error:
            raise SlotFailedError(self._explain(error)) from error
        return self._message(self.order.number if sequence is None else sequence)

    def _message(self, sequence: int) -> Reply:
        """Read a message that is on its way."""
        assert self.recruit is not None
        limit = self._limit(Phase.REPLY)
        until = None if limit is None else time.monotonic() + limit
        try:
            message = self.recruit.channel.receive(sequence, until, self.sentinel)
        except ChannelError as error:
            raise SlotFailedError(self._explain(error)) from error
        if not isinstance(message, Reply):
            raise SlotFailedError(
                self._failure("error", f"the worker answered with a {type(message).__name__}")
            )
        return message

    def activity(self) -> tuple[int, Phase, int]:
        """What the worker is busy with: (environment, phase, monotonic nanoseconds when that began).

        The clock runs per environment, from the worker's own stamp, so that an environment which waits for its
        neighbour is not blamed; a worker that never woke up is timed from the moment it was told to.
        """
        block, (_, phase, sent_ns) = self._block, self.order
        since = sent_ns
        for index in self._involved:
            if self._is_finished(index):
                since = max(since, int(block.finished_ns[index]))
                continue
            started = int(block.started_ns[index])
            if started >= sent_ns:
                return index, Phase(int(block.phase[index])), max(since, started)
            return index, phase, since
        return self._involved[-1], Phase.REPLY, since

    def finished_envs(self) -> tuple[int, ...]:
        """Environments that have finished the last command."""
        return tuple(index for index in self._involved if self._is_finished(index))

    def _is_finished(self, index: int) -> bool:
        # While it is being brought up a worker counts its commands from 0 as it knows none of ours yet.
        number = 0 if self.order.phase is Phase.START else self.order.number
        return bool(self._block.finished[index] == number)

    def deadline(self) -> float | None:
        """``time.monotonic`` seconds at which the current activity is overdue; None: never."""
        _, phase, since = self.activity()
        limit = self._limit(phase)
        return None if limit is None else since / 1e9 + limit

    def earliest_deadline(self) -> float:
        """A time before which nothing can be overdue; cheap."""
        return self.order.sent_ns / 1e9 + self._shortest_limit

    def is_overdue(self) -> bool:
        """Tell whether the current activity has missed its deadline."""
        deadline = self.deadline()
        return deadline is not None and time.monotonic() >= deadline

    def _limit(self, phase: Phase) -> float | None:
        options = self._options
        return {
            Phase.START: options.start_timeout_s,
            Phase.CONSTRUCT: options.start_timeout_s,
            Phase.RESET: options.reset_timeout_s,
            Phase.CALL: options.call_timeout_s,
            Phase.CLOSE: options.close_timeout_s,
        }.get(phase, options.timeout_s)

    def launch_failure(self, error: OSError | RuntimeError) -> Failure:
        """Describe a process that could not be started."""
        self._begin(Phase.START, self.env_indices)
        told = with_advice(error) if isinstance(error, OSError) else error
        return self._failure("error", f"no process could be started: {told}")

    def timeout_failure(self) -> Failure:
        """Describe a missed deadline."""
        index, phase, since = self.activity()
        elapsed = (time.monotonic_ns() - since) / 1e9
        return self._failure(
            "timeout", f"no answer {elapsed:.2f} s into {phase.name.lower()} of environment {index}"
        )

    def crash_failure(self) -> Failure:
        """Describe a process that ended by itself."""
        code = self.exit_code()
        how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        failure = self._failure("crash", f"worker process {self.pid} ended with {how}", exit_code=code)
        never_woke = (
            self.order.phase is not Phase.START
            and self._block.started_ns[failure.env_index] < self.order.sent_ns
        )
        idle = self.is_done() or (never_woke and not self.finished_envs())
        return replace(failure, phase="idle") if idle else failure

    def error_failure(self, reply: Reply) -> Failure:
        """Describe exceptions that environments of this worker raised."""
        index = min(reply.errors)
        elapsed_ns = self._block.finished_ns[index] - self._block.started_ns[index]
        return replace(
            self._failure("error", reply.errors[index].traceback),
            env_index=index,
            phase=Phase(int(self._block.phase[index])).name.lower(),
            elapsed_s=float(elapsed_ns) / 1e9,
            errors=reply.errors,
            reply=reply,
        )

    def _explain(self, error: ChannelError) -> Failure:
        if error.timed_out:
            return self.timeout_failure()
        if self.has_died(wait_s=0.2):
            return self.crash_failure()
        return self._failure("error", str(error))

    def _failure(self, kind: FaultKind, explanation: str, exit_code: int | None = None) -> Failure:
        index, phase, since = self.activity()
        elapsed = (time.monotonic_ns() - since) / 1e9
        name = phase.name.lower()
        return Failure(kind, name, index, elapsed, self.pid, exit_code, self.generation, explanation)

    def has_died(self, wait_s: float = 0.0) -> bool:
        """Tell whether the process has ended, waiting at most ``wait_s`` for it."""
        return self.recruit is None or self.recruit.has_died(wait_s)

    def exit_code(self) -> int | None:
        """Exit code of the ended process; waits a moment for whoever is just reaping it."""
        assert self.recruit is not None
        return self.recruit.exit_code()

    def sweep(self) -> None:
        """Kill what the worker had started and what has left its process tree since."""
        if self.recruit is not None:
            self.recruit.sweep()

    def retire(self) -> None:
        """Let the process exit by itself once its task has returned."""
        if self.recruit is not None:
            self.recruit.retire()

    def dispose(self) -> None:
        """Let go of a process that has ended, and of all that was opened for it."""
        recruit, self.recruit = self.recruit, None
        if recruit is not None:
            recruit.dispose()
