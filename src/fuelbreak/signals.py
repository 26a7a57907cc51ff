"""Stopping at a step boundary: a signal handler only sets a flag, the loop acts on it."""

from __future__ import annotations

import signal
from types import FrameType

__all__ = ["StopRequest"]


class StopRequest:
    """Remembers the first SIGINT or SIGTERM until the loop asks for it; the second one ends the program."""

    def __init__(self) -> None:
        self.signal_number: int | None = None
        self._previous = {
            number: signal.signal(number, self._note) for number in (signal.SIGINT, signal.SIGTERM)
        }

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.signal_number = number
        for each in self._previous:
            signal.signal(each, signal.default_int_handler if each == signal.SIGINT else signal.SIG_DFL)

    def __bool__(self) -> bool:
        return self.signal_number is not None

    def restore(self) -> None:
        """Put the previous handlers back."""
        for number, handler in self._previous.items():
            signal.signal(number, handler)
