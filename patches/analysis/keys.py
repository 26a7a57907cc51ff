"""Variables: a name and the scope that owns it, or an attribute of `self` and its class."""

from __future__ import annotations

import ast
from collections import defaultdict
from functools import cached_property

from ..syntax.callees import instance_class, made_class, root_class
from ..syntax.names import Names

__all__ = ["Key", "Keys"]

Key = tuple[ast.AST, str]
"""The scope (or class) that owns a variable, and its name as written ("envs", "self.envs", "d['train']")."""


class Keys:
    """Variables of one script.

    Args:
        names: The script's names.
    """

    def __init__(self, names: Names) -> None:
        self._names = names

    def of(self, expression: ast.AST | None) -> Key | None:
        """The variable that an expression names; None where it is no plain variable or attribute."""
        if isinstance(expression, ast.Name):
            owner = self._names.owner(expression)
            return (owner.node, expression.id) if owner else None
        if isinstance(expression, ast.Subscript):
            return self.entry(expression.value, expression.slice)
        if not isinstance(expression, ast.Attribute) or not isinstance(expression.value, ast.Name):
            return None
        owner = self._names.owner(expression.value)
        if owner is None:
            return None
        own = instance_class(self._names, expression.value, owner.node) or made_class(
            self._names, expression.value
        )
        if own is not None:
            return (root_class(self._names, own), f"self.{expression.attr}")
        return (owner.node, f"{expression.value.id}.{expression.attr}")

    def entry(self, container: ast.expr, name: ast.expr) -> Key | None:
        """`d["train"]` and `results[0]`, for a text or a number that is written out."""
        if not isinstance(name, ast.Constant) or not isinstance(name.value, str | int):
            return None
        base = self.of(container)
        return (base[0], f"{base[1]}[{ast.unparse(name)}]") if base else None

    @cached_property
    def _loads(self) -> dict[Key, list[ast.expr]]:
        return self._in_context(ast.Load)

    def loads(self, key: Key) -> list[ast.expr]:
        """Every place that reads a variable."""
        return self._loads.get(key, [])

    @cached_property
    def _stores(self) -> dict[Key, list[ast.expr]]:
        return self._in_context(ast.Store)

    def stores(self, key: Key) -> list[ast.expr]:
        """Every place that writes a variable."""
        return self._stores.get(key, [])

    def _in_context(self, context: type[ast.expr_context]) -> dict[Key, list[ast.expr]]:
        found: dict[Key, list[ast.expr]] = defaultdict(list)
        for node in self._names.order:
            if not isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
                continue
            if isinstance(node.ctx, context) and (key := self.of(node)) is not None:
                found[key].append(node)
        return found
