"""int8-actions: binary action masks get the dtype that a `MultiBinary` space has."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from patches._loops import words
from patches._model import AddKeyword, Case, Edit, Finding, Fix, Operation, Options, Remark, ReplaceExpression
from patches._script import Key, Script

__all__ = ["FIX"]

NAME = "int8-actions"
_ZEROS = frozenset({"numpy.zeros"})
_STEPS = frozenset({"step", "step_async"})
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
class _Mask:
    """One `np.zeros(...)` and the variable that it fills."""

    call: ast.Call
    key: Key | None


def find(script: Script, _options: Options) -> Iterator[Finding]:
    """Plan `dtype=np.int8` for arrays that are binary masks and go to an environment."""
    if not script.is_ours:
        return
    masks = [mask for mask in _arrays(script) if _is_action(script, mask)]
    binary = [mask for mask in masks if _is_binary(script, mask)]
    for mask in masks:
        if mask in binary or (binary and _is_empty_action(script, mask)):
            yield _decide(script, mask)


def _arrays(script: Script) -> Iterator[_Mask]:
    for call in script.names.calls:
        if script.names.origins(call.func) & _ZEROS and call.args:
            yield _Mask(call, _holder(script, call))


def _is_empty_action(script: Script, mask: _Mask) -> bool:
    """True for an action that is all zeros, in a script whose other actions are binary masks."""
    untouched = mask.key is None or not any(_written(script, mask.key))
    return untouched and _is_space_shape(mask.call) and not _goes_to_torch(script, mask.key)


def _is_space_shape(call: ast.Call) -> bool:
    """True for `np.zeros(env.action_space.shape)` and `.shape[0]`, which a continuous space has as well."""
    size = call.args[0]
    if isinstance(size, ast.Subscript):
        size = size.value
    return isinstance(size, ast.Attribute) and size.attr == "shape" and "action" in words(size)


def _holder(script: Script, call: ast.Call) -> Key | None:
    """The variable that an array, or a list of such arrays, is assigned to."""
    child: ast.AST = call
    for parent in script.names.ancestors(call):
        if isinstance(parent, ast.Assign) and parent.value is child and len(parent.targets) == 1:
            return script.key(parent.targets[0])
        if isinstance(parent, ast.AnnAssign) and parent.value is child:
            return script.key(parent.target)
        if not isinstance(parent, ast.ListComp | ast.List):
            return None
        child = parent
    return None


def _is_action(script: Script, mask: _Mask) -> bool:
    """True where the array reaches a step, or has a name that says "action"."""
    if mask.key is None:
        parent = script.names.parents[mask.call]
        function = script.names.function(mask.call)
        returned = (
            isinstance(parent, ast.Return) and function is not None and "action" in function.name.lower()
        )
        return returned or _is_step_argument(parent, mask.call)
    words_of_name = _words_of(mask.key)
    named = bool(words_of_name & _ACTION_WORDS) and words_of_name <= _ACTION_WORDS | _NEUTRAL_WORDS
    return named or _reaches_step(script, mask) or _is_returned_as_action(script, mask.key)


def _reaches_step(script: Script, mask: _Mask) -> bool:
    """True where the array is the argument of a step, or joins a batch of actions."""
    uses = (
        node for node in script.names.order if isinstance(node, ast.Name) and script.key(node) == mask.key
    )
    for use in uses:
        parent = script.names.parents[use]
        if _is_step_argument(parent, use) or _joins_actions(parent, use):
            return True
    return False


def _is_returned_as_action(script: Script, key: Key) -> bool:
    """True where a function returns the array, and its callers take the result for an action."""
    for node in script.names.order:
        if isinstance(node, ast.Return) and node.value is not None and script.key(node.value) == key:
            function = script.names.function(node)
            if function is not None and any(
                _is_taken_for_action(script, c) for c in _calls_of(script, function.name)
            ):
                return True
    return False


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
    return (
        isinstance(parent, ast.Call)
        and node in parent.args
        and isinstance(parent.func, ast.Attribute)
        and parent.func.attr in _STEPS
    )


def _is_binary(script: Script, mask: _Mask) -> bool:
    """True where nothing but 0 and 1 is ever written, and ones are written or the size counts cells."""
    written = [] if mask.key is None else list(_written(script, mask.key))
    if any(not _is_bit(value) for value, _ in written) or _goes_to_torch(script, mask.key):
        return False
    scattered = any(is_scattered for _, is_scattered in written)
    return _counts_cells(script, mask.call) or (scattered and _reaches_step(script, mask))


def _written(script: Script, key: Key) -> Iterator[tuple[ast.expr, bool]]:
    """Values that are stored into elements of a variable; True with those whose index is computed."""
    for node in script.names.order:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Subscript) and script.key(_base(target)) == key:
                    yield node.value, not isinstance(target.slice, ast.Constant)
        elif isinstance(node, ast.AugAssign) and script.key(_base(node.target)) == key:
            yield (node.value if isinstance(node.op, ast.BitOr | ast.BitAnd) else ast.Constant(None)), True


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


def _goes_to_torch(script: Script, key: Key | None) -> bool:
    """True where the array becomes a tensor with its own dtype: int8 would meet float weights there."""
    if key is None:
        return False
    for node in script.names.calls:
        if node.args and script.key(node.args[0]) == key:
            origins = script.names.origins(node.func)
            typed = any(keyword.arg == "dtype" for keyword in node.keywords)
            parent = script.names.parents[node]
            cast = isinstance(parent, ast.Attribute) and parent.attr in {"float", "to", "double", "bool"}
            if any(origin.startswith("torch.") for origin in origins) and not typed and not cast:
                return True
    return False


def _decide(script: Script, mask: _Mask) -> Finding:
    call = mask.call
    place = script.place(call)
    dtype = next(
        (k.value for k in call.keywords if k.arg == "dtype"), call.args[1] if len(call.args) > 1 else None
    )
    wanted = _int8(script, call)
    text = script.text(call)
    if dtype is None and isinstance(script.names.parents[call], ast.Attribute):
        message = f"{text} is converted right away"
        return Remark(NAME, "notice", "converted", place, message, "let it be np.int8 in the end")
    if dtype is None:
        operation: Operation = AddKeyword(script.span(call), "dtype", wanted)
    elif _is_int8(script, dtype):
        return Remark(NAME, "satisfied", "int8-already", place, f"{text} is int8 already")
    else:
        operation = ReplaceExpression(script.span(dtype), wanted)
    return Edit(NAME, place, f"{text} gets dtype={wanted}", (operation,))


def _is_int8(script: Script, dtype: ast.expr) -> bool:
    spelled = isinstance(dtype, ast.Constant) and dtype.value in ("int8", "i1", "b")
    return spelled or bool(script.names.origins(dtype) & {"numpy.int8"})


def _int8(script: Script, call: ast.Call) -> str:
    """`np.int8` by the name that the script has for numpy."""
    if isinstance(call.func, ast.Attribute):
        return f"{script.text(call.func.value)}.int8"
    return '"int8"'


CASES = (
    Case(
        "the empty test action of a factory, and the masks of a policy",
        """\
import numpy as np
from gymnasium.vector import AsyncVectorEnv

def make_env(raster):
    def _init():
        env = FuelBreakEnv(raster)
        HxW = env.action_space.n
        test_action = np.zeros(HxW)
        env.step(test_action)
        return env
    return _init

def choose(n, HxW, cells):
    actions = np.zeros((n, HxW))
    for i in range(n):
        actions[i, cells[i]] = 1
    return actions

envs = AsyncVectorEnv([make_env(r) for r in rasters])
""",
        """\
import numpy as np
from gymnasium.vector import AsyncVectorEnv

def make_env(raster):
    def _init():
        env = FuelBreakEnv(raster)
        HxW = env.action_space.n
        test_action = np.zeros(HxW, dtype=np.int8)
        env.step(test_action)
        return env
    return _init

def choose(n, HxW, cells):
    actions = np.zeros((n, HxW), dtype=np.int8)
    for i in range(n):
        actions[i, cells[i]] = 1
    return actions

envs = AsyncVectorEnv([make_env(r) for r in rasters])
""",
    ),
    Case(
        "another dtype",
        """\
import numpy as np
from gymnasium.vector import AsyncVectorEnv

envs = AsyncVectorEnv(env_fns)
action = np.zeros(H * W, dtype=np.float32)
action[cell] = 1.0
""",
        """\
import numpy as np
from gymnasium.vector import AsyncVectorEnv

envs = AsyncVectorEnv(env_fns)
action = np.zeros(H * W, dtype=np.int8)
action[cell] = 1.0
""",
    ),
    Case(
        "continuous control, discrete actions and torch are left alone",
        """\
import numpy as np
import torch
from gymnasium.vector import AsyncVectorEnv

envs = AsyncVectorEnv(env_fns)
action = np.zeros(envs.single_action_space.shape)
forces = np.zeros(n_joints * 2)
forces[0] = 0.5
envs.step(forces)
actions = torch.zeros(n_cells)
choices = np.zeros(n_envs, dtype=np.int64)
envs.step(choices)
""",
    ),
)

FIX = Fix(
    NAME,
    version=1,
    summary="binary action masks are made as np.int8",
    description=(
        "`np.zeros(HxW)` is float64, which a MultiBinary action space does not contain. An array that reaches a step "
        "or is named an action, holds nothing but zeros and ones and has as many entries as the grid has cells gets "
        "`dtype=np.int8`. Continuous and discrete actions and torch tensors are left alone."
    ),
    find=find,
    cases=CASES,
)
