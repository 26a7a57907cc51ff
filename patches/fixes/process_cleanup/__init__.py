"""process-cleanup: loops that terminate `multiprocessing.active_children()` become one call of the pool's clean-up."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...analysis.cleanup_blocks import announcement, clean_up_block, ends_processes, worker_lists
from ...analysis.script import Script, walk
from ...analysis.unused_imports import unused_imports
from ...syntax.edits import Diagnostic, Edit, Finding, Operation, RemoveStatements, ReplaceStatements
from ..model import Fix, Options
from ..nothing_to_do import or_nothing_to_do
from .cases import CASES
from .process_trees import Tree, process_trees, with_process
from .system_wide import system_wide_kills

__all__ = ["FIX"]

NAME = "process-cleanup"
_FUNCTION = "terminate_children"
_CALL = f"{_FUNCTION}()"
_CALL_FOR_ALL = f"{_FUNCTION}(include_subprocesses=True)"
_CHILDREN = frozenset({"multiprocessing.active_children"})
_MODULES = ("multiprocessing", "psutil")


def find(script: Script, _options: Options) -> Iterator[Finding]:
    """Plan one call for every block that does nothing but end child processes."""
    message = "no clean-up by hand here: the pool ends its workers itself, at close() or when the script ends"
    yield from or_nothing_to_do(NAME, script, _findings(script), message)


def _findings(script: Script) -> Iterator[Finding]:
    replaced: list[ast.stmt] = []
    children = [call for call in script.names.calls if script.names.origins(call.func) & _CHILDREN]
    yield from _blocks(script, children, _CALL, replaced)
    trees = list(process_trees(script))
    yield from _blocks(script, [tree.call for tree in trees if tree.is_whole], _CALL_FOR_ALL, replaced)
    for tree in trees:
        if not tree.is_whole and _ends_beside(script, tree.call):
            yield _other_tree(script, tree)
    if replaced:
        yield from _unused_imports(script, replaced)
    yield from _own_workers(script)
    yield from system_wide_kills(script, NAME)


def _blocks(script: Script, calls: list[ast.Call], code: str, replaced: list[ast.stmt]) -> Iterator[Finding]:
    """A finding for each block that begins with one of some calls; `replaced` gets the statements that go."""
    done: set[ast.AST] = set()
    for call in calls:
        if call in done:
            continue
        block = clean_up_block(script, call)
        if block is None:
            yield from _left_alone(script, call, code)
            continue
        block = with_process(script, block)
        done.update(walk(*block))
        finding = _edit(script, block, code)
        replaced += block if isinstance(finding, Edit) and not announcement(script, block[0]) else []
        yield finding


def _own_workers(script: Script) -> Iterator[Edit]:
    """The processes of one environment are ended by closing it; the others go on."""
    for workers in worker_lists(script):
        block = clean_up_block(script, workers)
        if block is not None:
            code = f"{announcement(script, block[0])}{script.text(workers.value)}.close(terminate=True)"
            operation = ReplaceStatements(tuple(script.span(statement) for statement in block), code)
            message = f"ends the processes of {script.text(workers.value)} by closing it"
            yield Edit(NAME, script.position(block[0]), message, (operation,))


def _edit(script: Script, block: list[ast.stmt], call: str) -> Finding:
    position = script.position(block[0])
    if not script.can_import(_FUNCTION):
        message = f"the script has a {_FUNCTION} of its own"
        return Diagnostic(NAME, "notice", "name-taken", position, message, "rename it, then patch again")
    code = f"{announcement(script, block[0])}{call}"
    operation = ReplaceStatements(tuple(script.span(statement) for statement in block), code)
    return Edit(NAME, position, f"ends child processes with stablepool.{call}", (operation,), (_FUNCTION,))


def _left_alone(script: Script, call: ast.Call, code: str) -> Iterator[Diagnostic]:
    """Say so where children are ended in a block that does other work as well."""
    if _ends_beside(script, call):
        message = "child processes are ended among other work"
        hint = f"call stablepool.{code} in its place"
        yield Diagnostic(NAME, "notice", "interleaved", script.position(call), message, hint)


def _ends_beside(script: Script, call: ast.Call) -> bool:
    """True where processes are ended in the loop over a list of them, or in the block that makes the list."""
    statement = script.names.statement(call)
    block = [statement] if isinstance(statement, ast.For) else script.names.block(statement)
    return ends_processes(script, *block)


def _other_tree(script: Script, tree: Tree) -> Diagnostic:
    position, text = script.position(tree.call), script.text(tree.call)
    if tree.is_own:
        message = f"{text} leaves grandchildren out, which stablepool.{_CALL_FOR_ALL} ends, too"
        return Diagnostic(
            NAME, "notice", "direct-children", position, message, "call it instead if that fits"
        )
    message = f"{text} ends the tree of a process that is known by its id"
    hint = "the pool ends its own workers and what they started: take this out if it was meant for them"
    return Diagnostic(NAME, "notice", "process-tree", position, message, hint)


def _unused_imports(script: Script, replaced: list[ast.stmt]) -> Iterator[Edit]:
    """Imports that only the blocks used; one in a `try` stays, for its failure is handled."""
    for statement in (s for module in _MODULES for s in unused_imports(script, replaced, module)):
        if not isinstance(script.names.parents[statement], ast.Try):
            operations: tuple[Operation, ...] = (RemoveStatements((script.span(statement),)),)
            message = f"drops {script.text(statement)}, unused now"
            yield Edit(NAME, script.position(statement), message, operations)


FIX = Fix(
    NAME,
    version=2,
    summary="hand-made clean-up of child processes becomes stablepool.terminate_children()",
    description=(
        "`terminate()` on `multiprocessing.active_children()` misses grandchildren and never checks the outcome. "
        "`terminate_children()` ends these children and what they started: terminate, wait, kill. A loop over "
        "`psutil.Process().children(recursive=True)` ends whatever this process started, and becomes "
        "`terminate_children(include_subprocesses=True)`. A block is replaced only where ending children is all that "
        "it does, but for messages before; ending `envs.processes` becomes closing the environments. What kills "
        "beyond this process's own children (`pkill`, `psutil.process_iter()`, `os.killpg`) is never edited, but "
        "reported."
    ),
    find=find,
    cases=CASES,
)
