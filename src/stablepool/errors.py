"""The package's exceptions, one per cause.

    PoolError
    ├── EnvironmentStartError   an environment could not be created (or first reset): start-up failed, nothing is left
    ├── WorkerFaultError        a worker was lost where no transition could tell of it (call, set_attr, first reset)
    ├── RestartLimitError       environments keep failing, or workers cannot be replaced
    └── ActionError             a batch of actions of the wrong size, shape or dtype; nothing was sent

Misuse of the ``*_async``/``*_wait`` pairs and of a closed pool raises Gymnasium's own errors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stablepool.faults import FaultRecord

__all__ = ["ActionError", "EnvironmentStartError", "PoolError", "RestartLimitError", "WorkerFaultError"]


class PoolError(Exception):
    """Base of every error that this package raises on purpose."""


class EnvironmentStartError(PoolError, RuntimeError):
    """An environment could not be created in its worker; every worker has been ended.

    Attributes:
        fault: What happened, with the environment's own traceback where there is one.
    """

    def __init__(self, message: str, fault: FaultRecord) -> None:
        self.fault = fault
        super().__init__(message)


class WorkerFaultError(PoolError, RuntimeError):
    """A worker was lost during a call that has no transition to report it in.

    Attributes:
        fault: What happened to the environment at fault.
    """

    def __init__(self, message: str, fault: FaultRecord) -> None:
        self.fault = fault
        super().__init__(message)


class RestartLimitError(PoolError, RuntimeError):
    """Environments fail again and again, so that going on would only hide it.

    Attributes:
        fault: The failure that was one too many.
    """

    def __init__(self, message: str, fault: FaultRecord) -> None:
        self.fault = fault
        super().__init__(message)


class ActionError(PoolError, ValueError):
    """A batch of actions that does not fit the action space in count, shape or dtype; nothing was sent."""
