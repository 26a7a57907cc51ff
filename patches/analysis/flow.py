"""Which assignments may have given a name its value at the place where it is read, by beniget's def-use chains."""

from __future__ import annotations

import ast
from collections import defaultdict
from functools import cached_property

from ..syntax.names import COMPREHENSIONS, Names, Scope
from ..syntax.source import UnreadableError

__all__ = ["Flow"]


class Flow:
    """Reaching definitions of one script.

    Within a function the order of the statements counts. A name that a function reads from the scope around it may
    have any value that it is ever given there.

    Args:
        tree: The syntax tree.
        names: Its names.
    """

    def __init__(self, tree: ast.Module, names: Names) -> None:
        self._tree, self._names = tree, names

    @cached_property
    def _reaching(self) -> dict[ast.AST, list[ast.AST]]:
        from .chains import Chains  # beniget takes time to load, and most files hold nothing to follow

        chains = Chains()
        try:
            chains.visit(self._tree)
        except (AssertionError, AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            reason = f"its names cannot be followed ({type(error).__name__}: {error})"
            raise UnreadableError(reason, hint="please report it with the script") from error
        found: dict[ast.AST, list[ast.AST]] = defaultdict(list)
        for definition in chains.chains.values():
            for user in definition.users():
                found[user.node].append(definition.node)
        return found

    def definitions(self, use: ast.Name) -> list[ast.AST]:
        """What may have bound a name where it is read: names in store context, arguments, definitions, imports."""
        owner = self._names.owner(use)
        if owner is None:
            return []
        bound = [binding.node for binding in owner.bindings[use.id]]
        if len(bound) < 2 or self._evaluating(use) is not owner:
            return bound
        reaching = set(self._reaching.get(use, ()))
        return [node for node in bound if node in reaching] or bound

    def _evaluating(self, use: ast.Name) -> Scope | None:
        """The scope that a use runs in; a comprehension runs where it stands."""
        scope: Scope | None = self._names.scope(use)
        while scope is not None and isinstance(scope.node, COMPREHENSIONS):
            scope = scope.parent
        return scope

    @cached_property
    def _uses(self) -> dict[ast.AST, list[ast.Name]]:
        found: dict[ast.AST, list[ast.Name]] = defaultdict(list)
        for node in self._names.order:
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                for definition in self.definitions(node):
                    found[definition].append(node)
        return found

    def uses(self, definition: ast.AST) -> list[ast.Name]:
        """Names that may have their value from a definition."""
        return self._uses.get(definition, [])
