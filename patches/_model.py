"""The words that fixes, engine and report share: operations, edits, remarks, options, cases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from patches._source import Place, Span

if TYPE_CHECKING:
    from patches._script import Script

__all__ = [
    "PRESETS",
    "AddKeyword",
    "AddNames",
    "Case",
    "DropName",
    "Edit",
    "Finding",
    "Fix",
    "Guard",
    "Insert",
    "Operation",
    "Options",
    "Remark",
    "RemoveStatements",
    "ReplaceExpression",
    "ReplaceStatements",
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
    """Import `names` ("x" or "x as y") from stablepool, at or after the import statement at `target`.

    Where the statement at `target` imports from stablepool already the names join it; where every name of it is
    dropped it is rewritten in place; else a new statement follows it.
    """

    target: Span
    names: tuple[str, ...]


Operation = (
    ReplaceExpression
    | AddKeyword
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
        place: Where the reader should look.
        message: What changes, in the present tense.
        operations: How.
        imports: Names of stablepool that the changed code uses.
    """

    fix: str
    place: Place
    message: str
    operations: tuple[Operation, ...] = ()
    imports: tuple[str, ...] = ()


@dataclass(frozen=True)
class Remark:
    """Something that a fix looked at and did not change.

    Attributes:
        fix: Name of the fix.
        kind: "satisfied" (as it should be), "notice" (left alone, a person should look), "refused" (the fix would
            be needed and cannot be made safely: nothing in the file is changed).
        code: Stable short name of the reason ("worker-argument").
        place: Where.
        message: Why.
        hint: What a person can do.
    """

    fix: str
    kind: Literal["satisfied", "notice", "refused"]
    code: str
    place: Place
    message: str
    hint: str = ""


Finding = Edit | Remark

PRESETS: dict[str, dict[str, str]] = {
    "conservative": {"N_ENVS": "16", "BATCH_SIZE": "32"},
    "balanced": {"N_ENVS": "32", "BATCH_SIZE": "64"},
    "aggressive": {"N_ENVS": "48", "BATCH_SIZE": "96"},
    "low-memory": {"N_ENVS": "16", "BATCH_SIZE": "32", "BUFFER_CAP": "100_000"},
    "many-core": {"N_ENVS": "64", "BATCH_SIZE": "64"},
}
_COMMON = {"STEPS_PER_EP": "25", "BUFFER_CAP": "200_000", "BUDGET": "250", "SIMS": "1"}


@dataclass(frozen=True)
class Options:
    """What the user asked for.

    Attributes:
        preset: A key of `PRESETS`.
        values: Parameter values that override the preset's (`--set NAME=VALUE`).
        selected: Names of the fixes to run.
    """

    preset: str = "balanced"
    values: tuple[tuple[str, str], ...] = ()
    selected: frozenset[str] = frozenset()

    @property
    def parameters(self) -> dict[str, str]:
        """Name -> literal for every tuned parameter."""
        return {**_COMMON, **PRESETS[self.preset], **dict(self.values)}

    @property
    def timeout(self) -> str:
        """Seconds that one vector step may take, as a float literal."""
        return "20.0" if self.preset == "many-core" else "8.0"

    @property
    def max_workers(self) -> str | None:
        """Worker processes as a literal; None leaves the pool's default."""
        return "32" if self.preset == "many-core" else None


@dataclass(frozen=True)
class Case:
    """An example of a fix: a test and a piece of its documentation.

    Attributes:
        title: What it shows.
        before: The script.
        after: What the fix makes of it; None where it changes nothing.
        remarks: Codes of the remarks that must be made, in order; notices and refusals only.
        only: Other fixes that must run along.
    """

    title: str
    before: str
    after: str | None = None
    remarks: tuple[str, ...] = ()
    only: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fix:
    """One rewrite: its name on the command line, what it does, and how it looks at a script.

    Attributes:
        name: As given to `--only` and `--skip`.
        version: Raised when the fix comes to other results; recorded in every backup.
        summary: One line for `--list-fixes`.
        description: A paragraph for `--explain` and the documentation.
        find: Looks at a script and says what it would change and what it leaves alone.
        cases: Examples.
        indivisible: True where half of its edits would break a script: to suppress one is to suppress all.
    """

    name: str
    version: int
    summary: str
    description: str
    find: Callable[[Script, Options], Iterable[Finding]] = field(repr=False)
    cases: tuple[Case, ...] = field(repr=False)
    indivisible: bool = False

    def findings(self, script: Script, options: Options) -> Iterator[Finding]:
        """What the fix has to say about a script."""
        yield from self.find(script, options)
