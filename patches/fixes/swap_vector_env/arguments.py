"""What a call gives AsyncVectorEnv, and how the pool takes it: by name, and nothing that it does not know."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from ...analysis.literals import expanded_keys, is_none
from ...analysis.script import POOL, Script
from ...syntax.edits import Diagnostic, NameArguments
from .worker_loops import worker_problem

__all__ = ["argument_names", "argument_refusals"]

NAME = "swap-vector-env"
_ACCEPTED = frozenset(
    {
        "env_fns",
        "shared_memory",
        "copy",
        "context",
        "daemon",
        "observation_mode",
        "autoreset_mode",
        "max_concurrency",
        "worker",
    }
)
_HIDDEN_BY_STARS = _ACCEPTED - {"env_fns", "context", "worker"}
_DROPPED = frozenset({"observation_space", "action_space", "dummy_env_fn"})
"""Arguments whose None is a default that the pool has no word for."""
_OF_GYMNASIUM_1: tuple[str, ...] = (
    *("env_fns", "shared_memory", "copy", "context", "daemon", "worker"),
    *("observation_mode", "autoreset_mode", "max_concurrency"),
)
_BEFORE: tuple[str, ...] = (
    *("env_fns", "observation_space", "action_space", "shared_memory", "copy"),
    *("context", "daemon", "worker"),
)
_SPACES = "the pool reads the spaces from its first worker; drop the argument"
_HINTS = dict.fromkeys(_DROPPED, _SPACES)


def argument_names(script: Script, call: ast.Call) -> Iterator[NameArguments]:
    """The operation that names arguments given by position, and drops those that say nothing."""
    positional = _positional_names(script, call, call.args) or ("",) * len(call.args)
    by_keyword = [None if _says_nothing(k.arg, k.value) else "" for k in call.keywords]
    names = [
        None if _says_nothing(name, value) else name
        for name, value in zip(positional, call.args, strict=True)
    ]
    if any(name != "" for name in (*names, *by_keyword)):
        yield NameArguments(script.span(call), (*names, *by_keyword))


def argument_refusals(script: Script, call: ast.Call, given: Sequence[ast.expr]) -> Iterator[Diagnostic]:
    """Arguments that the pool cannot take as they are.

    Args:
        script: The script.
        call: The call of the class, or of `functools.partial` with it.
        given: Its positional arguments.
    """
    if script.names.origins(call.func) & POOL:
        return
    for keyword in call.keywords:
        yield from _keyword_refusals(script, call, keyword)
    if any(isinstance(argument, ast.Starred) for argument in given):
        yield _refusal(
            script, call, "star-arguments", "*arguments hide what is passed", "write the arguments out"
        )
    elif _positional_names(script, call, given) is None:
        message = "gym and the versions of gymnasium disagree on the second positional argument"
        hint = "pass everything after the functions by keyword"
        yield _refusal(script, given[1], "positional-arguments", message, hint)
    elif "#" in script.text(call) and any(n.names.count(None) for n in argument_names(script, call)):
        message = "an argument that the pool does not know would take its comment along"
        yield _refusal(script, call, "positional-arguments", message, "drop the arguments that are None")
    yield from _instance_refusals(script, call, given)


def _keyword_refusals(script: Script, call: ast.Call, keyword: ast.keyword) -> Iterator[Diagnostic]:
    if keyword.arg is None:
        keys = expanded_keys(script.names, keyword.value)
        if keys is None or keys - _HIDDEN_BY_STARS:
            message = "**arguments hide what is passed to the constructor"
            yield _refusal(script, keyword, "star-arguments", message, "write the arguments out")
    elif keyword.arg == "worker":
        problem = worker_problem(script, call, keyword.value)
        if problem:
            hint = "let the loop send observations through its pipe, or wrap each environment instead"
            yield _refusal(script, keyword, "worker-argument", problem, hint)
    elif keyword.arg not in _ACCEPTED and not _says_nothing(keyword.arg, keyword.value):
        hint = _HINTS.get(keyword.arg, "drop the argument, or keep AsyncVectorEnv")
        message = f"the pool has no argument {keyword.arg!r}"
        yield _refusal(script, keyword, f"{keyword.arg}-argument", message, hint)


def _says_nothing(name: str | None, value: ast.expr) -> bool:
    return name in _DROPPED and is_none(value)


def _positional_names(script: Script, call: ast.Call, given: Sequence[ast.expr]) -> tuple[str, ...] | None:
    """Names for arguments by position, "" for the functions; None where the order is not clear.

    Gymnasium 1 has `shared_memory` second, all before it have the two spaces there: a bool or None tells which.
    """
    if len(given) < 2:
        return ("",) * len(given)
    if not script.becomes_pool(call) or any(isinstance(argument, ast.Starred) for argument in given):
        return None
    is_gym = any(origin.startswith("gym.") for origin in script.names.origins(call.func))
    second = given[1]
    if is_none(second) and (len(given) < 3 or is_none(given[2])):
        order = _BEFORE
    elif isinstance(second, ast.Constant) and isinstance(second.value, bool) and not is_gym:
        order = _OF_GYMNASIUM_1
    else:
        return None
    known = len(given) <= len(order) and "context" not in order[: len(given)]
    return ("", *order[1 : len(given)]) if known else None


def _instance_refusals(script: Script, call: ast.Call, given: Sequence[ast.expr]) -> Iterator[Diagnostic]:
    """Environments instead of functions that make them: AsyncVectorEnv would not have taken them either."""
    functions = [*given[:1]] or [keyword.value for keyword in call.keywords if keyword.arg == "env_fns"]
    for argument in functions:
        for element in _elements(argument):
            if isinstance(element, ast.Call) and script.names.origins(element.func) & {
                "gym.make",
                "gymnasium.make",
            }:
                message = "this is a list of environments, not of functions that make them"
                hint = "write `lambda: gym.make(...)`"
                yield _refusal(script, element, "environments-not-functions", message, hint)


def _elements(argument: ast.expr) -> list[ast.expr]:
    if isinstance(argument, ast.List | ast.Tuple):
        return argument.elts
    if isinstance(argument, ast.ListComp | ast.GeneratorExp):
        return [argument.elt]
    if isinstance(argument, ast.BinOp) and isinstance(argument.op, ast.Mult):
        return _elements(argument.left)
    return []


def _refusal(script: Script, node: ast.expr | ast.keyword, code: str, message: str, hint: str) -> Diagnostic:
    return Diagnostic(NAME, "refused", code, script.position(node), message, hint)
