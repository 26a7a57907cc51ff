"""Where the names that changed code needs are imported: once, next to what is imported from stablepool already."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from ..analysis.script import Script
from ..syntax.edits import AddNames, Edit, Insert, Operation, RemoveStatements, ReplaceStatements
from ..syntax.source import Span

__all__ = ["import_operations"]


def import_operations(script: Script, edits: Iterable[Edit]) -> tuple[Operation, ...]:
    """Operations that import, at module level, every name of stablepool that the edits use."""
    edits = list(edits)
    added = [operation for edit in edits for operation in edit.operations if isinstance(operation, AddNames)]
    body = {script.span(statement): statement for statement in script.tree.body}
    homes = [operation for operation in added if operation.target in body]
    present = _present(script) | {name for operation in homes for name in operation.names}
    missing = tuple(sorted({name for edit in edits for name in edit.imports} - present))
    if not missing:
        return ()
    if (existing := _stablepool_import(script)) is not None:
        return (AddNames(script.span(existing), missing),)
    if homes:
        return (AddNames(homes[0].target, missing),)
    return (_after_the_imports(script, missing, edits),)


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


def _stablepool_import(script: Script) -> ast.ImportFrom | None:
    for statement in script.tree.body:
        if isinstance(statement, ast.ImportFrom) and statement.module == "stablepool" and not statement.level:
            return statement
    return None


def _present(script: Script) -> set[str]:
    """Names that are imported from stablepool at module level already."""
    return {
        alias.name
        for statement in script.tree.body
        if isinstance(statement, ast.ImportFrom) and statement.module == "stablepool" and not statement.level
        for alias in statement.names
        if alias.asname in (None, alias.name)
    }


def _after_the_imports(script: Script, names: tuple[str, ...], edits: Iterable[Edit]) -> Operation:
    """After the last import above the first change; before the script's first statement, if there is none."""
    gone, changed = _targets(edits)
    home: ast.stmt | None = None
    for statement in script.tree.body:
        span = script.span(statement)
        if isinstance(statement, ast.Import | ast.ImportFrom):
            home = home if span in gone else statement
        elif not _may_stand_among_imports(statement) or any(
            span.start <= target.start < span.end for target in changed
        ):
            break
    if home is not None:
        return AddNames(script.span(home), names)
    kept = (s for s in script.tree.body if not _is_docstring(s) and script.span(s) not in gone)
    return Insert(script.span(next(kept)), f"from stablepool import {', '.join(names)}", "before")


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _may_stand_among_imports(statement: ast.stmt) -> bool:
    """Docstrings, path set-up and guarded imports: more imports may follow them."""
    return _is_docstring(statement) or isinstance(statement, ast.Try | ast.If | ast.Expr | ast.Assign)
