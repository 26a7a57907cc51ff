"""step-timeouts: every wait for an environment has a deadline, and it is the pool's."""

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
from .cases import CASES
from .manual_timeouts import ManualTimeout, manual_timeouts, message_roots

__all__ = ["FIX"]

NAME = "step-timeouts"


def find(script: Script, options: Options) -> Iterator[Finding]:
    """Plan the pool's deadline, and the shortening of hand-made ones."""
    if not script.is_ours:
        return
    made = [call for use in script.class_uses.values() if use.kind == "call" for call in use.calls]
    for call in (*made, *(maker.call for maker in script.makers)):
        yield from _constructor(script, options, call)
    for use in script.class_uses.values():
        if use.kind == "choice":
            yield from _chosen(script, options, use)
    yield from _bare_waits(script)
    for found in manual_timeouts(script):
        yield from _shorten(script, options, found)


def _constructor(script: Script, options: Options, call: ast.Call) -> Iterator[Finding]:
    """`timeout=` on the call that makes the pool; on AsyncVectorEnv it would be an error."""
    given = [keyword for keyword in call.keywords if keyword.arg == "timeout"]
    position = script.position(call)
    if given:
        message = f"has timeout={script.text(given[0].value)}"
        yield Diagnostic(NAME, "satisfied", "has-timeout", script.position(given[0]), message)
    elif _takes_timeout(script, options, call):
        operation = AddKeyword(script.span(call), "timeout", options.timeout)
        message = f"every vector step gets a deadline of {float(options.timeout):g} s"
        yield Edit(NAME, position, message, (operation,))


def _takes_timeout(script: Script, options: Options, call: ast.Call) -> bool:
    """True where the call makes the pool, once patched, and surely gives no deadline yet."""
    if not script.names.origins(call.func) & POOL:
        return "swap-vector-env" in options.selected
    return not any(keyword.arg is None for keyword in call.keywords) and len(call.args) <= 2


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
    """The pool's step_wait() keeps the constructor's deadline; with an argument Gymnasium raises instead."""
    for call in script.calls("step_wait"):
        if not call.args and not call.keywords:
            message = "step_wait() waits no longer than the pool's deadline"
            yield Diagnostic(NAME, "satisfied", "pool-deadline", script.position(call), message)


def _shorten(script: Script, options: Options, found: ManualTimeout) -> Iterator[Finding]:
    value, position = found.value, script.position(found.value)
    seconds = value.value if isinstance(value, ast.Constant) else None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        if seconds is None and isinstance(value, ast.Constant):
            return
        hint = f"make it {options.timeout} s by hand"
        yield Diagnostic(
            NAME, "notice", "computed-timeout", position, "this time-out is not a plain number", hint
        )
        return
    wanted = float(options.timeout)
    if seconds == 0:
        return
    if seconds <= wanted:
        yield Diagnostic(NAME, "satisfied", "short-enough", position, f"waits {script.text(value)} s at most")
        return
    code = f"{wanted:g}" if isinstance(seconds, int) else f"{wanted}"
    operations: list[Operation] = [ReplaceExpression(script.span(value), code)]
    operations += _messages(script, found, f"{seconds:g}", f"{wanted:g}")
    message = f"a hand-made time-out of {script.text(value)} s becomes {code} s"
    yield Edit(NAME, position, message, tuple(operations))


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
    summary="the pool gets a deadline of 8 s, and longer hand-made time-outs around a step become 8 s",
    description=(
        "`timeout=8.0` goes to the call that makes the pool; a bare `step_wait()` then waits no longer than that, so "
        "it stays as it is. `signal.alarm(30)`, `signal.setitimer(...)`, `thread.join(timeout=10.0)` and "
        "`future.result(timeout=30)` around an environment become 8 s, and messages that name the old number follow. "
        "Joins of processes are left alone."
    ),
    find=find,
    cases=CASES,
)
