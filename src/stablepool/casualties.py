"""`Casualties`: workers that are lost, from the failure on: written down, announced, replaced, or given up."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Collection

from stablepool.errors import RestartLimitError
from stablepool.faults import FaultRecord
from stablepool.ledger import Ledger
from stablepool.options import PoolOptions
from stablepool.reporting import announce
from stablepool.slot import Failure, WorkerSlot
from stablepool.startup import RunningPool

__all__ = ["Casualties"]

_LOG = logging.getLogger("stablepool")


class Casualties:
    """What has been lost in a pool, and who is left.

    Args:
        pool: The pool.
        ledger: Where failures are written down.
        options: How many restarts are borne, and what comes after.

    Attributes:
        debts: Records by environment that no step could report yet: the next one does.
        quarantined: Records by environment that has been given up.
        broken: Why the pool can do nothing more, None while it can.
    """

    def __init__(self, pool: RunningPool, ledger: Ledger, options: PoolOptions) -> None:
        self._supervisor, self._snapshots = pool.supervisor, pool.snapshots
        self._ledger, self._options = ledger, options
        self.debts: dict[int, FaultRecord] = {}
        self.quarantined: dict[int, FaultRecord] = {}
        self.broken: RestartLimitError | None = None

    def lives(self, index: int) -> bool:
        """Tell whether an environment can be stepped: neither lost since the last step nor given up."""
        return index not in self.debts and index not in self.quarantined

    def running_slots(self) -> list[WorkerSlot]:
        """Workers that have not been given up."""
        return [slot for slot in self._supervisor.slots if slot.env_indices[0] not in self.quarantined]

    def replace(
        self,
        slot: WorkerSlot,
        failure: Failure,
        *,
        intact: Collection[int] = (),
        held: Collection[int] | None = None,
    ) -> dict[int, FaultRecord]:
        """Write a failure down and start a replacement, in the background.

        Args:
            slot: Whose worker has been killed.
            failure: What happened to it.
            intact: Environments whose last transition is complete all the same.
            held: Environments that the replacement resets, to show them later; None: all.

        Returns:
            A record for each of the slot's environments.

        Raises:
            RestartLimitError: The worker keeps failing, and is not to be given up.
        """
        seeds = self._ledger.replacement_seeds(slot)
        records = self._ledger.enter(slot, failure, intact)
        announce(slot, records[failure.env_index], records)
        if self._supervisor.count_failure(slot) > self._options.max_restarts:
            return self._give_up(slot, records[failure.env_index], records)
        self._ledger.counters["pool/restarts"] += 1
        if self._snapshots is not None:
            for index in slot.env_indices:
                self._snapshots.forget(index)
        self._supervisor.restart(
            slot, {index: seeds[index] for index in seeds if held is None or index in held}
        )
        return records

    def _give_up(
        self, slot: WorkerSlot, last: FaultRecord, records: dict[int, FaultRecord]
    ) -> dict[int, FaultRecord]:
        """Quarantine a worker that keeps failing, where that is wanted and others are left; else raise."""
        self.quarantined |= {
            index: dataclasses.replace(record, phase="quarantine") for index, record in records.items()
        }
        if self._options.on_failure == "quarantine" and self.running_slots():
            self._ledger.counters["pool/quarantined"] += len(records)
            _LOG.error("environments %s are in quarantine: their worker keeps failing", list(records))
            return records
        self.broken = RestartLimitError(
            f"worker {slot.worker} (environments {list(slot.env_indices)}) failed more than "
            f"{self._options.max_restarts} times within {self._options.restart_window_s:g} s; the last time: "
            f"{last.kind} in {last.phase}: {last.traceback.strip()}",
            last,
        )
        raise self.broken
