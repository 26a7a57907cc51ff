"""swap-subproc-vec-env: Stable-Baselines3's `SubprocVecEnv` becomes `stablepool.sb3.StableSubprocVecEnv`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...analysis.class_choices import ClassUse, class_use
from ...analysis.script import Script
from ...syntax.edits import AddKeyword, BindKeyword, Diagnostic, Edit, Finding, Operation
from ..model import Fix, Options
from .cases import CASES
from .refusals import NAME, SUBPROC, SWAP, subproc_refusals, unclear_version
from .vec_env_kwargs import kwargs_operation

__all__ = ["FIX"]

_POOL = frozenset({"stablepool.sb3.StableSubprocVecEnv"})
_SINKS = frozenset(
    f"stable_baselines3.common.env_util.{function}" for function in ("make_vec_env", "make_atari_env")
)
_COUSINS = frozenset({"SubprocVecEnv", "SubprocVectorEnv"})


def find(script: Script, options: Options) -> Iterator[Finding]:
    """Plan the swap of every place that makes the environments, or say why it cannot be made."""
    yield from _other_libraries(script)
    yield from SWAP.named_by_text(script)
    yield from SWAP.star_imports(script)
    uses = [class_use(script, node, _SINKS) for node in script.references_to(SUBPROC)]
    if not any(use.makes for use in uses):
        yield from SWAP.mentions(script, uses)
        for node in script.references_to(_POOL)[:1]:
            message = f"uses {SWAP.new} already"
            yield Diagnostic(NAME, "satisfied", "already-swapped", script.position(node), message)
        return
    refusals = list(subproc_refusals(script, uses))
    if refusals:
        yield from refusals
        return
    yield from SWAP.import_edits(script, script.references_to(SUBPROC))
    for use in uses:
        yield from _use_edits(script, options, use)
    yield from SWAP.quoted_annotations(script, script.references_to(SUBPROC))
    yield from unclear_version(script, uses)
    message = (
        "Stable-Baselines3 steps the environments: a lost transition ends its episode as a time limit does"
    )
    yield Diagnostic(NAME, "satisfied", "steps-itself", script.position(uses[0].reference), message)


def _use_edits(script: Script, options: Options, use: ClassUse) -> Iterator[Edit]:
    operations = (*SWAP.renaming(script, use.reference), *_arguments(script, options, use))
    if operations:
        imports = SWAP.needs_import(use.reference)
        if any(isinstance(operation, BindKeyword) for operation in operations):
            imports += ("functools:partial",)
        message = f"{script.text(use.reference)} becomes {SWAP.new}"
        yield Edit(NAME, script.position(use.reference), message, operations, imports)


def _arguments(script: Script, options: Options, use: ClassUse) -> Iterator[Operation]:
    """The deadline, where only this class gets it: in its own call, in `vec_env_kwargs`, or bound to it."""
    wanted = {"timeout": options.timeout}
    if options.max_workers is not None:
        wanted["max_workers"] = options.max_workers
    if use.kind not in {"call", "choice"}:
        return
    if isinstance(script.names.parents[use.reference], ast.keyword) and use.sinks:
        operation = kwargs_operation(script, use.sinks[0], wanted)
        if operation is not None:
            yield from operation
            return
    for name, code in wanted.items():
        if use.kind == "call" or use.partials:
            call = (use.partials or use.calls)[0]
            yield AddKeyword(script.span(call), name, code)
        else:
            yield BindKeyword(script.span(use.reference), name, code)


def _other_libraries(script: Script) -> Iterator[Diagnostic]:
    """Constructions of namesakes, which keep other contracts."""
    for call in script.names.calls:
        for origin in sorted(script.names.origins(call.func) - SUBPROC):
            package, name = origin.partition(".")[0], origin.rpartition(".")[2]
            if name in _COUSINS:
                message = f"{origin} keeps another contract than that of Stable-Baselines3"
                hint = {
                    "stable_baselines": "move the script to Stable-Baselines3, whose SubprocVecEnv has a fix",
                    "tianshou": "keep it: its collectors address single workers, which the pool does not offer",
                }.get(
                    package, "make the environments with gymnasium.vector.AsyncVectorEnv first, if that fits"
                )
                yield Diagnostic(NAME, "notice", "other-library", script.position(call), message, hint)


FIX = Fix(
    NAME,
    version=1,
    summary="Stable-Baselines3's SubprocVecEnv becomes stablepool.sb3.StableSubprocVecEnv",
    description=(
        "SubprocVecEnv waits for ever for an environment that hangs. StableSubprocVecEnv keeps its interface over the "
        "pool: the same four values of a step, a deadline for each, and a lost transition ends its episode as a time "
        "limit does. It needs Stable-Baselines3 2 or later, whose environments are Gymnasium's. Workers are spawned, "
        "whatever `start_method` says; the functions that make environments travel by cloudpickle. Where another "
        "class may be chosen in its place, the deadline is bound to the class by `functools.partial`."
    ),
    find=find,
    cases=CASES,
    indivisible=True,
)
