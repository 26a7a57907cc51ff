"""`Supervisor`: brings workers up, wakes them, waits for them, and replaces those that fail.

    parent                                           worker (one per slot)
    ──────                                           ─────────────────────
    command word, actions ──► shared block ────────► reads
    go bell ───────────────────────────────────────► wakes; stamps environment and time, calls it
    requests (reset options, calls) ──► channel ───► reads
    rewards, flags, observations ◄── shared block ◄─ writes its rows
    done bell ◄───────────────────────────────────── rings, one bell for all workers
    infos, errors, results ◄── channel ◄──────────── only where there is something to say
    sentinel (pidfd) ◄────────────────────────────── becomes readable when the process ends

The parent waits in one poll over the done bell and the sentinels, with the nearest deadline as its time-out: a death
is seen at once and a deadline costs nothing. What takes long (starting a process, building and resetting its
environments) happens in keeper threads, one per slot, which take a spare worker from the `reserve` where there is one.
They live as long as the pool, because the kernel ends a worker together with the *thread* that started it.
"""

from __future__ import annotations

import logging
import math
import multiprocessing
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent import futures
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from multiprocessing.connection import wait
from typing import Any

from stablepool.attributes import KeptAttributes
from stablepool.messages import AttachRequest, Command, Phase, Reply, ResetRequest, RestoreRequest
from stablepool.options import PoolOptions, backoff_s
from stablepool.recruit import SharedParts, kill_recruits
from stablepool.reserve import Reserve
from stablepool.slot import Failure, Order, SlotFailedError, WorkerSlot
from stablepool.warden import kill_marked
from stablepool.watch import LONGEST_SLEEP_S, Watch

__all__ = ["Outcome", "Supervisor"]

_LOG = logging.getLogger("stablepool")
_GRACE_S = 2.0
_MOMENT_S = 0.25
_STEP = int(Command.STEP)

Outcome = Reply | Failure
"""What became of a command on one worker."""


class Supervisor:
    """The workers of one pool.

    Args:
        env_indices: Which environments live in which slot.
        parts: What all workers share.
        options: Deadlines and policies.

    Attributes:
        slots: The worker slots.
        attributes: What replacements have to be told.
        reserve: Spare workers.
    """

    def __init__(
        self, env_indices: Iterable[tuple[int, ...]], parts: SharedParts, options: PoolOptions
    ) -> None:
        self.slots = [
            WorkerSlot(worker, indices, parts, options) for worker, indices in enumerate(env_indices)
        ]
        self._parts, self._options, self._block = parts, options, parts.block
        self._done: Any = parts.block.done.data
        self._awaited: Any = parts.block.awaited.data
        self._silence = bytes(parts.block.has_reply.nbytes)
        self.reserve = Reserve(parts, options)
        self.attributes = KeptAttributes()
        self._attach: AttachRequest | None = None
        self._keepers = ThreadPoolExecutor(len(self.slots), thread_name_prefix="stablepool-keeper")
        self._starting: list[Future[None]] = []
        self._reviving: dict[int, Future[None]] = {}
        self._deferred: dict[int, Callable[[], None]] = {}
        self._failures: dict[int, Failure] = {}
        self._closing = threading.Event()
        self._watch = Watch(parts.done)
        self._rings: list[Callable[[], None]] = [parts.done.ring] * len(self.slots)  # until they are watched
        self._common: int | None = None  # the command that all workers share, if they do
        self._failure_times: dict[int, deque[float]] = {slot.worker: deque() for slot in self.slots}

    # Bringing up

    def start(self) -> None:
        """Start every worker and build every environment.

        Raises:
            SlotFailedError: One of them failed; the others have been left running for the caller to close.
        """
        self._starting = [self._keepers.submit(self._bring_up, slot) for slot in self.slots]
        done, _ = futures.wait(self._starting, return_when=futures.FIRST_EXCEPTION)
        for future in done:
            future.result()

    def _bring_up(self, slot: WorkerSlot) -> None:
        if self._closing.is_set():
            raise CancelledError
        slot.launch(self.reserve.hire())
        reply = slot.receive(sequence=0)
        if reply.errors:
            raise SlotFailedError(slot.error_failure(reply))

    def attach(self, request: AttachRequest) -> list[Reply]:
        """Have every worker map the data part of the shared block; return each one's comparison of spaces.

        Raises:
            SlotFailedError: A worker failed.
        """
        self._attach = request
        return self.converse(Command.ATTACH, request, self.slots)

    def converse(
        self,
        command: Command,
        message: Any,
        slots: Iterable[WorkerSlot],
        involved: Iterable[int] | None = None,
    ) -> list[Reply]:
        """Give a command that is always answered, and return the answers.

        Raises:
            SlotFailedError: A worker failed.
        """
        asked = list(slots)
        for slot in asked:
            slot.command(command, message, involved=involved)
        return [_checked(slot, slot.receive()) for slot in asked]

    def restart(
        self, slot: WorkerSlot, seeds: dict[int, int | None], places: dict[int, int] | None = None
    ) -> None:
        """Replace a slot's ended worker in the background: start it, rebuild its environments, reset or restore them.

        Args:
            slot: Whose worker has been killed.
            seeds: Seeds of the environments to reset; their observations are held for later.
            places: Which snapshot to restore, by environment.
        """
        self._common = None
        slot.restarts += 1
        pause_s = self._pause_s(slot)
        self._reviving[slot.worker] = self._keepers.submit(self._revive, slot, seeds, places or {}, pause_s)
        self._reviving[slot.worker].add_done_callback(lambda _: self._parts.done.ring())

    def _pause_s(self, slot: WorkerSlot) -> float:
        """Back off: failures shall not follow each other faster than that; what the worker has lived counts."""
        times = self._failure_times[slot.worker]
        if len(times) < 2:
            return 0.0
        return max(0.0, times[-2] + backoff_s(len(times)) - time.monotonic())

    def _revive(
        self, slot: WorkerSlot, seeds: dict[int, int | None], places: dict[int, int], pause_s: float
    ) -> None:
        try:
            slot.sweep()
            slot.dispose()
            self._closing.wait(pause_s)
            self._bring_up(slot)
        except (OSError, RuntimeError) as error:  # RuntimeError: "can't start new thread"
            raise SlotFailedError(slot.launch_failure(error)) from error
        self.converse(Command.ATTACH, self._attach, [slot])
        for request in self.attributes.requests(slot.env_indices):
            self.converse(Command.SET_ATTR, request, [slot], request.values)
        if seeds:
            self.converse(Command.RESET, ResetRequest(seeds, hold=True), [slot], seeds)
        if places:
            self.converse(Command.RESTORE, RestoreRequest(places), [slot], places)
        self.reserve.refill()
        _LOG.info("worker %d is back as process %d (restart %d)", slot.worker, slot.pid, slot.restarts)

    def count_failure(self, slot: WorkerSlot) -> int:
        """Write down that a worker failed; return how many failures of the slot lie within the window."""
        times, now = self._failure_times[slot.worker], time.monotonic()
        times.append(now)
        while now - times[0] > self._options.restart_window_s:
            times.popleft()
        return len(times)

    def pids(self) -> tuple[int, ...]:
        """Process id of each worker; 0 where one is being replaced."""
        return tuple(0 if slot.worker in self._reviving else slot.pid for slot in self.slots)

    # Commands

    def command(
        self, slot: WorkerSlot, command: Command, message: Any = None, *, buffer: int, involved: Iterable[int]
    ) -> None:
        """Give a command now, or as soon as the slot's replacement is ready; `settle` tells what became of it."""
        self._common = None
        indices = tuple(involved)
        if slot.worker in self._failures:
            return

        def give() -> None:
            slot.command(command, message, buffer=buffer, involved=indices)

        if slot.worker in self._reviving:
            self._deferred[slot.worker] = give
        else:
            self._give(slot, give)

    def _give(self, slot: WorkerSlot, give: Callable[[], None]) -> None:
        if slot.sentinel not in self._watch:
            self._watch.add(slot.sentinel, slot.worker)
            assert slot.recruit is not None
            self._rings[slot.worker] = slot.recruit.go.ring
        try:
            give()
        except SlotFailedError as error:
            self._fail([(slot, error.failure)])

    def settle(self, slots: Iterable[WorkerSlot], until: float | None = None) -> dict[int, Outcome]:
        """Wait until every slot has answered its command or failed; whatever failed has been killed.

        Args:
            slots: Slots that were given a command.
            until: ``time.monotonic`` seconds at which the caller gives up waiting.

        Returns:
            By worker index: the answer, or the failure. Nothing at all where every worker has done as told and has no
            more to say.

        Raises:
            multiprocessing.TimeoutError: ``until`` has passed; the commands stay pending and can be settled later.
        """
        asked = list(slots)
        waiting = asked
        while not self._is_done_in_a_moment(until) and (waiting := self._unsettled(waiting)):
            if until is not None and time.monotonic() >= until:
                raise multiprocessing.TimeoutError
            self._notice_deaths(self._watch.sleep(self._next_look(waiting, until)))
            self._notice_overdue(waiting)
        if self._is_plain() and self._block.has_reply.tobytes() == self._silence:
            return {}
        return {slot.worker: self._outcome(slot) for slot in asked}

    def step_all(self, buffer: int) -> bool:
        """Command a step of all environments at once, the usual case; False where a worker needs `command` instead."""
        if self._reviving or self._failures or len(self._watch) < len(self.slots):
            return False
        block, number = self._block, 1 + (self._common or max(slot.sequence for slot in self.slots))
        order = Order(number, Phase.STEP, time.monotonic_ns())
        for slot in self.slots:
            slot.order = order
            if slot.is_partial:
                slot.involve(slot.env_indices)
        if self._common is None:
            block.command[:] = _STEP
        block.buffer[:] = buffer
        block.sequence[:] = block.awaited[:] = number
        for ring in self._rings:
            ring()
        self._common = number
        return True

    def _is_done_in_a_moment(self, until: float | None) -> bool:
        """Sleep while all workers step and nobody can be late; tell whether they have finished: the usual case."""
        while until is None and self._is_plain():
            if self._are_all_done():
                return True
            if time.monotonic() + LONGEST_SLEEP_S > self.slots[0].earliest_deadline():
                return False
            if ended := self._watch.sleep(None):
                self._notice_deaths(ended)
        return False

    def _are_all_done(self) -> bool:
        """Tell whether all have done what is awaited; memory views compare in a tenth of the time of arrays."""
        return bool(self._done == self._awaited)

    def _is_plain(self) -> bool:
        """Tell whether all workers share one command and nothing has gone wrong since."""
        return self._common is not None and not self._failures and not self._reviving

    def _unsettled(self, waiting: list[WorkerSlot]) -> list[WorkerSlot]:
        if self._is_plain():
            return [] if self._are_all_done() else waiting
        return [slot for slot in waiting if not self._is_settled(slot)]

    def _is_settled(self, slot: WorkerSlot) -> bool:
        future = self._reviving.get(slot.worker)
        if future is None:
            return slot.worker in self._failures or slot.is_done()
        if not future.done():
            return False
        del self._reviving[slot.worker]
        give = self._deferred.pop(slot.worker)
        error = future.exception()
        if isinstance(error, SlotFailedError):
            self._fail([(slot, error.failure)])
        elif error is not None:
            raise error
        else:
            self._give(slot, give)
        return slot.worker in self._failures

    def _next_look(self, waiting: list[WorkerSlot], until: float | None) -> float | None:
        """Seconds until something may be overdue; exact only once that is near, because exact is slow."""
        now = time.monotonic()
        running = [slot for slot in waiting if slot.worker not in self._reviving]
        times = [] if until is None else [until]
        times += [slot.earliest_deadline() for slot in (running[:1] if self._is_plain() else running)]
        if min(times, default=math.inf) <= now:
            times = [] if until is None else [until]
            times += [deadline for slot in running if (deadline := slot.deadline()) is not None]
        soonest = min(times, default=math.inf)
        return None if math.isinf(soonest) else soonest - now

    def _notice_deaths(self, ended: list[int]) -> None:
        """Fail the slots whose process has ended, also those that nobody waits for just now."""
        dead = [self.slots[worker] for worker in ended]
        self._fail([(slot, slot.crash_failure()) for slot in dead if slot.worker not in self._failures])

    def _notice_overdue(self, waiting: list[WorkerSlot]) -> None:
        """Fail the slots whose environment has missed its deadline, all at once."""
        now = time.monotonic()
        if self._is_plain() and waiting[0].earliest_deadline() > now:
            return
        late = [
            slot for slot in waiting if slot.worker not in self._reviving and slot.earliest_deadline() <= now
        ]
        late = [
            slot
            for slot in late
            if slot.worker not in self._failures and not slot.is_done() and slot.is_overdue()
        ]
        self._fail([(slot, slot.timeout_failure()) for slot in late])

    def _outcome(self, slot: WorkerSlot) -> Outcome:
        if slot.worker not in self._failures:
            try:
                return slot.reply()
            except SlotFailedError as error:
                self._fail([(slot, error.failure)])
        return self._failures.pop(slot.worker)

    def _fail(self, failed: list[tuple[WorkerSlot, Failure]]) -> None:
        if not failed:
            return
        self.kill([slot for slot, _ in failed])
        self._failures |= {slot.worker: failure for slot, failure in failed}

    def kill(self, slots: Iterable[WorkerSlot]) -> None:
        """Kill the workers of these slots with everything that they started."""
        slots = list(slots)
        for slot in slots:
            self._watch.drop(slot.sentinel)
            slot.excuse()
        kill_recruits([slot.recruit for slot in slots if slot.recruit is not None], self._parts.ballast)

    # The end

    def close(self, timeout_s: float) -> None:
        """Have workers close their environments, then kill what is left, within ``timeout_s`` and a grace.

        Those that are busy with a call that nobody waits for any more get a moment to finish it.
        """
        self._closing.set()
        deadline = time.monotonic() + timeout_s
        up = [slot for slot in self.slots if self._is_up(slot)]
        self._await_done(up, min(deadline, time.monotonic() + _MOMENT_S))
        polite = [slot for slot in up if slot.is_done() and not slot.has_died()]
        for slot in self.slots:
            slot.excuse()
        for slot in polite:
            slot.command(Command.CLOSE)
        self._await_done(polite, deadline)
        for slot in polite:
            slot.retire()
        while time.monotonic() < deadline and not all(slot.has_died() for slot in polite):
            wait(
                [slot.sentinel for slot in polite if not slot.has_died()],
                max(0.0, deadline - time.monotonic()),
            )
        self._end_all()

    def _is_up(self, slot: WorkerSlot) -> bool:
        future = self._reviving.get(slot.worker)
        return slot.pid > 0 and (future is None or (future.done() and future.exception() is None))

    def _await_done(self, slots: list[WorkerSlot], deadline: float) -> None:
        """Wait until each has finished its command or died, or the deadline passes."""
        bell = self._parts.done.fileno()
        while time.monotonic() < deadline and not all(slot.is_done() or slot.has_died() for slot in slots):
            alive = [slot.sentinel for slot in slots if not slot.has_died()]
            if bell in wait([bell, *alive], max(0.0, deadline - time.monotonic())):
                self._parts.done.clear()

    def _end_all(self) -> None:
        """Kill every tree, twice where a keeper was just about to start another process."""
        for _ in range(2):
            self.kill(self.slots)
            futures.wait([*self._starting, *self._reviving.values()], timeout=_GRACE_S)
        self._keepers.shutdown(wait=False, cancel_futures=True)
        self.reserve.close()
        for slot in self.slots:
            slot.dispose()
        with self._parts.ballast.thrown_off():
            kill_marked(self._parts.token)
        self._watch.close()
        self._parts.close()


def _checked(slot: WorkerSlot, reply: Reply) -> Reply:
    if reply.errors:
        raise SlotFailedError(slot.error_failure(reply))
    return reply
