"""Why `AsyncVectorEnv` cannot be swapped in a script: every reason with its place and a way out."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...analysis.cleanup_blocks import clean_up_block
from ...analysis.dialect import GymDialect
from ...analysis.script import ASYNC, POOL, Script
from ...syntax.edits import Diagnostic
from ..model import Options
from .dialects import dialect_refusals

__all__ = ["swap_refusals"]

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
    }
)
_INTERNALS = frozenset(
    {"processes", "parent_pipes", "error_queue", "_state", "_poll", "_raise_if_errors", "_assert_is_running"}
)
_RESET_ARGUMENTS = frozenset({"seed", "options", None})
_HINTS = {
    "worker": "the pool runs its own worker; move what yours adds into a wrapper around each environment",
    "dummy_env_fn": "the pool reads the spaces from its first worker; drop the argument",
    "observation_space": "the pool reads the spaces from its first worker; drop the argument",
    "action_space": "the pool reads the spaces from its first worker; drop the argument",
}


def swap_refusals(script: Script, options: Options, dialect: GymDialect) -> Iterator[Diagnostic]:
    """Everything that speaks against the swap.

    Args:
        script: The script.
        options: What the user asked for.
        dialect: Its dialect.
    """
    yield from _name_refusals(script)
    yield from _text_refusals(script)
    yield from _use_refusals(script, options)
    yield from _context_refusals(script)
    yield from _mode_refusals(script, dialect)
    yield from dialect_refusals(dialect)


def _name_refusals(script: Script) -> Iterator[Diagnostic]:
    if not script.can_import("StableProcessPoolEnv"):
        position = script.position((script.references or script.constructions)[0])
        message = "the script has a StableProcessPoolEnv of its own"
        yield Diagnostic(NAME, "refused", "name-taken", position, message, "rename it, then patch again")
    for reference in script.references:
        yield from _reference_refusals(script, reference)
    made = {maker.call for maker in script.makers}
    for call in script.constructions:
        if call not in made:
            yield from _argument_refusals(script, call)
    for maker in script.makers:
        if maker.problem:
            hint = "write StableProcessPoolEnv([lambda: gym.make(...) for _ in range(n)]) by hand"
            yield Diagnostic(NAME, "refused", "vector-make", script.position(maker.call), maker.problem, hint)


def _reference_refusals(script: Script, reference: ast.Name | ast.Attribute) -> Iterator[Diagnostic]:
    position = script.position(reference)
    origins = script.names.origins(reference)
    if not origins or not origins <= ASYNC | POOL:
        message = "this name may stand for something else as well"
        yield Diagnostic(NAME, "refused", "ambiguous-name", position, message, "bind it in one place only")
    parent = script.names.parents[reference]
    if isinstance(parent, ast.Call) and parent.func is reference:
        return
    if script.in_annotation(reference) or script.alias_key(reference) is not None:
        return
    if isinstance(parent, ast.ClassDef):
        message = "a subclass of AsyncVectorEnv leans on its internals"
        hint = "the pool has others; wrap the environments, or the pool, instead"
        yield Diagnostic(NAME, "refused", "subclass", position, message, hint)
    elif _in_isinstance(script, reference):
        message = "a type test on AsyncVectorEnv decides what the script does"
        hint = "test for gymnasium.vector.VectorEnv, which the pool is too"
        yield Diagnostic(NAME, "refused", "type-test", position, message, hint)
    else:
        message = "AsyncVectorEnv is handed on as a value"
        yield Diagnostic(
            NAME, "refused", "class-as-value", position, message, "call the class where it is named"
        )


def _in_isinstance(script: Script, node: ast.expr) -> bool:
    parent = script.names.parents[node]
    if isinstance(parent, ast.Tuple):
        parent = script.names.parents[parent]
    return (
        isinstance(parent, ast.Call)
        and isinstance(parent.func, ast.Name)
        and parent.func.id in {"isinstance", "issubclass"}
    )


def _text_refusals(script: Script) -> Iterator[Diagnostic]:
    """The name as text that Python looks up: in `__all__`, `getattr(...)`, `globals()[...]`."""
    names = {
        reference.id if isinstance(reference, ast.Name) else reference.attr for reference in script.references
    }
    for node in script.names.order:
        if isinstance(node, ast.Constant) and node.value in names and _is_looked_up(script, node):
            message = f"the text {node.value!r} is looked up by name"
            hint = "take it out, or name StableProcessPoolEnv there by hand"
            yield Diagnostic(NAME, "refused", "exported", script.position(node), message, hint)


def _is_looked_up(script: Script, node: ast.Constant) -> bool:
    parent = script.names.parents[node]
    if isinstance(parent, ast.Call):
        return isinstance(parent.func, ast.Name) and parent.func.id in {
            "getattr",
            "setattr",
            "hasattr",
            "eval",
        }
    if isinstance(parent, ast.Subscript):
        return isinstance(parent.value, ast.Call)
    statement = script.names.statement(node)
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets)


def _use_refusals(script: Script, options: Options) -> Iterator[Diagnostic]:
    """Uses of the environment that the pool has no counterpart for."""
    for node in script.names.order:
        if not isinstance(node, ast.Attribute) or node.attr not in _INTERNALS:
            continue
        if script.is_receiver(node.value) and not _is_taken_care_of(script, options, node):
            message = f"{node.attr} is one of AsyncVectorEnv's internals"
            hint = "use what Gymnasium's VectorEnv has, or the pool's worker_pids and faults"
            yield Diagnostic(NAME, "refused", "internals", script.position(node), message, hint)
    for call in script.calls("reset", "reset_async"):
        for argument in [*call.args, *(k.value for k in call.keywords if k.arg not in _RESET_ARGUMENTS)]:
            message = "the pool's reset takes seed= and options=, by keyword, and nothing else"
            hint = "rewrite the call as Gymnasium has it"
            yield Diagnostic(NAME, "refused", "reset-arguments", script.position(argument), message, hint)


def _is_taken_care_of(script: Script, options: Options, node: ast.Attribute) -> bool:
    """True where the script asks first whether there is such an attribute, or the clean-up of processes goes."""
    for ancestor in script.names.ancestors(node):
        if isinstance(ancestor, ast.If | ast.IfExp) and _asks_for(ancestor.test, node.attr):
            return True
    is_list = node.attr == "processes" and "process-cleanup" in options.selected
    return is_list and clean_up_block(script, node) is not None


def _asks_for(test: ast.expr, attribute: str) -> bool:
    """True for a test that holds only where `hasattr(envs, attribute)` does."""
    parts = test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) else [test]
    return any(
        isinstance(part, ast.Call)
        and isinstance(part.func, ast.Name)
        and part.func.id == "hasattr"
        and len(part.args) == 2
        and isinstance(part.args[1], ast.Constant)
        and part.args[1].value == attribute
        for part in parts
    )


def _context_refusals(script: Script) -> Iterator[Diagnostic]:
    """The pool starts its workers by spawn; what a script computes may be anything."""
    for call in script.constructions:
        for keyword in call.keywords:
            if keyword.arg == "context" and not isinstance(keyword.value, ast.Constant):
                message = "the pool starts its workers by spawn, whatever the context"
                hint = "drop the argument if the environments do not depend on what a fork inherits"
                yield Diagnostic(NAME, "refused", "context-argument", script.position(keyword), message, hint)


def _mode_refusals(script: Script, dialect: GymDialect) -> Iterator[Diagnostic]:
    """A class that is chosen at run time cannot be told the mode: gym's SyncVectorEnv takes none."""
    if not dialect.same_step:
        return
    for reference in script.references:
        if script.alias_key(reference) is not None:
            message = (
                "the environments reset within a step, and the call that makes them serves another class too"
            )
            hint = "call AsyncVectorEnv and SyncVectorEnv in branches of their own"
            yield Diagnostic(NAME, "refused", "chosen-class", script.position(reference), message, hint)


def _argument_refusals(script: Script, call: ast.Call) -> Iterator[Diagnostic]:
    if set(script.names.origins(call.func)) & POOL:
        return
    for keyword in call.keywords:
        if keyword.arg is None:
            message = "**arguments hide what is passed to the constructor"
            hint = "write the arguments out"
            yield Diagnostic(NAME, "refused", "star-arguments", script.position(keyword), message, hint)
        elif keyword.arg not in _ACCEPTED and not (keyword.arg == "worker" and _is_none(keyword.value)):
            message = f"the pool has no argument {keyword.arg!r}"
            hint = _HINTS.get(keyword.arg, "drop the argument, or keep AsyncVectorEnv")
            yield Diagnostic(
                NAME, "refused", f"{keyword.arg}-argument", script.position(keyword), message, hint
            )
    if any(isinstance(argument, ast.Starred) for argument in call.args):
        message = "*arguments hide what is passed to the constructor"
        yield Diagnostic(
            NAME, "refused", "star-arguments", script.position(call), message, "write the arguments out"
        )
    elif len(call.args) > 1:
        message = "gym and gymnasium disagree on the second positional argument"
        hint = "pass everything after the functions by keyword"
        yield Diagnostic(
            NAME, "refused", "positional-arguments", script.position(call.args[1]), message, hint
        )
    yield from _instance_refusals(script, call)


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _instance_refusals(script: Script, call: ast.Call) -> Iterator[Diagnostic]:
    """Environments instead of functions that make them: AsyncVectorEnv would not have taken them either."""
    functions = call.args[:1] or [keyword.value for keyword in call.keywords if keyword.arg == "env_fns"]
    for argument in functions:
        for element in _elements(argument):
            if isinstance(element, ast.Call) and script.names.origins(element.func) & {
                "gym.make",
                "gymnasium.make",
            }:
                message = "this is a list of environments, not of functions that make them"
                hint = "write `lambda: gym.make(...)`"
                yield Diagnostic(
                    NAME, "refused", "environments-not-functions", script.position(element), message, hint
                )


def _elements(argument: ast.expr) -> list[ast.expr]:
    if isinstance(argument, ast.List | ast.Tuple):
        return argument.elts
    if isinstance(argument, ast.ListComp | ast.GeneratorExp):
        return [argument.elt]
    if isinstance(argument, ast.BinOp) and isinstance(argument.op, ast.Mult):
        return _elements(argument.left)
    return []
