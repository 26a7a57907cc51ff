"""What parent and worker say to each other: commands, phases, and the few messages that travel on the pipe."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import cloudpickle

from stablepool.info_table import InfoTable

__all__ = [
    "AttachRequest",
    "CallRequest",
    "Command",
    "Phase",
    "RemoteError",
    "Reply",
    "ResetRequest",
    "RestoreRequest",
    "RollCall",
    "SetAttrRequest",
]


class Command(IntEnum):
    """The word in the shared block that says what a worker shall do when it is woken."""

    STEP = 1  # actions lie in the shared block
    STEP_MESSAGE = 2  # actions of nested or custom spaces follow on the pipe
    RESET = 3
    DELIVER = 4  # hand over the reset that was made when this worker replaced another
    CALL = 5
    SET_ATTR = 6
    ATTACH = 7
    DESCRIBE = 8
    RESTORE = 9
    CLOSE = 10


class Phase(IntEnum):
    """What a worker is busy with; it stamps this before each call into an environment."""

    START = 0
    CONSTRUCT = 1
    RESET = 2
    STEP = 3
    CALL = 4
    REPLY = 5
    IDLE = 6
    CLOSE = 7


@dataclass(frozen=True)
class ResetRequest:
    """Seeds by environment index; environments that are not named keep their state."""

    seeds: dict[int, int | None]
    options: dict[str, Any] | None = None
    hold: bool = False  # keep the observations for a later DELIVER or autoreset instead of publishing them


@dataclass(frozen=True)
class CallRequest:
    """A method call, an attribute read, or a function to call with each environment."""

    name: str | Callable[..., Any]
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SetAttrRequest:
    """An attribute's new value by environment index."""

    name: str
    values: dict[int, Any]
    is_outermost: bool = False  # set on the outermost wrapper, whichever has it now


@dataclass(frozen=True)
class AttachRequest:
    """The spaces that fix the layout of the shared block, and how they are compared."""

    observation_space: Any
    action_space: Any
    exact: bool
    snapshot_bytes: int


@dataclass(frozen=True)
class RestoreRequest:
    """Which of its two snapshots each environment is restored from, by index."""

    places: dict[int, int]


@dataclass(frozen=True)
class RollCall:
    """Asks a spare worker whether it is well; it answers with an empty `Reply`."""


@dataclass(frozen=True)
class RemoteError:
    """An exception as it left an environment; ``pickled`` is None where it cannot travel."""

    type_name: str
    message: str
    traceback: str
    pickled: bytes | None

    @classmethod
    def capture(cls, error: BaseException) -> RemoteError:
        """Describe an exception that is being handled."""
        text = "".join(traceback.format_exception(error))
        try:
            pickled: bytes | None = cloudpickle.dumps(error)
        except Exception:  # noqa: BLE001 - an exception's own __reduce__ may raise anything
            pickled = None
        return cls(type(error).__name__, str(error), text, pickled)

    def rebuild(self) -> Exception | None:
        """Return the exception itself, or None where it cannot be rebuilt here or is more than an `Exception`.

        What ends a worker, as SystemExit does, shall not end the training run.
        """
        if self.pickled is None:
            return None
        try:
            error = pickle.loads(self.pickled)  # noqa: S301 - from our own worker
        except Exception:  # noqa: BLE001 - its class may be missing here, or its __init__ may raise anything
            return None
        return error if isinstance(error, Exception) else None


@dataclass
class Reply:
    """A worker's answer, by environment index; sent only where there is something to say."""

    infos: dict[int, dict[str, Any]] = field(default_factory=dict)
    observations: dict[int, Any] = field(default_factory=dict)
    errors: dict[int, RemoteError] = field(default_factory=dict)
    results: dict[int, Any] = field(default_factory=dict)
    table: InfoTable | None = None  # takes the place of the infos on the way, where they are regular

    def __bool__(self) -> bool:
        return bool(self.infos or self.observations or self.errors or self.results or self.table)

    def tabulated(self) -> Reply:
        """The same with its infos as a table, where they are regular."""
        table = InfoTable.of(self.infos)
        return self if table is None else Reply({}, self.observations, self.errors, self.results, table)
