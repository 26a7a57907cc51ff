"""What a run has to say: plain lines for people, a unified diff, and JSON for programs."""

from __future__ import annotations

import difflib
import json
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from ..fixes.model import Fix
from ..run.backups import Backup
from ..run.outcome import Exit, Outcome
from ..syntax.edits import Diagnostic, Edit
from ..syntax.source import Source

__all__ = ["Console", "diff_lines", "restore_command", "text_diff", "to_json"]

_SYMBOLS = {Exit.OK: "\u2705 ", Exit.PENDING: "\U0001f527 "}
_STYLES = {"+": "green", "-": "red", "@": "cyan"}
_TROUBLE = "\u274c "


@dataclass(frozen=True)
class Console:
    """Writes lines; symbols only where the terminal can show them.

    Attributes:
        stream: Where to.
        verbosity: -1 for errors only, 0, or 1 to tell what was found in order as well.
    """

    stream: TextIO
    verbosity: int = 0

    @property
    def fancy(self) -> bool:
        """True on a terminal that speaks UTF-8."""
        encoding = (getattr(self.stream, "encoding", None) or "").lower().replace("-", "")
        return self.stream.isatty() and encoding == "utf8" and os.environ.get("TERM") != "dumb"

    def line(self, text: str = "") -> None:
        """Write one line; what the stream cannot encode is replaced."""
        encoding = getattr(self.stream, "encoding", None) or "utf-8"
        self.stream.write(text.encode(encoding, "replace").decode(encoding) + "\n")

    def outcome(self, outcome: Outcome, restore_command: str) -> None:
        """Say what became of one script.

        Args:
            outcome: The outcome.
            restore_command: The command line that undoes it, up to the backup's id.
        """
        if self.verbosity < 0 and outcome.exit in (Exit.OK, Exit.PENDING):
            return
        position = f":{outcome.position}" if outcome.position else ""
        symbol = _SYMBOLS.get(outcome.exit, _TROUBLE) if self.fancy else ""
        self.line(f"{symbol}{outcome.path}{position}: {outcome.message}{_count(outcome)}")
        if outcome.plan is not None:
            for text in _finding_lines(outcome, self.verbosity):
                self.line(f"  {text}")
        if outcome.hint:
            self.line(f"  hint: {outcome.hint}")
        if outcome.backup is not None:
            self.line(f"Backup: {outcome.backup.id}")
            self.line(f"To undo: {restore_command} {outcome.backup.id}")

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

            console = RichConsole(file=self.stream)
            for line in lines:
                console.print(Text(line, _STYLES.get(line[:1], "")), soft_wrap=True)
            return
        for line in lines:
            self.line(line)

    def backups(self, backups: Iterable[Backup]) -> None:
        """List backups, the latest last."""
        found = False
        for backup in backups:
            found = True
            created = str(backup.manifest["created"])[:19].replace("T", " ")
            self.line(f"{backup.id}  {created} UTC  {backup.kind:7}  {backup.path}")
        if not found:
            self.line("no backups")

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


def diff_lines(outcome: Outcome) -> Iterator[str]:
    """The unified diff of one script, line ends left out."""
    if not outcome.changed:
        return
    assert outcome.plan is not None
    assert outcome.after is not None
    after = _text(outcome.plan.source, outcome.after)
    yield from text_diff(outcome.path.as_posix(), outcome.plan.source.text, after)


def text_diff(name: str, before: str, after: str) -> Iterator[str]:
    """A unified diff of two texts, line ends left out."""
    names = (f"a/{name.lstrip('/')}", f"b/{name.lstrip('/')}")
    yield from difflib.unified_diff(_lines(before), _lines(after), *names, lineterm="")


def _text(source: Source, after: bytes) -> str:
    return after.decode("utf-8-sig" if source.bom else source.encoding)


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def to_json(outcomes: Iterable[Outcome]) -> str:
    """All outcomes as one JSON document."""
    return json.dumps({"schema": 1, "files": [_json_outcome(outcome) for outcome in outcomes]}, indent=2)


def _json_outcome(outcome: Outcome) -> dict[str, Any]:
    plan = outcome.plan
    position = {"line": outcome.position.line, "column": outcome.position.column} if outcome.position else {}
    return {
        "path": str(outcome.path),
        "exit": int(outcome.exit),
        "status": outcome.exit.name.lower(),
        "message": outcome.message,
        "hint": outcome.hint,
        **position,
        "changed": outcome.changed,
        "backup": outcome.backup.id if outcome.backup else None,
        "edits": [_json_finding(edit) for edit in plan.edits] if plan else [],
        "remarks": [_json_finding(diagnostic) for diagnostic in plan.diagnostics] if plan else [],
    }


def _json_finding(finding: Edit | Diagnostic) -> dict[str, Any]:
    common = {
        "fix": finding.fix,
        "line": finding.position.line,
        "column": finding.position.column,
        "message": finding.message,
    }
    if isinstance(finding, Diagnostic):
        return {**common, "kind": finding.kind, "code": finding.code, "hint": finding.hint}
    return common


def restore_command(backup_dir: Path, default: Path) -> str:
    """The command that restores, as the user would type it."""
    tool = f"python {sys.argv[0]}" if sys.argv[0].endswith(".py") else "python patch_train_stable.py"
    where = "" if backup_dir == default else f" --backup-dir {backup_dir}"
    return f"{tool}{where} --restore"
