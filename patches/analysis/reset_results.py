"""How a script takes the result of a reset: whole, as one observation, or apart."""

from __future__ import annotations

import ast

from .script import Script, walk

__all__ = ["is_taken_whole", "is_whole_expression"]


def is_whole_expression(script: Script, call: ast.Call) -> bool:
    """True where a reset's result is not taken apart on the spot."""
    parent = script.names.parents[call]
    if isinstance(parent, ast.Assign):
        return not isinstance(parent.targets[0], ast.Tuple | ast.List)
    return not isinstance(parent, ast.Subscript)


def is_taken_whole(script: Script, call: ast.Call) -> bool:
    """True for `obs = envs.reset()` where nothing in the function takes the pair apart."""
    parent = script.names.parents[call]
    if not isinstance(parent, ast.Assign) or parent.value is not call or len(parent.targets) != 1:
        return False
    key = script.key(parent.targets[0])
    if key is None:
        return False
    root = script.names.function(call) or script.tree
    return not any(_takes_apart(script, node, key) for node in walk(root))


def _takes_apart(script: Script, node: ast.AST, key: tuple[ast.AST, str]) -> bool:
    """True for `isinstance(x, tuple)`, `len(x)`, `type(x)`, `x[0]`, `*x` and `a, b = x`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        inspects = node.func.id in {"isinstance", "len", "type", "hasattr"}
        return inspects and bool(node.args) and script.key(node.args[0]) == key
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return node.slice.value == 0 and script.key(node.value) == key
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple):
        return script.key(node.value) == key
    return isinstance(node, ast.Starred) and script.key(node.value) == key
