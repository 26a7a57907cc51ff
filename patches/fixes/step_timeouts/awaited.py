"""Work that waits for an environment elsewhere, and the calls that await its end for so many seconds."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from ...analysis.script import Script, walk
from .waits import WAITS, Guarded, assigned, guarded, innermost_loop, waits_once, waits_within

__all__ = ["AwaitedWork", "awaited_work"]

_THREAD = frozenset({"threading.Thread"})
_OF_FUTURES = frozenset({"asyncio.wait_for", "asyncio.wait", "concurrent.futures.wait"}) | frozenset(
    {"concurrent.futures.as_completed", "asyncio.as_completed"}
)
_IN_PLACE = frozenset({"func_timeout.func_timeout"})
_BY_METHOD = {"join": "Thread", "result": "submit", "get": "apply_async", "wait": "apply_async"}
_SIGNALS = {"get": {"put", "put_nowait"}, "wait": {"set"}, "poll": {"send"}}
_FUNCTION_AT = {"submit": 0, "apply_async": 0, "to_thread": 0, "run_in_executor": 1}
_POOL_WAITS = {"step_wait": "step_async", "reset_wait": "reset_async", "call_wait": "call_async"}


@dataclass(frozen=True)
class AwaitedWork:
    """A call that awaits an environment.

    Attributes:
        seconds: How long it waits.
        guards: Whose step it awaits.
        polled: True where it may be asked again: it does not surely give up after so many seconds.
    """

    seconds: ast.expr
    guards: Guarded
    polled: bool


def awaited_work(script: Script, call: ast.Call) -> AwaitedWork | None:
    """What a call awaits, and for how long; None where it awaits no environment, or as long as it takes."""
    origins = script.names.origins(call.func)
    if origins & _OF_FUTURES:
        return _work(script, call, _seconds(call, 1), list(_started(script, call.args[:1])))
    if origins & _IN_PLACE:
        return _work(script, call, _seconds(call, 0), [call])
    if not isinstance(call.func, ast.Attribute):
        return None
    method, receiver = call.func.attr, call.func.value
    if method in _POOL_WAITS and script.is_receiver(receiver):
        return _pool_wait(script, call, method)
    if method in _BY_METHOD and (started := _started_by(script, receiver, _BY_METHOD[method])):
        return _work(script, _one_by_one(script, receiver) or call, _seconds(call, 0), started)
    return _signalled(script, call, method, receiver) if method in _SIGNALS else None


def _pool_wait(script: Script, call: ast.Call, method: str) -> AwaitedWork | None:
    """`envs.step_wait(timeout=10)`, after which the pool's step is still pending."""
    seconds, loop = _seconds(call, 0), innermost_loop(script, call)
    begun = script.calls(_POOL_WAITS[method])
    polled = loop is not None and all(innermost_loop(script, start) is not loop for start in begun)
    return AwaitedWork(seconds, "pool", polled) if seconds is not None else None


def _work(
    script: Script, site: ast.AST, seconds: ast.expr | None, started: list[ast.Call]
) -> AwaitedWork | None:
    """The work of some threads or futures, awaited at a place."""
    found = [kind for start in started if (kind := _runs(script, start)) is not None]
    if seconds is None or not found:
        return None
    loop = innermost_loop(script, site)
    polled = loop is not None and all(innermost_loop(script, start) is not loop for start in started)
    return AwaitedWork(seconds, _strongest(found), polled)


def _signalled(script: Script, call: ast.Call, method: str, receiver: ast.expr) -> AwaitedWork | None:
    """`results.get(timeout=10)`, where a function that waits for an environment puts something there."""
    seconds, key = _seconds(call, 1 if method == "get" else 0), script.key(receiver)
    if seconds is None or key is None:
        return None
    for sender in script.names.calls:
        if not isinstance(sender.func, ast.Attribute) or sender.func.attr not in _SIGNALS[method]:
            continue
        function = script.names.function(sender)
        if (
            function is None
            or script.key(sender.func.value) != key
            or function is script.names.function(call)
        ):
            continue
        if waits := waits_within(script, function):
            polled = not waits_once(script, function) or not _starts_beside(script, call, function)
            return AwaitedWork(seconds, guarded(script, waits), polled)
    return None


def _starts_beside(script: Script, call: ast.Call, function: ast.AST) -> bool:
    """True where a thread or an executor is given a function in the loop that a call stands in."""
    starts = [start for start in script.names.calls if _names(script, _function(script, start), function)]
    return any(innermost_loop(script, start) is innermost_loop(script, call) for start in starts)


def _names(script: Script, expression: ast.expr | None, function: ast.AST) -> bool:
    is_name = isinstance(expression, ast.Name)
    return (
        is_name
        and isinstance(expression, ast.Name)
        and any(binding.node is function for binding in script.names.bindings(expression))
    )


def _seconds(call: ast.Call, position: int) -> ast.expr | None:
    by_name = (keyword.value for keyword in call.keywords if keyword.arg == "timeout")
    value = next(by_name, call.args[position] if len(call.args) > position else None)
    return None if isinstance(value, ast.Constant) and value.value is None else value


def _started_by(script: Script, receiver: ast.expr, starter: str) -> list[ast.Call]:
    """The `Thread(...)` or `executor.submit(...)` that a variable stands for, where it stands for nothing else."""
    if (loop := _one_by_one(script, receiver)) is not None:
        return [start for start in _started(script, [loop.iter]) if _is_start(script, start, starter)]
    made = [receiver] if isinstance(receiver, ast.Call) else assigned(script, receiver)
    calls = [m for m in made if isinstance(m, ast.Call) and _is_start(script, m, starter)]
    return calls if len(calls) == len(made) else []


def _one_by_one(script: Script, receiver: ast.expr) -> ast.For | None:
    """The `for` that gives a variable its values: `for thread in threads: thread.join(10)`."""
    bindings = script.names.bindings(receiver) if isinstance(receiver, ast.Name) else []
    loops = [script.names.parents.get(binding.node) for binding in bindings]
    around = [ancestor for ancestor in script.names.ancestors(receiver) if ancestor in loops]
    return next((loop for loop in around if isinstance(loop, ast.For)), None)


def _is_start(script: Script, call: ast.Call, starter: str) -> bool:
    if starter == "Thread":
        return bool(script.names.origins(call.func) & _THREAD)
    return isinstance(call.func, ast.Attribute) and call.func.attr == starter and bool(call.args)


def _started(script: Script, roots: list[ast.expr]) -> Iterator[ast.Call]:
    """Starts of work under some expressions, or in what is assigned or appended to the variables there."""
    names = [node for node in walk(*roots) if isinstance(node, ast.Name)]
    values = [value for name in names for value in (*assigned(script, name), *_appended(script, name))]
    for node in walk(*roots, *values):
        if isinstance(node, ast.Call) and _function(script, node) is not None:
            yield node


def _appended(script: Script, name: ast.Name) -> Iterator[ast.expr]:
    key = script.key(name)
    for call in script.names.calls:
        is_append = isinstance(call.func, ast.Attribute) and call.func.attr == "append"
        if is_append and isinstance(call.func, ast.Attribute) and script.key(call.func.value) == key:
            yield from call.args


def _function(script: Script, start: ast.Call) -> ast.expr | None:
    """What a thread, an executor or an event loop is given to run; a coroutine is its own function."""
    origins = script.names.origins(start.func)
    if origins & _THREAD:
        return next((keyword.value for keyword in start.keywords if keyword.arg == "target"), None)
    if isinstance(script.called_function(start), ast.AsyncFunctionDef):
        return start.func
    name = start.func.attr if isinstance(start.func, ast.Attribute) else ""
    position = 1 if origins & _IN_PLACE else _FUNCTION_AT.get(name)
    return start.args[position] if position is not None and len(start.args) > position else None


def _runs(script: Script, start: ast.Call) -> Guarded | None:
    """Whose environment some work waits for, once; None where it waits for none, or goes on for long."""
    function = _function(script, start)
    if isinstance(function, ast.Name):
        waits = [w for b in script.names.bindings(function) for w in waits_once(script, b.node)]
    elif isinstance(function, ast.Lambda):
        waits = waits_once(script, function)
    else:
        is_wait = isinstance(function, ast.Attribute) and function.attr in WAITS
        known = is_wait and isinstance(function, ast.Attribute) and script.is_receiver(function.value)
        return "pool" if known else None
    return guarded(script, waits) if waits else None


def _strongest(kinds: list[Guarded]) -> Guarded:
    return "pool" if "pool" in kinds else "unclear" if "unclear" in kinds else "single"
