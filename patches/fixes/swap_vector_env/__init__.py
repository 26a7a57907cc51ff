"""swap-vector-env: `AsyncVectorEnv` becomes `stablepool.StableProcessPoolEnv`, everywhere in a file or nowhere."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

from ...analysis.class_choices import ClassUse
from ...analysis.dialect import GymDialect
from ...analysis.make_vec import MakeVec
from ...analysis.script import Script
from ...syntax.edits import (
    AddKeyword,
    BindKeyword,
    Diagnostic,
    Edit,
    Finding,
    Operation,
    ReplaceExpression,
)
from ...syntax.source import Position
from ..model import Fix, Options
from .arguments import argument_names
from .cases import CASES
from .dialect_edits import dialect_edits
from .dialect_refusals import dialect_refusals
from .makers import hidden_makers, maker_code, maker_imports, vector_arguments
from .mentions import looked_up_by_text, other_libraries
from .refusals import NAME, SWAP, constructing_calls, swap_refusals

__all__ = ["FIX"]

_PARTIAL = "functools:partial"


def find(script: Script, options: Options) -> Iterator[Finding]:
    """Plan the swap of every construction site, or say why it cannot be made."""
    yield from other_libraries(script)
    by_text = [*SWAP.named_by_text(script), *looked_up_by_text(script)]
    yield from by_text
    yield from hidden_makers(script)
    yield from SWAP.star_imports(script)
    if not script.makers and not any(script.class_uses[node].makes for node in script.references):
        found = SWAP.mentions(script, [script.class_uses[node] for node in script.references])
        yield from (mention for mention in found if mention.code != "only-annotated" or not by_text)
        if script.is_ours and not script.pool_references:
            yield from _from_elsewhere(script)
        if script.pool_references:
            position = script.position(script.pool_references[0])
            yield Diagnostic(NAME, "satisfied", "already-swapped", position, f"uses {SWAP.new} already")
        return
    dialect = GymDialect(script)
    doubts = list(swap_refusals(script, options, dialect))
    yield from doubts
    if any(doubt.kind == "refused" for doubt in doubts):
        return
    yield from SWAP.import_edits(script, script.references)
    yield from _use_edits(script, options, dialect)
    yield from SWAP.quoted_annotations(script, script.references)
    yield from _argument_edits(script)
    for maker in script.makers:
        yield _maker_edit(script, maker, options, dialect)
    yield from dialect_edits(dialect)
    if dialect.is_four:
        position = script.position(script.constructions[0])
        message = "the script speaks the dialect of gym before 0.26"
        hint = "its environments may stay as they are: the pool's workers convert what they return and their spaces"
        yield Diagnostic(NAME, "notice", "old-gym", position, message, hint)


def _from_elsewhere(script: Script) -> Iterator[Finding]:
    """What a script needs whose environments another file makes, which is swapped in the same run or before."""
    dialect = GymDialect(script)
    doubts = [*dialect_refusals(dialect), *(d for other in script.producers for d in _swap_doubts(other))]
    yield from doubts
    if not any(doubt.kind == "refused" for doubt in doubts):
        yield from dialect_edits(dialect)


def _swap_doubts(producer: Script) -> Iterator[Diagnostic]:
    """Why the file that makes the environments is not swapped, placed there; nothing for one that uses the pool."""
    if not producer.references and not producer.makers:
        return
    for doubt in swap_refusals(producer, Options(), GymDialect(producer)):
        if doubt.kind == "refused":
            where = f"{producer.name}:{doubt.position}"
            message = f"the file that makes these environments is refused ({where}): {doubt.message}"
            yield Diagnostic(NAME, "refused", "made-elsewhere", Position(1, 1), message, doubt.hint)


def _use_edits(script: Script, options: Options, dialect: GymDialect) -> Iterator[Edit]:
    """Rename every use; one that goes through `import ... as x` needs no change of its own."""
    for reference in script.references:
        operations: list[Operation] = [*SWAP.renaming(script, reference)]
        operations += _new_arguments(script, script.class_uses[reference], options, dialect)
        if operations:
            message = f"{script.text(reference)} becomes {SWAP.new}"
            imports = SWAP.needs_import(reference)
            if any(isinstance(operation, BindKeyword) for operation in operations):
                imports += (_PARTIAL,)
            yield Edit(NAME, script.position(reference), message, tuple(operations), imports)


def _argument_edits(script: Script) -> Iterator[Edit]:
    """Arguments by position get their names; a fork is what the pool replaces by spawn."""
    for call in constructing_calls(script):
        for operation in argument_names(script, call):
            message = "the pool takes these arguments by keyword, or does without"
            yield Edit(NAME, script.position(call), message, (operation,))
        for keyword in call.keywords:
            value = keyword.value
            if (
                keyword.arg == "context"
                and isinstance(value, ast.Constant)
                and value.value not in (None, "spawn")
            ):
                spawn = ReplaceExpression(script.span(value), '"spawn"')
                message = f"the pool starts its workers by spawn, not by {value.value!r}"
                yield Edit(NAME, script.position(keyword), message, (spawn,))


def _maker_edit(script: Script, maker: MakeVec, options: Options, dialect: GymDialect) -> Edit:
    """`gym.vector.make(id, num_envs=n)` as the list of functions that it stands for."""
    span = script.span(maker.call)
    operations: list[Operation] = [ReplaceExpression(span, maker_code(script, maker, SWAP.new))]
    same_step = dialect.same_step or maker.is_old
    missing = _missing(options, same_step, vector_arguments(script, maker))
    operations += [AddKeyword(span, name, code) for name, code in missing]
    message = f"{script.text(maker.call.func)}(...) becomes {SWAP.new}"
    imports = (SWAP.entry, *maker_imports(script, maker))
    return Edit(NAME, script.position(maker.call), message, tuple(operations), imports)


def _new_arguments(
    script: Script, use: ClassUse, options: Options, dialect: GymDialect
) -> Iterator[AddKeyword | BindKeyword]:
    """What the pool is to be made with; a class that is handed on takes it along."""
    calls = use.partials[:1] or use.calls if use.kind == "call" or use.partials else ()
    given = [keyword.arg for call in calls for keyword in call.keywords]
    for name, code in _missing(options, dialect.same_step, given):
        if calls:
            yield AddKeyword(script.span(calls[0]), name, code)
        elif use.kind == "choice":
            yield BindKeyword(script.span(use.reference), name, code)


def _missing(options: Options, same_step: bool, given: Collection[str | None]) -> Iterator[tuple[str, str]]:
    if options.max_workers is not None:
        yield "max_workers", options.max_workers
    if same_step and "autoreset_mode" not in given:
        yield "autoreset_mode", '"SameStep"'


FIX = Fix(
    NAME,
    version=2,
    summary="AsyncVectorEnv becomes stablepool.StableProcessPoolEnv",
    description=(
        "AsyncVectorEnv waits for ever for an environment that hangs. StableProcessPoolEnv takes the same functions "
        "and the same keyword arguments, gives every step a deadline, and replaces what misses it. The class is "
        "recognised by its qualified name; all its uses in a file are changed, or none."
    ),
    find=find,
    cases=CASES,
    indivisible=True,
)
