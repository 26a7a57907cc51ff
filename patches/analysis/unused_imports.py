"""What an edit leaves behind: imports that nothing uses any more."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .script import Script, walk

__all__ = ["unused_imports"]


def unused_imports(script: Script, removed: list[ast.stmt], module: str) -> Iterator[ast.stmt]:
    """Imports of `module`, one name on a line of their own, that only the removed statements used."""
    gone = set(walk(*removed))
    for statement in script.names.order:
        if not isinstance(statement, ast.Import | ast.ImportFrom) or len(statement.names) != 1:
            continue
        owner = script.names.scope(statement)
        alias = statement.names[0]
        name = (alias.asname or alias.name).split(".")[0]
        is_it = _module(statement) == module and all(b.node is statement for b in owner.bindings[name])
        if is_it and not _used_elsewhere(script, name, gone) and _can_go(script, statement):
            yield statement


def _module(statement: ast.Import | ast.ImportFrom) -> str:
    if isinstance(statement, ast.ImportFrom):
        return statement.module or ""
    return statement.names[0].name


def _used_elsewhere(script: Script, name: str, gone: set[ast.AST]) -> bool:
    """True where the name appears outside what goes, as a name or in a string that may be evaluated."""
    return any(
        node not in gone
        and (
            (isinstance(node, ast.Name) and node.id == name)
            or (isinstance(node, ast.Constant) and node.value == name)
            or (isinstance(node, ast.Global | ast.Nonlocal) and name in node.names)
        )
        for node in script.names.order
    )


def _can_go(script: Script, statement: ast.stmt) -> bool:
    """True where no comment and no empty block would be left."""
    above = script.source.line(statement.lineno - 1) if statement.lineno > 1 else ""
    commented = (
        "#" in script.source.line(statement.end_lineno or statement.lineno) or above.strip()[:1] == "#"
    )
    return not commented and script.stands_alone(statement) and len(script.names.block(statement)) > 1
