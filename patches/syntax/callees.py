"""Which function of a script a call runs, and what it passes for which parameter."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property

from .names import Names

__all__ = ["Callees", "Def", "bound_method", "instance_class", "made_class", "pair_arguments", "root_class"]

Def = ast.FunctionDef | ast.AsyncFunctionDef
_RUNNERS = {"submit": 0, "to_thread": 0, "run_in_executor": 1, "apply_async": 0}
"""Methods that run a function which they are given, and where it stands among their arguments."""


class Callees:
    """Resolves calls by name: functions, methods of `self` and of instances, and constructors.

    Args:
        names: The script's names.
    """

    def __init__(self, names: Names) -> None:
        self._names = names

    def function(self, call: ast.Call) -> Def | None:
        """The function of this script that a call runs, where there is exactly one candidate."""
        return self._named(call.func)

    def _named(self, expression: ast.expr) -> Def | None:
        """The function, method or constructor that an expression names."""
        if isinstance(expression, ast.Attribute):
            made_by = self._class_of(expression.value)
            return bound_method(self._names, made_by, expression.attr) if made_by is not None else None
        if isinstance(expression, ast.Name):
            bound = [binding.node for binding in self._names.bindings(expression)]
            if len(bound) == 1 and isinstance(bound[0], Def):
                return bound[0]
            if len(bound) == 1 and isinstance(bound[0], ast.ClassDef):
                return bound_method(self._names, bound[0], "__init__")
        return None

    def run_by(self, call: ast.Call) -> Def | None:
        """The function of this script that a call has run elsewhere: `executor.submit(work, 1)`."""
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        position = _RUNNERS.get(name)
        return (
            self._named(call.args[position]) if position is not None and len(call.args) > position else None
        )

    @cached_property
    def _calls(self) -> dict[ast.AST, list[ast.Call]]:
        found: dict[ast.AST, list[ast.Call]] = defaultdict(list)
        for call in self._names.calls:
            function = self.function(call) or self.run_by(call)
            if function is not None:
                found[function].append(call)
        return found

    def calls(self, function: ast.AST) -> list[ast.Call]:
        """Calls that run a function, here or in a thread or process."""
        return self._calls.get(function, [])

    def _class_of(self, instance: ast.expr) -> ast.ClassDef | None:
        """The class of `self` in a method, and of a variable that one call of a class gives its value."""
        if isinstance(instance, ast.Call):
            return _called_class(self._names, instance)
        if not isinstance(instance, ast.Name) or (owner := self._names.owner(instance)) is None:
            return None
        own = instance_class(self._names, instance, owner.node)
        return own if own is not None else made_class(self._names, instance)


def instance_class(names: Names, base: ast.Name, function: ast.AST) -> ast.ClassDef | None:
    """The class whose instance `base` is, where it is the first argument of a method.

    Args:
        names: The script's names.
        base: A variable.
        function: The scope that owns it.
    """
    if not isinstance(function, Def) or not function.args.args:
        return None
    parent = names.parents[function]
    is_first = function.args.args[0].arg == base.id
    return parent if isinstance(parent, ast.ClassDef) and is_first else None


def made_class(names: Names, instance: ast.Name) -> ast.ClassDef | None:
    """The class of this script that the one value of a variable is an instance of."""
    bindings = names.bindings(instance)
    statement = names.parents.get(bindings[0].node) if len(bindings) == 1 else None
    value = statement.value if isinstance(statement, ast.Assign) else None
    return _called_class(names, value) if isinstance(value, ast.Call) else None


def _called_class(names: Names, call: ast.Call) -> ast.ClassDef | None:
    """The class of this script that a call makes an instance of."""
    return _bound_class(names, call.func)


def _bound_class(names: Names, name: ast.expr) -> ast.ClassDef | None:
    if not isinstance(name, ast.Name):
        return None
    bound = [binding.node for binding in names.bindings(name)]
    return bound[0] if len(bound) == 1 and isinstance(bound[0], ast.ClassDef) else None


def _bases(names: Names, of: ast.ClassDef) -> Iterator[ast.ClassDef]:
    """A class and those of its bases that the script defines, the nearest first."""
    seen: set[ast.ClassDef] = set()
    current: ast.ClassDef | None = of
    while current is not None and current not in seen:
        seen.add(current)
        yield current
        found = (_bound_class(names, base) for base in current.bases)
        current = next((base for base in found if base is not None), None)


def root_class(names: Names, of: ast.ClassDef) -> ast.ClassDef:
    """The base that a class of this script goes back to: one and the same for attributes of all its children."""
    return list(_bases(names, of))[-1]


def bound_method(names: Names, made_by: ast.ClassDef, name: str) -> Def | None:
    """A method that a class or a base of it defines once, undecorated."""
    for home in _bases(names, made_by):
        found = [n for n in home.body if isinstance(n, Def) and n.name == name]
        if found:
            return found[0] if len(found) == 1 and not found[0].decorator_list else None
    return None


def pair_arguments(
    call: ast.Call, function: Def, *, is_method: bool | None = None
) -> Iterator[tuple[str, ast.expr]]:
    """Parameters of a function with the values that a call passes for them.

    Args:
        call: The call.
        function: What it runs, by `Callees.function`.
        is_method: Whether the first parameter is the instance; None: as the call looks.
    """
    if any(isinstance(argument, ast.Starred) for argument in call.args):
        return
    positional = [*function.args.posonlyargs, *function.args.args]
    if is_method is None:
        is_method = isinstance(call.func, ast.Attribute) or function.name == "__init__"
    if is_method:
        positional = positional[1:]
    yield from zip((argument.arg for argument in positional), call.args, strict=False)
    for keyword in call.keywords:
        if keyword.arg is not None:
            yield keyword.arg, keyword.value
