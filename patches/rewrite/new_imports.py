"""Where the names that changed code needs are imported: once, next to what is imported from their module already."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator

from ..analysis.script import Script
from ..syntax.edits import (
    AddNames,
    Edit,
    Insert,
    Operation,
    RemoveStatements,
    ReplaceStatements,
    split_import,
)
from ..syntax.source import Span

__all__ = ["import_operations"]


def import_operations(script: Script, edits: Iterable[Edit]) -> tuple[Operation, ...]:
    """Operations that import, at module level, every name that the edits use."""
    edits = list(edits)
    wanted = {split_import(entry) for edit in edits for entry in edit.imports}
    modules = sorted({module for module, _ in wanted})
    return tuple(
        operation
        for module in modules
        for operation in _imports(script, module, {name for home, name in wanted if home == module}, edits)
    )


def _imports(script: Script, module: str, wanted: set[str], edits: list[Edit]) -> Iterator[Operation]:
    """The operation that imports the names of one module, where any are missing."""
    body = {script.span(statement) for statement in script.tree.body}
    added = (o for edit in edits for o in edit.operations if isinstance(o, AddNames) and o.module == module)
    homes = [operation for operation in added if operation.target in body]
    existing = list(_imports_from(script, module, edits))
    present = {alias.name for s in existing for alias in s.names if alias.asname in (None, alias.name)}
    missing = tuple(sorted(wanted - present - {name for operation in homes for name in operation.names}))
    if not missing:
        return
    if existing:
        yield AddNames(script.span(existing[0]), missing, module)
    elif homes:
        yield AddNames(homes[0].target, missing, module)
    elif module.partition(".")[0] in sys.stdlib_module_names:
        yield _among_the_standard_library(script, missing, module, edits)
    else:
        yield _after_the_imports(script, missing, module, edits)


def _targets(edits: Iterable[Edit]) -> tuple[set[Span], set[Span]]:
    """Spans that go, and spans that are changed."""
    gone: set[Span] = set()
    changed: set[Span] = set()
    for operation in (operation for edit in edits for operation in edit.operations):
        if isinstance(operation, RemoveStatements):
            gone.update(operation.targets)
        elif isinstance(operation, ReplaceStatements):
            changed.update(operation.targets)
        else:
            changed.add(operation.target)
    return gone, changed


def _imports_from(script: Script, module: str, edits: list[Edit]) -> Iterator[ast.ImportFrom]:
    """Imports from a module, at module level and above the first change outside of imports."""
    _, changed = _targets(edits)
    statements = [s for s in script.tree.body if isinstance(s, ast.Import | ast.ImportFrom)]
    spans = {script.span(statement) for statement in statements}
    first = min((target.start for target in changed - spans), default=len(script.source.utf8))
    for statement in statements:
        named = isinstance(statement, ast.ImportFrom) and statement.module == module and not statement.level
        if isinstance(statement, ast.ImportFrom) and named and script.span(statement).start < first:
            yield statement


def _import_block(script: Script, edits: list[Edit]) -> list[ast.Import | ast.ImportFrom]:
    """The imports that stay above the first change."""
    gone, changed = _targets(edits)
    found: list[ast.Import | ast.ImportFrom] = []
    for statement in script.tree.body:
        span = script.span(statement)
        if isinstance(statement, ast.Import | ast.ImportFrom):
            found += [] if span in gone else [statement]
        elif not _may_stand_among_imports(statement) or any(
            span.start <= target.start < span.end for target in changed
        ):
            break
    return found


def _after_the_imports(script: Script, names: tuple[str, ...], module: str, edits: list[Edit]) -> Operation:
    """After the last import above the first change; before the script's first statement, if there is none."""
    block = _import_block(script, edits)
    if block:
        return AddNames(script.span(block[-1]), names, module)
    return _first(script, names, module, edits)


def _among_the_standard_library(
    script: Script, names: tuple[str, ...], module: str, edits: list[Edit]
) -> Operation:
    """After the last import of the standard library above the first change; else above all other imports."""
    block = _import_block(script, edits)
    standard = [statement for statement in block if _top(statement) in sys.stdlib_module_names]
    if standard:
        return AddNames(script.span(standard[-1]), names, module)
    return _first(script, names, module, edits)


def _first(script: Script, names: tuple[str, ...], module: str, edits: list[Edit]) -> Operation:
    gone, _ = _targets(edits)
    kept = (s for s in script.tree.body if not _is_docstring(s) and script.span(s) not in gone)
    return Insert(script.span(next(kept)), f"from {module} import {', '.join(names)}", "before")


def _top(statement: ast.Import | ast.ImportFrom) -> str:
    """The package that a statement imports from; empty for a relative import."""
    if isinstance(statement, ast.Import):
        return statement.names[0].name.partition(".")[0]
    return "" if statement.level else (statement.module or "").partition(".")[0]


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _may_stand_among_imports(statement: ast.stmt) -> bool:
    """Docstrings, path set-up and guarded imports: more imports may follow them."""
    return _is_docstring(statement) or isinstance(statement, ast.Try | ast.If | ast.Expr | ast.Assign)
