"""Limits that begin to run before a step and are taken back after it: alarms, timers, `with` blocks, decorators."""

from __future__ import annotations

import ast

from ...analysis.script import Script, walk
from ...syntax.callees import Def
from .waits import innermost_loop, waits_once, waits_within

__all__ = ["alarm_seconds", "guarded_waits", "is_taken_back", "scoped_seconds"]

_SECONDS_AT = {"signal.alarm": 0, "signal.setitimer": 1, "threading.Timer": 0}
_SCOPED = frozenset(
    {
        "asyncio.timeout",
        "async_timeout.timeout",
        "eventlet.Timeout",
        "func_timeout.func_set_timeout",
        "stopit.SignalTimeout",
        "stopit.ThreadingTimeout",
        "timeout_decorator.timeout",
        "wrapt_timeout_decorator.timeout",
    }
)


def alarm_seconds(script: Script, call: ast.Call) -> ast.expr | None:
    """The seconds of `signal.alarm(30)`, `signal.setitimer(signal.ITIMER_REAL, 30)` and `threading.Timer(30, f)`."""
    for origin, position in _SECONDS_AT.items():
        if origin in script.names.origins(call.func) and len(call.args) > position:
            return call.args[position]
    return None


def scoped_seconds(script: Script, call: ast.Call) -> ast.expr | None:
    """The seconds of a `with timeout(30):` or `@timeout(30)` of a library."""
    return call.args[0] if script.names.origins(call.func) & _SCOPED and call.args else None


def guarded_waits(script: Script, call: ast.Call) -> list[ast.Call]:
    """The waits that a limit is set for; none where it limits a whole training run.

    A wait stands in the same loop as the limit. Outside of any loop, the limit is taken back, or no loop waits at all.

    Args:
        script: The script.
        call: Sets the limit: an alarm, the expression of a `with`, or a decorator.
    """
    parent = script.names.parents[call]
    if isinstance(parent, Def):
        return waits_once(script, parent)
    block = script.names.parents[parent] if isinstance(parent, ast.withitem) else None
    root = block or script.names.function(call) or script.tree
    waits, here = waits_within(script, root), innermost_loop(script, call)
    same = [wait for wait in waits if innermost_loop(script, wait) is here]
    whole = here is None and len(same) < len(waits) and not is_taken_back(script, root)
    return [] if whole else same


def is_taken_back(script: Script, root: ast.AST) -> bool:
    """True where `alarm(0)` stands in the same function."""
    set_to = (alarm_seconds(script, node) for node in walk(root) if isinstance(node, ast.Call))
    return any(isinstance(value, ast.Constant) and value.value == 0 for value in set_to)
