"""A worker loop of the script's own (`worker=`): the pool runs one too, but lends it no shared memory."""

from __future__ import annotations

import ast

from ...analysis.literals import is_none
from ...analysis.script import Script, walk

__all__ = ["worker_problem"]

_ARGUMENTS = 8
_GYMNASIUMS_OWN = frozenset({"gymnasium.vector.async_vector_env._async_worker"})
_SHARED_MEMORY = 4
"""Number of the argument `shared_memory` in Gymnasium's loop."""


def worker_problem(script: Script, call: ast.Call, worker: ast.expr) -> str:
    """Why the pool cannot run a worker loop; empty where it can.

    Args:
        script: The script.
        call: The call that takes the loop.
        worker: The loop.
    """
    if is_none(worker):
        return ""
    bound = [b.node for b in script.names.bindings(worker)] if isinstance(worker, ast.Name) else []
    loop = bound[0] if len(bound) == 1 else None
    if not isinstance(loop, ast.FunctionDef):
        return "the worker loop is not defined in this script, so that nothing tells what it takes"
    positional = [*loop.args.posonlyargs, *loop.args.args]
    required = len(positional) - len(loop.args.defaults)
    if not required <= _ARGUMENTS <= len(positional) or any(d is None for d in loop.args.kw_defaults):
        return f"the worker loop does not take the {_ARGUMENTS} arguments of Gymnasium's, as the pool's must"
    if not _shares_nothing(call) and not _asks_first(script, loop, positional[_SHARED_MEMORY].arg):
        return "the worker loop writes to shared memory; the pool hands it None for that"
    return ""


def _shares_nothing(call: ast.Call) -> bool:
    return any(
        keyword.arg == "shared_memory" and isinstance(keyword.value, ast.Constant) and not keyword.value.value
        for keyword in call.keywords
    )


def _asks_first(script: Script, loop: ast.FunctionDef, memory: str) -> bool:
    """True where every use of the memory is a test of it, stands under one, or hands it to Gymnasium's own loop."""
    uses = [n for n in walk(*loop.body) if isinstance(n, ast.Name) and n.id == memory]
    return all(_is_tested(script, use, memory) for use in uses)


def _is_tested(script: Script, use: ast.Name, memory: str) -> bool:
    if not isinstance(use.ctx, ast.Load):
        return False
    call = script.names.parents[use]
    if isinstance(call, ast.Call) and script.names.origins(call.func) & _GYMNASIUMS_OWN:
        return True
    branches = (a for a in script.names.ancestors(use) if isinstance(a, ast.If | ast.IfExp))
    return any(isinstance(n, ast.Name) and n.id == memory for b in branches for n in walk(b.test))
