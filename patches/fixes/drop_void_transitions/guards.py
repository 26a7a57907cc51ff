"""How a store of transitions is kept from rows that are void."""

from __future__ import annotations

import ast

from ...analysis.episode_loops import words
from ...analysis.receivers import receiver_in_scope
from ...analysis.script import Key, Script, walk
from ...analysis.transitions import Comprehension, Step, loop_and_index, stored_together
from ...syntax.edits import Guard, Insert, Operation, ReplaceExpression
from ...syntax.source import Span

__all__ = ["FUNCTION", "count", "guard", "is_extendable", "is_filterable", "is_guarded"]

FUNCTION = "valid_transitions"
_ROWS = ("valid", "valid_rows", "is_valid_transition")
_ROW = ("is_valid", "row_is_valid")


def guard(script: Script, step: Step, stores: list[ast.Expr]) -> tuple[Operation, ...]:
    """Operations that leave out what is void, in a loop of a shape that has been found fit.

    Args:
        script: The script.
        step: The step whose results are stored.
        stores: The statements that store them; more than one only in the same counted loop.
    """
    store = stores[0]
    infos, named = infos_name(script, step)
    valid = f"{FUNCTION}({infos}, {count(script, store, step)})"
    if (together := stored_together(store)) is not None:
        rows = together.generators[0].iter
        return (*named, ReplaceExpression(script.span(rows), f"{valid}.nonzero()[0].tolist()"))
    name = script.free_name(*_ROWS)
    made = Insert(script.span(step.statement), f"{name} = {valid}")
    loop, counter = loop_and_index(script, store, step)
    if counter is not None:
        return (*named, made, *(Guard(script.span(each), f"{name}[{counter}]") for each in stores))
    assert loop is not None
    return (
        *named,
        made,
        *_with_one_more(script, loop, name, row := script.free_name(*_ROW)),
        Guard(script.span(store), row),
    )


def infos_name(script: Script, step: Step) -> tuple[str, tuple[Operation, ...]]:
    """How the script names the step's infos; infos that it throws away get a name."""
    text = script.text(step.infos)
    if not text.startswith("_") and isinstance(step.infos, ast.Name | ast.Attribute):
        return text, ()
    name = script.free_name("infos", "step_infos")
    return name, (ReplaceExpression(script.span(step.infos), name),)


def _with_one_more(script: Script, loop: ast.For, rows: str, row: str) -> tuple[Operation, ...]:
    """`for a, b in zip(x, y)` with one more variable and one more argument."""
    assert isinstance(loop.target, ast.Tuple)
    assert isinstance(loop.iter, ast.Call)
    elements = loop.target.elts
    targets = ", ".join([*(script.text(element) for element in elements), row])
    within_parentheses = Span(script.span(elements[0]).start, script.span(elements[-1]).end)
    arguments = [*(script.text(a) for a in loop.iter.args), rows]
    arguments += [f"{k.arg}={script.text(k.value)}" for k in loop.iter.keywords]
    return (
        ReplaceExpression(within_parentheses, targets),
        ReplaceExpression(script.span(loop.iter), f"zip({', '.join(arguments)})"),
    )


def is_extendable(script: Script, loop: ast.For | None) -> bool:
    """True for `for a, b in zip(x, y)` on one line."""
    if loop is None or not isinstance(loop.iter, ast.Call) or not isinstance(loop.target, ast.Tuple):
        return False
    plain = all(isinstance(element, ast.Name) for element in loop.target.elts)
    given = [*loop.iter.args, *(keyword.value for keyword in loop.iter.keywords)]
    whole = not any(isinstance(a, ast.Starred) for a in given) and all(k.arg for k in loop.iter.keywords)
    is_zip = isinstance(loop.iter.func, ast.Name) and loop.iter.func.id == "zip"
    fits = len(loop.iter.args) == len(loop.target.elts) and "\n" not in script.text(loop.iter)
    return is_zip and plain and whole and fits


def is_filterable(together: Comprehension | None) -> bool:
    """True for a comprehension over `for i in range(n)` alone."""
    if together is None or len(together.generators) != 1:
        return False
    rows = together.generators[0]
    is_range = isinstance(rows.iter, ast.Call) and isinstance(rows.iter.func, ast.Name)
    return (
        is_range
        and isinstance(rows.iter, ast.Call)
        and getattr(rows.iter.func, "id", "") == "range"
        and len(rows.iter.args) == 1
        and isinstance(rows.target, ast.Name)
        and not rows.is_async
    )


def is_guarded(script: Script, store: ast.Expr) -> bool:
    """True where what `valid_transitions` says decides whether a statement stores a row."""
    made = _made_by_function(script)
    loops = [a for a in script.names.ancestors(store) if isinstance(a, ast.For)]
    made |= {
        key
        for loop in loops
        if _reads(script, loop.iter, made)
        for node in walk(loop.target)
        if (key := script.key(node)) is not None
    }
    tests = [a.test for a in script.names.ancestors(store) if isinstance(a, ast.If)]
    together = stored_together(store)
    rows = [g.iter for g in together.generators] if together is not None else []
    return any(_reads(script, test, made) for test in tests) or any(_asks(script, row) for row in rows)


def _made_by_function(script: Script) -> set[Key]:
    assignments = (n for n in script.names.order if isinstance(n, ast.Assign) and _asks(script, n.value))
    return {key for a in assignments for target in a.targets if (key := script.key(target)) is not None}


def _asks(script: Script, value: ast.expr) -> bool:
    """True where an expression calls `valid_transitions`."""
    wanted = f"stablepool.{FUNCTION}"
    return any(isinstance(n, ast.Call) and wanted in script.names.origins(n.func) for n in walk(value))


def _reads(script: Script, value: ast.expr, keys: set[Key]) -> bool:
    return any(isinstance(node, ast.Name) and script.key(node) in keys for node in walk(value))


def count(script: Script, store: ast.Expr, step: Step) -> str | None:
    """The script's own name for the number of environments, the environments' own count, or that of the rewards.

    Args:
        script: The script.
        store: The statement that stores transitions.
        step: The step that they come from.
    """
    named = _named_count(script, store, step)
    if named is not None and words(named) & {"env", "envs"}:
        return script.text(named)
    receiver = receiver_in_scope(script, step.call, step.statement)
    if receiver is not None:
        return f"{receiver}.num_envs"
    if named is not None:
        return script.text(named)
    return f"len({script.text(step.rewards)})" if isinstance(step.rewards, ast.Name) else None


def _named_count(script: Script, store: ast.Expr, step: Step) -> ast.expr | None:
    """`N` in the `range(N)` that the rows are counted by."""
    together = stored_together(store)
    loop = together.generators[0] if together is not None else loop_and_index(script, store, step)[0]
    call = loop.iter if loop is not None else None
    if (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "range"
        and call.args
    ):
        return call.args[0] if isinstance(call.args[0], ast.Name | ast.Attribute) else None
    return None
