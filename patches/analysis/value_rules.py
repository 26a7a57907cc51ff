"""Where values go in statements and expressions, by the node that stands around one."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from .call_rules import CONVERSIONS, in_call, in_keyword
from .value import Value, item_at

if TYPE_CHECKING:
    from .values import Values

__all__ = ["RULES"]

_GETS = frozenset({"get", "get_nowait", "pop", "popleft", "recv", "result"})


def _in_assign(values: Values, parent: ast.AST, _node: ast.expr, value: Value) -> bool:
    targets = parent.targets if isinstance(parent, ast.Assign) else [getattr(parent, "target", None)]
    assert isinstance(parent, ast.stmt | ast.NamedExpr)
    for target in targets:
        if target is not None and target is not _node:
            statement = parent if isinstance(parent, ast.stmt) else values.names.statement(parent)
            values.assign(statement, target, value)
    if isinstance(parent, ast.NamedExpr):
        values.add(parent, value)
    return True


def _in_sequence(values: Values, parent: ast.AST, node: ast.expr, value: Value) -> bool:
    assert isinstance(parent, ast.Tuple | ast.List)
    if isinstance(parent.ctx, ast.Load):
        values.add(parent, replace(value, boxed=(parent.elts.index(node), *value.boxed)))
    return True


def _in_dict(values: Values, parent: ast.AST, node: ast.expr, value: Value) -> bool:
    assert isinstance(parent, ast.Dict)
    name = parent.keys[parent.values.index(node)] if node in parent.values else None
    if name is None:
        return False
    key = name.value if isinstance(name, ast.Constant) and isinstance(name.value, str) else "container"
    values.add(parent, replace(value, boxed=(key, *value.boxed)))
    statement = values.names.parents[parent]
    for target in statement.targets if isinstance(statement, ast.Assign) else []:
        entry = values.keys.entry(target, name)
        for load in values.keys.loads(entry) if entry is not None else ():
            values.add(load, value)
    return True


def _through(values: Values, parent: ast.AST, node: ast.expr, value: Value) -> bool:
    """The parent has the same value: `x if a else b`, `x or y`, `await x`."""
    if isinstance(parent, ast.IfExp) and parent.test is node:
        return True
    assert isinstance(parent, ast.expr)
    is_future = isinstance(parent, ast.Await) and value.boxed[:1] == ("container",)
    values.add(parent, value.unboxed() if is_future else value)
    return True


def _in_arithmetic(values: Values, parent: ast.AST, _node: ast.expr, value: Value) -> bool:
    assert isinstance(parent, ast.expr)
    if value.item and value.kind != "bound":
        if not isinstance(parent, ast.Compare):
            values.add(parent, replace(value, converted=True))
        return True
    return isinstance(parent, ast.Compare)


def _in_return(values: Values, parent: ast.AST, _node: ast.expr, value: Value) -> bool:
    function: ast.AST | None = parent if isinstance(parent, ast.Lambda) else values.names.function(parent)
    calls = values.callees.calls(function) if function is not None else []
    for call in calls:
        boxed = () if values.callees.function(call) is function else ("container",)
        values.add(call, replace(value, boxed=(*boxed, *value.boxed)))
    return bool(calls)


def _in_with(values: Values, parent: ast.AST, _node: ast.expr, value: Value) -> bool:
    assert isinstance(parent, ast.withitem)
    if parent.optional_vars is not None:
        values.bind(parent.optional_vars, value)
    return True


def _in_attribute(values: Values, parent: ast.AST, _node: ast.expr, value: Value) -> bool:
    assert isinstance(parent, ast.Attribute)
    call = values.names.parents[parent]
    called = isinstance(call, ast.Call) and call.func is parent
    if value.is_env:
        if isinstance(parent.ctx, ast.Load):
            values.add(parent, Value("bound", value.call, parent.attr))
        return True
    if called and isinstance(call, ast.Call) and value.boxed[:1] == ("container",) and parent.attr in _GETS:
        values.add(call, value.unboxed())
    elif called and isinstance(call, ast.Call) and value.item and parent.attr in CONVERSIONS:
        values.add(call, replace(value, converted=value.converted or parent.attr not in {"copy"}))
    return bool(value.item or value.boxed)


def _in_subscript(values: Values, parent: ast.AST, node: ast.expr, value: Value) -> bool:
    assert isinstance(parent, ast.Subscript)
    if parent.value is not node:
        return True
    index = _constant(parent.slice)
    if value.boxed:
        if value.boxed[0] in ("container", index):
            values.add(parent, value.unboxed())
        return True
    if value.is_whole("step") or value.is_whole("reset"):
        item = item_at(value.kind, index)
        if item:
            values.add(parent, replace(value, item=item))
        return bool(item)
    if value.item and value.kind != "bound" and value.item != "infos":
        values.add(parent, value)
    return bool(value.item)


def _in_loop(values: Values, parent: ast.AST, node: ast.expr, value: Value) -> bool:
    """`for x in values`: each element is a part of the same item."""
    assert isinstance(parent, ast.For | ast.AsyncFor | ast.comprehension)
    if parent.iter is node and value.item and value.item != "infos":
        _bind_elements(values, parent.target, value)
    return bool(value.item)


def _bind_elements(values: Values, target: ast.expr, value: Value) -> None:
    if value.boxed and isinstance(value.boxed[0], int):
        if isinstance(target, ast.Tuple | ast.List) and value.boxed[0] < len(target.elts):
            _bind_elements(values, target.elts[value.boxed[0]], value.unboxed())
    else:
        values.bind(target, value)


def _constant(index: ast.expr) -> object:
    """The value of a constant index, negative ones included; None for any other."""
    if (
        isinstance(index, ast.UnaryOp)
        and isinstance(index.op, ast.USub)
        and isinstance(index.operand, ast.Constant)
    ):
        value = index.operand.value
        return -value if isinstance(value, int) else None
    return index.value if isinstance(index, ast.Constant) else None


Rule = Callable[["Values", ast.AST, ast.expr, Value], bool]
RULES: dict[type[ast.AST], Rule] = {
    ast.Assign: _in_assign,
    ast.AnnAssign: _in_assign,
    ast.NamedExpr: _in_assign,
    ast.Tuple: _in_sequence,
    ast.List: _in_sequence,
    ast.Dict: _in_dict,
    ast.IfExp: _through,
    ast.BoolOp: _through,
    ast.Await: _through,
    ast.BinOp: _in_arithmetic,
    ast.UnaryOp: _in_arithmetic,
    ast.Compare: _in_arithmetic,
    ast.Return: _in_return,
    ast.Lambda: _in_return,
    ast.withitem: _in_with,
    ast.Attribute: _in_attribute,
    ast.Subscript: _in_subscript,
    ast.For: _in_loop,
    ast.AsyncFor: _in_loop,
    ast.comprehension: _in_loop,
    ast.Call: in_call,
    ast.keyword: in_keyword,
}
