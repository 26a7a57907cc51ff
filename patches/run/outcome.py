"""What became of one script, and the exit code that says so."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from ..syntax.source import Position
from .backups import Backup
from .plan import Plan

__all__ = ["Exit", "Outcome"]


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
