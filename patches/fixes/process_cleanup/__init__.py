"""process-cleanup: loops that terminate `multiprocessing.active_children()` become one call of the pool's clean-up."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...analysis.cleanup_blocks import announcement, clean_up_block, ends_processes, worker_lists
from ...analysis.script import Script
from ...analysis.unused_imports import unused_imports
from ...syntax.edits import Diagnostic, Edit, Finding, Operation, RemoveStatements, ReplaceStatements
from ..model import Fix, Options
from .cases import CASES

__all__ = ["FIX"]

NAME = "process-cleanup"
_FUNCTION = "terminate_children"
_CHILDREN = frozenset({"multiprocessing.active_children"})


def find(script: Script, _options: Options) -> Iterator[Finding]:
    """Plan one call for every block that does nothing but end child processes."""
    if not script.is_ours:
        return
    calls = [call for call in script.names.calls if script.names.origins(call.func) & _CHILDREN]
    done: set[ast.stmt] = set()
    replaced: list[ast.stmt] = []
    for call in calls:
        block = clean_up_block(script, call)
        if block is None:
            yield from _left_alone(script, call)
        elif block[0] not in done:
            done.update(block)
            finding = _edit(script, block)
            replaced += block if isinstance(finding, Edit) and not announcement(script, block[0]) else []
            yield finding
    if replaced:
        yield from _unused_import(script, replaced)
    yield from _own_workers(script)


def _own_workers(script: Script) -> Iterator[Edit]:
    """The processes of one environment are ended by closing it; the others go on."""
    for workers in worker_lists(script):
        block = clean_up_block(script, workers)
        if block is not None:
            code = f"{announcement(script, block[0])}{script.text(workers.value)}.close(terminate=True)"
            operation = ReplaceStatements(tuple(script.span(statement) for statement in block), code)
            message = f"ends the processes of {script.text(workers.value)} by closing it"
            yield Edit(NAME, script.position(block[0]), message, (operation,))


def _edit(script: Script, block: list[ast.stmt]) -> Finding:
    position = script.position(block[0])
    if not script.can_import(_FUNCTION):
        message = f"the script has a {_FUNCTION} of its own"
        return Diagnostic(NAME, "notice", "name-taken", position, message, "rename it, then patch again")
    code = f"{announcement(script, block[0])}{_FUNCTION}()"
    operation = ReplaceStatements(tuple(script.span(statement) for statement in block), code)
    return Edit(
        NAME, position, f"ends child processes with stablepool.{_FUNCTION}()", (operation,), (_FUNCTION,)
    )


def _left_alone(script: Script, call: ast.Call) -> Iterator[Diagnostic]:
    """Say so where children are ended in a block that does other work as well."""
    statement = script.names.statement(call)
    block = [statement] if isinstance(statement, ast.For) else script.names.block(statement)
    if ends_processes(script, *block):
        message = "child processes are ended among other work"
        hint = f"call stablepool.{_FUNCTION}() in its place"
        yield Diagnostic(NAME, "notice", "interleaved", script.position(call), message, hint)


def _unused_import(script: Script, replaced: list[ast.stmt]) -> Iterator[Edit]:
    for statement in unused_imports(script, replaced, "multiprocessing"):
        operations: tuple[Operation, ...] = (RemoveStatements((script.span(statement),)),)
        yield Edit(
            NAME, script.position(statement), f"drops {script.text(statement)}, unused now", operations
        )


FIX = Fix(
    NAME,
    version=1,
    summary="hand-made clean-up of child processes becomes stablepool.terminate_children()",
    description=(
        "`terminate()` on `multiprocessing.active_children()` misses grandchildren and never checks the outcome. "
        "`terminate_children()` ends whole process trees with psutil: terminate, wait, kill. A block is replaced only "
        "where ending children is all that it does, but for messages before; ending `envs.processes` becomes closing "
        "the environments."
    ),
    find=find,
    cases=CASES,
)
