"""What a fix is: its name, its words, its examples, and the options that it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..syntax.edits import Finding

if TYPE_CHECKING:
    from ..analysis.script import Script

__all__ = ["PRESETS", "Case", "Fix", "Options"]

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
        diagnostics: Codes of the remarks that must be made, in order; notices and refusals only.
        only: Other fixes that must run along.
    """

    title: str
    before: str
    after: str | None = None
    diagnostics: tuple[str, ...] = ()
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
