"""Time-outs that people built around a step themselves: alarms, and threads that are joined for so long."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ...analysis.episode_loops import Loop, step_helpers, words
from ...analysis.script import Script, walk
from ...syntax.callees import Def, pair_arguments

__all__ = ["ManualTimeout", "manual_timeouts", "message_roots"]

_ALARM = frozenset({"signal.alarm"})
_TIMER = frozenset({"signal.setitimer"})
_THREAD = frozenset({"threading.Thread"})
_AWAITS = frozenset({"join", "result"})
_NEAR = 3
"""So many statements after an alarm at module level may speak of it."""
_WAITS = ("step", "step_wait", "reset", "reset_wait")


@dataclass(frozen=True)
class ManualTimeout:
    """One number of seconds that somebody waits for an environment.

    Attributes:
        value: The expression that gives it; a constant, where the script has one.
        root: The function (or module) that it stands in.
        site: The call that waits, or sets the alarm.
    """

    value: ast.expr
    root: ast.AST
    site: ast.Call


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


def _from_call(script: Script, call: ast.Call) -> Iterator[ManualTimeout]:
    value = _seconds(script, call)
    if value is None:
        return
    root = script.names.function(call) or script.tree
    awaits = isinstance(call.func, ast.Attribute) and call.func.attr in _AWAITS
    if awaits or _guards_a_wait(script, call, root):
        yield from _resolve(script, ManualTimeout(value, root, call))
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
    set_to = (_alarm_seconds(script, node) for node in walk(root) if isinstance(node, ast.Call))
    return any(isinstance(value, ast.Constant) and value.value == 0 for value in set_to)


def _alarm_seconds(script: Script, call: ast.Call) -> ast.expr | None:
    """The seconds of `signal.alarm(30)` and of `signal.setitimer(signal.ITIMER_REAL, 30)`."""
    origins = script.names.origins(call.func)
    if origins & _ALARM:
        return call.args[0] if len(call.args) == 1 else None
    return call.args[1] if origins & _TIMER and len(call.args) == 2 else None


def _seconds(script: Script, call: ast.Call) -> ast.expr | None:
    """The seconds of an alarm, of `thread.join(timeout=10.0)` and of `future.result(timeout=30)`."""
    if (seconds := _alarm_seconds(script, call)) is not None:
        return seconds
    if isinstance(call.func, ast.Attribute) and call.func.attr in _AWAITS:
        made = _worker(script, call.func.value, call.func.attr)
        if made is not None and _runs_environment(script, made):
            values = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "timeout")]
            return values[0] if len(values) == 1 else None
    return None


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
    if isinstance(parent, ast.Call) and (_seconds(script, parent) is use or _sets_alarm(script, parent)):
        return True
    return any(isinstance(ancestor, ast.JoinedStr) for ancestor in script.names.ancestors(use))


def _sets_alarm(script: Script, call: ast.Call) -> bool:
    """True for a call of a function, or of a class, that sets an alarm."""
    function = script.called_function(call)
    if function is None:
        return False
    home = script.names.parents[function]
    inside = walk(home if isinstance(home, ast.ClassDef) else function)
    return any(isinstance(node, ast.Call) and _alarm_seconds(script, node) is not None for node in inside)


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
    guarding = {
        call for call in calls if _guards_a_wait(script, call, script.names.function(call) or script.tree)
    }
    silent = set(calls)
    for call, given in _given(script, function, name):
        silent.discard(call)
        if call in guarding:
            yield from _resolve(
                script, ManualTimeout(given, script.names.function(call) or script.tree, call)
            )
    if silent and silent <= guarding:
        first = min(silent, key=lambda call: script.span(call).start)
        for default in _default(function, name):
            yield ManualTimeout(default, script.names.function(first) or script.tree, first)


def _parameter(script: Script, value: ast.expr, root: ast.AST) -> tuple[Def | None, str]:
    """The function and the parameter that a number of seconds comes from; through `self.seconds` its class's."""
    if isinstance(value, ast.Name) and isinstance(root, Def):
        return root, value.id
    assigned = _assigned(script, value) if isinstance(value, ast.Attribute) else []
    if len(assigned) == 1 and isinstance(assigned[0], ast.Name):
        function = script.names.function(assigned[0])
        if function is not None and function.name == "__init__":
            return function, assigned[0].id
    return None, ""


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


def _worker(script: Script, receiver: ast.expr, awaited: str) -> ast.Call | None:
    """The `Thread(...)` or `executor.submit(...)` whose end is awaited by `join` or `result`."""
    made = [receiver] if isinstance(receiver, ast.Call) else _assigned(script, receiver)
    starts = _is_submitted if awaited == "result" else _is_thread
    if made and all(isinstance(m, ast.Call) and starts(script, m) for m in made):
        return made[0] if isinstance(made[0], ast.Call) else None
    return None


def _assigned(script: Script, variable: ast.expr) -> list[ast.expr]:
    """Every value that is assigned to a variable."""
    key = script.key(variable)
    assignments = (node for node in script.names.order if isinstance(node, ast.Assign) and key is not None)
    return [a.value for a in assignments if any(script.key(target) == key for target in a.targets)]


def _is_thread(script: Script, call: ast.Call) -> bool:
    return bool(script.names.origins(call.func) & _THREAD)


def _is_submitted(_script: Script, call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr == "submit" and bool(call.args)


def _runs_environment(script: Script, made: ast.Call) -> bool:
    """True where what a thread or an executor runs waits for an environment."""
    targets = [keyword.value for keyword in made.keywords if keyword.arg == "target"]
    if not _is_thread(script, made):
        targets = made.args[:1]
    return any(_waits_when_called(script, target) for target in targets)


def _waits_when_called(script: Script, function: ast.expr) -> bool:
    if isinstance(function, ast.Name):
        return any(_waits_once(script, b.node) for b in script.names.bindings(function))
    if isinstance(function, ast.Lambda):
        return _waits_once(script, function)
    is_wait = isinstance(function, ast.Attribute) and function.attr in _WAITS
    return is_wait and isinstance(function, ast.Attribute) and script.is_receiver(function.value)
