"""Where values go in calls: the script's own functions, wrappers, threads, queues, conversions."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from ..syntax.callees import Def, pair_arguments
from .value import RESETS, STEPS, Value

if TYPE_CHECKING:
    from .values import Values

__all__ = ["CONVERSIONS", "in_call", "in_keyword"]

_SUBMITS = {"submit": 0, "to_thread": 0, "run_in_executor": 1, "apply_async": 0}
_RUNS = frozenset({"run", "run_until_complete"})
_WRAPS = frozenset({"wait_for", "shield", "create_task", "ensure_future", "run_coroutine_threadsafe"})
_PUTS = frozenset({"put", "put_nowait", "append", "send", "set_result", "appendleft"})
CONVERSIONS = frozenset(
    {
        "tensor",
        "as_tensor",
        "from_numpy",
        "FloatTensor",
        "LongTensor",
        "BoolTensor",
        "Tensor",
        "asarray",
        "array",
    }
    | {
        "copy",
        "deepcopy",
        "float",
        "double",
        "long",
        "int",
        "bool",
        "to",
        "cuda",
        "cpu",
        "numpy",
        "astype",
        "detach",
    }
    | {"clone", "unsqueeze", "squeeze", "reshape", "view", "flatten", "logical_or", "stack", "list", "tuple"}
    | {"concatenate", "cat", "float32", "ascontiguousarray", "tolist", "transpose", "permute", "clip", "sign"}
)
_WRAPPERS = ("gym.wrappers.", "gymnasium.wrappers.")


def in_keyword(values: Values, parent: ast.AST, node: ast.expr, value: Value) -> bool:
    """Follow the value of a keyword argument; False where it goes out of sight."""
    return in_call(values, values.names.parents[parent], node, value)


def in_call(values: Values, parent: ast.AST, node: ast.expr, value: Value) -> bool:
    """Follow an argument, or the function, of a call; False where it goes out of sight."""
    if not isinstance(parent, ast.Call):
        return False
    if parent.func is node:
        return _called(values, parent, value)
    name = _called_name(parent)
    function = values.callees.function(parent)
    if function is not None:
        return _pass(values, parent, function, node, value)
    if name in {
        "zip",
        "enumerate",
        "len",
        "isinstance",
        "print",
        "type",
        "hasattr",
        "partial",
        "id",
        "repr",
    }:
        _builtin(values, parent, name, node, value)
        return True
    if value.kind == "env" and value.is_env and _is_wrapper(values, parent, node):
        values.add(parent, value)
        return True
    return _handed_over(values, parent, name, node, value)


def _builtin(values: Values, call: ast.Call, name: str, node: ast.expr, value: Value) -> None:
    """`for o, r in zip(obs, rewards)`, `for i, r in enumerate(rewards)`, `partial(envs.step, actions)`."""
    if name == "partial" and value.kind == "bound":
        values.add(call, value)
    if name in {"zip", "enumerate"} and value.item and node in call.args:
        index = call.args.index(node) if name == "zip" else 1
        values.add(call, replace(value, boxed=(index, *value.boxed)))


def _called(values: Values, call: ast.Call, value: Value) -> bool:
    """A method of an environment is called."""
    if value.kind != "bound" or value.boxed:
        return False
    if value.item in STEPS:
        values.add(call, Value("step", call))
    elif value.item in RESETS:
        values.add(call, Value("reset", call))
    return True


def _pass(values: Values, call: ast.Call, function: Def, node: ast.expr, value: Value) -> bool:
    """An argument of one of the script's own functions."""
    for name, given in pair_arguments(call, function):
        if given is node:
            values.bind_parameter(function, name, value)
            return True
    return False


def _handed_over(values: Values, call: ast.Call, name: str, node: ast.expr, value: Value) -> bool:
    if name in _SUBMITS and value.kind == "bound" and value.item in STEPS | RESETS:
        kind: Literal["step", "reset"] = "step" if value.item in STEPS else "reset"
        values.add(call, Value(kind, call, boxed=("container",)))
        return True
    if value.boxed[:1] == ("container",) and name in _RUNS | _WRAPS:
        values.add(call, value.unboxed() if name in _RUNS else value)
        return True
    if name in _PUTS and isinstance(call.func, ast.Attribute) and node in call.args:
        return _put(values, call.func.value, value)
    if value.item and value.kind != "bound" and name in CONVERSIONS:
        values.add(call, replace(value, converted=True))
    return bool(value.item and value.kind != "env")


def _put(values: Values, container: ast.expr, value: Value) -> bool:
    """`queue.put(x)`, `results.append(x)`: every reader of the container may get it."""
    key = values.keys.of(container)
    if key is None or value.item:
        return bool(value.item)
    for load in values.keys.loads(key):
        if load is not container:
            values.add(load, replace(value, boxed=("container", *value.boxed)))
    return True


def _is_wrapper(values: Values, call: ast.Call, node: ast.expr) -> bool:
    """True for a class of gym's wrappers, one that calls itself a wrapper, and `envs = X(envs)`."""
    if call.args[:1] != [node] and not any(
        k.value is node and k.arg in {"env", "envs"} for k in call.keywords
    ):
        return False
    name, origins = _called_name(call), values.names.origins(call.func)
    if any(o.startswith(_WRAPPERS) or (name.endswith("Wrapper") and "." in o) for o in origins):
        return True
    statement = values.names.parents[call]
    key = values.keys.of(node)
    rebinds = isinstance(statement, ast.Assign) and key in {values.keys.of(t) for t in statement.targets}
    return key is not None and rebinds and name[:1].isupper()


def _called_name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
