"""Values that a script writes out: constants, and dicts that are only ever expanded into a call."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from ..syntax.names import Names

__all__ = ["constant", "dict_entries", "expanded_keys", "is_none"]


def is_none(value: ast.expr | None) -> bool:
    """True for `None` as written."""
    return isinstance(value, ast.Constant) and value.value is None


def constant(names: Names, value: ast.expr) -> ast.Constant | None:
    """The constant that an expression is, or that one assignment gives its variable."""
    if isinstance(value, ast.Name):
        assigned = _assigned(names, value)
        return assigned if isinstance(assigned, ast.Constant) else None
    return value if isinstance(value, ast.Constant) else None


def dict_entries(names: Names, value: ast.expr) -> dict[str, ast.expr] | None:
    """Entries of `{"a": 1}` and `dict(a=1)`; None for anything else."""
    if isinstance(value, ast.Dict):
        keys = [key.value if isinstance(key, ast.Constant) else None for key in value.keys]
        if all(isinstance(key, str) for key in keys):
            return {str(key): entry for key, entry in zip(keys, value.values, strict=True)}
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "dict":
        named = {keyword.arg: keyword.value for keyword in value.keywords if keyword.arg is not None}
        if not value.args and len(named) == len(value.keywords) and names.owner(value.func) is None:
            return named
    return None


def expanded_keys(names: Names, value: ast.expr) -> frozenset[str] | None:
    """Keys that `**value` may pass; None where they cannot be seen.

    A variable is followed where one assignment gives it a dict and nothing but `**variable` uses it.
    """
    if isinstance(value, ast.IfExp):
        sides = [expanded_keys(names, side) for side in (value.body, value.orelse)]
        return None if None in sides else _union(side for side in sides if side is not None)
    if isinstance(value, ast.Name):
        assigned = _assigned(names, value)
        if assigned is None or not _is_only_expanded(names, value):
            return None
        value = assigned
    entries = dict_entries(names, value)
    return None if entries is None else frozenset(entries)


def _union(sides: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset().union(*sides)


def _assigned(names: Names, variable: ast.Name) -> ast.expr | None:
    """The value of the one assignment that binds a variable."""
    bindings = names.bindings(variable)
    statement = names.parents.get(bindings[0].node) if len(bindings) == 1 else None
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        return statement.value if statement.targets[0] is bindings[0].node else None
    return None


def _is_only_expanded(names: Names, variable: ast.Name) -> bool:
    owner = names.owner(variable)
    for node in names.order:
        same = isinstance(node, ast.Name) and node.id == variable.id and names.owner(node) is owner
        if same and node is not variable and isinstance(node.ctx, ast.Load):  # type: ignore[attr-defined]
            parent = names.parents[node]
            if not (isinstance(parent, ast.keyword) and parent.arg is None):
                return False
    return True
