"""Which import a name stands for, decided on the syntax tree alone.

Python's scoping rules in small: functions, lambdas, comprehensions and classes open scopes, a class is invisible to
the functions in it, `global` and `nonlocal` move a binding outward.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["COMPREHENSIONS", "Binding", "Function", "Names", "Scope"]

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_SCOPES = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.Lambda,
    ast.ClassDef,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
)
_BINDERS = (
    ast.Name,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Import,
    ast.ImportFrom,
    ast.ExceptHandler,
    ast.MatchAs,
    ast.MatchStar,
)


@dataclass(frozen=True)
class Binding:
    """One place where a name gets a value.

    Attributes:
        node: What binds it: a Name in store context, an argument, a definition, an import statement.
        origin: The dotted name that an import brings in ("gymnasium.vector"); None for anything else.
    """

    node: ast.AST
    origin: str | None = None


@dataclass(eq=False)
class Scope:
    """A region of the script with names of its own."""

    node: ast.AST
    parent: Scope | None
    bindings: dict[str, list[Binding]] = field(default_factory=lambda: defaultdict(list))
    outer: dict[str, Scope] = field(default_factory=dict)

    def owner(self, name: str) -> Scope | None:
        """The scope whose binding a use of `name` here refers to; None for builtins and unknown names."""
        if name in self.outer:
            return self.outer[name]
        if name in self.bindings:
            return self
        scope = self.parent
        while scope is not None:
            if name in scope.outer:
                return scope.outer[name]
            if name in scope.bindings and not isinstance(scope.node, ast.ClassDef):
                return scope
            scope = scope.parent
        return None


class Names:
    """Scopes and qualified names of one syntax tree."""

    def __init__(self, tree: ast.Module) -> None:
        self.parents: dict[ast.AST, ast.AST] = {}
        self.module = Scope(tree, None)
        self._scope_at: dict[ast.AST, Scope] = {tree: self.module}
        self.order: list[ast.AST] = []
        self.calls: list[ast.Call] = []
        self.scopes = _Builder(self).build(tree)
        for scope in self.scopes:
            _resolve_declarations(scope)

    def adopt(self, node: ast.AST, parent: ast.AST | None, scope: Scope) -> None:
        """Record a node on the first walk over the tree."""
        if parent is not None:
            self.parents[node] = parent
        self._scope_at[node] = scope
        self.order.append(node)
        if isinstance(node, ast.Call):
            self.calls.append(node)

    def scope(self, node: ast.AST) -> Scope:
        """The scope in which a node is evaluated."""
        return self._scope_at[node]

    def owner(self, name: ast.Name) -> Scope | None:
        """The scope that a name belongs to; None where nothing in the script binds it."""
        return self._scope_at[name].owner(name.id)

    def bindings(self, name: ast.Name) -> list[Binding]:
        """Everything that may have given a name its value."""
        owner = self.owner(name)
        return list(owner.bindings[name.id]) if owner else []

    def origins(self, expression: ast.expr, *, certain: bool = True) -> frozenset[str]:
        """Dotted names that an expression may stand for.

        Args:
            expression: A name or an attribute of one.
            certain: Nothing but imports may have given it its value; else the answer is empty.
        """
        if isinstance(expression, ast.Attribute):
            bases = self.origins(expression.value, certain=certain)
            return frozenset(f"{origin}.{expression.attr}" for origin in bases)
        if not isinstance(expression, ast.Name):
            return frozenset()
        bound = [binding for binding in self.bindings(expression) if not self._is_none(binding)]
        origins = [binding.origin for binding in bound]
        if certain and None in origins:
            return frozenset()
        return frozenset(origin for origin in origins if origin)

    def _is_none(self, binding: Binding) -> bool:
        """True for `AsyncVectorEnv = None`, which stands in for an import that failed and cannot be called."""
        statement = self.parents.get(binding.node)
        value = statement.value if isinstance(statement, ast.Assign) else None
        return isinstance(value, ast.Constant) and value.value is None

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """Parent, grandparent and so on, up to the module."""
        while node in self.parents:
            node = self.parents[node]
            yield node

    def statement(self, node: ast.AST) -> ast.stmt:
        """The innermost statement that a node is part of (itself, if it is one)."""
        while not isinstance(node, ast.stmt):
            node = self.parents[node]
        return node

    def function(self, node: ast.AST) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
        """The innermost `def` around a node."""
        found = (a for a in self.ancestors(node) if isinstance(a, ast.FunctionDef | ast.AsyncFunctionDef))
        return next(found, None)

    def block(self, statement: ast.stmt) -> list[ast.stmt]:
        """The list of statements that a statement stands in."""
        for _, value in ast.iter_fields(self.parents[statement]):
            if isinstance(value, list) and any(item is statement for item in value):
                return value
        raise ValueError("the statement is in no block of its parent")

    def is_taken(self, name: str) -> bool:
        """True where the script uses a name anywhere, in whatever scope."""
        return any(
            (isinstance(node, ast.Name) and node.id == name)
            or (isinstance(node, ast.arg) and node.arg == name)
            or (isinstance(node, ast.alias) and (node.asname or node.name) == name)
            or (isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name == name)
            for node in self.order
        )


class _Builder:
    """One walk over the tree that records parents, scopes and bindings."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._scopes = [names.module]

    def build(self, tree: ast.Module) -> list[Scope]:
        self._names.order.append(tree)
        stack: list[tuple[ast.AST, ast.AST, Scope]] = self._children(tree, self._names.module)
        while stack:
            node, parent, scope = stack.pop()
            self._names.adopt(node, parent, scope)
            self._bind(node, scope)
            stack += self._children(node, scope)
        return self._scopes

    def _children(self, node: ast.AST, scope: Scope) -> list[tuple[ast.AST, ast.AST, Scope]]:
        """Children in reverse order of the text, each with the scope that it is evaluated in."""
        children = list(_child_nodes(node))
        children.reverse()
        if not isinstance(node, _SCOPES):
            return [(child, node, scope) for child in children]
        inner = Scope(node, scope)
        self._scopes.append(inner)
        _bind_arguments(node, inner)
        outside = set(_evaluated_outside(node))
        return [(child, node, scope if child in outside else inner) for child in children]

    def _bind(self, node: ast.AST, scope: Scope) -> None:
        if not isinstance(node, _BINDERS):
            return
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            _binding_scope(node, scope, self._names).bindings[node.id].append(Binding(node))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            scope.bindings[node.name].append(Binding(node))
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for name, origin in _imported(node):
                scope.bindings[name].append(Binding(node, origin))
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            scope.bindings[node.name].append(Binding(node))


def _child_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """As `ast.iter_child_nodes`, in half the time."""
    for name in node._fields:
        value = getattr(node, name, None)
        if isinstance(value, ast.AST):
            yield value
        elif isinstance(value, list):
            for item in value:
                if isinstance(item, ast.AST):
                    yield item


def _bind_arguments(node: ast.AST, scope: Scope) -> None:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        arguments = node.args
        named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        for argument in [*named, arguments.vararg, arguments.kwarg]:
            if argument is not None:
                scope.bindings[argument.arg].append(Binding(argument))


def _evaluated_outside(node: ast.AST) -> Iterator[ast.AST]:
    """Children of a scope's node that Python evaluates in the scope around it."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield from node.decorator_list
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns is not None:
        yield node.returns
    if isinstance(node, ast.ClassDef):
        yield from [*node.bases, *node.keywords]


def _binding_scope(node: ast.Name, scope: Scope, names: Names) -> Scope:
    """A walrus in a comprehension binds in the function around it."""
    if isinstance(names.parents.get(node), ast.NamedExpr):
        while isinstance(scope.node, COMPREHENSIONS) and scope.parent is not None:
            scope = scope.parent
    return scope


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            top = alias.name.split(".")[0]
            yield (alias.asname, alias.name) if alias.asname else (top, top)
        return
    module = "." * node.level + (node.module or "")
    for alias in node.names:
        if alias.name != "*":
            yield alias.asname or alias.name, f"{module}.{alias.name}"


def _resolve_declarations(scope: Scope) -> None:
    """Move the bindings of `global` and `nonlocal` names to the scope that they mean."""
    body = getattr(scope.node, "body", [])
    for declaration in _declarations(body if isinstance(body, list) else []):
        for name in declaration.names:
            target = _declared_scope(scope, name, isinstance(declaration, ast.Global))
            if target is not None and target is not scope:
                scope.outer[name] = target
                target.bindings[name] += scope.bindings.pop(name, [])


def _declarations(body: list[ast.stmt]) -> Iterator[ast.Global | ast.Nonlocal]:
    stack: list[ast.AST] = list(body)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Global | ast.Nonlocal):
            yield node
        elif not isinstance(node, (*_SCOPES, ast.expr)):
            stack += ast.iter_child_nodes(node)


def _declared_scope(scope: Scope, name: str, is_global: bool) -> Scope | None:
    outer = scope.parent
    while outer is not None and (is_global or name not in outer.bindings):
        if outer.parent is None:
            return outer
        outer = outer.parent
    return outer
