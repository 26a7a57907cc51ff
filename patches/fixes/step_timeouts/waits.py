"""Calls that wait for an environment: the pool's, one environment's, or one that the script does not tell."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Literal

from ...analysis.episode_loops import Loop, step_helpers, words
from ...analysis.script import Script, walk

__all__ = ["WAITS", "Guarded", "assigned", "guarded", "innermost_loop", "waits_once", "waits_within"]

WAITS = ("step", "step_wait", "reset", "reset_wait")
Guarded = Literal["pool", "single", "unclear"]


def waits_within(script: Script, root: ast.AST) -> list[ast.Call]:
    """Calls under a node that wait for an environment: its own methods, or a helper that steps."""
    pool = _pool_waits(script)
    return [
        node
        for node in walk(root)
        if isinstance(node, ast.Call) and (_waits(script, node, pool) or _steps_one(node))
    ]


def waits_once(script: Script, root: ast.AST) -> list[ast.Call]:
    """Waits in a function outside of any loop: to run it is to wait once."""
    return [wait for wait in waits_within(script, root) if innermost_loop(script, wait) is None]


def guarded(script: Script, waits: Iterable[ast.Call]) -> Guarded:
    """What a time-out around some waits guards.

    Args:
        script: The script.
        waits: Calls by `waits_within`.
    """
    pool, waits = _pool_waits(script), list(waits)
    if any(_waits(script, wait, pool) for wait in waits):
        return "pool"
    return "single" if all(_is_made_here(script, wait) for wait in waits) else "unclear"


def innermost_loop(script: Script, node: ast.AST) -> ast.AST | None:
    """The loop around a node, within its function; what a `for` goes over stands outside of it."""
    child = node
    for ancestor in script.names.ancestors(node):
        if isinstance(ancestor, Loop) and child is not getattr(ancestor, "iter", None):
            return ancestor
        if isinstance(ancestor, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            break
        child = ancestor
    return None


def assigned(script: Script, variable: ast.expr) -> list[ast.expr]:
    """Every value that is assigned to a variable."""
    key = script.key(variable)
    assignments = (node for node in script.names.order if isinstance(node, ast.Assign) and key is not None)
    return [a.value for a in assignments if any(script.key(target) == key for target in a.targets)]


def _pool_waits(script: Script) -> set[ast.AST]:
    """Waits for a vector environment, and the functions that wait for it once."""
    helpers = {
        function for call in script.calls("step", "step_async") for function in step_helpers(script, call)
    }
    return {*script.calls(*WAITS), *helpers}


def _waits(script: Script, call: ast.Call, pool: set[ast.AST]) -> bool:
    return call in pool or script.called_function(call) in pool


def _steps_one(call: ast.Call) -> bool:
    """True for `env.step(action)` of a single environment; optimizers and schedulers step as well."""
    is_step = isinstance(call.func, ast.Attribute) and call.func.attr == "step" and len(call.args) == 1
    return is_step and isinstance(call.func, ast.Attribute) and bool(words(call.func.value) & {"env", "envs"})


def _is_made_here(script: Script, wait: ast.Call) -> bool:
    """True where calls give the environment its value, none of which makes a vector environment."""
    made = assigned(script, wait.func.value) if isinstance(wait.func, ast.Attribute) else []
    return bool(made) and all(isinstance(value, ast.Call) for value in made)
