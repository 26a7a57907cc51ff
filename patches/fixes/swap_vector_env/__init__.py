"""swap-vector-env: `AsyncVectorEnv` becomes `stablepool.StableProcessPoolEnv`, everywhere in a file or nowhere."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

from ...analysis.class_choices import ClassUse
from ...analysis.dialect import GymDialect
from ...analysis.make_vec import MakeVec
from ...analysis.script import ASYNC, Script
from ...syntax.edits import (
    AddKeyword,
    AddNames,
    BindKeyword,
    Diagnostic,
    DropName,
    Edit,
    Finding,
    Operation,
    ReplaceExpression,
)
from ..model import Fix, Options
from .arguments import argument_names
from .cases import CASES
from .makers import hidden_makers, maker_code, maker_imports, vector_arguments
from .mentions import mentions, named_by_text, other_libraries
from .refusals import constructing_calls, swap_refusals

__all__ = ["FIX"]

NAME = "swap-vector-env"
_POOL_CLASS = "StableProcessPoolEnv"
_PARTIAL = "functools:partial"


def find(script: Script, options: Options) -> Iterator[Finding]:
    """Plan the swap of every construction site, or say why it cannot be made."""
    yield from other_libraries(script)
    yield from named_by_text(script)
    yield from hidden_makers(script)
    yield from _star_imports(script)
    if not script.makers and not any(script.class_uses[node].makes for node in script.references):
        yield from mentions(script)
        if script.pool_references:
            position = script.position(script.pool_references[0])
            yield Diagnostic(NAME, "satisfied", "already-swapped", position, f"uses {_POOL_CLASS} already")
        return
    dialect = GymDialect(script, NAME)
    doubts = list(swap_refusals(script, options, dialect))
    yield from doubts
    if any(doubt.kind == "refused" for doubt in doubts):
        return
    yield from _import_edits(script)
    yield from _use_edits(script, options, dialect)
    yield from _quoted_annotations(script)
    yield from _argument_edits(script)
    for maker in script.makers:
        yield _maker_edit(script, maker, options, dialect)
    yield from dialect.edits()
    if dialect.is_four:
        position = script.position(script.constructions[0])
        message = "the script speaks the dialect of gym before 0.26"
        hint = "its environments may stay as they are: the pool's workers convert what they return and their spaces"
        yield Diagnostic(NAME, "notice", "old-gym", position, message, hint)


def _star_imports(script: Script) -> Iterator[Diagnostic]:
    """`from gymnasium.vector import *`: the class comes in without its name."""
    homes = {origin.rpartition(".")[0] for origin in ASYNC}
    stars = [
        node
        for node in script.names.order
        if isinstance(node, ast.ImportFrom) and node.module in homes and node.names[0].name == "*"
    ]
    used = (
        node
        for node in script.names.order
        if isinstance(node, ast.Name) and node.id == "AsyncVectorEnv" and not script.names.bindings(node)
    )
    for node in used if stars else ():
        message = "AsyncVectorEnv comes from a star import"
        hint = "import it by name: from gymnasium.vector import AsyncVectorEnv"
        yield Diagnostic(NAME, "refused", "star-import", script.position(node), message, hint)


def _import_edits(script: Script) -> Iterator[Edit]:
    """Change every import statement that brings the class in by name."""
    changed: dict[ast.AST, ast.alias] = {}
    for reference in script.references:
        if isinstance(reference, ast.Name):
            for binding in script.names.bindings(reference):
                if isinstance(binding.node, ast.ImportFrom) and binding.origin in ASYNC:
                    changed[binding.node] = _alias_named(binding.node, reference.id)
    for statement, alias in changed.items():
        assert isinstance(statement, ast.ImportFrom)
        span = script.span(statement)
        name = f"{_POOL_CLASS} as {alias.asname}" if alias.asname else _POOL_CLASS
        message = f"imports {_POOL_CLASS} from stablepool in place of {alias.name}"
        operations = (DropName(span, alias.name), AddNames(span, (name,)))
        yield Edit(NAME, script.position(statement), message, operations)


def _alias_named(statement: ast.ImportFrom, name: str) -> ast.alias:
    return next(alias for alias in statement.names if (alias.asname or alias.name) == name)


def _use_edits(script: Script, options: Options, dialect: GymDialect) -> Iterator[Edit]:
    """Rename every use; one that goes through `import ... as x` needs no change of its own."""
    for reference in script.references:
        operations: list[Operation] = []
        dotted = isinstance(reference, ast.Attribute)
        if not (isinstance(reference, ast.Name) and _is_renamed(script, reference)):
            operations.append(ReplaceExpression(script.span(reference), _POOL_CLASS))
        operations += _new_arguments(script, script.class_uses[reference], options, dialect)
        if operations:
            message = f"{script.text(reference)} becomes {_POOL_CLASS}"
            imports: tuple[str, ...] = (_POOL_CLASS,) if dotted else ()
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


def _quoted_annotations(script: Script) -> Iterator[Edit]:
    """`envs: "AsyncVectorEnv"`, where the import that it names goes."""
    renamed = {r.id for r in script.references if isinstance(r, ast.Name) and not _is_renamed(script, r)}
    for node in script.names.order:
        if isinstance(node, ast.Constant) and node.value in renamed and script.in_annotation(node):
            operation = ReplaceExpression(script.span(node), f'"{_POOL_CLASS}"')
            yield Edit(NAME, script.position(node), f"the annotation names {_POOL_CLASS}", (operation,))


def _maker_edit(script: Script, maker: MakeVec, options: Options, dialect: GymDialect) -> Edit:
    """`gym.vector.make(id, num_envs=n)` as the list of functions that it stands for."""
    span = script.span(maker.call)
    operations: list[Operation] = [ReplaceExpression(span, maker_code(script, maker, _POOL_CLASS))]
    same_step = dialect.same_step or maker.is_old
    missing = _missing(options, same_step, vector_arguments(script, maker))
    operations += [AddKeyword(span, name, code) for name, code in missing]
    message = f"{script.text(maker.call.func)}(...) becomes {_POOL_CLASS}"
    imports = (_POOL_CLASS, *maker_imports(script, maker))
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


def _is_renamed(script: Script, reference: ast.Name) -> bool:
    """True for a name that `import ... as` chose and that therefore stays."""
    statements = [binding.node for binding in script.names.bindings(reference)]
    return any(isinstance(s, ast.ImportFrom) and _alias_named(s, reference.id).asname for s in statements)


FIX = Fix(
    NAME,
    version=1,
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
