"""How a script takes the results of its resets and steps apart."""

from __future__ import annotations

import ast
from functools import cached_property

from .script import Script
from .value import Unpacking, Value

__all__ = ["Results"]

_INSPECTS = frozenset({"isinstance", "len", "type"})


class Results:
    """Resets and steps of vector environments, and where their results are taken apart.

    Args:
        script: The script.
    """

    def __init__(self, script: Script) -> None:
        self._script, self._values = script, script.values

    def _sites(self, kind: str) -> list[ast.Call]:
        return [
            call
            for call in self._script.names.calls
            if any(value.kind == kind and value.call is call for value in self._values.of(call))
        ]

    @cached_property
    def steps(self) -> list[ast.Call]:
        """Calls that step, here or in a thread."""
        return self._sites("step")

    @cached_property
    def resets(self) -> list[ast.Call]:
        """Calls that reset."""
        return self._sites("reset")

    @cached_property
    def unpackings(self) -> list[Unpacking]:
        """Statements that take a whole step apart, in the order of the text."""
        found = [unpacking for unpacking in self._values.unpackings if unpacking.kind == "step"]
        return sorted(found, key=lambda unpacking: self._script.span(unpacking.statement).start)

    def of(self, call: ast.Call) -> list[Unpacking]:
        """Statements that take one step apart."""
        return [unpacking for unpacking in self.unpackings if unpacking.call is call]

    @cached_property
    def _tags(self) -> dict[tuple[ast.Call, str], list[tuple[ast.AST, Value]]]:
        """Expressions that hold something of a reset or a step."""
        found: dict[tuple[ast.Call, str], list[tuple[ast.AST, Value]]] = {}
        for node in self._values.holders():
            for value in self._values.of(node):
                found.setdefault((value.call, value.kind), []).append((node, value))
        return found

    def wholes(self, call: ast.Call, kind: str) -> list[ast.AST]:
        """Expressions that hold the whole result of a call."""
        return [node for node, value in self._tags.get((call, kind), []) if value.is_whole(kind)]

    def parts(self, call: ast.Call, kind: str, item: str = "") -> list[ast.AST]:
        """Expressions that hold a part of the result of a call."""
        tags = self._tags.get((call, kind), [])
        return [node for node, value in tags if value.item and item in ("", value.item)]

    def is_inspected(self, call: ast.Call, kind: str) -> bool:
        """True where the script asks what a result looks like: `len(out)`, `isinstance(out, tuple)`."""
        wholes = self.wholes(call, kind)
        return any(self._inspects(node) and not self._counts_rows(node) for node in wholes)

    def _inspects(self, node: ast.AST) -> bool:
        parent = self._script.names.parents[node]
        return (
            isinstance(parent, ast.Call)
            and isinstance(parent.func, ast.Name)
            and parent.func.id in _INSPECTS
            and parent.args[:1] == [node]
            and self._decides(parent)
        )

    def _decides(self, call: ast.AST) -> bool:
        """True where what a call says decides a branch, at once or by way of a variable; not in a message."""
        child = call
        for ancestor in self._script.names.ancestors(call):
            if isinstance(ancestor, ast.If | ast.IfExp | ast.While):
                return ancestor.test is child
            if isinstance(ancestor, ast.stmt):
                return isinstance(ancestor, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Return)
            child = ancestor
        return False

    def _counts_rows(self, node: ast.AST) -> bool:
        """True for `steps += len(obs)`; `len(out) == 2` asks for a pair of observations and infos."""
        length = self._script.names.parents[node]
        if not (
            isinstance(length, ast.Call) and isinstance(length.func, ast.Name) and length.func.id == "len"
        ):
            return False
        kept = self._script.names.parents[length]
        targets = kept.targets if isinstance(kept, ast.Assign) else []
        uses = [length, *(use for target in targets for use in self._script.flow.uses(target))]
        return not any(_asks_for_pair(self._script.names.parents[use]) for use in uses)

    def is_taken_apart(self, call: ast.Call, kind: str) -> bool:
        """True where a result is unpacked, indexed or asked what it looks like."""
        unpacked = any(u.call is call and u.kind == kind for u in self._values.unpackings)
        return unpacked or bool(self.parts(call, kind)) or self.is_inspected(call, kind)

    def is_read(self, call: ast.Call) -> bool:
        """True where anything is made of what a call returns."""
        return not isinstance(self._script.names.parents[call], ast.Expr)

    def is_alternative(self, unpacking: Unpacking) -> bool:
        """True for an unpacking that runs only where the result has as many values: another one takes the rest.

        It stands under a test of the result's length, or in a `try` or an `except` beside another unpacking.
        """
        counts = {other.count for other in self.of(unpacking.call)}
        if len(counts) < 2:
            return False
        for ancestor in self._script.names.ancestors(unpacking.statement):
            if isinstance(ancestor, ast.If | ast.IfExp) and self._asks_length(ancestor.test, unpacking.call):
                return True
            if isinstance(ancestor, ast.ExceptHandler | ast.Try):
                return any(
                    other.statement is not unpacking.statement and self._is_within(other.statement, ancestor)
                    for other in self.of(unpacking.call)
                ) or isinstance(ancestor, ast.ExceptHandler)
            if isinstance(ancestor, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                return False
        return False

    def _asks_length(self, test: ast.expr, call: ast.Call) -> bool:
        wholes = set(self.wholes(call, "step"))
        return any(
            node in wholes or (isinstance(node, ast.Name) and self._is_length(node, wholes))
            for node in ast.walk(test)
        )

    def _is_length(self, name: ast.Name, wholes: set[ast.AST]) -> bool:
        """True for `n` after `n = len(out)`, and for `is_new` after `is_new = len(out) == 5`."""
        definitions = self._script.flow.definitions(name)
        statements = [self._script.names.statement(node) for node in definitions]
        return bool(statements) and all(
            isinstance(s, ast.Assign) and any(node in wholes for node in ast.walk(s.value))
            for s in statements
        )

    def _is_within(self, node: ast.AST, outer: ast.AST) -> bool:
        return any(ancestor is outer for ancestor in self._script.names.ancestors(node))

    def escapes(self, call: ast.Call, kind: str) -> list[ast.expr]:
        """Places where a whole result goes out of sight."""
        return [
            node
            for node, values in self._values.escapes.items()
            if any(v.kind == kind and v.call is call and not v.item for v in values)
            and not self._inspects(node)
        ]

    def is_mixed(self, call: ast.Call) -> bool:
        """True where a step is read by position as well, or a function returns it and other things, too."""
        parents = (self._script.names.parents[node] for node in self.wholes(call, "step"))
        return any(isinstance(p, ast.Subscript) or self._returns_others(p) for p in parents)

    def _returns_others(self, parent: ast.AST) -> bool:
        """True for a `return` in a function that returns a tuple of its own making elsewhere."""
        function = self._script.names.function(parent) if isinstance(parent, ast.Return) else None
        returns = (
            (node.value for node in ast.walk(function) if isinstance(node, ast.Return)) if function else ()
        )
        return any(isinstance(value, ast.Tuple) for value in returns)


def _asks_for_pair(test: ast.AST) -> bool:
    """True for `n == 2`, `n > 1`."""
    sides = (test.left, *test.comparators) if isinstance(test, ast.Compare) else ()
    return any(isinstance(side, ast.Constant) and side.value in (1, 2) for side in sides)
