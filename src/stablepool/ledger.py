"""`Ledger`: who failed, how often, and with which seed a replacement starts."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection

import numpy as np

from stablepool.faults import FaultKind, FaultRecord
from stablepool.slot import Failure, WorkerSlot

__all__ = ["Ledger", "derive_seed"]

_MOST_REMEMBERED = 1000
_COUNTER_OF_KIND = {"timeout": "pool/timeouts", "crash": "pool/crashes", "error": "pool/errors"}


def derive_seed(seed: int | None, env_index: int, generation: int) -> int | None:
    """Seed for an environment's replacement, so that a run with failures can be repeated.

    Args:
        seed: Seed that the environment was last given; None stays None.
        env_index: Its index in the vector environment.
        generation: How many workers it has lived in before the new one.

    Returns:
        31 bits from ``numpy.random.SeedSequence([seed, env_index, generation])``.
    """
    if seed is None:
        return None
    state = np.random.SeedSequence([seed, env_index, generation]).generate_state(1)
    return int(state[0] >> 1)


class Ledger:
    """Faults and seeds of one pool.

    Attributes:
        counters: Events since construction, see `StableProcessPoolEnv.counters`.
        recent: The latest fault records, oldest first.
        seeds: By environment: the seed it was last given, None before.
    """

    def __init__(self, num_envs: int) -> None:
        self.counters = Counter(
            dict.fromkeys(
                (
                    "pool/restarts",
                    "pool/recoveries",
                    "pool/recycled",
                    *_COUNTER_OF_KIND.values(),
                    "pool/collateral",
                    "pool/void_transitions",
                    "pool/quarantined",
                ),
                0,
            )
        )
        self.recent: deque[FaultRecord] = deque(maxlen=_MOST_REMEMBERED)
        self.seeds: dict[int, int | None] = dict.fromkeys(range(num_envs))

    def replacement_seeds(self, slot: WorkerSlot) -> dict[int, int | None]:
        """Seeds for the environments of the slot's next worker."""
        return {
            index: derive_seed(self.seeds[index], index, slot.generation + 1) for index in slot.env_indices
        }

    def recover(self, failure: Failure) -> None:
        """Write down a failure that costs nothing but time: the step is repeated from snapshots."""
        self.counters["pool/restarts"] += 1
        self.counters["pool/recoveries"] += 1
        self.counters[_COUNTER_OF_KIND[failure.kind]] += 1

    def recycle(self, slot: WorkerSlot, cut_short: Collection[int]) -> dict[int, FaultRecord]:
        """Write down that a healthy worker is replaced; return records for the environments whose episode it ends."""
        seeds = self.replacement_seeds(slot)
        self.counters["pool/recycled"] += 1
        self.counters["pool/collateral"] += len(cut_short)
        records = {
            index: FaultRecord(
                kind="collateral",
                phase="recycle",
                env_index=index,
                pid=slot.pid,
                exit_code=None,
                elapsed_s=0.0,
                generation=slot.generation,
                seed=seeds[index],
                restarts=slot.restarts + 1,
                transition_valid=True,
                traceback="the worker was replaced because of its size or age",
            )
            for index in cut_short
        }
        self.recent.extend(records.values())
        return records

    def enter(self, slot: WorkerSlot, failure: Failure, intact: Collection[int]) -> dict[int, FaultRecord]:
        """Write down a failure that costs the slot its worker.

        Args:
            slot: Where it happened; the records count its coming restart.
            failure: What happened.
            intact: Environments whose last transition is complete all the same.

        Returns:
            A record for every environment of the slot.
        """
        seeds = self.replacement_seeds(slot)
        self.counters[_COUNTER_OF_KIND[failure.kind]] += 1
        records = {
            index: FaultRecord(
                kind=_share(failure, index),
                phase=failure.phase,
                env_index=index,
                pid=failure.pid,
                exit_code=failure.exit_code,
                elapsed_s=failure.elapsed_s,
                generation=failure.generation,
                seed=seeds[index],
                restarts=slot.restarts + 1,
                transition_valid=index in intact,
                traceback=failure.errors[index].traceback if index in failure.errors else failure.explanation,
            )
            for index in slot.env_indices
        }
        self.recent.extend(records.values())
        for record in records.values():
            self.counters["pool/collateral"] += record.kind == "collateral"
            self.counters["pool/void_transitions"] += not record.transition_valid
        return records


def _share(failure: Failure, index: int) -> FaultKind:
    """What the failure is to one environment; a death outside every environment's call is the worker's own."""
    if failure.errors:
        at_fault = index in failure.errors
    else:
        at_fault = index == failure.env_index or failure.phase in ("start", "reply", "idle")
    return failure.kind if at_fault else "collateral"
