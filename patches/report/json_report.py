"""One JSON document for all scripts, written as their outcomes come: none of them is kept."""

from __future__ import annotations

import json
import textwrap
from typing import Any

from ..run.outcome import Outcome
from ..syntax.edits import Diagnostic, Edit
from .stream import Stream
from .tally import Tally

__all__ = ["JsonReport"]


class JsonReport:
    """Writes `{"schema": 1, "files": [...], "total": {...}}`.

    Args:
        stream: Where to.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream, self._count = stream, 0
        stream.write('{\n  "schema": 1,\n  "files": [')

    def outcome(self, outcome: Outcome) -> None:
        """Add one script."""
        text = textwrap.indent(json.dumps(_file(outcome), indent=2), " " * 4)
        self._stream.write(("," if self._count else "") + "\n" + text)
        self._stream.flush()
        self._count += 1

    def close(self, tally: Tally, signal: str) -> None:
        """End the document.

        Args:
            tally: All outcomes.
            signal: The signal that ended the run early; empty where none did.
        """
        end = "\n  " if self._count else ""
        rest = {
            "total": tally.counted,
            "notes": list(tally.notes),
            "interrupted": signal or None,
            "left_over": tally.left_over,
        }
        self._stream.write(f"{end}],\n" + json.dumps(rest, indent=2)[2:] + "\n")
        self._stream.flush()


def _file(outcome: Outcome) -> dict[str, Any]:
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
        "edits": [_finding(edit) for edit in plan.edits] if plan else [],
        "remarks": [_finding(diagnostic) for diagnostic in plan.diagnostics] if plan else [],
    }


def _finding(finding: Edit | Diagnostic) -> dict[str, Any]:
    common = {
        "fix": finding.fix,
        "line": finding.position.line,
        "column": finding.position.column,
        "message": finding.message,
    }
    if isinstance(finding, Diagnostic):
        return {**common, "kind": finding.kind, "code": finding.code, "hint": finding.hint}
    return common
