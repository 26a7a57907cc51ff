"""What the fixes know about a training script: where vector environments are made, held and stepped."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cached_property

from ..syntax.callees import Callees, instance_class, pair_arguments
from ..syntax.names import Names
from ..syntax.source import Position, Source, Span
from .class_choices import ClassUse, class_use
from .make_vec import MakeVec, find_makers

__all__ = ["ASYNC", "POOL", "Key", "Script", "walk"]

ASYNC = frozenset(
    f"{package}.vector.{name}"
    for package in ("gym", "gymnasium")
    for name in ("AsyncVectorEnv", "async_vector_env.AsyncVectorEnv")
)
"""Qualified names of the vector environment that the tool replaces."""

POOL = frozenset({"stablepool.StableProcessPoolEnv", "stablepool.vector_env.StableProcessPoolEnv"})
"""Qualified names of the one that it puts in."""

_WRAPPERS = ("gym.wrappers.", "gymnasium.wrappers.")

Key = tuple[ast.AST, str]
"""A variable: the scope (or class) that owns it, and its name as written ("envs", "self.envs")."""


def walk(*roots: ast.AST) -> Iterator[ast.AST]:
    """Every node under the roots, in the order of the text."""
    stack = list(reversed(roots))
    while stack:
        node = stack.pop()
        yield node
        stack += reversed(list(ast.iter_child_nodes(node)))


class Script:
    """A source and the facts that are derived from it, each computed when first asked for."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.tree = source.tree

    @cached_property
    def names(self) -> Names:
        """Scopes, parents and qualified names."""
        return Names(self.tree)

    def span(self, node: ast.expr | ast.stmt) -> Span:
        """Where a node stands, as operations address it."""
        return self.source.span(node)

    def position(self, node: ast.expr | ast.stmt | ast.alias | ast.keyword | ast.excepthandler) -> Position:
        """Where a node stands, as people read it."""
        return self.source.position(node)

    def text(self, node: ast.expr | ast.stmt) -> str:
        """A node as written."""
        return self.source.segment(node)

    @cached_property
    def references(self) -> list[ast.Name | ast.Attribute]:
        """Uses of Gym's AsyncVectorEnv, by qualified name, in the order of the text."""
        return self.references_to(ASYNC)

    def references_to(self, origins: frozenset[str]) -> list[ast.Name | ast.Attribute]:
        """Uses of a class, by its qualified names, in the order of the text."""
        return [node for node in self._loads() if self.names.origins(node, certain=False) & origins]

    @cached_property
    def pool_references(self) -> list[ast.Name | ast.Attribute]:
        """Uses of `stablepool.StableProcessPoolEnv`."""
        return [node for node in self._loads() if self.names.origins(node) & POOL]

    def _loads(self) -> Iterator[ast.Name | ast.Attribute]:
        for node in self.names.order:
            if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
                yield node

    @cached_property
    def is_ours(self) -> bool:
        """True where the script uses the vector environment that is replaced, or its replacement."""
        made = any(use.makes for use in self.class_uses.values())
        return bool(made or self.pool_references or self.makers)

    @cached_property
    def class_uses(self) -> dict[ast.expr, ClassUse]:
        """What becomes of either class at every place that names it."""
        return {node: class_use(self, node) for node in (*self.references, *self.pool_references)}

    @cached_property
    def makers(self) -> list[MakeVec]:
        """Calls that make an AsyncVectorEnv from an environment's id."""
        return list(find_makers(self.names))

    @cached_property
    def constructions(self) -> list[ast.Call]:
        """Calls that make a vector environment of either kind."""
        made = {call for use in self.class_uses.values() for call in use.calls}
        made.update(maker.call for maker in self.makers)
        return [call for call in self.names.calls if call in made]

    def becomes_pool(self, call: ast.Call) -> bool:
        """True for a construction that names what it makes, which the swap turns into the pool."""
        return bool(self.names.origins(call.func) & ASYNC) or any(maker.call is call for maker in self.makers)

    def can_import(self, name: str, module: str = "stablepool") -> bool:
        """True where `name` is free in the script, or stands for the module's already."""
        if not self.names.is_taken(name):
            return True
        bound = [binding for scope in self.names.scopes for binding in scope.bindings.get(name, [])]
        return bool(bound) and all((binding.origin or "").startswith(f"{module}.") for binding in bound)

    def stands_alone(self, *statements: ast.stmt) -> bool:
        """True where each statement has its lines to itself: no `;`, no one-line block."""
        return all(self._has_own_lines(self.span(statement)) for statement in statements)

    def _has_own_lines(self, span: Span) -> bool:
        utf8 = self.source.utf8
        before = utf8[: span.start].rpartition(b"\n")[2].rpartition(b"\r")[2]
        after = re.match(rb"[^\r\n]*", utf8[span.end :])
        rest = after.group().strip() if after else b""
        return not before.strip() and (not rest or rest.startswith(b"#"))

    def in_annotation(self, node: ast.expr) -> bool:
        """True for a part of an annotation."""
        child: ast.AST = node
        for parent in self.names.ancestors(node):
            if isinstance(parent, ast.AnnAssign | ast.arg) and parent.annotation is child:
                return True
            if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef):
                return parent.returns is child
            if isinstance(parent, ast.stmt):
                return False
            child = parent
        return False

    def key(self, expression: ast.AST) -> Key | None:
        """The variable that an expression names; None where it is no plain variable or attribute."""
        if isinstance(expression, ast.Name):
            owner = self.names.owner(expression)
            return (owner.node, expression.id) if owner else None
        if isinstance(expression, ast.Subscript) and _is_text(expression.slice):
            base = self.key(expression.value)
            return (base[0], f"{base[1]}[{ast.unparse(expression.slice)}]") if base else None
        if not isinstance(expression, ast.Attribute) or not isinstance(expression.value, ast.Name):
            return None
        owner = self.names.owner(expression.value)
        if owner is None:
            return None
        dotted = f"{expression.value.id}.{expression.attr}"
        return (instance_class(self.names, expression.value, owner.node) or owner.node, dotted)

    @cached_property
    def receivers(self) -> frozenset[Key]:
        """Variables that hold a vector environment of either kind, wrapped or not."""
        found: set[Key] = set()
        makers: set[ast.AST] = set()
        while True:
            before = len(found) + len(makers)
            for call in self._producers(found, makers):
                self._follow(call, found, makers)
            self._follow_arguments(found, makers)
            if len(found) + len(makers) == before:
                return frozenset(found)

    def _producers(self, found: set[Key], makers: set[ast.AST]) -> Iterator[ast.expr]:
        """Expressions whose value is a vector environment, as far as is known by now."""
        yield from self.constructions
        for call in self.names.calls:
            if self.called_function(call) in makers or self._wraps(call, found):
                yield call
        yield from (value for value in self._copies if self.key(value) in found)

    @cached_property
    def _copies(self) -> list[ast.expr]:
        """`b` in every `a = b` and `return b`."""
        statements = (node for node in self.names.order if isinstance(node, ast.Assign | ast.Return))
        values = (statement.value for statement in statements)
        return [value for value in values if isinstance(value, ast.Name | ast.Attribute | ast.Subscript)]

    def _wraps(self, call: ast.Call, found: set[Key]) -> bool:
        """True for `Wrapper(envs)`."""
        return bool(call.args) and self.key(call.args[0]) in found and self._is_wrapper(call)

    def _is_wrapper(self, call: ast.Call) -> bool:
        """True for a class of gym's wrappers, or one that calls itself a wrapper."""
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        origins = self.names.origins(call.func)
        return any(o.startswith(_WRAPPERS) or (name.endswith("Wrapper") and "." in o) for o in origins)

    @cached_property
    def _callees(self) -> Callees:
        return Callees(self.names)

    def called_function(self, call: ast.Call) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
        """The function of this script that a call runs, where there is exactly one candidate."""
        return self._callees.function(call)

    def _follow(self, value: ast.expr, found: set[Key], makers: set[ast.AST]) -> None:
        """Record where a vector environment goes: a variable, a `with` target, a function's result."""
        parent = self.names.parents[value]
        while isinstance(parent, ast.IfExp) or (
            isinstance(parent, ast.Call) and value in parent.args[:1] and self._is_wrapper(parent)
        ):
            value, parent = parent, self.names.parents[parent]
        targets: list[ast.expr] = []
        if isinstance(parent, ast.Assign):
            targets = parent.targets
        elif isinstance(parent, ast.Tuple):
            targets = self._paired_targets(parent, value)
        elif isinstance(parent, ast.Dict):
            found.update(self._entry(parent, value))
        elif isinstance(parent, ast.AnnAssign):
            targets = [parent.target]
        elif isinstance(parent, ast.NamedExpr):
            targets = [parent.target]
            self._follow(parent, found, makers)
        elif isinstance(parent, ast.withitem) and parent.optional_vars is not None:
            targets = [parent.optional_vars]
        elif isinstance(parent, ast.Return) and (function := self.names.function(parent)) is not None:
            makers.add(function)
        found.update(key for target in targets if (key := self.key(target)) is not None)

    def _entry(self, values: ast.Dict, value: ast.expr) -> Iterator[Key]:
        """`d["train"]` for the value of "train" in `d = {"train": ...}`."""
        name = values.keys[values.values.index(value)]
        statement = self.names.parents[values]
        if isinstance(statement, ast.Assign) and name is not None and _is_text(name):
            for target in statement.targets:
                if (base := self.key(target)) is not None:
                    yield base[0], f"{base[1]}[{ast.unparse(name)}]"

    def _paired_targets(self, values: ast.Tuple, value: ast.expr) -> list[ast.expr]:
        """The target of one value in `a, b = make(), make()`."""
        statement = self.names.parents[values]
        target = statement.targets[0] if isinstance(statement, ast.Assign) else None
        if isinstance(target, ast.Tuple) and len(target.elts) == len(values.elts):
            return [target.elts[values.elts.index(value)]]
        return []

    def _follow_arguments(self, found: set[Key], makers: set[ast.AST]) -> None:
        """A parameter holds the environment where every call in the script hands one over."""
        given: dict[Key, list[bool]] = {}
        for call in self.names.calls:
            function = self.called_function(call)
            if function is None:
                continue
            for name, value in pair_arguments(call, function):
                made = isinstance(value, ast.Call) and (
                    value in self.constructions or self.called_function(value) in makers
                )
                given.setdefault((function, name), []).append(made or self.key(value) in found)
        found.update(key for key, held in given.items() if all(held))

    def is_receiver(self, expression: ast.AST) -> bool:
        """True where an expression is a variable that holds a vector environment."""
        key = self.key(expression)
        return key is not None and key in self.receivers

    def calls(self, *methods: str) -> list[ast.Call]:
        """Calls of these methods on a vector environment, in the order of the text."""
        return [call for method, call in self._method_calls if method in methods]

    def submitted(self, method: str) -> list[ast.Call]:
        """Calls like `executor.submit(envs.step, actions)`, which have a method run elsewhere."""
        return [call for call in self.names.calls if self._submits(call, method)]

    def _submits(self, call: ast.Call, method: str) -> bool:
        if not isinstance(call.func, ast.Attribute) or call.func.attr != "submit" or not call.args:
            return False
        given = call.args[0]
        return isinstance(given, ast.Attribute) and given.attr == method and self.is_receiver(given.value)

    @cached_property
    def _method_calls(self) -> list[tuple[str, ast.Call]]:
        """All calls of methods of a vector environment."""
        return [
            (call.func.attr, call)
            for call in self.names.calls
            if isinstance(call.func, ast.Attribute) and self.is_receiver(call.func.value)
        ]


def _is_text(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and isinstance(value.value, str)
