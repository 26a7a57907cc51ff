"""Actions that are made in other ways than as zeros, in scripts whose environments take binary masks."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...analysis.script import Script, walk
from .masks import holder, is_action, steps_with

__all__ = ["has_binary_space", "is_sample", "other_arrays"]

_SPACES = frozenset({"FuelBreakEnv", "MultiBinary"})
_ARRAYS = frozenset(
    f"numpy.{name}" for name in ("ones", "ones_like", "empty", "empty_like", "full", "full_like")
)
_TENSORS = frozenset(
    f"torch.{name}" for name in ("zeros", "zeros_like", "ones", "ones_like", "full", "empty")
)
_FLOATS = frozenset({"numpy.float32", "numpy.float64", "numpy.float16"})
_FLOAT_WORDS = frozenset({"float", "float32", "float64", "f4", "f8"})


def has_binary_space(script: Script) -> bool:
    """True where a script names an action space of bits, or the environment that has one."""
    return any(_name(node) in _SPACES for node in script.names.order) or any(
        isinstance(node, ast.Constant) and isinstance(node.value, str) and "FuelBreak-v" in node.value
        for node in script.names.order
    )


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.alias):
        return node.name.rpartition(".")[2]
    return node.attr if isinstance(node, ast.Attribute) else ""


def other_arrays(script: Script) -> Iterator[ast.expr]:
    """Ones, empty arrays, `[0] * n`, tensors and casts to floats that are actions, in the order of the text."""
    stepped = set(steps_with(script))
    for node in (node for node in script.names.order if isinstance(node, ast.expr)):
        casts = _is_float_cast(script, node) and node in stepped
        if casts or (_makes_array(script, node) and is_action(script, node, holder(script, node))):
            yield node


def is_sample(script: Script, action: ast.expr) -> bool:
    """True for `space.sample()`, and for a variable that nothing else fills."""
    if isinstance(action, ast.Name):
        parents = [script.names.parents.get(b.node) for b in script.names.bindings(action)]
        values = [parent.value for parent in parents if isinstance(parent, ast.Assign)]
        return bool(values) and len(values) == len(parents) and all(_is_sample_call(v) for v in values)
    return _is_sample_call(action)


def _is_sample_call(value: ast.expr) -> bool:
    return (
        isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr == "sample"
    )


def _makes_array(script: Script, node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return any(isinstance(side, ast.List) and _is_bit(side) for side in (node.left, node.right))
    if not isinstance(node, ast.Call):
        return False
    if script.names.origins(node.func) & _ARRAYS:
        return not _is_full_of_zeros(script, node)
    is_export = isinstance(node.func, ast.Attribute) and node.func.attr == "numpy"
    return is_export and any(
        isinstance(inner, ast.Call) and bool(script.names.origins(inner.func) & _TENSORS)
        for inner in walk(node.func)
    )


def _is_bit(values: ast.List) -> bool:
    only = values.elts[0] if len(values.elts) == 1 else None
    return isinstance(only, ast.Constant) and only.value in (0, 1)


def _is_full_of_zeros(script: Script, call: ast.Call) -> bool:
    """True for `np.full(n, 0)`, which counts as zeros."""
    fill = call.args[1] if len(call.args) > 1 else None
    is_full = any("full" in origin for origin in script.names.origins(call.func))
    return is_full and isinstance(fill, ast.Constant) and fill.value == 0


def _is_float_cast(script: Script, node: ast.AST) -> bool:
    """True for `actions.astype(np.float32)`."""
    if not (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "astype"
    ):
        return False
    given = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg == "dtype")]
    spelled = (getattr(value, "id", None) or getattr(value, "value", None) for value in given)
    return any(script.names.origins(value) & _FLOATS for value in given) or any(
        isinstance(word, str) and word in _FLOAT_WORDS for word in spelled
    )
