"""Why `AsyncVectorEnv` cannot be swapped in a script: every reason with its place and a way out."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...analysis.cleanup_blocks import clean_up_block
from ...analysis.dialect import GymDialect
from ...analysis.script import ASYNC, POOL, Script
from ...syntax.edits import Diagnostic
from ..class_swap import ClassSwap
from ..model import Options
from .arguments import argument_refusals
from .dialect_refusals import dialect_refusals
from .makers import maker_refusals

__all__ = ["NAME", "SWAP", "constructing_calls", "swap_refusals"]

NAME = "swap-vector-env"
SWAP = ClassSwap(
    NAME, "AsyncVectorEnv", ASYNC, "StableProcessPoolEnv", "stablepool", "gymnasium.vector.VectorEnv"
)
_INTERNALS = frozenset(
    {"processes", "parent_pipes", "error_queue", "_state", "_poll", "_raise_if_errors", "_assert_is_running"}
)
_RESET_ARGUMENTS = frozenset({"seed", "options", None})


def swap_refusals(script: Script, options: Options, dialect: GymDialect) -> Iterator[Diagnostic]:
    """Everything that speaks against the swap, and notices of what it leaves to a person.

    Args:
        script: The script.
        options: What the user asked for.
        dialect: Its dialect.
    """
    yield from _class_refusals(script)
    yield from _use_refusals(script, options)
    yield from _context_refusals(script)
    yield from _mode_refusals(script, options, dialect)
    yield from dialect_refusals(dialect)


def _class_refusals(script: Script) -> Iterator[Diagnostic]:
    yield from SWAP.refusals(script, [script.class_uses[node] for node in script.references], ASYNC | POOL)
    partials = {call for use in script.class_uses.values() for call in use.partials}
    for call in constructing_calls(script):
        yield from argument_refusals(script, call, call.args[1:] if call in partials else call.args)
    yield from maker_refusals(script)


def constructing_calls(script: Script) -> list[ast.Call]:
    """Calls, of partial as well, that pass arguments to what is an AsyncVectorEnv by now."""
    uses = [script.class_uses[reference] for reference in script.references]
    found = {call for use in uses for call in (*use.calls, *use.partials)}
    return [call for call in script.names.calls if call in found]


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
    for call in constructing_calls(script):
        for keyword in call.keywords:
            if keyword.arg == "context" and not isinstance(keyword.value, ast.Constant):
                message = "the pool starts its workers by spawn, whatever the context"
                hint = "see that the environments do not depend on what a fork inherits"
                yield Diagnostic(NAME, "notice", "context-argument", script.position(keyword), message, hint)


def _mode_refusals(script: Script, options: Options, dialect: GymDialect) -> Iterator[Diagnostic]:
    """What a class needs that is chosen at run time, and what the other classes do in its place."""
    for reference in script.references:
        use, position = script.class_uses[reference], script.position(reference)
        if use.kind != "choice":
            continue
        if dialect.is_four and use.shared:
            message = (
                "the pool returns five values of a step; another class that may be chosen returns gym's four"
            )
            hint = "let the script make a StableProcessPoolEnv in every case"
            yield Diagnostic(NAME, "refused", "chosen-class", position, message, hint)
        elif dialect.same_step and use.shared and _is_gymnasium(script, reference):
            message = (
                "the pool resets within a step, as the script expects; SyncVectorEnv does where it is told to"
            )
            hint = 'pass autoreset_mode="SameStep" to SyncVectorEnv, too (Gymnasium 1.1 and later)'
            yield Diagnostic(NAME, "notice", "sync-autoreset", position, message, hint)
        needs_partial = dialect.same_step or options.max_workers is not None
        if needs_partial and not use.partials and not script.can_import("partial", "functools"):
            message = "the script has a partial of its own, and the class needs functools.partial here"
            yield Diagnostic(NAME, "refused", "name-taken", position, message, "rename it, then patch again")


def _is_gymnasium(script: Script, reference: ast.expr) -> bool:
    return any(origin.startswith("gymnasium.") for origin in script.names.origins(reference))
