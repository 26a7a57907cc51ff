"""`FaultRecord`: what is known about a failure, and which transitions a learner may still use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

__all__ = ["FaultKind", "FaultRecord", "valid_transitions"]

FaultKind = Literal["timeout", "crash", "error", "collateral"]


@dataclass(frozen=True)
class FaultRecord(Mapping[str, Any]):
    """One environment's share of a failure; reads as an object (``record.kind``) and as a mapping (``record["kind"]``).

    Attributes:
        kind: ``"timeout"`` (missed its deadline), ``"crash"`` (the worker process ended), ``"error"`` (the environment
            raised, or its reply was no valid one) or ``"collateral"`` (another environment of the same worker failed).
        phase: What the worker was doing: ``"start"``, ``"construct"``, ``"reset"``, ``"step"``, ``"call"``,
            ``"reply"`` or ``"idle"``.
        env_index: Index of the environment in the vector environment.
        pid: Process id of the worker that failed.
        exit_code: How the worker ended by itself, negative for a signal; None where the pool ended it.
        elapsed_s: Seconds from the start of the call that failed until the failure was noticed.
        generation: How many workers this environment had lived in before the one that failed.
        seed: Seed with which the replacement is reset; None where no seed was ever given.
        restarts: Restarts of this worker slot so far, this one included.
        transition_valid: True where the environment had finished this step before its worker was lost.
        traceback: The environment's traceback, or a sentence where there is none.
    """

    kind: FaultKind
    phase: str
    env_index: int
    pid: int
    exit_code: int | None
    elapsed_s: float
    generation: int
    seed: int | None
    restarts: int
    transition_valid: bool
    traceback: str

    def __getitem__(self, key: str) -> Any:
        if key not in _FIELD_NAMES:
            raise KeyError(key)
        return getattr(self, key)

    def __iter__(self) -> Iterator[str]:
        return iter(_FIELD_NAMES)

    def __len__(self) -> int:
        return len(_FIELD_NAMES)


_FIELD_NAMES = tuple(field.name for field in fields(FaultRecord))


def valid_transitions(
    infos: Mapping[str, Any] | list[dict[str, Any]], num_envs: int
) -> npt.NDArray[np.bool_]:
    """Tell which transitions of a vector step really happened.

    Args:
        infos: The infos that ``step`` returned, or what `list_infos` made of them.
        num_envs: Number of environments in the vector environment.

    Returns:
        bool (num_envs,): False where the environment was lost before it finished its step, so that reward and
        observation say nothing about the action, and where the row is the reset of its replacement
        (``infos["restarted"]``, under NEXT_STEP the step after a fault), and where the environment has moved on in
        a step that raised, whose results nobody saw (``infos["interrupted"]``). Everything else is True.
    """
    if isinstance(infos, list):
        return np.array([_is_valid(row) for row in infos], dtype=np.bool_)
    valid = np.ones(num_envs, dtype=np.bool_)
    if "fault" in infos:
        for index in np.flatnonzero(infos["_fault"]):
            valid[index] = infos["fault"][index]["transition_valid"]
    for key in ("restarted", "interrupted"):
        if key in infos:
            valid &= ~infos[key]
    return valid


def _is_valid(info: Mapping[str, Any]) -> bool:
    """Tell the same of one environment's info, as `list_infos` returns it."""
    fault = info.get("fault")
    happened = fault is None or fault["transition_valid"]
    return bool(happened) and not info.get("restarted") and not info.get("interrupted")
