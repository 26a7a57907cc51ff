"""int8-actions: binary action masks get the dtype that a `MultiBinary` space has."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...analysis.script import Script
from ...syntax.edits import AddKeyword, Diagnostic, Edit, Finding, Operation, ReplaceExpression
from ..model import Fix, Options
from ..nothing_to_do import or_nothing_to_do
from .cases import CASES
from .mask_flow import goes_to_torch, int8_changes, used_as_condition
from .masks import Mask, arrays, holds_only_bits, is_action, is_binary, is_empty_action, steps_with
from .other_arrays import has_binary_space, is_sample, other_arrays

__all__ = ["FIX"]

NAME = "int8-actions"
_HINT = (
    "actions of a MultiBinary space are int8: make it with dtype=np.int8, or step with action.astype(np.int8)"
)


def find(script: Script, _options: Options) -> Iterator[Finding]:
    """Plan `dtype=np.int8` for arrays that are binary masks and go to an environment."""
    message = "no binary action mask is made here"
    yield from or_nothing_to_do(NAME, script, _findings(script), message)


def _findings(script: Script) -> Iterator[Finding]:
    masks = [mask for mask in arrays(script) if is_action(script, mask.call, mask.key)]
    binary = [mask for mask in masks if is_binary(script, mask)]
    expected = bool(binary) or has_binary_space(script)
    any_looked_at = False
    for mask in masks:
        any_looked_at = True
        if mask in binary or (binary and is_empty_action(script, mask)):
            yield _decide(script, mask)
        else:
            yield _not_a_mask(script, mask, expected)
    for value in other_arrays(script) if expected else ():
        any_looked_at = True
        yield _other_array(script, value)
    if expected and not any_looked_at:
        yield from _no_mask(script)


def _not_a_mask(script: Script, mask: Mask, expected: bool) -> Diagnostic:
    """An action that may hold more than bits, or that is not as long as the grid has cells."""
    text, position = script.text(mask.call), script.position(mask.call)
    dtype = _dtype(script, mask.call)
    if dtype is not None and _is_int8(script, dtype):
        return Diagnostic(NAME, "satisfied", "int8-already", position, f"{text} is int8 already")
    if expected and dtype is None and holds_only_bits(script, mask.key):
        message = f"{text} may be an action mask: it holds nothing but zeros and ones"
        return Diagnostic(NAME, "notice", "unsure-mask", position, message, _HINT)
    return Diagnostic(NAME, "satisfied", "no-mask", position, f"{text} is an action, but no binary mask")


def _other_array(script: Script, value: ast.expr) -> Diagnostic:
    text, position = script.text(value), script.position(value)
    dtype = _dtype(script, value) if isinstance(value, ast.Call) else None
    if dtype is not None and _is_int8(script, dtype):
        return Diagnostic(NAME, "satisfied", "int8-already", position, f"{text} is int8 already")
    message = f"{text} is an action of another dtype than int8"
    return Diagnostic(NAME, "notice", "other-array", position, message, _HINT)


def _no_mask(script: Script) -> Iterator[Diagnostic]:
    """A binary action space, and no array that is seen to be an action; samples of the space have its dtype."""
    unseen = [action for action in steps_with(script) if not is_sample(script, action)]
    if unseen:
        message = "the environments take binary masks, and where this action is made was not found"
        yield Diagnostic(NAME, "notice", "no-mask-found", script.position(unseen[0]), message, _HINT)


def _decide(script: Script, mask: Mask) -> Finding:
    call = mask.call
    position, text = script.position(call), script.text(call)
    dtype, wanted = _dtype(script, call), _int8(script, call)
    if dtype is not None and _is_int8(script, dtype):
        return Diagnostic(NAME, "satisfied", "int8-already", position, f"{text} is int8 already")
    problem = _problem(script, mask, dtype)
    if problem is not None:
        return problem
    operation: Operation = (
        AddKeyword(script.span(call), "dtype", wanted)
        if dtype is None
        else ReplaceExpression(script.span(dtype), wanted)
    )
    return Edit(NAME, position, f"{text} gets dtype={wanted}", (operation,))


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


def _problem(script: Script, mask: Mask, dtype: ast.expr | None) -> Diagnostic | None:
    """Why the array must keep its dtype, as far as its uses tell."""
    if mask.key is None:
        return None
    position, text = script.position(mask.call), script.text(mask.call)
    if goes_to_torch(script, mask.key):
        hint = "make it np.int8 and cast the tensor: torch.from_numpy(action).float()"
        message = f"{text} becomes a tensor, and int8 would meet float weights there"
        return Diagnostic(NAME, "notice", "becomes-tensor", position, message, hint)
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
    return Diagnostic(
        NAME, "notice", "other-use", position, f"{message} in line {script.position(use).line}", hint
    )


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


FIX = Fix(
    NAME,
    version=2,
    summary="binary action masks are made as np.int8",
    description=(
        "`np.zeros(HxW)` is float64, which a MultiBinary action space does not contain. An array that reaches a step "
        "or is named an action, holds nothing but zeros and ones and has as many entries as the grid has cells gets "
        "`dtype=np.int8`. Continuous and discrete actions and torch tensors are left alone. Where the script names "
        "`MultiBinary` or `FuelBreakEnv`, actions that are made in other ways are reported."
    ),
    find=find,
    cases=CASES,
)
