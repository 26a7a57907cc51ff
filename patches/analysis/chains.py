"""beniget's def-use chains, with what its version 0.5 gets wrong."""

from __future__ import annotations

import ast

import beniget

__all__ = ["Chains"]


class Chains(beniget.DefUseChains):  # type: ignore[misc]  # beniget has no types
    """Def-use chains that keep quiet about unknown names."""

    def unbound_identifier(self, name: str, node: ast.AST) -> None:
        """A training script may use names that a star import brings."""

    def warn(self, message: str, node: ast.AST) -> None:
        """Nothing is printed."""

    def visit_MatchSingleton(self, node: ast.MatchSingleton) -> beniget.beniget.Def:  # noqa: N802 - its name there
        """`case None:` holds no expression, which beniget 0.5 visits all the same."""
        return self.chains.setdefault(node, beniget.beniget.Def(node))

    def visit_AugAssign(self, node: ast.AugAssign) -> None:  # noqa: N802 - as above
        """`n += 1` without a value before it: beniget 0.5 forgets that it binds the name, and fails its own check."""
        super().visit_AugAssign(node)
        if isinstance(node.target, ast.Name) and not self.is_global(node.target.id):
            self.add_to_locals(node.target.id, self.chains[node.target])
