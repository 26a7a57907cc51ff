"""Time-outs that people built around a step themselves, each followed to the number that it comes from."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ...analysis.script import Script, walk
from ...syntax.callees import Def, pair_arguments
from .alarms import alarm_seconds, guarded_waits, is_taken_back, scoped_seconds
from .awaited import awaited_work
from .waits import Guarded, assigned, guarded, innermost_loop, waits_within

__all__ = ["ManualTimeout", "manual_timeouts", "message_roots"]

_NEAR = 3
"""So many statements after an alarm at module level may speak of it."""


@dataclass(frozen=True)
class ManualTimeout:
    """One number of seconds that somebody waits for an environment.

    Attributes:
        value: The expression that gives it; a constant, where the script has one.
        root: The function (or module) that it stands in.
        site: The call that waits, or sets the alarm.
        guards: Whose step it guards.
        obstacle: Code of the reason for which the number must not be changed; empty where it may.
    """

    value: ast.expr
    root: ast.AST
    site: ast.Call
    guards: Guarded = "pool"
    obstacle: str = ""


def manual_timeouts(script: Script) -> Iterator[ManualTimeout]:
    """Every hand-made time-out that guards an environment, once each."""
    seen: set[ast.expr] = set()
    for call in script.names.calls:
        for found in _from_call(script, call):
            if found.value not in seen:
                seen.add(found.value)
                yield found


def message_roots(script: Script, found: ManualTimeout) -> Iterator[ast.AST]:
    """Where messages about a time-out stand.

    Args:
        script: The script.
        found: The time-out.

    Yields:
        The code around it, the handlers of its signals, and the `except` clauses around it and around calls of the
        function that it stands in.
    """
    yield from _surroundings(script, found)
    yield from _handlers_around(script, found.site)
    for call in script.names.calls:
        if script.names.origins(call.func) & {"signal.signal"} and len(call.args) == 2:
            if isinstance(call.args[1], ast.Name):
                yield from (
                    b.node for b in script.names.bindings(call.args[1]) if isinstance(b.node, ast.FunctionDef)
                )
        elif script.called_function(call) is found.root:
            yield from _handlers_around(script, call)


def _surroundings(script: Script, found: ManualTimeout) -> Iterator[ast.AST]:
    """The loop or the function around a time-out; at module level, what follows until the alarm is taken back."""
    loop = innermost_loop(script, found.site)
    if loop is not None or not isinstance(found.root, ast.Module):
        yield loop or found.root
        return
    statement = script.names.statement(found.site)
    block = script.names.block(statement)
    for sibling in block[block.index(statement) :][:_NEAR]:
        yield sibling
        if is_taken_back(script, sibling):
            return


def _handlers_around(script: Script, node: ast.AST) -> Iterator[ast.ExceptHandler]:
    for ancestor in script.names.ancestors(node):
        if isinstance(ancestor, ast.Try):
            yield from ancestor.handlers


def _from_call(script: Script, call: ast.Call) -> Iterator[ManualTimeout]:
    root = script.names.function(call) or script.tree
    if (work := awaited_work(script, call)) is not None:
        obstacle = "expected-timeout" if _is_expected(script, call) else "polled-wait" if work.polled else ""
        yield from _resolve(script, ManualTimeout(work.seconds, root, call, work.guards, obstacle))
        return
    seconds = alarm_seconds(script, call) or scoped_seconds(script, call)
    if seconds is None:
        return
    if waits := guarded_waits(script, call):
        yield from _resolve(script, ManualTimeout(seconds, root, call, guarded(script, waits)))
    elif (waits := waits_within(script, root)) and guarded(script, waits) == "pool":
        yield ManualTimeout(seconds, root, call, "unclear")
    else:
        yield from _from_callers(script, seconds, root)


def _is_expected(script: Script, call: ast.Call) -> bool:
    """True under `with pytest.raises(...)` and `with self.assertRaises(...)`: it shall be too short."""
    blocks = (ancestor for ancestor in script.names.ancestors(call) if isinstance(ancestor, ast.With))
    managers = (item.context_expr for block in blocks for item in block.items)
    return any(
        isinstance(manager, ast.Call)
        and isinstance(manager.func, ast.Attribute)
        and manager.func.attr in {"raises", "assertRaises"}
        for manager in managers
    )


def _resolve(script: Script, found: ManualTimeout) -> Iterator[ManualTimeout]:
    """Follow a variable to the constants that it is made from; the variable itself where that fails."""
    if not isinstance(found.value, ast.Name):
        yield found
        return
    bindings = script.names.bindings(found.value) if _only_times_out(script, found.value) else []
    node = bindings[0].node if len(bindings) == 1 else None
    statement = script.names.parents.get(node) if node is not None else None
    if (
        isinstance(statement, ast.Assign)
        and isinstance(statement.value, ast.Constant)
        and len(statement.targets) == 1
    ):
        yield replace(found, value=statement.value)
    elif isinstance(node, ast.arg) and (function := script.names.function(node)) is not None:
        default = _default(function, node.arg)
        given = list(_given(script, function, node.arg))
        values = [*default, *(value for _, value in given)]
        yield from (replace(found, value=value) for value in values or [found.value])
    else:
        yield found


def _only_times_out(script: Script, name: ast.Name) -> bool:
    """True where a variable is for time-outs and messages alone: nothing else changes with it."""
    key = script.key(name)
    uses = (node for node in script.names.order if isinstance(node, ast.Name) and script.key(node) == key)
    return all(_is_timeout_or_text(script, use) for use in uses if isinstance(use.ctx, ast.Load))


def _is_timeout_or_text(script: Script, use: ast.Name) -> bool:
    parent = script.names.parents[use]
    if isinstance(parent, ast.keyword):
        parent = script.names.parents[parent]
    if isinstance(parent, ast.Call):
        work = awaited_work(script, parent)
        if (work is not None and work.seconds is use) or _limits(script, parent, use):
            return True
    return any(isinstance(ancestor, ast.JoinedStr) for ancestor in script.names.ancestors(use))


def _limits(script: Script, call: ast.Call, use: ast.Name) -> bool:
    """True for a call that sets a limit of so many seconds, and for one of a function or class that sets an alarm."""
    if use in (alarm_seconds(script, call), scoped_seconds(script, call)):
        return True
    function = script.called_function(call)
    if function is None:
        return False
    home = script.names.parents[function]
    inside = walk(home if isinstance(home, ast.ClassDef) else function)
    return any(isinstance(node, ast.Call) and alarm_seconds(script, node) is not None for node in inside)


def _default(function: Def, parameter: str) -> list[ast.expr]:
    positional = [*function.args.posonlyargs, *function.args.args]
    pairs = [*zip(reversed(positional), reversed(function.args.defaults), strict=False)]
    pairs += [(a, d) for a, d in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True) if d]
    return [default for argument, default in pairs if argument.arg == parameter]


def _given(script: Script, function: Def, name: str) -> Iterator[tuple[ast.Call, ast.expr]]:
    """Values that calls in the script pass for a parameter."""
    for call in script.names.calls:
        if script.called_function(call) is function:
            yield from ((call, value) for given, value in pair_arguments(call, function) if given == name)


def _from_callers(script: Script, value: ast.expr, root: ast.AST) -> Iterator[ManualTimeout]:
    """`def limit(seconds): signal.alarm(seconds)`, called by functions that wait for an environment."""
    function, name = _parameter(script, value, root)
    if function is None:
        return
    calls = [call for call in script.names.calls if script.called_function(call) is function]
    guarding = {call: waits for call in calls if (waits := guarded_waits(script, call))}
    silent = set(calls)
    for call, given in _given(script, function, name):
        silent.discard(call)
        if call in guarding:
            yield from _resolve(script, _at(script, given, call, guarding[call]))
    if counting := silent & guarding.keys():
        first = min(counting, key=lambda call: script.span(call).start)
        obstacle = "" if silent == counting else "shared-limit"
        for default in _default(function, name):
            yield replace(_at(script, default, first, guarding[first]), obstacle=obstacle)


def _at(script: Script, value: ast.expr, call: ast.Call, waits: list[ast.Call]) -> ManualTimeout:
    return ManualTimeout(value, script.names.function(call) or script.tree, call, guarded(script, waits))


def _parameter(script: Script, value: ast.expr, root: ast.AST) -> tuple[Def | None, str]:
    """The function and the parameter that a number of seconds comes from; through `self.seconds` its class's."""
    if isinstance(value, ast.Name) and isinstance(root, Def):
        owner = script.names.owner(value)
        return (owner.node, value.id) if owner and isinstance(owner.node, Def) else (None, "")
    values = assigned(script, value) if isinstance(value, ast.Attribute) else []
    if len(values) == 1 and isinstance(values[0], ast.Name):
        function = script.names.function(values[0])
        if function is not None and function.name == "__init__":
            return function, values[0].id
    return None, ""
