"""`gym.vector.make(...)` and `gym.make_vec(..., vectorization_mode="async")`: an AsyncVectorEnv under another name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from ..syntax.names import Names
from .literals import constant, dict_entries, expanded_keys

__all__ = ["AT_RUN_TIME", "MakeVec", "find_makers", "hidden_modes", "package_name", "wrapper_list"]

AT_RUN_TIME = "whether it is asynchronous is decided at run time"
_OLD = frozenset({"gym.vector.make", "gymnasium.vector.make"})
_NEW = frozenset({"gymnasium.make_vec"})
_POSITIONS = {
    "old": ("id", "num_envs", "asynchronous", "wrappers", "disable_env_checker"),
    "new": ("id", "num_envs", "vectorization_mode", "vector_kwargs", "wrappers"),
}
_VECTOR_ARGUMENTS = frozenset(
    {"shared_memory", "copy", "context", "daemon", "observation_mode", "autoreset_mode", "max_concurrency"}
)


@dataclass(frozen=True)
class MakeVec:
    """A call that makes an AsyncVectorEnv from an environment's id.

    Attributes:
        call: The call.
        arguments: Its arguments by name.
        problem: Why it cannot be written with functions; empty where it can.
        is_gym: True where it is old gym's.
        is_old: True where it is `vector.make`, whose environments reset within the step that ends an episode.
    """

    call: ast.Call
    arguments: dict[str, ast.expr]
    problem: str
    is_gym: bool
    is_old: bool


def find_makers(names: Names) -> Iterator[MakeVec]:
    """Calls that make an AsyncVectorEnv, or may make one; those that make another kind are passed over."""
    for call, kind in _calls(names):
        arguments = _arguments(call, _POSITIONS[kind])
        is_async = _is_async(names, arguments, kind)
        if is_async is not False and not _is_hidden(call, arguments, kind):
            problem = _problem(names, call, arguments, kind)
            problem = problem if is_async else AT_RUN_TIME
            is_gym = all(origin.startswith("gym.") for origin in names.origins(call.func))
            yield MakeVec(call, arguments, problem, is_gym, kind == "old")


def hidden_modes(names: Names) -> Iterator[ast.Call]:
    """Calls of `make_vec` whose `**arguments` may hold the mode."""
    for call, kind in _calls(names):
        if _is_hidden(call, _arguments(call, _POSITIONS[kind]), kind):
            yield call


def _calls(names: Names) -> Iterator[tuple[ast.Call, str]]:
    for call in names.calls:
        origins = names.origins(call.func)
        kind = "old" if origins & _OLD else "new" if origins & _NEW else ""
        if kind:
            yield call, kind


def _is_hidden(call: ast.Call, arguments: dict[str, ast.expr], kind: str) -> bool:
    starred = any(isinstance(a, ast.Starred) for a in call.args) or any(k.arg is None for k in call.keywords)
    return kind == "new" and starred and "vectorization_mode" not in arguments


def _arguments(call: ast.Call, positions: tuple[str, ...]) -> dict[str, ast.expr]:
    named = dict(zip(positions, call.args, strict=False))
    return {**named, **{keyword.arg: keyword.value for keyword in call.keywords if keyword.arg is not None}}


def _is_async(names: Names, arguments: dict[str, ast.expr], kind: str) -> bool | None:
    """Whether an AsyncVectorEnv is made; None where the script decides as it runs."""
    old = kind == "old"
    name = "asynchronous" if old else "vectorization_mode"
    given = arguments.get(name, ast.Constant(True if old else None))
    if isinstance(given, ast.Attribute) and any(".VectorizeMode." in o for o in names.origins(given)):
        return given.attr == "ASYNC"
    chosen = constant(names, given)
    if chosen is None:
        return None
    is_async = bool(chosen.value) if old else chosen.value == "async"
    return None if is_async and chosen is not given else is_async


def _problem(names: Names, call: ast.Call, arguments: dict[str, ast.expr], kind: str) -> str:
    if any(isinstance(a, ast.Starred) for a in call.args) or any(k.arg is None for k in call.keywords):
        return "starred arguments hide what is passed"
    if len(call.args) > len(_POSITIONS[kind]):
        return "there are more positional arguments than can be named"
    if "id" not in arguments:
        return "the environment's id is not named"
    if isinstance(identity := arguments["id"], ast.Attribute) and identity.attr == "spec":
        return "the specification may be that of a vector environment"
    if isinstance(names.scope(call).node, ast.ClassDef):
        return "a function does not see the names of the class body that it stands in"
    if "wrappers" in arguments and wrapper_list(names, arguments["wrappers"], kind == "old") is None:
        return "the wrappers are not written out in the call"
    return _vector_problem(names, arguments) if kind == "new" else ""


def _vector_problem(names: Names, arguments: dict[str, ast.expr]) -> str:
    """Why `vector_kwargs` cannot be passed on as keyword arguments of the pool."""
    given = arguments.get("vector_kwargs", ast.Constant(None))
    if isinstance(given, ast.Constant) and given.value is None:
        return ""
    keys = expanded_keys(names, given)
    if keys is None:
        return "vector_kwargs is not written out as a dict"
    entries = dict_entries(names, given) or {}
    if "context" in keys and not isinstance(entries.get("context"), ast.Constant):
        return "the pool starts its workers by spawn, whatever the context in vector_kwargs"
    unknown = sorted(keys - _VECTOR_ARGUMENTS)
    return f"vector_kwargs has {unknown[0]!r}, which the pool does not take" if unknown else ""


def wrapper_list(names: Names, given: ast.expr, may_be_one: bool) -> list[ast.expr] | None:
    """The wrappers of a call, innermost first; None where they are not written out.

    Args:
        names: The script's names.
        given: The argument.
        may_be_one: True where one callable may stand for a list of one.
    """
    if isinstance(given, ast.Constant) and given.value is None:
        return []
    several = given.elts if isinstance(given, ast.List | ast.Tuple) else [given] if may_be_one else None
    return several if several and all(_is_callable(names, w) for w in several) else None


def _is_callable(names: Names, wrapper: ast.expr) -> bool:
    """True for a class, a function, a lambda and a partial, by how they are written."""
    if isinstance(wrapper, ast.Lambda):
        return True
    if isinstance(wrapper, ast.Call):
        return bool(names.origins(wrapper.func) & {"functools.partial"}) and _is_callable(
            names, wrapper.args[0]
        )
    if isinstance(wrapper, ast.Name):
        bound = names.bindings(wrapper)
        return bool(bound) and all(
            b.origin or isinstance(b.node, ast.FunctionDef | ast.ClassDef) for b in bound
        )
    return bool(isinstance(wrapper, ast.Attribute) and names.origins(wrapper))


def package_name(names: Names, call: ast.Call) -> str | None:
    """The name by which a script has the package whose `make` makes one environment; None where it has none."""
    function = call.func
    if isinstance(function, ast.Attribute):
        package = function.value
        if function.attr == "make_vec":
            return ast.unparse(package)
        if isinstance(package, ast.Attribute) and package.attr == "vector":
            return ast.unparse(package.value)
    wanted = {origin.partition(".")[0] for origin in names.origins(function)}
    for name, bindings in names.module.bindings.items():
        if len(wanted) == 1 and {binding.origin for binding in bindings} == wanted:
            return name
    return None
