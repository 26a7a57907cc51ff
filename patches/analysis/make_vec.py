"""`gym.vector.make(...)` and `gym.make_vec(..., vectorization_mode="async")`: an AsyncVectorEnv under another name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from ..syntax.names import Names

__all__ = ["MakeVec", "find_makers", "package"]

_OLD = frozenset({"gym.vector.make", "gymnasium.vector.make"})
_NEW = frozenset({"gymnasium.make_vec"})
_POSITIONS = {"old": ("id", "num_envs", "asynchronous"), "new": ("id", "num_envs", "vectorization_mode")}
_OTHERS_UNKNOWN = frozenset({"wrappers", "vector_kwargs", "vectorization_mode", "asynchronous"})


@dataclass(frozen=True)
class MakeVec:
    """A call that makes an AsyncVectorEnv from an environment's id.

    Attributes:
        call: The call.
        arguments: Its arguments by name.
        problem: Why it cannot be written with functions; empty where it can.
        is_gym: True where it is old gym's.
    """

    call: ast.Call
    arguments: dict[str, ast.expr]
    problem: str
    is_gym: bool


def find_makers(names: Names) -> Iterator[MakeVec]:
    """Calls that make an AsyncVectorEnv for sure; those that make another kind are passed over."""
    for node in names.calls:
        origins = names.origins(node.func)
        kind = "old" if origins & _OLD else "new" if origins & _NEW else ""
        if kind:
            arguments = _arguments(node, _POSITIONS[kind])
            if _is_async(arguments, kind):
                problem = _problem(node, arguments, kind)
                yield MakeVec(node, arguments, problem, all(o.startswith("gym.") for o in origins))


def _arguments(call: ast.Call, positions: tuple[str, ...]) -> dict[str, ast.expr]:
    named = dict(zip(positions, call.args, strict=False))
    return {**named, **{keyword.arg: keyword.value for keyword in call.keywords if keyword.arg is not None}}


def _is_async(arguments: dict[str, ast.expr], kind: str) -> bool:
    if kind == "old":
        chosen = arguments.get("asynchronous", ast.Constant(True))
        return not (isinstance(chosen, ast.Constant) and not chosen.value)
    mode = arguments.get("vectorization_mode")
    if isinstance(mode, ast.Attribute):
        return mode.attr == "ASYNC"
    return isinstance(mode, ast.Constant) and mode.value == "async"


def _problem(call: ast.Call, arguments: dict[str, ast.expr], kind: str) -> str:
    if any(isinstance(a, ast.Starred) for a in call.args) or any(k.arg is None for k in call.keywords):
        return "starred arguments hide what is passed"
    if len(call.args) > len(_POSITIONS[kind]):
        return "there are more positional arguments than can be named"
    if "id" not in arguments:
        return "the environment's id is not named"
    understood = {"asynchronous"} if kind == "old" else {"vectorization_mode"}
    unknown = sorted(arguments.keys() & (_OTHERS_UNKNOWN - understood))
    if unknown:
        return f"{unknown[0]} has no counterpart in gym.make"
    chosen = arguments.get("asynchronous")
    if chosen is not None and not (isinstance(chosen, ast.Constant) and chosen.value is True):
        return "whether it is asynchronous is decided at run time"
    if not isinstance(call.func, ast.Attribute) or _package(call.func) is None:
        return "the package that has make() is not named in the call"
    return ""


def _package(function: ast.Attribute) -> ast.expr | None:
    """`gym` in `gym.make_vec` and `gym.vector.make`."""
    if function.attr == "make_vec":
        return function.value
    if isinstance(function.value, ast.Attribute) and function.value.attr == "vector":
        return function.value.value
    return None


def package(function: ast.expr) -> ast.expr:
    """The expression whose `make` makes one environment.

    Raises:
        ValueError: If the call names none; `MakeVec.problem` says so beforehand.
    """
    found = _package(function) if isinstance(function, ast.Attribute) else None
    if found is None:
        raise ValueError("the call does not name the package")
    return found
