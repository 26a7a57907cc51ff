"""What a fix has to say of a script: edits, made of operations on spans of the text, and diagnostics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .source import Position, Span

__all__ = [
    "AddKeyword",
    "AddNames",
    "BindKeyword",
    "Diagnostic",
    "DropName",
    "Edit",
    "Finding",
    "Guard",
    "Insert",
    "NameArguments",
    "Operation",
    "RemoveStatements",
    "ReplaceExpression",
    "ReplaceStatements",
    "split_import",
]


@dataclass(frozen=True)
class ReplaceExpression:
    """Write `code` in place of the expression at `target`; parentheses around it stay."""

    target: Span
    code: str


@dataclass(frozen=True)
class AddKeyword:
    """Add `name=code` after the last argument of the call at `target`."""

    target: Span
    name: str
    code: str


@dataclass(frozen=True)
class BindKeyword:
    """Write `partial(x, name=code)` in place of `x`, the expression at `target`: a callable that is handed on.

    Several for one expression share one `partial`. It needs the import "functools:partial".
    """

    target: Span
    name: str
    code: str


@dataclass(frozen=True)
class NameArguments:
    """Give the arguments of the call at `target` these names, one for each.

    An empty name leaves an argument as it is, None drops it.
    """

    target: Span
    names: tuple[str | None, ...]


@dataclass(frozen=True)
class Insert:
    """Put whole statements (dedented `code`) before or after the statement at `target`."""

    target: Span
    code: str
    where: Literal["before", "after"] = "after"


@dataclass(frozen=True)
class Guard:
    """Wrap the statement at `target` in `if condition:`."""

    target: Span
    condition: str


@dataclass(frozen=True)
class ReplaceStatements:
    """Write `code` in place of sibling statements; the comments among them move above it."""

    targets: tuple[Span, ...]
    code: str


@dataclass(frozen=True)
class RemoveStatements:
    """Take sibling statements out."""

    targets: tuple[Span, ...]


@dataclass(frozen=True)
class DropName:
    """Take one name out of the `from ... import` at `target`; the statement goes with its last name."""

    target: Span
    name: str


@dataclass(frozen=True)
class AddNames:
    """Import `names` ("x" or "x as y") from `module`, at or after the import statement at `target`.

    Where the statement at `target` imports from the module already the names join it; where every name of it is
    dropped it is rewritten in place; else a new statement follows it.
    """

    target: Span
    names: tuple[str, ...]
    module: str = "stablepool"


Operation = (
    ReplaceExpression
    | AddKeyword
    | BindKeyword
    | NameArguments
    | Insert
    | Guard
    | ReplaceStatements
    | RemoveStatements
    | DropName
    | AddNames
)


@dataclass(frozen=True)
class Edit:
    """One change that a fix is sure of.

    Attributes:
        fix: Name of the fix.
        position: Where the reader should look.
        message: What changes, in the present tense.
        operations: How.
        imports: What the changed code uses: names of stablepool, or "module:name".
    """

    fix: str
    position: Position
    message: str
    operations: tuple[Operation, ...] = ()
    imports: tuple[str, ...] = ()


@dataclass(frozen=True)
class Diagnostic:
    """Something that a fix looked at and did not change.

    Attributes:
        fix: Name of the fix.
        kind: "satisfied" (as it should be), "notice" (left alone, a person should look), "refused" (the fix would
            be needed and cannot be made safely: nothing in the file is changed).
        code: Stable short name of the reason ("worker-argument").
        position: Where.
        message: Why.
        hint: What a person can do.
    """

    fix: str
    kind: Literal["satisfied", "notice", "refused"]
    code: str
    position: Position
    message: str
    hint: str = ""


Finding = Edit | Diagnostic


def split_import(entry: str) -> tuple[str, str]:
    """Module and name of an entry of `Edit.imports`."""
    module, _, name = entry.rpartition(":")
    return module or "stablepool", name
