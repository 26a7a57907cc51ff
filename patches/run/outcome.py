"""What became of one script, and the exit code that says so."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from pathlib import Path

from ..syntax.source import Position
from .backups import Backup
from .plan import Plan

__all__ = ["Exit", "Outcome", "reason"]


class Exit(IntEnum):
    """Exit codes of the command line; the worst one of several files counts."""

    OK = 0
    PENDING = 1
    USAGE = 2
    REFUSED = 3
    UNREADABLE = 4
    VERIFICATION = 5
    IO = 6


@dataclass(frozen=True)
class Outcome:
    """What became of one script.

    Attributes:
        path: The script, as the user named it.
        exit: What to report.
        message: One line for people.
        hint: What to do next, where something is wrong.
        position: Where, for a script that cannot be read.
        plan: What was found, where the script could be read.
        after: The new bytes, where there are any; written or not.
        backup: The backup that was made.
    """

    path: Path
    exit: Exit
    message: str = ""
    hint: str = ""
    position: Position | None = None
    plan: Plan | None = None
    after: bytes | None = None
    backup: Backup | None = None

    @property
    def changed(self) -> bool:
        """True where the new bytes differ from the old ones."""
        return self.plan is not None and self.after is not None and self.after != self.plan.source.data

    @property
    def is_patched(self) -> bool:
        """True where the file holds the new bytes now."""
        return self.changed and self.backup is not None and self.exit is not Exit.VERIFICATION

    def failed(self, code: Exit, message: str, hint: str) -> Outcome:
        """The same script, of which nothing will be written.

        Args:
            code: What to report.
            message: Why.
            hint: What to do next.
        """
        return replace(self, exit=code, message=message, hint=hint, after=None, backup=None)


def reason(error: OSError) -> str:
    """What the system complains about, in one line."""
    where = f": {error.filename}" if error.filename else ""
    return f"{error.strerror or error}{where}"
