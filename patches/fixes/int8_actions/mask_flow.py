"""Where an array of zeros goes, and what is done with it there that another dtype would change."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...analysis.script import Key, Script, walk

__all__ = ["flows_to", "goes_to_torch", "int8_changes", "used_as_condition"]

_STACKING = frozenset({"array", "asarray", "stack", "vstack", "concatenate", "copy"})
_INT8_MAX = 127


def flows_to(script: Script, key: Key) -> frozenset[Key]:
    """Variables that hold an array, a copy of it, or a list or stack that it joins; itself included.

    Args:
        script: The script.
        key: The variable that the array is made for.
    """
    found = {key}
    while True:
        more = {target for source, target in _transfers(script) if source in found} - found
        if not more:
            return frozenset(found)
        found |= more


def _transfers(script: Script) -> Iterator[tuple[Key, Key]]:
    """(from, to) for `b = a`, `b = np.stack(a)`, `b[i] = a` and `b.append(a)`."""
    for node in script.names.order:
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            source = script.key(_unstacked(node.value))
            target = script.key(_base(node.targets[0]))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and len(node.args) == 1:
            source = script.key(node.args[0]) if node.func.attr == "append" else None
            target = script.key(node.func.value)
        else:
            continue
        if source is not None and target is not None:
            yield source, target


def _unstacked(value: ast.expr) -> ast.expr:
    """`a` for `np.stack(a)`, `np.array(a)` and `a.copy()`."""
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr in _STACKING:
        return value.args[0] if value.args else value.func.value
    return value


def _base(target: ast.expr) -> ast.expr:
    while isinstance(target, ast.Subscript):
        target = target.value
    return target


def _uses(script: Script, key: Key) -> Iterator[ast.expr]:
    held = flows_to(script, key)
    for node in script.names.order:
        is_load = isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load)
        if is_load and isinstance(node, ast.expr) and script.key(node) in held:
            yield node


def goes_to_torch(script: Script, key: Key) -> bool:
    """True where the array becomes a tensor with its own dtype: int8 would meet float weights there."""
    held = flows_to(script, key)
    return any(
        node.args and script.key(_unstacked(node.args[0])) in held and _keeps_dtype(script, node)
        for node in script.names.calls
        if any(origin.startswith("torch.") for origin in script.names.origins(node.func))
    )


def _keeps_dtype(script: Script, call: ast.Call) -> bool:
    """True for a call whose result has its argument's dtype: neither given one nor cast on the spot."""
    parent = script.names.parents[call]
    is_cast = isinstance(parent, ast.Attribute) and parent.attr in {"float", "to", "double", "bool", "long"}
    return not is_cast and all(keyword.arg != "dtype" for keyword in call.keywords)


def used_as_condition(script: Script, key: Key) -> ast.expr | None:
    """Where an array of booleans selects or is negated, or leaves its function and may: `x[mask]`, `~mask`."""
    for use in _uses(script, key):
        child: ast.AST = use
        for parent in script.names.ancestors(use):
            if isinstance(parent, ast.UnaryOp) and isinstance(parent.op, ast.Invert | ast.USub):
                return use
            if isinstance(parent, ast.Return) or (
                isinstance(parent, ast.Subscript) and child is not parent.value
            ):
                return use
            if not isinstance(parent, ast.BinOp | ast.Tuple | ast.UnaryOp | ast.Compare | ast.Subscript):
                break
            child = parent
    return None


def int8_changes(script: Script, key: Key) -> ast.expr | None:
    """Where int8 would come to another result: beside a number that it cannot hold, or multiplied as a matrix."""
    for use in _uses(script, key):
        parent = script.names.parents[use]
        if isinstance(parent, ast.BinOp):
            other = parent.right if parent.left is use else parent.left
            if isinstance(parent.op, ast.MatMult) or _is_beyond_int8(other):
                return use
    return None


def _is_beyond_int8(value: ast.expr) -> bool:
    return any(
        isinstance(node, ast.Constant) and type(node.value) is int and node.value > _INT8_MAX
        for node in walk(value)
    )
