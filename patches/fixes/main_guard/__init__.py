"""main-guard: the call that starts a script stands under `if __name__ == "__main__":`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...analysis.script import Script, walk
from ...syntax.edits import Diagnostic, Edit, Finding, Guard
from ..model import Fix, Options
from ..nothing_to_do import or_nothing_to_do
from .cases import CASES

__all__ = ["FIX"]

NAME = "main-guard"
_GUARD = '__name__ == "__main__"'
_EXITS = frozenset({"sys.exit"})


def find(script: Script, _options: Options) -> Iterator[Finding]:
    """Plan the guard for a script that ends with its entry call."""
    message = (
        "no entry call ends this script: the pool's workers never import it, so it may work at module level"
    )
    yield from or_nothing_to_do(NAME, script, _findings(script), message)


def _findings(script: Script) -> Iterator[Finding]:
    last = script.tree.body[-1]
    if (guard := _guard(script)) is not None:
        message = "the script looks at __name__ already"
        yield Diagnostic(NAME, "satisfied", "has-guard", script.position(guard), message)
        return
    if not _is_entry_call(script, last):
        return
    position = script.position(last)
    problem = _problem(script, last)
    if problem:
        hint = f"put what runs the script under `if {_GUARD}:`"
        yield Diagnostic(NAME, "notice", "not-the-only-work", position, problem, hint)
        return
    message = f"{script.text(last)} runs only where the script is started, not where it is imported"
    yield Edit(NAME, position, message, (Guard(script.span(last), _GUARD),))


def _guard(script: Script) -> ast.If | None:
    """The first `if` that asks for `__name__`."""
    for node in script.names.order:
        if isinstance(node, ast.If) and any(
            isinstance(part, ast.Name) and part.id == "__name__" for part in walk(node.test)
        ):
            return node
    return None


def _is_entry_call(script: Script, statement: ast.stmt) -> bool:
    """True for `main()` and `sys.exit(main())`, where `main` is a function of the script that trains."""
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
        return False
    call = statement.value
    if (
        script.names.origins(call.func) & _EXITS
        and len(call.args) == 1
        and isinstance(call.args[0], ast.Call)
    ):
        call = call.args[0]
    function = script.called_function(call)
    return function is not None and _makes_environments(script, function)


def _makes_environments(script: Script, entry: ast.AST) -> bool:
    """True where a function, or one that it calls, makes a vector environment: it is the training itself."""
    made, seen, waiting = set(script.constructions), set[ast.AST](), [entry]
    while waiting:
        function = waiting.pop()
        if function in seen:
            continue
        seen.add(function)
        calls = [node for node in walk(function) if isinstance(node, ast.Call)]
        if any(call in made for call in calls):
            return True
        waiting += [called for call in calls if (called := script.called_function(call)) is not None]
    return False


def _problem(script: Script, last: ast.stmt) -> str:
    """Why the entry call cannot be moved alone."""
    if not script.stands_alone(last):
        return "the entry call shares its line with another statement"
    before = [statement for statement in script.tree.body if statement is not last]
    made = {node for statement in before if not _is_definition(statement) for node in walk(statement)}
    if any(call in made for call in script.constructions):
        return "environments are made at module level, before the entry call"
    if any(_is_entry_call(script, statement) for statement in before):
        return "environments are made by an earlier call at module level as well"
    return ""


def _is_definition(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)


FIX = Fix(
    NAME,
    version=2,
    summary="an entry call at module level is put under the __main__ guard",
    description=(
        "Where workers are spawned, a script that starts itself at module level starts again in each of them. The "
        "pool's workers never import the script; other tools do. The call is moved only where it is the last "
        "statement, calls a function of the script, and nothing before it makes environments."
    ),
    find=find,
    cases=CASES,
)
