"""What a run has to say: plain lines for people, a unified diff, and JSON for programs."""

from __future__ import annotations

import difflib
import os
import shlex
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TextIO

from ..fixes.model import Fix
from ..run.backups import Backup, Store
from ..run.outcome import Exit, Outcome
from ..run.stores import DEFAULT_BACKUPS
from ..syntax.edits import Diagnostic
from .diffs import diff_lines
from .stream import Stream
from .tally import Tally

__all__ = ["Console", "restore_command"]

_SYMBOLS = {Exit.OK: "\u2705 ", Exit.PENDING: "\U0001f527 "}
_STYLES = {"+": "green", "-": "red", "@": "cyan"}
_TROUBLE = "\u274c "
_ENOUGH_FOR_A_BAR = 5


class Console:
    """Says what happens, for people; symbols only where the terminal can show them.

    Args:
        file: Where to.
        verbosity: -1 for errors only, 0, or 1 to tell what was found in order as well.
        undo: The command line that restores, up to the backup's id.
    """

    def __init__(self, file: TextIO, verbosity: int = 0, undo: str = "") -> None:
        self.stream, self.verbosity, self.undo = Stream(file), verbosity, undo

    @property
    def fancy(self) -> bool:
        """True on a terminal that speaks UTF-8."""
        return self.stream.fancy

    def line(self, text: str = "") -> None:
        """Write one line."""
        self.stream.write(text + "\n")

    def progress(self, total: int) -> AbstractContextManager[None]:
        """A bar for so many scripts, on a terminal."""
        shown = self.fancy and total > _ENOUGH_FOR_A_BAR
        return self.stream.progress(total) if shown else nullcontext()

    def outcome(self, outcome: Outcome) -> None:
        """Say what became of one script, at once.

        Args:
            outcome: The outcome.
        """
        self.stream.advance()
        if self.verbosity >= 0 or outcome.exit not in (Exit.OK, Exit.PENDING):
            for text in self._outcome_lines(outcome):
                self.line(text)
        self.stream.flush()

    def _outcome_lines(self, outcome: Outcome) -> Iterator[str]:
        position = f":{outcome.position}" if outcome.position else ""
        symbol = _SYMBOLS.get(outcome.exit, _TROUBLE) if self.fancy else ""
        head, *more = outcome.message.split("\n")
        yield f"{symbol}{_shown(outcome.path)}{position}: {head}{_count(outcome)}"
        yield from more
        if outcome.plan is not None:
            yield from (f"  {text}" for text in _finding_lines(outcome, self.verbosity))
        if outcome.hint:
            yield f"  hint: {outcome.hint}"
        if outcome.backup is not None:
            yield from self.undo_lines(outcome.backup)

    def undo_lines(self, backup: Backup) -> Iterator[str]:
        """How to undo what a backup was made for; the script is named where its id alone would not do."""
        home = backup.folder.parent.resolve().parent
        inside = backup.path.is_relative_to(home) and backup.manifest.real.is_relative_to(home)
        name = "" if inside else f" {shlex.quote(str(backup.path))}"
        yield f"Backup: {backup.id}"
        yield f"To undo: {self.undo} {backup.id}{name}"

    def total(self, tally: Tally, signal: str) -> None:
        """Say what concerns all scripts, and how many came to which end where there are several.

        Args:
            tally: All outcomes.
            signal: The signal that ended the run; empty where none did.
        """
        if self.verbosity < 0 and not signal and tally.is_well:
            return
        for note in tally.notes:
            self.line(note)
        if tally.files > 1:
            parts = ", ".join(f"{count} {state}" for state, count in tally.counted.items())
            self.line(f"{tally.files} files: {parts}")
        if signal:
            left = f": {tally.left_over} not looked at" if tally.left_over else ""
            self.line(f"interrupted by {signal}{left}")
        self.stream.flush()

    def diff(self, outcome: Outcome) -> None:
        """Write the change of one script as a unified diff, coloured on a terminal."""
        self.diff_text(list(diff_lines(outcome)))

    def diff_text(self, lines: list[str]) -> None:
        """Write the lines of a diff."""
        if not lines:
            return
        if self.fancy and "NO_COLOR" not in os.environ:
            from rich.console import Console as RichConsole
            from rich.text import Text

            console = RichConsole(file=self.stream.file)
            for line in lines:
                console.print(Text(line, _STYLES.get(line[:1], "")), soft_wrap=True)
            return
        for line in lines:
            self.line(line)

    def backups(self, store: Store) -> None:
        """List backups, the latest last, and then what should be one and cannot be read."""
        found = list(store)
        for backup in found:
            created = backup.manifest.created[:19].replace("T", " ")
            self.line(f"{backup.id}  {created} UTC  {backup.manifest.kind:7}  {_shown(backup.path)}")
        if not found:
            self.line("no backups")
        for name, reason in store.damaged():
            self.line(f"{_shown(name)}  damaged: {_shown(reason)}")

    def fixes(self, fixes: Iterable[Fix]) -> None:
        """List fixes, one line each."""
        for fix in fixes:
            self.line(f"{fix.name:24}{fix.summary}")

    def explain(self, fix: Fix) -> None:
        """Describe one fix with its examples."""
        self.line(f"{fix.name}: {fix.summary}")
        self.line()
        self.line(fix.description)
        for case in fix.cases:
            self.line()
            self.line(f"-- {case.title}")
            for text in case_diff(case.before, case.after):
                self.line(f"    {text}")
            for code in case.diagnostics:
                self.line(f"    (reported: {code})")


def case_diff(before: str, after: str | None) -> Iterator[str]:
    """An example as a diff without headers; the script alone where nothing changes."""
    if after is None:
        yield from (f"  {line}" for line in before.splitlines())
        return
    for line in difflib.ndiff(before.splitlines(), after.splitlines()):
        if not line.startswith("?"):
            yield line


def _shown(path: object) -> str:
    """A path without the control characters that a hostile name may hold."""
    return "".join(c if c.isprintable() or c == " " else repr(c)[1:-1] for c in str(path))


def _count(outcome: Outcome) -> str:
    if outcome.plan is None or not outcome.changed:
        return ""
    edits = outcome.plan.edits
    fixes = len({edit.fix for edit in edits})
    return f", {len(edits)} change{'s' * (len(edits) != 1)} by {fixes} fix{'es' * (fixes != 1)}"


def _finding_lines(outcome: Outcome, verbosity: int) -> Iterator[str]:
    """One line per finding: place, fix, message; refusals first, hints below what they belong to."""
    plan = outcome.plan
    assert plan is not None
    for diagnostic in plan.refusals:
        yield from _remark_lines(diagnostic)
    if outcome.changed:
        for edit in plan.edits:
            yield f"{edit.position!s:>8}  {edit.fix:24}{edit.message}"
    for diagnostic in plan.diagnostics:
        if diagnostic.kind == "notice" or (diagnostic.kind == "satisfied" and verbosity > 0):
            yield from _remark_lines(diagnostic)


def _remark_lines(diagnostic: Diagnostic) -> Iterator[str]:
    what = f"{_label(diagnostic)}: {diagnostic.message} [{diagnostic.code}]"
    yield f"{diagnostic.position!s:>8}  {diagnostic.fix:24}{what}"
    if diagnostic.hint:
        yield f"{'':10}{'':24}hint: {diagnostic.hint}"


def _label(diagnostic: Diagnostic) -> str:
    return {"refused": "refused", "notice": "left alone", "satisfied": "fine"}[diagnostic.kind]


def restore_command(root: Path) -> str:
    """The command that restores, as the user would type it.

    Args:
        root: The store's folder; any but the default one is named by its absolute path, and works from everywhere.
    """
    program = Path(sys.argv[0])
    tool = "python patch_train_stable.py"
    if program.name == "__main__.py":
        tool = f"python -m {__package__.partition('.')[0]}"
    elif program.suffix == ".py":
        tool = f"python {shlex.quote(sys.argv[0])}"
    elif program.name.startswith(("patch", "stable")):
        tool = program.name
    where = "" if root == DEFAULT_BACKUPS else f" --backup-dir {shlex.quote(str(root.absolute()))}"
    return f"{tool}{where} --restore"
