"""`gym.vector.make(...)` and `gym.make_vec(...)` as the list of functions that they stand for."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator

from ...analysis.literals import dict_entries, is_none
from ...analysis.make_vec import AT_RUN_TIME, MakeVec, hidden_modes, package_name, wrapper_list
from ...analysis.script import Script
from ...syntax.edits import Diagnostic

__all__ = ["hidden_makers", "maker_code", "maker_imports", "maker_refusals", "vector_arguments"]

NAME = "swap-vector-env"
_PARTIAL = "functools:partial"
_WIDTH = 100
_INDENT = "    "
_OF_THE_VECTOR = ("num_envs", "asynchronous", "vectorization_mode", "vector_kwargs", "wrappers")


def maker_refusals(script: Script) -> Iterator[Diagnostic]:
    """Calls that cannot be written with functions."""
    if script.makers and not script.references and not script.can_import("StableProcessPoolEnv"):
        position = script.position(script.makers[0].call)
        message = "the script has a StableProcessPoolEnv of its own"
        yield Diagnostic(NAME, "refused", "name-taken", position, message, "rename it, then patch again")
    for maker in script.makers:
        problem = maker.problem or _import_problem(script, maker) or _comment_problem(script, maker)
        if problem:
            position = script.position(maker.call)
            hint = "write StableProcessPoolEnv([lambda: gym.make(...) for _ in range(n)]) by hand"
            hint += ", where it is asynchronous" if problem == AT_RUN_TIME else ""
            yield Diagnostic(NAME, "refused", "vector-make", position, problem, hint)
    if script.makers:
        yield from _spec_refusals(script)


def hidden_makers(script: Script) -> Iterator[Diagnostic]:
    """Calls of `make_vec` that may make an AsyncVectorEnv by what `**arguments` hold."""
    for call in hidden_modes(script.names):
        message = "the **arguments may hold vectorization_mode"
        hint = (
            "if it is 'async', write StableProcessPoolEnv([lambda: gym.make(...) for _ in range(n)]) by hand"
        )
        yield Diagnostic(NAME, "notice", "hidden-mode", script.position(call), message, hint)


def _import_problem(script: Script, maker: MakeVec) -> str:
    for entry in maker_imports(script, maker):
        module, _, name = entry.partition(":")
        if not script.can_import(name, module):
            return f"the script has a {name} of its own, and the functions need {module}.{name}"
    return ""


def _comment_problem(script: Script, maker: MakeVec) -> str:
    """Text that the new call could not keep: comments, and strings over several lines, which must not be indented."""
    text = script.text(maker.call)
    reader = io.StringIO(text, newline=None).readline
    for token in tokenize.generate_tokens(reader):
        if token.type == tokenize.COMMENT:
            return "a comment within the call would be lost"
        if token.start[0] != token.end[0]:
            return "a string over several lines would be indented"
    return ""


def _spec_refusals(script: Script) -> Iterator[Diagnostic]:
    for node in script.names.order:
        if isinstance(node, ast.Attribute) and node.attr == "spec" and script.is_receiver(node.value):
            message = "a vector environment that is made from functions has no spec of its own"
            hint = "use gym.spec(...) of the environment's id"
            yield Diagnostic(NAME, "refused", "vector-spec", script.position(node), message, hint)


def maker_imports(script: Script, maker: MakeVec) -> tuple[str, ...]:
    """What the code of `maker_code` needs beside the pool."""
    partial = () if _is_plain_call(script, maker) else (_PARTIAL,)
    if package_name(script.names, maker.call) is not None:
        return partial
    package = "gym" if maker.is_gym else "gymnasium"
    return (*partial, f"{package}:make")


def maker_code(script: Script, maker: MakeVec, pool: str) -> str:
    """The call of the pool's class.

    What the arguments say is evaluated here and once, as `make_vec` does, where it may be more than a value.
    """
    package = package_name(script.names, maker.call)
    given = [script.text(maker.arguments["id"])]
    given += [f"{name}={script.text(value)}" for name, value in _of_the_environment(maker)]
    make = f"{package}.make" if package else "make"
    plain = _is_plain_call(script, maker)
    functions = (_evaluated_late if plain else _evaluated_here)(script, maker, make, given)
    arguments = [functions, *_vector_texts(script, maker)]
    return _within(f"{pool}(", [", ".join(arguments)], [f"{argument}," for argument in arguments], ")")


def _evaluated_late(script: Script, maker: MakeVec, make: str, given: list[str]) -> str:
    """`[lambda: make(...) for _ in range(n)]`."""
    count = script.text(maker.arguments["num_envs"]) if "num_envs" in maker.arguments else "1"
    made = _within(f"{make}(", [", ".join(given)], [f"{argument}," for argument in given], ")")
    function = f"lambda: {_wrapped(script, maker, made)}"
    times = () if count == "1" else (f"for _ in range({count})",)
    return _within("[", [" ".join([function, *times])], [function, *times], "]")


def _evaluated_here(script: Script, maker: MakeVec, make: str, given: list[str]) -> str:
    """`[partial(make, ...)] * n`."""
    parts = [make, *given]
    function = _within("partial(", [", ".join(parts)], [f"{part}," for part in parts], ")")
    wrapped = _wrapped(script, maker, "env_fn()")
    function = function if wrapped == "env_fn()" else f"lambda env_fn={function}: {wrapped}"
    return f"{_within('[', [function], [function], ']')} * {_factor(script, maker)}"


def _within(opening: str, one_line: list[str], lines: list[str], closing: str) -> str:
    """Code in brackets: on one line where it fits, else one part a line."""
    flat = f"{opening}{''.join(one_line)}{closing}"
    if len(flat) <= _WIDTH and "\n" not in flat:
        return flat
    inner = "".join(f"\n{_INDENT}{line}" for line in "\n".join(lines).split("\n"))
    return f"{opening}{inner}\n{closing}"


def _factor(script: Script, maker: MakeVec) -> str:
    count = maker.arguments.get("num_envs", ast.Constant(1))
    text = script.text(count) if "num_envs" in maker.arguments else "1"
    return (
        text
        if isinstance(count, ast.Constant | ast.Name | ast.Attribute | ast.Call | ast.Subscript)
        else f"({text})"
    )


def _wrapped(script: Script, maker: MakeVec, code: str) -> str:
    given = maker.arguments.get("wrappers", ast.Constant(None))
    for wrapper in wrapper_list(script.names, given, True) or []:
        text = script.text(wrapper)
        if isinstance(wrapper, ast.Lambda):
            code = _applied(script, wrapper, code) or f"({text})({code})"
        else:
            code = f"{text}({code})"
    return code


def _applied(script: Script, wrapper: ast.Lambda, code: str) -> str | None:
    """The body of `lambda env: Wrapper(env, 4)` with the code in place of `env`; None where it is not used once."""
    arguments = wrapper.args
    if len(arguments.args) != 1 or len([*ast.iter_child_nodes(arguments)]) != 1:
        return None
    name = arguments.args[0].arg
    uses = [n for n in ast.walk(wrapper.body) if isinstance(n, ast.Name) and n.id == name]
    if (
        len(uses) != 1
        or script.names.scope(uses[0]).node is not wrapper
        or not isinstance(wrapper.body, ast.Call)
    ):
        return None
    body, use = script.span(wrapper.body), script.span(uses[0])
    before, after = script.source.utf8[body.start : use.start], script.source.utf8[use.end : body.end]
    return f"{before.decode()}{code}{after.decode()}"


def _of_the_environment(maker: MakeVec) -> Iterator[tuple[str, ast.expr]]:
    for name, value in maker.arguments.items():
        if name != "id" and name not in _OF_THE_VECTOR:
            yield name, value


def vector_arguments(script: Script, maker: MakeVec) -> dict[str, ast.expr]:
    """What `vector_kwargs` holds, where it is written out in the call."""
    return dict_entries(script.names, maker.arguments.get("vector_kwargs", ast.Constant(None))) or {}


def _vector_texts(script: Script, maker: MakeVec) -> Iterator[str]:
    given = maker.arguments.get("vector_kwargs")
    entries = vector_arguments(script, maker)
    if given is None or is_none(given):
        return
    if not entries and not isinstance(given, ast.Dict | ast.Call):
        yield f"**{script.text(given)}"
    for name, value in entries.items():
        if name != "context":  # the pool spawns its workers, whatever the context
            yield f"{name}={script.text(value)}"


def _is_plain_call(script: Script, maker: MakeVec) -> bool:
    """True where the arguments are mere values: to evaluate them in the worker makes no difference."""
    values = [maker.arguments["id"], *(value for _, value in _of_the_environment(maker))]
    return all(_is_plain(script, value) for value in values)


def _is_plain(script: Script, value: ast.expr) -> bool:
    if isinstance(value, ast.Attribute):
        return bool(script.names.origins(value))
    if isinstance(value, ast.JoinedStr | ast.List | ast.Tuple | ast.Dict | ast.UnaryOp | ast.FormattedValue):
        parts = (n for n in ast.iter_child_nodes(value) if isinstance(n, ast.expr))
        return all(_is_plain(script, part) for part in parts)
    return isinstance(value, ast.Constant | ast.Name)
