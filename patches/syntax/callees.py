"""Which function of a script a call runs, and what it passes for which parameter."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .names import Names

__all__ = ["Callees", "Def", "instance_class", "pair_arguments"]

Def = ast.FunctionDef | ast.AsyncFunctionDef


class Callees:
    """Resolves calls by name: functions, methods of `self` and of instances, and constructors.

    Args:
        names: The script's names.
    """

    def __init__(self, names: Names) -> None:
        self._names = names

    def function(self, call: ast.Call) -> Def | None:
        """The function of this script that a call runs, where there is exactly one candidate."""
        if isinstance(call.func, ast.Attribute):
            made_by = self._class_of(call.func.value)
            return _method(made_by, call.func.attr) if made_by is not None else None
        if isinstance(call.func, ast.Name):
            bound = [binding.node for binding in self._names.bindings(call.func)]
            if len(bound) == 1 and isinstance(bound[0], Def):
                return bound[0]
            if len(bound) == 1 and isinstance(bound[0], ast.ClassDef):
                return _method(bound[0], "__init__")
        return None

    def _class_of(self, instance: ast.expr) -> ast.ClassDef | None:
        """The class of `self` in a method, and of a variable that one call of a class gives its value."""
        if isinstance(instance, ast.Call):
            return self._made_class(instance)
        if not isinstance(instance, ast.Name) or (owner := self._names.owner(instance)) is None:
            return None
        if (own := instance_class(self._names, instance, owner.node)) is not None:
            return own
        bindings = owner.bindings[instance.id]
        statement = self._names.parents.get(bindings[0].node) if len(bindings) == 1 else None
        value = statement.value if isinstance(statement, ast.Assign) else None
        return self._made_class(value) if isinstance(value, ast.Call) else None

    def _made_class(self, call: ast.Call) -> ast.ClassDef | None:
        """The class of this script that a call makes an instance of."""
        if not isinstance(call.func, ast.Name):
            return None
        bound = [binding.node for binding in self._names.bindings(call.func)]
        return bound[0] if len(bound) == 1 and isinstance(bound[0], ast.ClassDef) else None


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


def _method(made_by: ast.ClassDef, name: str) -> Def | None:
    """A method that a class itself defines once, undecorated."""
    found = [n for n in made_by.body if isinstance(n, Def) and n.name == name]
    return found[0] if len(found) == 1 and not found[0].decorator_list else None


def pair_arguments(call: ast.Call, function: Def) -> Iterator[tuple[str, ast.expr]]:
    """Parameters of a function with the values that a call passes for them.

    Args:
        call: The call.
        function: What it runs, by `Callees.function`.
    """
    if any(isinstance(argument, ast.Starred) for argument in call.args):
        return
    positional = [*function.args.posonlyargs, *function.args.args]
    if isinstance(call.func, ast.Attribute) or function.name == "__init__":
        positional = positional[1:]
    yield from zip((argument.arg for argument in positional), call.args, strict=False)
    for keyword in call.keywords:
        if keyword.arg is not None:
            yield keyword.arg, keyword.value
