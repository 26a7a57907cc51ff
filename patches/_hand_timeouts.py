"""Time-outs that people built around a step themselves: alarms, and threads that are joined for so long."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace

from patches._callees import pair_arguments
from patches._loops import Loop, step_helpers, words
from patches._script import Script, walk

__all__ = ["HandMade", "hand_made_timeouts", "message_roots"]

_ALARM = frozenset({"signal.alarm"})
_THREAD = frozenset({"threading.Thread"})
_NEAR = 3
"""So many statements after an alarm at module level may speak of it."""
_WAITS = ("step", "step_wait", "reset", "reset_wait")


@dataclass(frozen=True)
class HandMade:
    """One number of seconds that somebody waits for an environment.

    Attributes:
        value: The expression that gives it; a constant, where the script has one.
        root: The function (or module) that it stands in.
        site: The call that waits, or sets the alarm.
    """

    value: ast.expr
    root: ast.AST
    site: ast.Call


def hand_made_timeouts(script: Script) -> Iterator[HandMade]:
    """Every hand-made time-out that guards an environment, once each."""
    seen: set[ast.expr] = set()
    for call in script.names.calls:
        for found in _from_call(script, call):
            if found.value not in seen:
                seen.add(found.value)
                yield found


def message_roots(script: Script, found: HandMade) -> Iterator[ast.AST]:
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


def _surroundings(script: Script, found: HandMade) -> Iterator[ast.AST]:
    """The loop or the function around a time-out; at module level, what follows until the alarm is taken back."""
    loop = _innermost_loop(script, found.site)
    if loop is not None or not isinstance(found.root, ast.Module):
        yield loop or found.root
        return
    statement = script.names.statement(found.site)
    block = script.names.block(statement)
    for sibling in block[block.index(statement) :][:_NEAR]:
        yield sibling
        if _is_taken_back(script, sibling):
            return


def _handlers_around(script: Script, node: ast.AST) -> Iterator[ast.ExceptHandler]:
    for ancestor in script.names.ancestors(node):
        if isinstance(ancestor, ast.Try):
            yield from ancestor.handlers


def _from_call(script: Script, call: ast.Call) -> Iterator[HandMade]:
    value = _seconds(script, call)
    if value is None:
        return
    root = script.names.function(call) or script.tree
    is_join = isinstance(call.func, ast.Attribute) and call.func.attr == "join"
    if is_join or _guards_a_wait(script, call, root):
        yield from _resolve(script, HandMade(value, root, call))
    else:
        yield from _from_callers(script, value, root)


def _guards_a_wait(script: Script, call: ast.Call, root: ast.AST) -> bool:
    """True where an alarm is set for one wait, not for a whole training run.

    The wait stands in the same loop. Outside of any loop, the alarm is taken back, or no loop waits at all.
    """
    waits = [_innermost_loop(script, wait) for wait in _waits_within(script, root)]
    here = _innermost_loop(script, call)
    return here in waits and (
        here is not None or _is_taken_back(script, root) or waits == [None] * len(waits)
    )


def _innermost_loop(script: Script, node: ast.AST) -> ast.AST | None:
    for ancestor in script.names.ancestors(node):
        if isinstance(ancestor, Loop):
            return ancestor
        if isinstance(ancestor, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            break
    return None


def _is_taken_back(script: Script, root: ast.AST) -> bool:
    """True where `alarm(0)` stands in the same function."""
    return any(
        isinstance(node, ast.Call)
        and script.names.origins(node.func) & _ALARM
        and len(node.args) == 1
        and isinstance(node.args[0], ast.Constant)
        and node.args[0].value == 0
        for node in walk(root)
    )


def _seconds(script: Script, call: ast.Call) -> ast.expr | None:
    """The argument of `signal.alarm(30)`, or of `thread.join(timeout=10.0)` for a thread that steps."""
    if script.names.origins(call.func) & _ALARM:
        return call.args[0] if len(call.args) == 1 else None
    if isinstance(call.func, ast.Attribute) and call.func.attr == "join":
        made = _thread(script, call.func.value)
        if made is not None and _runs_environment(script, made):
            values = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "timeout")]
            return values[0] if len(values) == 1 else None
    return None


def _resolve(script: Script, found: HandMade) -> Iterator[HandMade]:
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
        default = _default(function, node)
        given = list(_given(script, function, node.arg))
        yield from (replace(found, value=value) for value in [*default, *(value for _, value in given)])
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
    if isinstance(parent, ast.Call) and _seconds(script, parent) is use:
        return True
    return any(isinstance(ancestor, ast.JoinedStr) for ancestor in script.names.ancestors(use))


def _default(function: ast.FunctionDef | ast.AsyncFunctionDef, argument: ast.arg) -> list[ast.expr]:
    positional = [*function.args.posonlyargs, *function.args.args]
    pairs = [*zip(reversed(positional), reversed(function.args.defaults), strict=False)]
    pairs += [(a, d) for a, d in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True) if d]
    return [default for name, default in pairs if name is argument]


def _given(
    script: Script, function: ast.FunctionDef | ast.AsyncFunctionDef, name: str
) -> Iterator[tuple[ast.Call, ast.expr]]:
    """Values that calls in the script pass for a parameter."""
    for call in script.names.calls:
        if script.called_function(call) is function:
            yield from ((call, value) for given, value in pair_arguments(call, function) if given == name)


def _from_callers(script: Script, value: ast.expr, root: ast.AST) -> Iterator[HandMade]:
    """`def limit(seconds): signal.alarm(seconds)`, called by functions that wait for an environment."""
    if not isinstance(value, ast.Name) or not isinstance(root, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    for call, given in _given(script, root, value.id):
        caller = script.names.function(call) or script.tree
        if _guards_a_wait(script, call, caller):
            yield HandMade(given, caller, call)


def _waits_within(script: Script, root: ast.AST) -> list[ast.Call]:
    """Calls under a node that wait for an environment: its own methods, or a helper that steps."""
    waits = set(script.calls(*_WAITS))
    helpers = {
        function for call in script.calls("step", "step_async") for function in step_helpers(script, call)
    }
    return [
        node
        for node in walk(root)
        if isinstance(node, ast.Call)
        and (node in waits or script.called_function(node) in helpers or _steps_one(node))
    ]


def _steps_one(call: ast.Call) -> bool:
    """True for `env.step(action)` of a single environment; optimizers and schedulers step as well."""
    is_step = isinstance(call.func, ast.Attribute) and call.func.attr == "step" and len(call.args) == 1
    return is_step and isinstance(call.func, ast.Attribute) and bool(words(call.func.value) & {"env", "envs"})


def _waits_once(script: Script, root: ast.AST) -> bool:
    """True where a function waits for an environment outside of any loop: to run it is to wait once."""
    return any(_innermost_loop(script, wait) is None for wait in _waits_within(script, root))


def _thread(script: Script, receiver: ast.expr) -> ast.Call | None:
    """The one `threading.Thread(...)` call that a variable is made from."""
    key = script.key(receiver)
    made = [
        node.value
        for node in script.names.order
        if isinstance(node, ast.Assign)
        and key is not None
        and any(script.key(t) == key for t in node.targets)
    ]
    if made and all(isinstance(m, ast.Call) and script.names.origins(m.func) & _THREAD for m in made):
        return made[0] if isinstance(made[0], ast.Call) else None
    return None


def _runs_environment(script: Script, thread: ast.Call) -> bool:
    """True where the thread's target waits for an environment."""
    for keyword in thread.keywords:
        if keyword.arg != "target":
            continue
        if isinstance(keyword.value, ast.Name):
            return any(_waits_once(script, b.node) for b in script.names.bindings(keyword.value))
        if isinstance(keyword.value, ast.Lambda):
            return _waits_once(script, keyword.value)
        function = keyword.value
        return isinstance(function, ast.Attribute) and script.is_receiver(function.value)
    return False
