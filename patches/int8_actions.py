"""int8-actions: binary action masks get the dtype that a `MultiBinary` space has."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from patches._mask_flow import goes_to_torch, int8_changes, used_as_condition
from patches._masks import Mask, arrays, is_action, is_binary, is_empty_action
from patches._model import AddKeyword, Case, Edit, Finding, Fix, Operation, Options, Remark, ReplaceExpression
from patches._script import Script

__all__ = ["FIX"]

NAME = "int8-actions"


def find(script: Script, _options: Options) -> Iterator[Finding]:
    """Plan `dtype=np.int8` for arrays that are binary masks and go to an environment."""
    if not script.is_ours:
        return
    masks = [mask for mask in arrays(script) if is_action(script, mask)]
    binary = [mask for mask in masks if is_binary(script, mask)]
    for mask in masks:
        if mask in binary or (binary and is_empty_action(script, mask)):
            yield _decide(script, mask)


def _decide(script: Script, mask: Mask) -> Finding:
    call = mask.call
    place, text = script.place(call), script.text(call)
    dtype, wanted = _dtype(script, call), _int8(script, call)
    if dtype is not None and _is_int8(script, dtype):
        return Remark(NAME, "satisfied", "int8-already", place, f"{text} is int8 already")
    problem = _problem(script, mask, dtype)
    if problem is not None:
        return problem
    operation: Operation = (
        AddKeyword(script.span(call), "dtype", wanted)
        if dtype is None
        else ReplaceExpression(script.span(dtype), wanted)
    )
    return Edit(NAME, place, f"{text} gets dtype={wanted}", (operation,))


def _dtype(script: Script, call: ast.Call) -> ast.expr | None:
    """The dtype that an array is made with, or converted to on the spot."""
    access = script.names.parents[call]
    conversion = script.names.parents.get(access)
    if isinstance(access, ast.Attribute) and access.attr == "astype" and isinstance(conversion, ast.Call):
        return next(
            iter([*conversion.args, *(k.value for k in conversion.keywords if k.arg == "dtype")]), None
        )
    given = (keyword.value for keyword in call.keywords if keyword.arg == "dtype")
    position = 2 if any("full" in origin for origin in script.names.origins(call.func)) else 1
    return next(given, call.args[position] if len(call.args) > position else None)


def _problem(script: Script, mask: Mask, dtype: ast.expr | None) -> Remark | None:
    """Why the array must keep its dtype, as far as its uses tell."""
    if mask.key is None:
        return None
    place, text = script.place(mask.call), script.text(mask.call)
    if goes_to_torch(script, mask.key):
        hint = "make it np.int8 and cast the tensor: torch.from_numpy(action).float()"
        message = f"{text} becomes a tensor, and int8 would meet float weights there"
        return Remark(NAME, "notice", "becomes-tensor", place, message, hint)
    if dtype is not None and _is_bool(script, dtype):
        use = used_as_condition(script, mask.key)
        message = f"{text} selects by True and False"
        hint = "hand the environment a copy: action.astype(np.int8)"
    else:
        use = int8_changes(script, mask.key)
        message = f"{text} takes part in arithmetic that int8 cannot hold"
        hint = "compute with another array, and let the action be np.int8"
    if use is None:
        return None
    return Remark(NAME, "notice", "other-use", place, f"{message} in line {script.place(use).line}", hint)


def _is_bool(script: Script, dtype: ast.expr) -> bool:
    spelled = isinstance(dtype, ast.Name) and dtype.id == "bool"
    return spelled or bool(script.names.origins(dtype) & {"numpy.bool_", "numpy.bool"})


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
