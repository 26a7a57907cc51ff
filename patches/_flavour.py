"""Which Gym dialect a script speaks, read from how it unpacks `reset()` and `step()`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from patches._model import Remark
from patches._script import Script, walk

__all__ = ["flavour_refusals", "step_arity"]


def step_arity(script: Script, call: ast.Call) -> int | None:
    """How many values a script unpacks from a step; None where it does not unpack in place."""
    parent = script.names.parents[call]
    if isinstance(parent, ast.Assign) and parent.value is call and isinstance(parent.targets[0], ast.Tuple):
        elements = parent.targets[0].elts
        return None if any(isinstance(element, ast.Starred) for element in elements) else len(elements)
    return None


def flavour_refusals(script: Script, fix: str) -> Iterator[Remark]:
    """Why the pool's five step values and two reset values would not fit the script."""
    arities = set()
    for call in script.calls("step", "step_wait"):
        arity = step_arity(script, call)
        arities.add(arity)
        if arity is not None and arity != 5:
            message = f"the step is unpacked into {arity} values; the pool returns Gymnasium's 5"
            hint = "unpack observations, rewards, terminations, truncations, infos"
            yield Remark(fix, "refused", "step-unpacking", script.place(call), message, hint)
    if 5 in arities:
        for call in script.calls("reset", "reset_wait"):
            if _is_taken_whole(script, call):
                message = "the reset is taken as one value, but the step is unpacked into Gymnasium's five"
                hint = "unpack the reset as well: observations, infos = envs.reset()"
                yield Remark(fix, "refused", "reset-contradicts-step", script.place(call), message, hint)


def _is_taken_whole(script: Script, call: ast.Call) -> bool:
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
