"""The fixes, in the order in which they are reported. Their code is loaded when a script has something for them."""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .model import Fix

__all__ = ["FIXES", "NAMES", "ORDER", "fixes"]

ORDER = (
    "swap-vector-env",
    "swap-subproc-vec-env",
    "reset-between-episodes",
    "int8-actions",
    "step-timeouts",
    "process-cleanup",
    "tuned-parameters",
    "drop-void-transitions",
    "main-guard",
)
"""Names of the fixes; each is the module of that name in this room."""

NAMES = frozenset(ORDER)

FIXES: tuple[Fix, ...]


@functools.cache
def fixes() -> tuple[Fix, ...]:
    """The fixes themselves."""
    modules = (importlib.import_module(f".{name.replace('-', '_')}", __package__) for name in ORDER)
    return tuple(module.FIX for module in modules)


def __getattr__(name: str) -> Any:
    if name == "FIXES":
        return fixes()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
