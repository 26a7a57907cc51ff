"""swap-vector-env: `AsyncVectorEnv` becomes `stablepool.StableProcessPoolEnv`, everywhere in a file or nowhere."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...analysis.dialect import GymDialect
from ...analysis.make_vec import MakeVec, package
from ...analysis.script import ASYNC, Script
from ...syntax.edits import (
    AddKeyword,
    AddNames,
    Diagnostic,
    DropName,
    Edit,
    Finding,
    Operation,
    ReplaceExpression,
)
from ..model import Fix, Options
from .cases import CASES
from .dialects import dialect_edits
from .refusals import swap_refusals

__all__ = ["FIX"]

NAME = "swap-vector-env"
_POOL_CLASS = "StableProcessPoolEnv"
_COUSINS = frozenset({"AsyncVectorEnv", "SubprocVecEnv"})


def find(script: Script, options: Options) -> Iterator[Finding]:
    """Plan the swap of every construction site, or say why it cannot be made."""
    yield from _other_libraries(script)
    yield from _star_imports(script)
    if not script.references and not script.makers:
        if script.pool_references:
            position = script.position(script.pool_references[0])
            yield Diagnostic(NAME, "satisfied", "already-swapped", position, f"uses {_POOL_CLASS} already")
        return
    dialect = GymDialect(script)
    refusals = list(swap_refusals(script, options, dialect))
    if refusals:
        yield from refusals
        return
    yield from _import_edits(script)
    yield from _use_edits(script, options, dialect)
    yield from _quoted_annotations(script)
    yield from _context_edits(script)
    for maker in script.makers:
        yield _maker_edit(script, maker, options, dialect)
    yield from dialect_edits(dialect)
    if dialect.is_four:
        position = script.position(script.constructions[0])
        message = "the script speaks the dialect of gym before 0.26"
        hint = "its environments may stay as they are: the pool's workers convert what they return and their spaces"
        yield Diagnostic(NAME, "notice", "old-gym", position, message, hint)


def _other_libraries(script: Script) -> Iterator[Diagnostic]:
    """Constructions of namesakes and cousins, which keep other contracts."""
    for call in script.names.calls:
        for origin in sorted(script.names.origins(call.func) - ASYNC):
            if origin.rpartition(".")[2] in _COUSINS:
                message = f"{origin} keeps another contract than Gymnasium's AsyncVectorEnv"
                hint = "make the environments with gymnasium.vector.AsyncVectorEnv first, if that fits"
                yield Diagnostic(NAME, "notice", "other-library", script.position(call), message, hint)


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
        call = script.names.parents[reference]
        if isinstance(call, ast.Call) and call.func is reference:
            operations += _new_arguments(script, call, options, dialect)
        if operations:
            message = f"{script.text(reference)} becomes {_POOL_CLASS}"
            imports = (_POOL_CLASS,) if dotted else ()
            yield Edit(NAME, script.position(reference), message, tuple(operations), imports)


def _context_edits(script: Script) -> Iterator[Edit]:
    """A fork, asked for or by default, is what the pool replaces by spawn."""
    for call in script.constructions:
        for keyword in call.keywords:
            value = keyword.value
            if (
                keyword.arg == "context"
                and isinstance(value, ast.Constant)
                and value.value not in (None, "spawn")
            ):
                operation = ReplaceExpression(script.span(value), '"spawn"')
                message = f"the pool starts its workers by spawn, not by {value.value!r}"
                yield Edit(NAME, script.position(keyword), message, (operation,))


def _quoted_annotations(script: Script) -> Iterator[Edit]:
    """`envs: "AsyncVectorEnv"`, where the import that it names goes."""
    renamed = {r.id for r in script.references if isinstance(r, ast.Name) and not _is_renamed(script, r)}
    for node in script.names.order:
        if isinstance(node, ast.Constant) and node.value in renamed and script.in_annotation(node):
            operation = ReplaceExpression(script.span(node), f'"{_POOL_CLASS}"')
            yield Edit(NAME, script.position(node), f"the annotation names {_POOL_CLASS}", (operation,))


def _maker_edit(script: Script, maker: MakeVec, options: Options, dialect: GymDialect) -> Edit:
    """`gym.vector.make(id, num_envs=n)` as the list of functions that it stands for."""
    left_out = ("id", "num_envs", "asynchronous", "vectorization_mode")
    given = [script.text(maker.arguments["id"])]
    given += [
        f"{name}={script.text(value)}" for name, value in maker.arguments.items() if name not in left_out
    ]
    count = script.text(maker.arguments["num_envs"]) if "num_envs" in maker.arguments else "1"
    make = f"{script.text(package(maker.call.func))}.make"
    code = f"{_POOL_CLASS}([lambda: {make}({', '.join(given)}) for _ in range({count})])"
    operations: list[Operation] = [ReplaceExpression(script.span(maker.call), code)]
    operations += _new_arguments(script, maker.call, options, dialect)
    message = f"{script.text(maker.call.func)}(...) becomes {_POOL_CLASS}"
    return Edit(NAME, script.position(maker.call), message, tuple(operations), (_POOL_CLASS,))


def _new_arguments(
    script: Script, call: ast.Call, options: Options, dialect: GymDialect
) -> Iterator[AddKeyword]:
    if options.max_workers is not None:
        yield AddKeyword(script.span(call), "max_workers", options.max_workers)
    if dialect.same_step and not any(keyword.arg == "autoreset_mode" for keyword in call.keywords):
        yield AddKeyword(script.span(call), "autoreset_mode", '"SameStep"')


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
