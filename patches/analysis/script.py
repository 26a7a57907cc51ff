"""What the fixes know about a training script: where vector environments are made, held and stepped."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cached_property

from ..syntax.callees import Callees
from ..syntax.names import Names
from ..syntax.source import Position, Source, Span
from .class_choices import ClassUse, class_use
from .flow import Flow
from .keys import Key, Keys
from .make_vec import MakeVec, find_makers
from .surroundings import Surroundings, given_parameters, made_elsewhere
from .value import Value
from .values import Values

__all__ = ["ASYNC", "POOL", "Key", "Script", "walk"]

ASYNC = frozenset(
    f"{package}.vector.{name}"
    for package in ("gym", "gymnasium")
    for name in ("AsyncVectorEnv", "async_vector_env.AsyncVectorEnv")
)
"""Qualified names of the vector environment that the tool replaces."""

POOL = frozenset({"stablepool.StableProcessPoolEnv", "stablepool.vector_env.StableProcessPoolEnv"})
"""Qualified names of the one that it puts in."""


def walk(*roots: ast.AST) -> Iterator[ast.AST]:
    """Every node under the roots, in the order of the text."""
    stack = list(reversed(roots))
    while stack:
        node = stack.pop()
        yield node
        stack += reversed(list(ast.iter_child_nodes(node)))


class Script:
    """A source and the facts that are derived from it, each computed when first asked for."""

    def __init__(self, source: Source, surroundings: Surroundings | None = None, name: str = "") -> None:
        self.source, self.surroundings, self.name = source, surroundings, name
        self.tree = source.tree
        self.is_being_followed = False

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
        return self.may_make_environments or any(map(self.becomes_pool_elsewhere, self.producers))

    @cached_property
    def first_use(self) -> Position:
        """Where the script first names the class, or first gets environments from another file."""
        named = [*self.references, *self.pool_references, *(maker.call for maker in self.makers)]
        given = [node for node in self.values.holders() if isinstance(node, ast.expr)] if not named else []
        return min((self.position(node) for node in [*named, *given]), default=Position(1, 1))

    def becomes_pool_elsewhere(self, other: Script) -> bool:
        """True for another file whose environments are the pool's, now or once the run is over."""
        patched = self.surroundings is not None and self.surroundings.is_patched_too(other)
        return patched or bool(other.pool_references)

    @property
    def is_connected(self) -> bool:
        """True where the script makes environments, or the files that its environments come from are known."""
        return self.may_make_environments or bool(self.producers)

    @cached_property
    def may_make_environments(self) -> bool:
        """True where the script itself names the vector environment that is replaced, or its replacement."""
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

    def free_name(self, *names: str) -> str:
        """The first of some names that the script does not use, else the first one with a number."""
        numbered = (f"{names[0]}_{number}" for number in range(2, 1000))
        return next(name for name in (*names, *numbered) if not self.names.is_taken(name))

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
        return self.keys.of(expression)

    @cached_property
    def keys(self) -> Keys:
        """The script's variables."""
        return Keys(self.names)

    @cached_property
    def callees(self) -> Callees:
        """Which function each call runs."""
        return Callees(self.names)

    @cached_property
    def flow(self) -> Flow:
        """Which assignments may have given a name its value."""
        return Flow(self.tree, self.names)

    @cached_property
    def values(self) -> Values:
        """Where environments and what they return go."""
        self.is_being_followed = True
        found = Values(self.names, self.flow, self.callees, self.keys, self.constructions)
        self.__dict__["values"] = found  # files that import each other go on with what is known so far
        for call, other, function in made_elsewhere(self):
            for value in other.returned(function):
                found.add(call, value)
        for function, parameter, other, argument in given_parameters(self):
            for value in other.values.of(argument):
                found.bind_parameter(function, parameter, value)
        found.run()
        self.is_being_followed = False
        return found

    @cached_property
    def producers(self) -> list[Script]:
        """Other files whose environments come into this one."""
        if self.surroundings is None:
            return []
        made = [other for call, other, _ in made_elsewhere(self) if self.values.of(call)]
        return list(dict.fromkeys([*made, *(other for _, _, other, _ in given_parameters(self))]))

    def returned(self, function: ast.AST) -> set[Value]:
        """What a function returns of environments and their results."""
        values = (
            node.value for node in walk(function) if isinstance(node, ast.Return) and node.value is not None
        )
        return {value for returned in values for value in self.values.of(returned)}

    @cached_property
    def departures(self) -> list[ast.expr]:
        """Places where an environment is handed to code outside the script, or returned to it."""
        return [
            node
            for node, values in self.values.escapes.items()
            if any(value.kind == "env" for value in values) and self._leaves(node)
        ]

    def _leaves(self, node: ast.expr) -> bool:
        parent = self.names.parents[node]
        if isinstance(parent, ast.keyword | ast.Starred):
            parent = self.names.parents[parent]
        return isinstance(parent, ast.Call | ast.Return | ast.Yield | ast.Lambda)

    @cached_property
    def given_away(self) -> list[ast.expr]:
        """Attributes that hold an environment for code outside the script: of other objects, and of base classes."""
        stores = (node for node in self.names.order if isinstance(node, ast.Attribute))
        held = [node for node in stores if any(value.is_env for value in self.values.given(node))]
        return [node for node in held if not self._is_own(node)]

    def _is_own(self, attribute: ast.Attribute) -> bool:
        """True for an attribute of `self`, in a class whose methods all stand in the script."""
        key = self.key(attribute)
        home = key[0] if key is not None else None
        return isinstance(home, ast.ClassDef) and not home.bases

    def with_parameter(self, function: ast.AST, parameter: str, values: Iterable[Value]) -> Script:
        """The same script, one of whose parameters holds what a caller in another file gives it."""
        assert isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        copy = Script(self.source, self.surroundings, self.name)
        for value in values:
            copy.values.bind_parameter(function, parameter, value)
        copy.values.run()
        return copy

    def called_function(self, call: ast.Call) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
        """The function of this script that a call runs, where there is exactly one candidate."""
        return self.callees.function(call)

    def is_receiver(self, expression: ast.AST) -> bool:
        """True where an expression may hold a vector environment, by the assignments that reach it."""
        return any(value.is_env for value in self.values.of(expression))

    def calls(self, *methods: str) -> list[ast.Call]:
        """Calls of these methods on a vector environment, in the order of the text."""
        return [call for method, call in self._method_calls if method in methods]

    def submitted(self, method: str) -> list[ast.Call]:
        """Calls like `executor.submit(envs.step, actions)`, which have a method run elsewhere."""
        return [
            call
            for call in self.names.calls
            if any(v.kind == method and v.call is call and v.boxed for v in self.values.of(call))
        ]

    @cached_property
    def _method_calls(self) -> list[tuple[str, ast.Call]]:
        """All calls of methods of a vector environment."""
        return [
            (method, call)
            for call in self.names.calls
            for method in {v.item for v in self.values.of(call.func) if v.kind == "bound" and not v.boxed}
        ]
