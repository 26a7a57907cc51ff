"""tuned-parameters: the constants at the head of a training script get values for many cores."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from ...analysis.script import Script
from ...syntax.edits import Diagnostic, Edit, Finding, ReplaceExpression
from ..model import Fix, Options
from .cases import CASES
from .requests import CONSEQUENCES, unmet
from .settings import ENOUGH, TUNED, settings_elsewhere

__all__ = ["FIX"]

NAME = "tuned-parameters"
_Block = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class _Assignment:
    name: str
    target: ast.Name
    value: ast.expr | None


def find(script: Script, options: Options) -> Iterator[Finding]:
    """Plan a new value for each parameter that one literal assignment decides."""
    if not script.is_ours:
        return
    found: list[Finding] = []
    for scope in script.names.scopes:
        if isinstance(scope.node, _Block):
            found += _scope_findings(script, options, scope.node)
    found += settings_elsewhere(script, NAME)
    yield from found
    yield from unmet(options, NAME, found)


def _scope_findings(script: Script, options: Options, block: _Block) -> Iterator[Finding]:
    by_name: dict[str, list[_Assignment]] = {}
    for assignment in _assignments(block.body):
        by_name.setdefault(assignment.name, []).append(assignment)
    chosen = {name for name, _ in options.values}
    wanted = by_name if len(by_name.keys() & set(TUNED)) >= ENOUGH else by_name.keys() & chosen
    if isinstance(block, ast.ClassDef) and block.decorator_list:
        return
    for name in by_name:
        if name in wanted and name in options.parameters:
            yield _decide(script, by_name[name], options.parameters[name])


def _assignments(body: list[ast.stmt]) -> Iterator[_Assignment]:
    """Assignments that always run: those at the top level of the block."""
    for statement in body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            yield _Assignment(statement.target.id, statement.target, statement.value)
        elif isinstance(statement, ast.If) and _is_main_guard(statement.test):
            yield from _assignments(statement.body)
        elif isinstance(statement, ast.Assign):
            for target in statement.targets:
                yield from _pairs(target, statement.value if len(statement.targets) == 1 else None)


def _is_main_guard(test: ast.expr) -> bool:
    """True for `__name__ == "__main__"`."""
    return isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__"


def _pairs(target: ast.expr, value: ast.expr | None) -> Iterator[_Assignment]:
    if isinstance(target, ast.Name):
        yield _Assignment(target.id, target, value)
    elif isinstance(target, ast.Tuple | ast.List):
        same = isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts)
        values = value.elts if same and isinstance(value, ast.Tuple | ast.List) else [None] * len(target.elts)
        for element, part in zip(target.elts, values, strict=True):
            yield from _pairs(element, part)


def _decide(script: Script, assignments: list[_Assignment], wanted: str) -> Finding:
    """One finding for one name in one scope."""
    literal = [a for a in assignments if a.value is not None and _number(a.value) is not None]
    first = assignments[0]
    position = script.position(first.target)
    if not literal or literal[0] is not first:
        message = f"{first.name} is computed, not a plain number"
        return Diagnostic(
            NAME, "notice", "computed-value", position, message, f"set it to {wanted} by hand if that fits"
        )
    if len(literal) > 1:
        message = f"{first.name} is assigned {len(literal)} times in a row"
        return Diagnostic(NAME, "notice", "assigned-twice", position, message, "keep one assignment")
    assert first.value is not None
    if _number(first.value) == ast.literal_eval(wanted):
        return Diagnostic(NAME, "satisfied", "same-value", position, f"{first.name} is {wanted} already")
    message = f"{first.name}: {script.text(first.value)} becomes {wanted}{CONSEQUENCES.get(first.name, '')}"
    return Edit(NAME, position, message, (ReplaceExpression(script.span(first.value), wanted),))


def _number(value: ast.expr) -> float | None:
    """The value of a number as people write it: `20_000`, `int(2e4)`, `20 * 1000`, `2 ** 14`."""
    if isinstance(value, ast.Constant):
        number = value.value
        return float(number) if isinstance(number, int | float) and not isinstance(number, bool) else None
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "int":
        return _number(value.args[0]) if len(value.args) == 1 and not value.keywords else None
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Mult | ast.Pow | ast.LShift):
        left, right = _number(value.left), _number(value.right)
        if left is not None and right is not None and abs(right) < 10**6:
            return _apply(value.op, left, right)
    return None


def _apply(operator: ast.operator, left: float, right: float) -> float | None:
    if isinstance(operator, ast.Mult):
        return left * right
    if not 0 <= right <= 64 or abs(left) > 10**6:
        return None
    return float(int(left) << int(right)) if isinstance(operator, ast.LShift) else left**right


FIX = Fix(
    NAME,
    version=1,
    summary="N_ENVS, STEPS_PER_EP, BUFFER_CAP, BATCH_SIZE, BUDGET and SIMS get values for many cores",
    description=(
        "Where at least three of the six names are set in one scope, the assignment that always runs gets the value "
        "of the preset (`--preset`), or the one given by `--set NAME=VALUE`. Only the value changes: comments and "
        "parentheses stay. What is set and occurs nowhere is reported, and BUDGET, SIMS and STEPS_PER_EP are said to "
        "change what is learned. Values that are computed, fields of dataclasses, entries of dicts, defaults of flags "
        "and settings that are read from a file are reported."
    ),
    find=find,
    cases=CASES,
)
