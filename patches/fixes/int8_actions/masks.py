"""Arrays of zeros that become action masks: which they are, what is written into them, and where they go."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from ...analysis.episode_loops import words
from ...analysis.script import Key, Script
from .mask_flow import flows_to, goes_to_torch

__all__ = [
    "Mask",
    "arrays",
    "holder",
    "holds_only_bits",
    "is_action",
    "is_binary",
    "is_empty_action",
    "steps_with",
]

_ZEROS = frozenset({"numpy.zeros", "numpy.zeros_like"})
_FULL = frozenset({"numpy.full", "numpy.full_like"})
_STEPS = frozenset({"step", "step_async"})
_ENVS = frozenset({"env", "envs"})
_GRID_SIDES = frozenset({"h", "w", "height", "width", "rows", "cols", "nrows", "ncols", "ny", "nx"})
_ACTION_WORDS = frozenset({"act", "acts", "action", "actions"})
_NEUTRAL_WORDS = frozenset(
    {
        "a",
        "all",
        "batch",
        "cur",
        "current",
        "default",
        "dummy",
        "empty",
        "env",
        "init",
        "initial",
        "joint",
        "my",
    }
    | {
        "new",
        "next",
        "no",
        "noop",
        "np",
        "null",
        "random",
        "sample",
        "selected",
        "self",
        "test",
        "zero",
        "zeros",
    }
)
_CELL_WORDS = frozenset({"hx", "hxw", "hw", "cell", "cells", "pixel", "pixels", "grid"})


@dataclass(frozen=True)
class Mask:
    """One `np.zeros(...)` and the variable that it fills."""

    call: ast.Call
    key: Key | None


def arrays(script: Script) -> Iterator[Mask]:
    """Every array that begins as nothing but zeros."""
    for call in script.names.calls:
        origins = script.names.origins(call.func)
        if (origins & _ZEROS and call.args) or (origins & _FULL and _is_filled_with_zero(call)):
            yield Mask(call, holder(script, call))


def _is_filled_with_zero(call: ast.Call) -> bool:
    """True for `np.full(shape, 0)`."""
    fill = call.args[1] if len(call.args) > 1 else None
    return isinstance(fill, ast.Constant) and not isinstance(fill.value, str) and fill.value == 0


def is_empty_action(script: Script, mask: Mask) -> bool:
    """True for an action that is all zeros, in a script whose other actions are binary masks."""
    untouched = mask.key is None or not any(_written(script, mask.key))
    is_free = mask.key is None or not goes_to_torch(script, mask.key)
    return untouched and _is_space_shape(mask.call) and is_free


def _is_space_shape(call: ast.Call) -> bool:
    """True for `np.zeros(env.action_space.shape)` and `.shape[0]`, which a continuous space has as well."""
    size = call.args[0]
    if isinstance(size, ast.Subscript):
        size = size.value
    return isinstance(size, ast.Attribute) and size.attr == "shape" and "action" in words(size)


def holder(script: Script, array: ast.expr) -> Key | None:
    """The variable that an array, or a list of such arrays, is assigned to."""
    child: ast.AST = array
    for parent in script.names.ancestors(array):
        if isinstance(parent, ast.Assign) and parent.value is child and len(parent.targets) == 1:
            return script.key(parent.targets[0])
        if isinstance(parent, ast.AnnAssign) and parent.value is child:
            return script.key(parent.target)
        if not isinstance(parent, ast.ListComp | ast.List) and not _is_conversion(parent, child):
            return None
        child = parent
    return None


def _is_conversion(parent: ast.AST, child: ast.AST) -> bool:
    """True for the two nodes of `.astype(...)` around an array."""
    if isinstance(parent, ast.Attribute):
        return parent.attr == "astype"
    return isinstance(parent, ast.Call) and parent.func is child and isinstance(child, ast.Attribute)


def is_action(script: Script, value: ast.expr, key: Key | None) -> bool:
    """True where a value reaches a step, or has a name that says "action".

    Args:
        script: The script.
        value: What makes the array.
        key: The variable that holds it.
    """
    if key is None:
        parent = script.names.parents[value]
        function = script.names.function(value)
        returned = (
            isinstance(parent, ast.Return) and function is not None and "action" in function.name.lower()
        )
        return returned or _is_step_argument(parent, value)
    words_of_name = _words_of(key)
    named = bool(words_of_name & _ACTION_WORDS) and words_of_name <= _ACTION_WORDS | _NEUTRAL_WORDS
    return named or _reaches_step(script, key)


def _reaches_step(script: Script, key: Key | None) -> bool:
    """True where the array, alone or in a stack, is the argument of a step, or joins a batch of actions."""
    held = flows_to(script, key) if key is not None else frozenset()
    for use in (n for n in script.names.order if isinstance(n, ast.Name) and script.key(n) in held):
        parent = script.names.parents[use]
        if _is_step_argument(parent, use) or _joins_actions(parent, use):
            return True
    return any(_is_returned_as_action(script, found) for found in held)


def _is_returned_as_action(script: Script, key: Key) -> bool:
    """True where a function returns the array, and its callers take the result for an action."""
    for node in script.names.order:
        if isinstance(node, ast.Return) and node.value is not None and _is_or_stacks(script, node.value, key):
            function = script.names.function(node)
            if function is not None and any(
                _is_taken_for_action(script, c) for c in _calls_of(script, function.name)
            ):
                return True
    return False


def _is_or_stacks(script: Script, value: ast.expr, key: Key) -> bool:
    """True for `x` and `np.stack(x)`."""
    if isinstance(value, ast.Call) and len(value.args) == 1 and isinstance(value.func, ast.Attribute):
        value = value.args[0]
    return script.key(value) == key


def _calls_of(script: Script, name: str) -> Iterator[ast.Call]:
    """Calls of a function or method by its name."""
    for call in script.names.calls:
        called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if called == name:
            yield call


def _is_taken_for_action(script: Script, call: ast.Call) -> bool:
    """True where a call's result goes, perhaps through `np.stack([...])`, to a step or a variable named so."""
    child: ast.AST = call
    for parent in script.names.ancestors(call):
        if isinstance(child, ast.expr) and _is_step_argument(parent, child):
            return True
        if isinstance(parent, ast.Assign):
            return any(words(target) & _ACTION_WORDS for target in parent.targets)
        if isinstance(parent, ast.stmt):
            return False
        child = parent
    return False


def _joins_actions(parent: ast.AST, node: ast.expr) -> bool:
    """True for `actions.append(action)` and `actions[i] = action`."""
    if (
        isinstance(parent, ast.Call)
        and isinstance(parent.func, ast.Attribute)
        and parent.func.attr == "append"
    ):
        return node in parent.args and bool(words(parent.func.value) & _ACTION_WORDS)
    if isinstance(parent, ast.Assign) and parent.value is node:
        return any(isinstance(t, ast.Subscript) and words(t.value) & _ACTION_WORDS for t in parent.targets)
    return False


def _words_of(key: Key) -> set[str]:
    return words(ast.parse(key[1], mode="eval").body)


def _is_step_argument(parent: ast.AST, node: ast.expr) -> bool:
    return isinstance(parent, ast.Call) and node in parent.args and _is_step(parent)


def _is_step(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr in _STEPS


def steps_with(script: Script) -> list[ast.expr]:
    """The actions of every step of an environment, single or not."""
    steps = [call for call in script.names.calls if _is_step(call) and len(call.args) == 1]
    return [s.args[0] for s in steps if isinstance(s.func, ast.Attribute) and words(s.func.value) & _ENVS]


def is_binary(script: Script, mask: Mask) -> bool:
    """True where only 0 and 1 are ever written, and the size counts cells or ones are scattered for a step."""
    written = [] if mask.key is None else list(_written(script, mask.key))
    if not holds_only_bits(script, mask.key):
        return False
    scattered = any(is_scattered for _, is_scattered in written)
    has_size = not _is_like_another(mask.call) and _counts_cells(script, mask.call)
    return has_size or (scattered and _reaches_step(script, mask.key))


def holds_only_bits(script: Script, key: Key | None) -> bool:
    """True where nothing but 0 and 1 is ever stored into elements of a variable."""
    return key is None or all(_is_bit(value) for value, _ in _written(script, key))


def _is_like_another(call: ast.Call) -> bool:
    """True for `np.zeros_like(x)`: its argument is no size."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return name.endswith("_like")


def _written(script: Script, key: Key) -> Iterator[tuple[ast.expr, bool]]:
    """Values that are stored into elements of a variable; True with those whose index is computed."""
    for node in script.names.order:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Subscript) and script.key(_base(target)) == key:
                    yield node.value, _is_computed(target.slice)
        elif isinstance(node, ast.AugAssign) and script.key(_base(node.target)) == key:
            yield (node.value if isinstance(node.op, ast.BitOr | ast.BitAnd) else ast.Constant(None)), True


def _is_computed(index: ast.expr) -> bool:
    """True where an index of the last axis is no constant and no slice: `x[i, best]`, not `x[:, 0]`."""
    last = index.elts[-1] if isinstance(index, ast.Tuple) and index.elts else index
    return not isinstance(last, ast.Constant | ast.Slice)


def _base(target: ast.expr) -> ast.expr:
    while isinstance(target, ast.Subscript):
        target = target.value
    return target


def _is_bit(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value in (0, 1) and value.value is not None


def _counts_cells(script: Script, call: ast.Call) -> bool:
    """True where the last axis is as long as a grid has cells: `HxW`, `H * W`, `action_space.n`."""
    size = call.args[0]
    if isinstance(size, ast.Tuple | ast.List):
        if size.elts and all(words(part) & _GRID_SIDES for part in size.elts[-2:]) and len(size.elts) > 1:
            return True
        if not size.elts:
            return False
        size = size.elts[-1]
    if isinstance(size, ast.BinOp) and isinstance(size.op, ast.Mult):
        return True
    if isinstance(size, ast.Attribute):
        return size.attr == "n" or bool(words(ast.Name(size.attr)) & _CELL_WORDS)
    return isinstance(size, ast.Name) and (bool(words(size) & _CELL_WORDS) or _is_cell_count(script, size))


def _is_cell_count(script: Script, name: ast.Name) -> bool:
    """True for `n = env.action_space.n` and `n = H * W`."""
    key = script.key(name)
    for node in script.names.order:
        if isinstance(node, ast.Assign) and any(script.key(target) == key for target in node.targets):
            value = node.value
            if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "int":
                value = value.args[0] if value.args else value
            is_space = isinstance(value, ast.Attribute) and value.attr == "n"
            if is_space or (isinstance(value, ast.BinOp) and isinstance(value.op, ast.Mult)):
                return True
    return False
