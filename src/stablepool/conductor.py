"""`Conductor`: what a step or a reset means for every environment, and what a failure looks like to a learner.

begin_step(actions) -> store actions -> wake the workers that live
finish_step() -> settle (supervisor) -> Reply:   rows are in shared memory, infos in the reply
                                     -> Failure: void rows, records; a replacement starts in the background
              -> SAME_STEP only: wait for the replacements and show their reset observations
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium.vector import AutoresetMode

from stablepool.batch import Batch
from stablepool.casualties import Casualties
from stablepool.errors import WorkerFaultError
from stablepool.faults import FaultRecord
from stablepool.ledger import Ledger
from stablepool.messages import CallRequest, Command, Reply, ResetRequest, SetAttrRequest
from stablepool.options import PoolOptions
from stablepool.recycling import Recycler
from stablepool.reporting import announce_retry, announce_trivial, raise_remote, rebuilt, sentence
from stablepool.slot import Failure, WorkerSlot
from stablepool.startup import RunningPool
from stablepool.supervisor import Outcome

__all__ = ["Conductor"]

_STEPS_BEFORE_ADVICE = 200
_TRIVIAL_STEP_US = 20.0


class Conductor:
    """Steps, resets and calls on all environments of a pool.

    Args:
        pool: A pool whose environments have been built.
        options: Deadlines and policies.
        autoreset_mode: When environments are reset.

    Attributes:
        ledger: Faults, counters and seeds.
        is_waiting: Whether workers are waited for; where a wait broke off, still.
    """

    def __init__(
        self,
        pool: RunningPool,
        num_envs: int,
        options: PoolOptions,
        autoreset_mode: AutoresetMode,
    ) -> None:
        self.ledger = Ledger(num_envs)
        self._lost = Casualties(pool, self.ledger, options)
        self._options, self._mode = options, autoreset_mode
        self._supervisor, self._block, self._observations = pool.supervisor, pool.block, pool.observations
        self._num_envs = num_envs
        self._snapshots = pool.snapshots
        self._recycler = Recycler(options)
        self._rows: list[Any] | None = None
        self._steps = 0
        self.is_waiting = False
        self._asked: list[WorkerSlot] = []
        self._buffer = 0
        self._observed = np.zeros(num_envs, dtype=np.bool_)
        self._all_observed = False
        self._resets: dict[int, ResetRequest] = {}
        self._latest_faults: dict[int, FaultRecord] = {}
        self._unseen: set[int] = set()  # moved on in a call whose results nobody got
        self._restarting: set[int] = set()  # NEXT_STEP: their next row is a replacement's reset

    @property
    def waits_for_ever(self) -> bool:
        """Whether a call may take for ever, because a deadline was set to None."""
        options = self._options
        deadlines = (
            options.timeout_s,
            options.reset_timeout_s,
            options.call_timeout_s,
            options.start_timeout_s,
        )
        return None in deadlines

    def observations(self, *, copy: bool) -> Any:
        """The latest batch of observations."""
        return self._observations.batch(self._buffer, copy=copy)

    # Step

    def begin_step(self, rows: list[Any] | None) -> None:
        """Wake every worker whose environments live.

        Args:
            rows: Actions by environment; None where they have been stored in shared memory.
        """
        self._turn()
        self._rows = rows
        lost = self._lost
        nobody_is_out = rows is None and not (lost.debts or lost.quarantined or lost.broken)
        if nobody_is_out and self._supervisor.step_all(self._buffer):
            self._asked = list(self._supervisor.slots)
            return
        for slot in self._supervisor.slots:
            self._command_step(slot)

    def _command_step(self, slot: WorkerSlot) -> None:
        alive = [index for index in slot.env_indices if self._lost.lives(index)]
        if not alive:
            return
        if self._rows is None:
            self._command(slot, Command.STEP, None, alive)
        else:
            self._command(slot, Command.STEP_MESSAGE, {index: self._rows[index] for index in alive}, alive)

    def finish_step(self, until: float | None) -> Batch:
        """Wait for the step and put its results together.

        Raises:
            multiprocessing.TimeoutError: ``until`` (``time.monotonic``) has passed; the step is still pending.
            RestartLimitError: A worker keeps failing.
            WorkerFaultError: An environment was lost before it ever showed an observation.
        """
        outcomes = self._retry_steps(self._settle(until))
        block = self._block
        batch = Batch(block.rewards.copy(), block.terminations.copy(), block.truncations.copy())
        if outcomes or not self._is_calm():
            self._put_together(batch, outcomes)
        self._latest_faults = batch.faults
        self._steps += 1
        if self._steps == _STEPS_BEFORE_ADVICE:
            self._advise()
        return batch

    def _is_calm(self) -> bool:
        """Tell whether a step of which nobody has anything to say is no more than its rows: the usual case."""
        lost = self._lost.quarantined or self._lost.debts
        return self._all_observed and not (lost or self._restarting or self._unseen or self._recycler.is_on)

    def _put_together(self, batch: Batch, outcomes: list[tuple[WorkerSlot, Outcome]]) -> None:
        """Add infos and failures to a step's rows."""
        batch.faults = {**self._lost.quarantined, **self._lost.debts}
        self._lost.debts = {}
        for slot, outcome in outcomes:
            self._take(outcome.reply if isinstance(outcome, Failure) else outcome, batch)
            if isinstance(outcome, Failure):
                batch.faults |= self._lost.replace(slot, outcome, intact=self._intact(slot, outcome, batch))
        self._stand_in(batch)
        shown_anew = set(batch.faults)
        if self._recycler.is_on:
            shown_anew |= self._recycle(batch)
        if shown_anew and self._mode is AutoresetMode.SAME_STEP:
            self._deliver(batch, shown_anew)
        batch.add_faults()
        if self._restarting or batch.faults:
            self._mark_restarts(batch)
        batch.mark("interrupted", self._unseen)
        self._unseen = set()

    def lose_sight(self) -> None:
        """Note that environments have moved on unseen: their next row starts from what no learner has observed."""
        self._unseen = set(range(self._num_envs))

    def abandon_step(self) -> None:
        """Finish a step whose results nobody gets; the next step reports what failed in it.

        Raises:
            RestartLimitError: As in `finish_step`.
            WorkerFaultError: As in `finish_step`.
        """
        self.lose_sight()
        unseen, self._unseen = self._unseen, set()
        try:
            self.finish_step(None)
        finally:
            self._unseen = unseen
        self.disown_step()

    def disown_step(self) -> None:
        """Note that nobody got the results of the step that was finished; the next reports what failed in it."""
        self.lose_sight()
        if self._mode is not AutoresetMode.SAME_STEP:  # there the replacements' observations are out already
            self._lost.debts |= {
                i: record for i, record in self._latest_faults.items() if i not in self._lost.quarantined
            }

    def _advise(self) -> None:
        """Say so where processes cost more than they bring."""
        mean_us = float(np.mean(self._block.finished_ns - self._block.started_ns)) / 1e3
        if mean_us < _TRIVIAL_STEP_US:
            announce_trivial(mean_us)

    def _stand_in(self, batch: Batch) -> None:
        """End the episodes that were lost, and show the last real observation where there is no new one."""
        batch.end_episodes()
        void = {index for index, record in batch.faults.items() if not record.transition_valid}
        self._observations.carry(self._buffer, void)
        if not self._all_observed or void:
            self._observed[list(set(range(self._num_envs)) - void)] = True
            self._all_observed = bool(self._observed.all())
            self._refuse_unseen(batch.faults, void)

    def _retry_steps(self, outcomes: list[tuple[WorkerSlot, Outcome]]) -> list[tuple[WorkerSlot, Outcome]]:
        """Repeat a lost step once, in a replacement restored from the state before it, where there are snapshots."""
        if self._snapshots is None or not any(isinstance(outcome, Failure) for _, outcome in outcomes):
            return outcomes
        kept: list[tuple[WorkerSlot, Outcome]] = []
        self._asked = []
        for slot, outcome in outcomes:
            places = self._places(slot, slot.sequence) if isinstance(outcome, Failure) else None
            if places and self._supervisor.count_failure(slot) > self._options.max_restarts:
                places = None
            if isinstance(outcome, Reply) or places is None:
                kept.append((slot, outcome))
                continue
            announce_retry(slot, outcome)
            self.ledger.recover(outcome)
            self._supervisor.restart(slot, {}, places)
            self._command_step(slot)
        return sorted([*kept, *self._settle(None)], key=lambda pair: pair[0].worker)

    def _places(self, slot: WorkerSlot, sequence: int) -> dict[int, int] | None:
        """Where the state of a worker's environments before a command is; None where one of them has none."""
        if self._snapshots is None or self._options.on_failure == "raise":
            return None
        found = {index: self._snapshots.newest_before(index, sequence) for index in slot.env_indices}
        whole = {index: place for index, place in found.items() if place is not None}
        return whole if len(whole) == len(found) else None

    def _mark_restarts(self, batch: Batch) -> None:
        """Tell by ``infos["restarted"]`` whose row is the reset of a replacement: no transition led there."""
        batch.mark("restarted", self._restarting - batch.faults.keys())
        self._restarting = set(batch.faults) if self._mode is AutoresetMode.NEXT_STEP else set()

    def _intact(self, slot: WorkerSlot, failure: Failure, batch: Batch) -> set[int]:
        """Environments of a failed worker whose transition is complete: finished, and with nothing lost on the way."""
        finished = set(slot.finished_envs()) - failure.errors.keys()
        if self._mode is AutoresetMode.SAME_STEP and not failure.reply:
            ended = batch.terminations | batch.truncations  # their final_obs was still to come
            finished = {index for index in finished if not ended[index]}
        return finished

    def _recycle(self, batch: Batch) -> set[int]:
        """Replace workers that have grown too large or too old; return environments that now show a replacement."""
        ended = batch.terminations | batch.truncations
        shown_anew: set[int] = set()
        running = [slot for slot in self._asked if not batch.faults.keys() & set(slot.env_indices)]
        for slot in self._recycler.due(running, ended):
            places = self._places(slot, slot.sequence + 1)
            if places is None and not ended[list(slot.env_indices)].any():
                continue
            cut_short = [] if places else [index for index in slot.env_indices if not ended[index]]
            seeds = {} if places else self.ledger.replacement_seeds(slot)
            batch.faults |= self.ledger.recycle(slot, cut_short)
            batch.truncations[cut_short] = True
            self._supervisor.kill([slot])
            self._supervisor.restart(slot, seeds, places)
            shown_anew |= seeds.keys()
        return shown_anew

    def _deliver(self, batch: Batch, shown_anew: Collection[int]) -> None:
        """Show the replacements' reset observations in the step that ended the episodes (SAME_STEP)."""
        told = batch.infos.get("_final_obs", np.zeros(self._num_envs, dtype=np.bool_))
        final = {index: self._observations.row(self._buffer, index) for index in shown_anew}
        self._asked = []
        for slot in self._supervisor.slots:
            lost = [index for index in slot.env_indices if index in final and self._lost.lives(index)]
            if lost:
                self._command(slot, Command.DELIVER, None, lost)
        for slot, outcome in self._settle(None):
            if isinstance(outcome, Reply):
                self._take(outcome, batch)
            else:
                self._lost.debts |= self._lost.replace(slot, outcome)
                self._observations.carry(self._buffer, self._lost.debts)
        for index in final.keys() - set(np.flatnonzero(told).tolist()):
            batch.add_info(index, {"final_obs": final[index], "final_info": {}})

    # Reset

    def begin_reset(
        self, seeds: list[int | None], mask: npt.NDArray[np.bool_], options: dict[str, Any] | None
    ) -> None:
        """Tell every worker that has marked environments to reset them."""
        self._turn()
        self._resets = {}
        for slot in self._supervisor.slots:
            marked = {index: seeds[index] for index in slot.env_indices if mask[index]}
            if marked and not self._lost.quarantined.keys() & marked:
                self.ledger.seeds |= {index: seed for index, seed in marked.items() if seed is not None}
                self._resets[slot.worker] = ResetRequest(marked, options)
                self._command(slot, Command.RESET, self._resets[slot.worker], marked)

    def finish_reset(self, until: float | None) -> Batch:
        """Wait for the reset and put its infos together.

        Raises:
            multiprocessing.TimeoutError: As in `finish_step`.
            RestartLimitError: As in `finish_step`.
            WorkerFaultError: As in `finish_step`.
        """
        batch = Batch(np.zeros(self._num_envs), *np.zeros((2, self._num_envs), dtype=np.bool_))
        batch.faults |= self._lost.quarantined
        produced: set[int] = set()
        for slot, outcome in self._retry_resets(self._settle(until), batch):
            if isinstance(outcome, Reply):
                self._take(outcome, batch)
                produced |= self._resets[slot.worker].seeds.keys()
        for index in produced:
            self._lost.debts.pop(index, None)
        self._restarting -= produced
        self._unseen -= produced
        self._observed[list(produced)] = True
        self._observations.carry(self._buffer, set(range(self._num_envs)) - produced)
        self._refuse_unseen(batch.faults, batch.faults.keys() - produced)
        batch.add_faults()
        return batch

    def _retry_resets(
        self, outcomes: list[tuple[WorkerSlot, Outcome]], batch: Batch
    ) -> list[tuple[WorkerSlot, Outcome]]:
        """Reset what was lost in its reset once more, in a replacement, with the same seeds."""
        settled: list[tuple[WorkerSlot, Outcome]] = []
        settled += [(slot, outcome) for slot, outcome in outcomes if isinstance(outcome, Reply)]
        self._asked = []
        for slot, outcome in outcomes:
            if isinstance(outcome, Failure):
                request = self._resets[slot.worker]
                records = self._lost.replace(slot, outcome, held=set(slot.env_indices) - request.seeds.keys())
                self._lost.debts |= {
                    index: records[index] for index in slot.env_indices if index not in request.seeds
                }
                batch.faults |= {
                    index: replace(records[index], transition_valid=True) for index in request.seeds
                }
                if slot in self._lost.running_slots():
                    self._command(slot, Command.RESET, request, request.seeds)
        for slot, outcome in self._settle(None):
            if isinstance(outcome, Failure):
                records = self._lost.replace(slot, outcome)
                batch.faults |= {index: records[index] for index in self._resets[slot.worker].seeds}
            settled.append((slot, outcome))
        return settled

    # Calls

    def begin_call(
        self,
        indices: Collection[int],
        name: str | Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        """Call a method, read an attribute, or call a function with each of some environments."""
        self._asked = []
        for slot in self._lost.running_slots():
            chosen = [index for index in slot.env_indices if index in indices]
            if chosen:
                self._command(slot, Command.CALL, CallRequest(name, args, kwargs), chosen)

    def begin_set_attr(self, request: SetAttrRequest) -> None:
        """Set an attribute of some environments; `finish_call` tells what became of it."""
        self._asked = []
        for slot in self._lost.running_slots():
            mine = {index: request.values[index] for index in slot.env_indices if index in request.values}
            if mine:
                self._command(slot, Command.SET_ATTR, replace(request, values=mine), mine)

    def keep_attribute(self, request: SetAttrRequest) -> None:
        """Have what was set in environments set in those that replace them, too."""
        self._supervisor.attributes.keep(request)

    def finish_call(self, until: float | None) -> tuple[Any, ...]:
        """Wait for a call and return each environment's result.

        Raises:
            Exception: What an environment raised; it goes on living.
            WorkerFaultError: A worker was lost; its environments are being replaced and the next step says so.
            multiprocessing.TimeoutError: As in `finish_step`.
        """
        reply, lost = self._collect(until)
        if lost:
            raise WorkerFaultError(sentence(lost), next(iter(lost.values())))
        if reply.errors:
            raise rebuilt(reply.errors[min(reply.errors)])
        return tuple(reply.results.get(index) for index in range(self._num_envs))

    def abandon_call(self) -> None:
        """Finish a call whose results nobody gets; the next step tells of workers that were lost in it."""
        self._collect(None)

    def _collect(self, until: float | None) -> tuple[Reply, dict[int, FaultRecord]]:
        """Wait for a call; return all answers as one, and what was lost."""
        whole = Reply()
        lost: dict[int, FaultRecord] = {}
        for worker, outcome in self._wait(until).items():
            if isinstance(outcome, Failure):
                lost |= self._lost.replace(self._supervisor.slots[worker], outcome)
            else:
                whole.errors |= outcome.errors
                whole.results |= outcome.results
        self._lost.debts |= lost
        return whole, lost

    # Both

    def _turn(self) -> None:
        """Have the next observations written over the last but one."""
        self._buffer = 1 - self._buffer
        self._asked = []

    def _command(self, slot: WorkerSlot, command: Command, message: Any, involved: Iterable[int]) -> None:
        if self._lost.broken is not None:
            raise self._lost.broken
        self._asked.append(slot)
        self._supervisor.command(slot, command, message, buffer=self._buffer, involved=involved)

    def _wait(self, until: float | None) -> dict[int, Outcome]:
        self.is_waiting = True
        outcomes = self._supervisor.settle(self._asked, until)
        self.is_waiting = False
        return outcomes

    def _settle(self, until: float | None) -> list[tuple[WorkerSlot, Outcome]]:
        """Wait for what was asked; a worker whose environments raised is killed and counts as failed."""
        outcomes = self._wait(until)
        if not outcomes:
            return []
        raised = [
            slot.error_failure(reply)
            for slot in self._asked
            if isinstance(reply := outcomes[slot.worker], Reply) and reply.errors
        ]
        homes = {index: slot for slot in self._asked for index in slot.env_indices}
        self._supervisor.kill([homes[failure.env_index] for failure in raised])
        outcomes |= {homes[failure.env_index].worker: failure for failure in raised}
        judged = [(slot, outcomes[slot.worker]) for slot in self._asked]
        if self._options.on_failure == "raise":
            self._raise_failures(judged)
        return judged

    def _raise_failures(self, judged: list[tuple[WorkerSlot, Outcome]]) -> None:
        """Raise what environments raised, or tell of a lost worker; all that failed are replaced all the same."""
        failures = [(slot, outcome) for slot, outcome in judged if isinstance(outcome, Failure)]
        if not failures:
            return
        for slot, failure in failures:
            self._lost.debts |= self._lost.replace(slot, failure)
        errors = {index: error for _, failure in failures for index, error in failure.errors.items()}
        if errors:
            raise_remote(errors)
        lost = {failure.env_index: self._lost.debts[failure.env_index] for _, failure in failures}
        raise WorkerFaultError(sentence(lost), next(iter(lost.values())))

    def _take(self, reply: Reply, batch: Batch) -> None:
        for index, observation in reply.observations.items():
            self._observations.take(self._buffer, index, observation)
        batch.take_infos(reply)

    def _refuse_unseen(self, faults: dict[int, FaultRecord], void: Collection[int]) -> None:
        """An observation that never was cannot stand in for a lost one."""
        unseen = {index: faults[index] for index in void if not self._observed[index]}
        if unseen:
            raise WorkerFaultError(sentence(unseen), next(iter(unseen.values())))
