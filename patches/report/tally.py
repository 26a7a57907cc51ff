"""What a run over several scripts adds up to."""

from __future__ import annotations

from collections import Counter

from ..run.outcome import Exit, Outcome

__all__ = ["Tally"]

_STATES = {
    Exit.OK: "nothing to do",
    Exit.PENDING: "with changes pending",
    Exit.REFUSED: "refused",
    Exit.UNREADABLE: "unreadable",
    Exit.VERIFICATION: "failed and left as they were",
    Exit.IO: "with a trouble of disk, lock or rights",
}


class Tally:
    """Counts outcomes; it keeps none of them.

    Attributes:
        exit: Exit code of the worst one.
        notes: What concerns more than one script, each said once.
        is_patched: True where a script was patched.
        left_over: Scripts that were not looked at, because a signal came.
    """

    def __init__(self) -> None:
        self.exit: int = Exit.OK
        self.notes: dict[str, None] = {}
        self.is_patched = False
        self.left_over = 0
        self._counted: Counter[str] = Counter()

    def add(self, outcome: Outcome) -> None:
        """Count one outcome."""
        self.exit = max(self.exit, outcome.exit)
        self.is_patched |= outcome.is_patched
        self._counted["patched" if outcome.is_patched else _STATES[outcome.exit]] += 1

    def note(self, text: str) -> None:
        """Remember what is to be said at the end; nothing, where the text is empty."""
        if text:
            self.notes[text] = None

    @property
    def is_well(self) -> bool:
        """True where nothing went wrong and nothing is to be said."""
        return self.exit in (Exit.OK, Exit.PENDING) and not self.notes

    @property
    def files(self) -> int:
        """How many scripts were counted."""
        return self._counted.total()

    @property
    def counted(self) -> dict[str, int]:
        """How many scripts came to which end, what is best first."""
        states = ("patched", *_STATES.values())
        return {state: self._counted[state] for state in states if self._counted[state]}
