"""Lists of the processes that a process started: `psutil.Process(...).children(...)`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from ...analysis.script import Script, walk

__all__ = ["Tree", "process_trees", "with_process"]

_PROCESS = frozenset({"psutil.Process"})
_OWN_ID = frozenset({"os.getpid"})


@dataclass(frozen=True)
class Tree:
    """One call of `children()`.

    Attributes:
        call: The call.
        is_own: True where the processes are those that the script itself started.
        is_whole: True where they are all of these: `recursive=True`.
    """

    call: ast.Call
    is_own: bool
    is_whole: bool


def process_trees(script: Script) -> Iterator[Tree]:
    """Every list of the children of a process, in the order of the text."""
    for call in script.names.calls:
        if isinstance(call.func, ast.Attribute) and call.func.attr == "children":
            process = _process(script, call.func.value)
            if process is not None:
                is_own = _is_own(script, process)
                yield Tree(call, is_own, is_own and _is_recursive(call))


def with_process(script: Script, block: list[ast.stmt]) -> list[ast.stmt]:
    """A clean-up block with the statement before it, where that makes the process object that nothing else uses."""
    siblings = script.names.block(block[0])
    index = siblings.index(block[0])
    before = siblings[index - 1] if index else None
    if not isinstance(before, ast.Assign) or len(before.targets) != 1 or not script.stands_alone(before):
        return block
    value, key = before.value, script.key(before.targets[0])
    if key is None or not isinstance(value, ast.Call) or not script.names.origins(value.func) & _PROCESS:
        return block
    inside = set(walk(before, *block))
    uses = [node for node in script.names.order if isinstance(node, ast.Name) and script.key(node) == key]
    return [before, *block] if all(use in inside for use in uses) else block


def _process(script: Script, expression: ast.expr) -> ast.Call | None:
    """The `psutil.Process(...)` that an expression is, or a variable that nothing else gives a value."""
    if isinstance(expression, ast.Name):
        bindings = script.names.bindings(expression)
        statement = script.names.parents.get(bindings[0].node) if len(bindings) == 1 else None
        expression = statement.value if isinstance(statement, ast.Assign) else expression
    is_call = isinstance(expression, ast.Call)
    known = is_call and isinstance(expression, ast.Call) and script.names.origins(expression.func) & _PROCESS
    return expression if known and isinstance(expression, ast.Call) else None


def _is_own(script: Script, process: ast.Call) -> bool:
    given = [*process.args, *(keyword.value for keyword in process.keywords)]
    return not given or (
        len(given) == 1
        and isinstance(given[0], ast.Call)
        and bool(script.names.origins(given[0].func) & _OWN_ID)
    )


def _is_recursive(call: ast.Call) -> bool:
    values = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "recursive")]
    return len(values) == 1 and isinstance(values[0], ast.Constant) and values[0].value is True
