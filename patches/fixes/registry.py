"""The fixes, in the order in which they are reported."""

from __future__ import annotations

from . import (
    drop_void_transitions,
    int8_actions,
    main_guard,
    process_cleanup,
    reset_between_episodes,
    step_timeouts,
    swap_subproc_vec_env,
    swap_vector_env,
    tuned_parameters,
)
from .model import Fix

__all__ = ["FIXES", "NAMES"]

FIXES: tuple[Fix, ...] = (
    swap_vector_env.FIX,
    swap_subproc_vec_env.FIX,
    reset_between_episodes.FIX,
    int8_actions.FIX,
    step_timeouts.FIX,
    process_cleanup.FIX,
    tuned_parameters.FIX,
    drop_void_transitions.FIX,
    main_guard.FIX,
)

NAMES: frozenset[str] = frozenset(fix.name for fix in FIXES)
