"""How failures are told: one line in the log for each, exceptions with the worker's traceback, sentences for people."""

from __future__ import annotations

import logging
from typing import NoReturn

from gymnasium import logger

from stablepool.faults import FaultRecord
from stablepool.messages import RemoteError
from stablepool.slot import Failure, WorkerSlot

__all__ = ["announce", "announce_retry", "announce_trivial", "raise_remote", "rebuilt", "sentence"]

_LOG = logging.getLogger("stablepool")


def raise_remote(errors: dict[int, RemoteError]) -> NoReturn:
    """Raise what an environment raised, logged in the words of Gymnasium's `AsyncVectorEnv`.

    Raises:
        Exception: The environment's own, where it can be rebuilt here; else a RuntimeError that names it.
    """
    for index, error in errors.items():
        logger.error(f"Received the following error from Worker-{index} - Shutting it down")
        logger.error(f"{error.traceback}".replace("%", "%%"))
    logger.error("Raising the last exception back to the main process.")
    raise rebuilt(list(errors.values())[-1])


def rebuilt(error: RemoteError) -> Exception:
    """The environment's exception, with the traceback that it had in the worker."""
    exception = error.rebuild() or RuntimeError(f"{error.type_name}: {error.message}")
    exception.add_note(f"In the worker:\n{error.traceback.strip()}")
    return exception


def announce(slot: WorkerSlot, record: FaultRecord, records: dict[int, FaultRecord]) -> None:
    """One line in the log for each worker that fails: the only place where a failure is announced."""
    void = [index for index, each in records.items() if not each.transition_valid]
    _LOG.warning(
        "environment %d failed: %s in %s after %.2f s (worker %d, process %d, exit code %s); "
        "void transitions: %s, episodes cut short: %d",
        record.env_index, record.kind, record.phase, record.elapsed_s, slot.worker, record.pid, record.exit_code,
        void, len(records),
    )  # fmt: skip


def announce_retry(slot: WorkerSlot, failure: Failure) -> None:
    """The same line for a failure that costs nothing but time."""
    _LOG.warning(
        "environment %d failed: %s in %s after %.2f s (worker %d, process %d, exit code %s); "
        "no transition is void: the step is repeated from a snapshot",
        failure.env_index, failure.kind, failure.phase, failure.elapsed_s, slot.worker, failure.pid, failure.exit_code,
    )  # fmt: skip


def announce_trivial(mean_us: float) -> None:
    """Advise against processes where a step takes environments so many microseconds."""
    _LOG.warning(
        "a step takes these environments %.0f us: gymnasium.vector.SyncVectorEnv is likely to be faster than any pool "
        "of processes",
        mean_us,
    )


def sentence(faults: dict[int, FaultRecord]) -> str:
    """Say what is known about the first of some faults that leave nothing to go on from."""
    index, record = next(iter(faults.items()))
    return (
        f"environment {index} was lost ({record.kind} in {record.phase} after {record.elapsed_s:.2f} s, "
        f"process {record.pid}) and has no observation to go on from; what is known:\n{record.traceback.strip()}"
    )
