"""A vector environment that cannot hang: worker processes with deadlines, truthful faults and clean ends.

Names are loaded when they are first used, because importing any module of this package imports this one: a worker
process needs little of it and must start fast.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stablepool.cleanup import terminate_children
    from stablepool.compat import final_infos, first_observations, list_infos
    from stablepool.errors import (
        ActionError,
        EnvironmentStartError,
        PoolError,
        RestartLimitError,
        WorkerFaultError,
    )
    from stablepool.faults import FaultRecord, valid_transitions
    from stablepool.vector_env import StableProcessPoolEnv

__all__ = [
    "ActionError",
    "EnvironmentStartError",
    "FaultRecord",
    "PoolError",
    "RestartLimitError",
    "StableProcessPoolEnv",
    "WorkerFaultError",
    "final_infos",
    "first_observations",
    "list_infos",
    "terminate_children",
    "valid_transitions",
]

_HOME = {
    "StableProcessPoolEnv": "vector_env",
    "FaultRecord": "faults",
    "valid_transitions": "faults",
    "final_infos": "compat",
    "first_observations": "compat",
    "list_infos": "compat",
    "terminate_children": "cleanup",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME.get(name, 'errors')}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
