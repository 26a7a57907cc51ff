"""What a step loop carries from one step to the next, and whether a reset gives it its first value."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from ...analysis.episode_loops import EpisodeLoop
from ...analysis.keys import Key
from ...analysis.script import Script, walk
from ...analysis.value import Value

__all__ = ["Carried", "Origins", "is_measured", "stored_variables"]

_Variable = ast.Name | ast.Attribute
_DEPTH = 6


@dataclass(frozen=True)
class Carried:
    """A variable that the step loop reads before it writes it: an observation, or what is made of one.

    Attributes:
        key: The variable.
        text: How the script names it.
        is_plain: True where it holds the reset's observation as it is, not something that is made of it.
    """

    key: Key
    text: str
    is_plain: bool


class Origins:
    """Whether values come from a reset.

    Args:
        script: The script.
    """

    def __init__(self, script: Script) -> None:
        self._script = script

    def carried(self, loop: EpisodeLoop) -> list[Carried]:
        """The variables that a step loop carries: their first value comes from a reset, or the next ones from steps."""
        stored = set(stored_variables(self._script, loop.inner))
        found: dict[Key, Carried] = {}
        for node in walk(loop.inner):
            key = self._script.key(node) if _is_load(node) else None
            if key is not None and key in stored and key not in found:
                assert isinstance(node, _Variable)
                variable = self._variable(loop, key, node)
                found.update({key: variable} if variable is not None else {})
        return list(found.values())

    def reads_observations(self, loop: EpisodeLoop) -> bool:
        """True where the step loop reads what its steps observe."""
        return any(
            value.kind == "step" and value.item in ("", "observation")
            for node in walk(loop.inner)
            if _is_load(node)
            for value in self._script.values.of(node)
        )

    def _variable(self, loop: EpisodeLoop, key: Key, load: _Variable) -> Carried | None:
        """A variable of the step loop, by the first place that reads it."""
        inside = set(walk(loop.inner))
        text = self._script.text(load)
        first = [d for d in self._stores(load) if d not in inside and self.comes_from_reset(d, always=False)]
        if first:
            return Carried(key, text, all(_is_plain(self._script.values.given(d)) for d in first))
        written = [node for node in walk(loop.inner) if self._is_assigned(node, key)]
        if not written:
            return None
        end = self._script.span(self._script.names.statement(written[0])).end
        is_late = self._script.span(load).start >= end
        from_steps = any(
            v.kind == "step" and v.item == "observation" for w in written for v in self._values(w)
        )
        return Carried(key, text, False) if from_steps and not is_late else None

    def _is_assigned(self, node: ast.AST, key: Key) -> bool:
        """True for the target of an assignment that does not add to what the variable holds."""
        if not _is_store(node) or self._script.key(node) != key:
            return False
        statement = self._script.names.statement(node)
        if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is None:
            return False
        if node in set(walk(statement.value)):
            return False
        is_sum = isinstance(statement.value, ast.BinOp)
        return not (is_sum and any(_is_load(n) and self._script.key(n) == key for n in walk(statement.value)))

    def _values(self, target: ast.AST) -> frozenset[Value]:
        return self._script.values.given(target)

    def _stores(self, use: ast.AST) -> list[ast.AST]:
        """Targets that may have given a variable its value."""
        if isinstance(use, ast.Name):
            return self._script.flow.definitions(use)
        key = self._script.key(use)
        return list(self._script.keys.stores(key)) if key is not None else []

    def comes_from_reset(self, target: ast.AST, *, always: bool, depth: int = _DEPTH) -> bool:
        """True where the value that a target gets comes from a reset.

        Args:
            target: A name or an attribute in store context.
            always: Ask for every way in which it may get its value, not for some.
            depth: How many assignments to follow.
        """
        values = self._script.values.given(target)
        if any(value.is_env for value in values):
            return False
        kinds = {value.kind for value in values if value.kind in ("reset", "step") and value.item != "infos"}
        if kinds:
            return kinds == {"reset"} if always else "reset" in kinds
        value = self._assigned(target)
        return depth > 0 and value is not None and self._is_made_from_reset(value, always, depth - 1)

    def _assigned(self, target: ast.AST) -> ast.expr | None:
        statement = self._script.names.statement(target) if isinstance(target, ast.expr) else None
        return statement.value if isinstance(statement, ast.Assign | ast.AnnAssign) else None

    def _is_made_from_reset(self, value: ast.expr, always: bool, depth: int) -> bool:
        """True where an expression reads something that comes from a reset, and not only its shape."""
        for node in walk(value):
            tags = {v.kind for v in self._script.values.of(node) if v.kind in ("reset", "step")}
            if tags and not is_measured(self._script, node):
                return tags == {"reset"} if always else "reset" in tags
            if _is_load(node) and not is_measured(self._script, node):
                stores = [d for d in self._stores(node) if isinstance(d, ast.Name | ast.Attribute)]
                found = (self.comes_from_reset(d, always=always, depth=depth) for d in stores)
                if stores and (all(found) if always else any(found)):
                    return True
        return False


def stored_variables(script: Script, *roots: ast.AST) -> Iterator[Key]:
    """Variables that are written under some nodes."""
    for node in walk(*roots):
        if (
            isinstance(node, _Variable)
            and isinstance(node.ctx, ast.Store)
            and (key := script.key(node)) is not None
        ):
            yield key


def _is_load(node: ast.AST) -> bool:
    return isinstance(node, _Variable) and isinstance(node.ctx, ast.Load)


def _is_store(node: ast.AST) -> bool:
    return isinstance(node, _Variable) and isinstance(node.ctx, ast.Store)


def _is_plain(values: frozenset[Value]) -> bool:
    return any(
        v.kind == "reset" and v.item in ("", "observation") and not v.boxed for v in values
    ) and not any(value.converted for value in values)


def is_measured(script: Script, node: ast.AST) -> bool:
    """True for `x` in `x.shape`, `len(x)` and `np.zeros_like(x)`."""
    parent = script.names.parents[node]
    if isinstance(parent, ast.Attribute):
        return parent.attr in {"shape", "dtype", "size", "ndim"}
    if isinstance(parent, ast.Call) and parent.func is not node:
        function = parent.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        return name == "len" or name.endswith("_like")
    return False
