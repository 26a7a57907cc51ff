"""Where a class goes that a script names: a call, an annotation, or, as a value, the calls of that value."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..syntax.callees import Def, pair_arguments

if TYPE_CHECKING:
    from .script import Key, Script

__all__ = ["ClassUse", "class_use"]

Kind = Literal["call", "choice", "annotation", "test", "base", "value"]
_TESTS = frozenset({"isinstance", "issubclass"})
_LOOKS_ON_TABLES = frozenset({"len", "list", "sorted", "set", "tuple", "print"})
_TYPING = ("typing.", "typing_extensions.", "collections.abc.")


@dataclass(frozen=True)
class ClassUse:
    """One place that names a class, and what becomes of the class there.

    Attributes:
        reference: The place.
        kind: "call" (called on the spot), "choice" (a value that is only ever called), "annotation", "test" (compared,
            or asked for by isinstance), "base" (of a subclass), "value" (goes where it cannot be followed).
        calls: Calls that make an instance.
        partials: Calls of `functools.partial` on the way.
        sinks: Calls of functions of a library that take the class and call it.
        shared: True where these calls may make instances of other classes as well.
        stop: Where following a "value" ends.
    """

    reference: ast.Name | ast.Attribute
    kind: Kind
    calls: tuple[ast.Call, ...] = ()
    partials: tuple[ast.Call, ...] = ()
    sinks: tuple[ast.Call, ...] = ()
    shared: bool = False
    stop: ast.AST | None = None

    @property
    def makes(self) -> bool:
        """True where instances are made from here, or where nobody knows."""
        return self.kind not in {"annotation", "test"}


def class_use(
    script: Script, reference: ast.Name | ast.Attribute, sinks: frozenset[str] = frozenset()
) -> ClassUse:
    """What becomes of a class at one place that names it.

    Args:
        script: The script.
        reference: The place.
        sinks: Qualified names of functions that take the class by the keyword `vec_env_cls` and call it.
    """
    parent = script.names.parents[reference]
    if isinstance(parent, ast.Call) and parent.func is reference:
        return ClassUse(reference, "call", (parent,))
    if script.in_annotation(reference) or _is_type_expression(script, reference):
        return ClassUse(reference, "annotation")
    if isinstance(parent, ast.ClassDef):
        return ClassUse(reference, "base")
    if isinstance(parent, ast.Compare | ast.MatchClass) or _is_type_test(script, reference):
        return ClassUse(reference, "test")
    trail = _Trail(script, sinks)
    trail.follow(reference)
    if trail.stop is not None:
        return ClassUse(reference, "value", stop=trail.stop)
    if not (trail.calls or trail.sinks):
        return ClassUse(reference, "annotation" if trail.is_named_only else "value", stop=reference)
    found = (tuple(trail.calls), tuple(trail.partials), tuple(trail.sinks))
    return ClassUse(reference, "choice", *found, trail.shared)


def _is_type_expression(script: Script, node: ast.expr) -> bool:
    """True in `Union[X, Y]`, `X | Y`, `cast(X, ...)`, `TypeVar("T", bound=X)` outside of annotations."""
    for parent in script.names.ancestors(node):
        if isinstance(parent, ast.stmt):
            return False
        if isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.BitOr):
            return not _is_type_test(script, parent)
        named = parent.func if isinstance(parent, ast.Call) else getattr(parent, "value", None)
        if isinstance(parent, ast.Call | ast.Subscript) and isinstance(named, ast.expr):
            return any(origin.startswith(_TYPING) for origin in script.names.origins(named))
    return False


def _is_type_test(script: Script, node: ast.expr) -> bool:
    """True for the class in `isinstance(x, X)` and `isinstance(x, (X, Y))`."""
    parent = script.names.parents[node]
    while isinstance(parent, ast.Tuple | ast.BinOp):
        parent = script.names.parents[parent]
    return isinstance(parent, ast.Call) and isinstance(parent.func, ast.Name) and parent.func.id in _TESTS


class _Trail:
    """Follows one value through variables, tables, parameters and results to the calls that it ends in."""

    def __init__(self, script: Script, sinks: frozenset[str]) -> None:
        self._script = script
        self._names = script.names
        self._sinks = sinks
        self._seen: set[ast.AST] = set()
        self.calls: list[ast.Call] = []
        self.partials: list[ast.Call] = []
        self.sinks: list[ast.Call] = []
        self.shared = False
        self.is_named_only = False
        self.stop: ast.AST | None = None

    def follow(self, value: ast.expr) -> None:
        """Follow the value of an expression."""
        if value in self._seen or self.stop is not None:
            return
        self._seen.add(value)
        match self._names.parents[value]:
            case ast.Call(func=function) as call if function is value:
                self.calls.append(call)
            case ast.Call() as call:
                self._argument(call, value)
            case ast.keyword() as keyword:
                owner = self._names.parents[keyword]
                self._argument(owner, value) if isinstance(owner, ast.Call) else self._end(value)
            case ast.Assign() | ast.AnnAssign() | ast.NamedExpr() as binding:
                self._binding(binding)
            case ast.Return() as statement:
                self._result(statement)
            case ast.arguments() as arguments:
                self._default(arguments, value)
            case parent:
                self._in_expression(parent, value)

    def _in_expression(self, parent: ast.AST, value: ast.expr) -> None:
        match parent:
            case ast.IfExp(test=test) as choice if test is not value:
                self.shared = True
                self.follow(choice)
            case ast.BoolOp() as choice:
                self.shared = True
                self.follow(choice)
            case ast.Dict() as table if value in table.values:
                self.shared = True
                self._table(table, table.keys[table.values.index(value)])
            case ast.List() | ast.Tuple() as several:
                self.shared = True
                self._loop(several)
            case ast.If() | ast.IfExp() | ast.FormattedValue():
                pass
            case ast.Compare() if isinstance(value, ast.Name):
                pass
            case _:
                self._end(value)

    def _end(self, node: ast.AST) -> None:
        self.stop = self.stop or node

    def _binding(self, binding: ast.Assign | ast.AnnAssign | ast.NamedExpr) -> None:
        targets = binding.targets if isinstance(binding, ast.Assign) else [binding.target]
        key = self._script.key(targets[0]) if len(targets) == 1 else None
        if key is None:
            self._end(binding)
            return
        self._variable(key)
        if isinstance(binding, ast.NamedExpr):
            self.follow(binding)

    def _variable(self, key: Key) -> None:
        """Follow every use of a variable."""
        same = [node for node in self._variables() if self._script.key(node) == key]
        loads = [node for node in same if isinstance(node.ctx, ast.Load)]
        self.shared = self.shared or len(same) - len(loads) > 1
        if not loads and not isinstance(key[0], Def):
            self._end(key[0])  # other files may read it
        self.is_named_only = self.is_named_only or all(map(self._script.in_annotation, loads))
        for node in loads:
            if not self._script.in_annotation(node):
                self.follow(node)

    def _variables(self) -> Iterator[ast.Name | ast.Attribute]:
        for node in self._names.order:
            if isinstance(node, ast.Name | ast.Attribute):
                yield node

    def _table(self, table: ast.Dict, entry: ast.expr | None) -> None:
        """Follow what is looked up in a table."""
        statement = self._names.parents[table]
        if not isinstance(statement, ast.Assign | ast.AnnAssign):
            self._look_up(table, entry)
            return
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        key = self._script.key(targets[0]) if len(targets) == 1 else None
        if key is None or not isinstance(targets[0], ast.Name):
            self._end(statement)
            return
        for node in self._variables():
            if isinstance(node.ctx, ast.Load) and self._script.key(node) == key:
                self._look_up(node, entry)

    def _look_up(self, table: ast.expr, entry: ast.expr | None) -> None:
        match self._names.parents[table]:
            case ast.Subscript(value=value, slice=index, ctx=ast.Load()) as subscript if value is table:
                if not _differ(index, entry):
                    self.follow(subscript)
            case ast.Attribute(attr="get") as method:
                call = self._names.parents[method]
                self.follow(call) if isinstance(call, ast.Call) else self._end(table)
            case ast.Attribute(attr="keys") | ast.Compare() | ast.For() | ast.comprehension():
                pass
            case ast.Call(func=ast.Name(id=name)) if name in _LOOKS_ON_TABLES:
                pass
            case _:
                self._end(table)

    def _loop(self, several: ast.List | ast.Tuple) -> None:
        """`for cls in (X, Y)`."""
        loop = self._names.parents[several]
        is_loop = isinstance(loop, ast.For | ast.comprehension) and loop.iter is several
        key = self._script.key(loop.target) if is_loop and isinstance(loop.target, ast.Name) else None  # type: ignore[attr-defined]
        self._variable(key) if key is not None else self._end(several)

    def _argument(self, call: ast.Call, value: ast.expr) -> None:
        origins = self._names.origins(call.func)
        if origins & {"functools.partial"} and call.args and call.args[0] is value:
            self.partials.append(call)
            self.follow(call)
        elif origins & self._sinks and any(
            k.value is value and k.arg == "vec_env_cls" for k in call.keywords
        ):
            self.sinks.append(call)
        elif (function := self._script.called_function(call)) is not None:
            self.shared = True
            given = [name for name, argument in pair_arguments(call, function) if argument is value]
            self._parameter(function, given[0]) if given else self._end(value)
        elif not (isinstance(call.func, ast.Name) and call.func.id == "print"):
            self._end(value)

    def _parameter(self, function: Def, name: str) -> None:
        named = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
        if any(argument.arg == name for argument in named):
            self._variable((function, name))
        else:
            self._end(function)

    def _default(self, arguments: ast.arguments, value: ast.expr) -> None:
        """The default of a parameter."""
        function = self._names.parents[arguments]
        positional = [*arguments.posonlyargs, *arguments.args]
        pairs = [*zip(reversed(positional), reversed(arguments.defaults), strict=False)]
        pairs += [(a, d) for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if d]
        self.shared = True
        name = next(argument.arg for argument, default in pairs if default is value)
        self._parameter(function, name) if isinstance(function, Def) else self._end(value)

    def _result(self, statement: ast.Return) -> None:
        """Follow every call of a plain function that returns the value."""
        function = self._names.function(statement)
        if function is None or function.decorator_list or not _is_plain(self._names.parents[function]):
            self._end(statement)
            return
        self.shared = True
        owner = self._names.scope(function).owner(function.name)
        uses = [n for n in self._variables() if isinstance(n, ast.Name) and n.id == function.name]
        for node in uses:
            call = self._names.parents[node]
            if self._names.owner(node) is not owner:
                continue
            if isinstance(call, ast.Call) and self._script.called_function(call) is function:
                self.follow(call)
            else:
                self._end(node)


def _is_plain(parent: ast.AST) -> bool:
    return not isinstance(parent, ast.ClassDef)


def _differ(index: ast.expr, entry: ast.expr | None) -> bool:
    """True where a table is asked for another entry, by constant."""
    constants = isinstance(index, ast.Constant) and isinstance(entry, ast.Constant)
    return constants and ast.dump(index) != ast.dump(entry)  # type: ignore[arg-type]
