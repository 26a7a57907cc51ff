"""process-cleanup: loops that terminate `multiprocessing.active_children()` become one call of the pool's clean-up."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from patches._model import (
    Case,
    Edit,
    Finding,
    Fix,
    Operation,
    Options,
    Remark,
    RemoveStatements,
    ReplaceStatements,
)
from patches._script import Script, walk
from patches._tidy import unused_imports

__all__ = ["FIX"]

NAME = "process-cleanup"
_FUNCTION = "terminate_children"
_CHILDREN = frozenset({"multiprocessing.active_children"})
_ENDING = frozenset({"terminate", "kill"})
_HARMLESS = frozenset({"terminate", "kill", "join", "close", "is_alive"})


def find(script: Script, _options: Options) -> Iterator[Finding]:
    """Plan one call for every block that does nothing but end child processes."""
    if not script.is_ours:
        return
    calls = [call for call in script.names.calls if script.names.origins(call.func) & _CHILDREN]
    done: set[ast.stmt] = set()
    replaced: list[ast.stmt] = []
    for call in calls:
        block = _clean_up_block(script, call)
        if block is None:
            yield from _left_alone(script, call)
        elif block[0] not in done:
            done.update(block)
            finding = _edit(script, block)
            replaced += block if isinstance(finding, Edit) else []
            yield finding
    if replaced:
        yield from _unused_import(script, replaced)


def _edit(script: Script, block: list[ast.stmt]) -> Finding:
    place = script.place(block[0])
    if not script.can_import(_FUNCTION):
        message = f"the script has a {_FUNCTION} of its own"
        return Remark(NAME, "notice", "name-taken", place, message, "rename it, then patch again")
    operation = ReplaceStatements(tuple(script.span(statement) for statement in block), f"{_FUNCTION}()")
    return Edit(
        NAME, place, f"ends child processes with stablepool.{_FUNCTION}()", (operation,), (_FUNCTION,)
    )


def _clean_up_block(script: Script, call: ast.Call) -> list[ast.stmt] | None:
    """The statements that a clean-up consists of; None where they do anything else."""
    statement = script.names.statement(call)
    if isinstance(statement, ast.For) and statement.iter is call:
        loops: list[ast.stmt] = [statement]
    elif isinstance(statement, ast.Assign) and statement.value is call and len(statement.targets) == 1:
        loops = _loops_over(script, statement)
    else:
        return None
    ends = any(
        isinstance(node, ast.Attribute) and node.attr in _ENDING for loop in loops for node in walk(loop)
    )
    if not ends or not all(_only_ends_processes(loop) for loop in loops if isinstance(loop, ast.For)):
        return None
    return loops if script.stands_alone(*loops) else None


def _loops_over(script: Script, assignment: ast.Assign) -> list[ast.stmt]:
    """`children = active_children()` and the loops that follow it; empty where the list is used otherwise."""
    block, key = script.names.block(assignment), script.key(assignment.targets[0])
    start = block.index(assignment)
    found: list[ast.stmt] = [assignment]
    for statement in block[start + 1 :]:
        if not (isinstance(statement, ast.For) and script.key(statement.iter) == key):
            break
        found.append(statement)
    spans = [script.span(statement) for statement in found]
    uses = [n for n in script.names.order if isinstance(n, ast.Name) and script.key(n) == key]
    inside = all(spans[0].start <= script.span(use).start < spans[-1].end for use in uses)
    return found if key is not None and inside else []


def _only_ends_processes(loop: ast.For) -> bool:
    return isinstance(loop.target, ast.Name) and not loop.orelse and _all_harmless(loop.body, loop.target.id)


def _all_harmless(body: list[ast.stmt], child: str) -> bool:
    return all(_is_harmless(statement, child) for statement in body)


def _is_harmless(statement: ast.stmt, child: str) -> bool:
    """True for a statement that only ends, awaits or asks after the child process."""
    if isinstance(statement, ast.Pass | ast.Continue):
        return True
    if isinstance(statement, ast.Expr):
        return _is_child_call(statement.value, child) or _is_commentary(statement.value)
    if isinstance(statement, ast.If):
        parts = [*statement.body, *statement.orelse]
        return _is_child_call(statement.test, child) and _all_harmless(parts, child)
    if isinstance(statement, ast.Try):
        handled = [s for handler in statement.handlers for s in handler.body if not _is_complaint(s)]
        return _all_harmless([*statement.body, *handled, *statement.orelse, *statement.finalbody], child)
    return False


def _is_complaint(statement: ast.stmt) -> bool:
    """True for a message about a failure that cannot happen any more: `print(...)`, `logger.warning(...)`."""
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
        return False
    function = statement.value.func
    if isinstance(function, ast.Attribute):
        return function.attr in {"debug", "info", "warning", "warn", "error", "exception"}
    return isinstance(function, ast.Name) and function.id == "print"


def _is_child_call(value: ast.expr, child: str) -> bool:
    if isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not):
        value = value.operand
    return (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Attribute)
        and isinstance(value.func.value, ast.Name)
        and value.func.value.id == child
        and value.func.attr in _HARMLESS
    )


def _is_commentary(value: ast.expr) -> bool:
    """True for a docstring-like constant: text that does nothing."""
    return isinstance(value, ast.Constant)


def _left_alone(script: Script, call: ast.Call) -> Iterator[Remark]:
    """Say so where children are ended in a block that does other work as well."""
    statement = script.names.statement(call)
    block = [statement] if isinstance(statement, ast.For) else script.names.block(statement)
    if any(isinstance(node, ast.Attribute) and node.attr in _ENDING for node in walk(*block)):
        message = "child processes are ended among other work"
        hint = f"call stablepool.{_FUNCTION}() in its place"
        yield Remark(NAME, "notice", "interleaved", script.place(call), message, hint)


def _unused_import(script: Script, replaced: list[ast.stmt]) -> Iterator[Edit]:
    for statement in unused_imports(script, replaced, "multiprocessing"):
        operations: tuple[Operation, ...] = (RemoveStatements((script.span(statement),)),)
        yield Edit(NAME, script.place(statement), f"drops {script.text(statement)}, unused now", operations)


CASES = (
    Case(
        "the loop becomes one call, and the import that nothing else needs goes",
        """\
import multiprocessing as mp

from gymnasium.vector import AsyncVectorEnv

def cleanup():
    # nobody may stay behind
    for p in mp.active_children():
        p.terminate()
        p.join(timeout=1.0)  # be patient

envs = AsyncVectorEnv(env_fns)
""",
        """\
from gymnasium.vector import AsyncVectorEnv
from stablepool import terminate_children

def cleanup():
    # nobody may stay behind
    # be patient
    terminate_children()

envs = AsyncVectorEnv(env_fns)
""",
    ),
    Case(
        "a list of children, ended and then awaited, with errors passed over",
        """\
import multiprocessing
from gymnasium.vector import AsyncVectorEnv

try:
    envs = AsyncVectorEnv(env_fns, context=multiprocessing.get_start_method())
finally:
    children = multiprocessing.active_children()
    for child in children:
        child.terminate()
    for child in children:
        try:
            child.join(timeout=1)
            if child.is_alive():
                child.kill()
        except OSError:
            pass
""",
        """\
import multiprocessing
from gymnasium.vector import AsyncVectorEnv
from stablepool import terminate_children

try:
    envs = AsyncVectorEnv(env_fns, context=multiprocessing.get_start_method())
finally:
    terminate_children()
""",
    ),
    Case(
        "other work in the same loop",
        """\
import multiprocessing as mp
from gymnasium.vector import AsyncVectorEnv

envs = AsyncVectorEnv(env_fns)
for p in mp.active_children():
    stats.record(p.pid)
    p.terminate()
""",
        remarks=("interleaved",),
    ),
    Case(
        "children that are only counted",
        """\
import multiprocessing as mp
from gymnasium.vector import AsyncVectorEnv

envs = AsyncVectorEnv(env_fns)
print(len(mp.active_children()))
""",
    ),
)

FIX = Fix(
    NAME,
    version=1,
    summary="hand-made clean-up of child processes becomes stablepool.terminate_children()",
    description=(
        "`terminate()` on `multiprocessing.active_children()` misses grandchildren and never checks the outcome. "
        "`terminate_children()` ends whole process trees with psutil: terminate, wait, kill. A block is replaced only "
        "where ending children is all that it does."
    ),
    find=find,
    cases=CASES,
)
