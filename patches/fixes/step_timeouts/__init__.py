"""step-timeouts: every wait for an environment has a deadline, and the pool's comes before any other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ...analysis.class_choices import ClassUse
from ...analysis.script import POOL, Script, walk
from ...syntax.edits import (
    AddKeyword,
    BindKeyword,
    Diagnostic,
    Edit,
    Finding,
    Operation,
    ReplaceExpression,
)
from ..model import Fix, Options
from ..nothing_to_do import or_nothing_to_do
from .cases import CASES
from .manual_timeouts import ManualTimeout, manual_timeouts, message_roots
from .step_bound import StepBound, becomes_or_is_pool, given_timeout, step_bound

__all__ = ["FIX"]

NAME = "step-timeouts"
_OBSTACLES = {
    "expected-timeout": "this time-out is meant to be missed",
    "polled-wait": "this time-out stands in a loop that may wait again",
    "shared-limit": "this time-out limits other work as well",
}


def find(script: Script, options: Options) -> Iterator[Finding]:
    """Plan the pool's deadline, and hand-made limits that leave it the time to act."""
    message = "no vector environment is made here, so there is no deadline to set"
    yield from or_nothing_to_do(NAME, script, _findings(script, options), message)


def _findings(script: Script, options: Options) -> Iterator[Finding]:
    made = [call for use in script.class_uses.values() if use.kind == "call" for call in use.calls]
    for call in (*made, *(maker.call for maker in script.makers)):
        yield _constructor(script, options, call)
    for use in script.class_uses.values():
        if use.kind == "choice":
            yield from _chosen(script, options, use)
    yield from _bare_waits(script)
    if (bound := step_bound(script, options)) is not None:
        for found in manual_timeouts(script):
            yield from _guard(script, bound, found)


def _constructor(script: Script, options: Options, call: ast.Call) -> Finding:
    """`timeout=` on the call that makes the pool; on AsyncVectorEnv it would be an error."""
    position, given = script.position(call), given_timeout(script, call)
    default = "the pool's default of 15 s applies"
    if given is not None:
        message = f"has timeout={script.text(given)}"
        return Diagnostic(NAME, "satisfied", "has-timeout", script.position(given), message)
    if not becomes_or_is_pool(script, options, call):
        message = "AsyncVectorEnv takes no deadline; the swap to the pool brings one"
        return Diagnostic(NAME, "satisfied", "not-the-pool", position, message)
    if any(keyword.arg is None for keyword in call.keywords):
        message = "its arguments are unpacked from a dict, which may hold a timeout"
        return Diagnostic(
            NAME, "notice", "hidden-arguments", position, message, f"if it holds none, {default}"
        )
    operation = AddKeyword(script.span(call), "timeout", options.timeout)
    message = f"every vector step gets a deadline of {float(options.timeout):g} s"
    return Edit(NAME, position, message, (operation,))


def _chosen(script: Script, options: Options, use: ClassUse) -> Iterator[Finding]:
    """A class that is handed on takes its deadline along: SyncVectorEnv, made by the same call, takes none."""
    holders = [*use.partials, *use.calls]
    given = [keyword for call in holders for keyword in call.keywords if keyword.arg == "timeout"]
    position = script.position(use.reference)
    if given:
        message = f"has timeout={script.text(given[0].value)}"
        yield Diagnostic(NAME, "satisfied", "has-timeout", script.position(given[0]), message)
    elif not script.names.origins(use.reference) & POOL and "swap-vector-env" not in options.selected:
        return
    elif any(len(call.args) > 2 for call in use.calls):
        return  # the third argument by position is the deadline
    elif use.partials or script.can_import("partial", "functools"):
        target = script.span(use.partials[0] if use.partials else use.reference)
        kind, imports = (AddKeyword, ()) if use.partials else (BindKeyword, ("functools:partial",))
        message = f"every vector step of the chosen class gets a deadline of {float(options.timeout):g} s"
        yield Edit(NAME, position, message, (kind(target, "timeout", options.timeout),), imports)
    else:
        message = (
            "the deadline of a class that is handed on needs functools.partial, and the script has its own"
        )
        hint = "rename it, then patch again; until then the pool's default of 15 s applies"
        yield Diagnostic(NAME, "notice", "name-taken", position, message, hint)


def _bare_waits(script: Script) -> Iterator[Diagnostic]:
    """The pool's step_wait() keeps the constructor's deadline."""
    for call in script.calls("step_wait"):
        if not call.args and not call.keywords:
            message = "step_wait() waits no longer than the pool's deadline"
            yield Diagnostic(NAME, "satisfied", "pool-deadline", script.position(call), message)


def _guard(script: Script, bound: StepBound, found: ManualTimeout) -> Iterator[Finding]:
    """One hand-made limit: longer than any step of the pool, or made so, or left alone for a reason."""
    value, position = found.value, script.position(found.value)
    if isinstance(value, ast.Constant) and value.value in (0, None):
        return
    text, seconds = script.text(value), _seconds(value)
    if found.guards == "single":
        message = f"{text} s limit one environment, not a step of the pool"
        yield Diagnostic(NAME, "satisfied", "one-environment", position, message)
    elif bound.deadline_s is None:
        message = "the pool's deadline is no plain number, and this time-out must not fire before it"
        hint = "make it longer than twice the deadline x the environments per worker, plus a worker's start"
        yield Diagnostic(NAME, "notice", "unknown-deadline", position, message, hint)
    elif seconds is not None and seconds >= bound.guard_s:
        message = f"a hand-made time-out of {text} s leaves the pool its time: {bound.reason}"
        yield Diagnostic(NAME, "satisfied", "long-enough", position, message)
    elif (problem := _problem(found, seconds)) is not None:
        hint = f"make it at least {bound.guard_s} s: {bound.reason}"
        yield Diagnostic(NAME, "notice", problem[0], position, problem[1], hint)
    else:
        yield _raised(script, bound, found)


def _seconds(value: ast.expr) -> float | None:
    seconds = value.value if isinstance(value, ast.Constant) else None
    return seconds if isinstance(seconds, int | float) and not isinstance(seconds, bool) else None


def _problem(found: ManualTimeout, seconds: float | None) -> tuple[str, str] | None:
    """Code and reason for which a limit is left to a person."""
    if seconds is None:
        return "computed-timeout", "this time-out is not a plain number"
    if found.guards == "unclear":
        return "unclear-guard", "this time-out may guard a step of the pool, or something else"
    return (found.obstacle, _OBSTACLES[found.obstacle]) if found.obstacle else None


def _raised(script: Script, bound: StepBound, found: ManualTimeout) -> Edit:
    """Lengthen a limit, in the messages as well."""
    text, old = script.text(found.value), _seconds(found.value)
    code = f"{bound.guard_s}" if isinstance(old, int) else f"{float(bound.guard_s)}"
    operations: list[Operation] = [ReplaceExpression(script.span(found.value), code)]
    operations += _messages(script, found, f"{old:g}", f"{bound.guard_s}")
    message = f"a hand-made time-out of {text} s becomes {code} s: {bound.reason}"
    return Edit(NAME, script.position(found.value), message, tuple(operations))


def _messages(script: Script, made: ManualTimeout, old: str, new: str) -> Iterator[Operation]:
    """Texts of the same function that name the old number of seconds."""
    pattern = re.compile(rf"(?<![\d.]){re.escape(old)}(?:\.0+)?(?=\s?-?(?:s|sec|secs|seconds?)\b)")
    seen: set[ast.AST] = set()
    for node in (n for r in message_roots(script, made) for n in walk(r)):
        if node in seen:
            continue
        seen.add(node)
        inside = isinstance(node, ast.Constant) and isinstance(script.names.parents.get(node), ast.JoinedStr)
        if isinstance(node, ast.Constant | ast.JoinedStr) and not inside:
            spoken, written = _spoken(node), script.text(node)
            found = len(pattern.findall(spoken))
            if found and found == len(pattern.findall(written)):
                yield ReplaceExpression(script.span(node), pattern.sub(new, written))


def _spoken(text: ast.Constant | ast.JoinedStr) -> str:
    """The literal parts of a string."""
    parts = text.values if isinstance(text, ast.JoinedStr) else [text]
    return "\0".join(p.value for p in parts if isinstance(p, ast.Constant) and isinstance(p.value, str))


FIX = Fix(
    NAME,
    version=2,
    summary="the pool gets a deadline of 8 s, and hand-made time-outs around a step become longer than it",
    description=(
        "`timeout=8.0` goes to the call that makes the pool; a bare `step_wait()` then waits no longer than that, so "
        "it stays as it is. A limit around a step that somebody made by hand must not fire before the pool has acted: "
        "the step would stay pending. `signal.alarm(30)`, `signal.setitimer(...)`, `step_wait(timeout=10)`, "
        "`thread.join(timeout=10.0)`, `future.result(timeout=30)`, `results.get(timeout=10)`, `asyncio.wait_for(...)` "
        "and their like become 60 s where they are shorter, or more where a worker has many environments or a long "
        "deadline; messages that name the old number follow. Longer ones stay. A limit that is computed, and one that "
        "may be waited for again, are reported with the seconds that they need. Joins of processes and limits on one "
        "environment are left alone."
    ),
    find=find,
    cases=CASES,
)
