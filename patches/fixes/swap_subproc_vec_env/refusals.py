"""Why `SubprocVecEnv` cannot be swapped in a script: every reason with its place and a way out."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from ...analysis.class_choices import ClassUse
from ...analysis.script import Key, Script
from ...syntax.edits import Diagnostic
from ..class_swap import ClassSwap

__all__ = ["NAME", "SUBPROC", "SWAP", "subproc_refusals", "unclear_version"]

NAME = "swap-subproc-vec-env"
SUBPROC = frozenset(
    f"stable_baselines3.common.vec_env.{name}" for name in ("SubprocVecEnv", "subproc_vec_env.SubprocVecEnv")
)
SWAP = ClassSwap(
    NAME,
    "SubprocVecEnv",
    SUBPROC,
    "StableSubprocVecEnv",
    "stablepool.sb3",
    "stable_baselines3.common.vec_env.VecEnv",
)
_PIPES = frozenset({"remotes", "work_remotes"})
_INTERNALS = frozenset({"processes", "closed"})
_ACCEPTED = frozenset({"env_fns", "start_method", None})


def subproc_refusals(script: Script, uses: Sequence[ClassUse]) -> Iterator[Diagnostic]:
    """Everything that speaks against the swap.

    Args:
        script: The script.
        uses: Every place that names the class.
    """
    yield from SWAP.refusals(script, uses, SUBPROC | {f"{SWAP.module}.{SWAP.new}"})
    needs_partial = any(use.kind == "choice" and not use.partials for use in uses)
    if needs_partial and not script.can_import("partial", "functools"):
        message = "the script has a partial of its own, and the class needs functools.partial here"
        hint = "rename it, then patch again"
        yield _refusal(script, uses[0].reference, "name-taken", message, hint)
    yield from _argument_refusals(script, uses)
    yield from _internals(script, uses)
    yield from _gym(script)


def unclear_version(script: Script, uses: Sequence[ClassUse]) -> Iterator[Diagnostic]:
    """A notice where a script names neither gym nor gymnasium."""
    if not _imported(script, "gymnasium") and not _imported(script, "gym"):
        message = "nothing here tells that this is Stable-Baselines3 2, whose environments are Gymnasium's"
        hint = "see `pip show stable-baselines3`; with a version before 2.0 keep SubprocVecEnv"
        position = script.position(uses[0].reference)
        yield Diagnostic(NAME, "notice", "unclear-version", position, message, hint)


def _argument_refusals(script: Script, uses: Sequence[ClassUse]) -> Iterator[Diagnostic]:
    """Arguments that SubprocVecEnv itself would not have taken."""
    for call in dict.fromkeys(call for use in uses for call in (*use.calls, *use.partials)):
        for keyword in call.keywords:
            if keyword.arg not in _ACCEPTED:
                message = f"SubprocVecEnv has no argument {keyword.arg!r}"
                yield _refusal(
                    script, keyword, f"{keyword.arg}-argument", message, "drop the argument, then patch again"
                )


def _internals(script: Script, uses: Sequence[ClassUse]) -> Iterator[Diagnostic]:
    made = set(_made(script, uses))
    for node in script.names.order:
        if not isinstance(node, ast.Attribute) or isinstance(node.ctx, ast.Store):
            continue
        if node.attr in _PIPES or (node.attr in _INTERNALS and script.key(node.value) in made):
            message = f"{node.attr} is one of SubprocVecEnv's internals"
            hint = (
                "use env_method, get_attr and set_attr, or the pool's own worker_pids: env.pool.worker_pids"
            )
            yield _refusal(script, node, "internals", message, hint)


def _made(script: Script, uses: Sequence[ClassUse]) -> Iterator[Key]:
    """Variables that hold such an environment, as far as one assignment tells."""
    for call in (call for use in uses for call in (*use.calls, *use.sinks)):
        statement = script.names.parents[call]
        for target in statement.targets if isinstance(statement, ast.Assign) else ():
            if (key := script.key(target)) is not None:
                yield key


def _gym(script: Script) -> Iterator[Diagnostic]:
    """Stable-Baselines3 before 2.0: its algorithms know only gym's spaces, and the pool has Gymnasium's."""
    old = [*_imported(script, "stable_baselines3.common.cmd_util")]
    if not _imported(script, "gymnasium"):
        old += _imported(script, "gym")
    for statement in old[:1]:
        message = "this is Stable-Baselines3 before 2.0, which takes gym's spaces; the pool has Gymnasium's"
        hint = "move the script to gymnasium and Stable-Baselines3 2 first"
        yield Diagnostic(NAME, "refused", "gym-spaces", script.position(statement), message, hint)


def _imported(script: Script, module: str) -> list[ast.stmt]:
    """Statements that import a module or something of it."""
    found: list[ast.stmt] = []
    for node in script.names.order:
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        if any(f"{name}.".startswith(f"{module}.") for name in names):
            found.append(node)
    return found


def _refusal(script: Script, node: ast.expr | ast.keyword, code: str, message: str, hint: str) -> Diagnostic:
    return Diagnostic(NAME, "refused", code, script.position(node), message, hint)
