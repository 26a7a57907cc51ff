"""Ctrl-C, SIGTERM and SIGHUP: a flag, and one exception where nothing is half done.

What changes the disk runs to its end with the flag set. Planning, waiting for a lock and waiting for the trial run are
left at once, because they have changed nothing, or are undone by whoever waits.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

__all__ = ["Interrupted", "Signals", "exit_on_signals"]

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


class Interrupted(BaseException):
    """A signal asks the run to end. No `Exception`: nothing that handles errors may swallow it.

    Attributes:
        number: The signal.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(signal.Signals(number).name)


class Signals:
    """The signals of one run.

    Attributes:
        received: The first signal that came.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._may_raise = False

    @contextmanager
    def handled(self) -> Iterator[None]:
        """Take the signals over, and give them back afterwards; ignored ones (nohup) stay ignored."""
        previous = {}
        for number in _numbers():
            if signal.getsignal(number) is not signal.SIG_IGN:
                previous[number] = signal.signal(number, self._receive)
        report, sys.unraisablehook = sys.unraisablehook, _without_interruptions(sys.unraisablehook)
        try:
            yield
        finally:
            sys.unraisablehook = report
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        if self.received is None:
            self.received = number
        if self._may_raise:
            self._may_raise = False
            raise Interrupted(self.received)

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """A block that a signal may leave anywhere, by `Interrupted`.

        What other code makes of the exception on its way (a `finally` that fails, a handler that swallows it) is not
        taken for a result: where a signal has come, the block ends by `Interrupted` all the same.
        """
        try:
            self._may_raise = True
            self.check()
            yield
        except Exception as error:
            self._may_raise = False
            if self.received is not None:
                raise Interrupted(self.received) from error
            raise
        finally:
            self._may_raise = False
        self.check()

    def check(self) -> None:
        """Raise where a signal has come.

        Raises:
            Interrupted: If so.
        """
        if self.received is not None:
            self._may_raise = False
            raise Interrupted(self.received)


def _without_interruptions(report: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Keep quiet about an `Interrupted` that Python drops, in the end of a generator: the signal is remembered."""

    def reported(dropped: Any) -> None:
        if not isinstance(dropped.exc_value, Interrupted):
            report(dropped)

    return reported


def exit_on_signals() -> None:
    """While the tool is still being imported nothing is at stake: end at once, without a traceback."""
    for number in _numbers():
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _exit)


def _exit(number: int, _frame: FrameType | None) -> None:
    os._exit(128 + number)


def _numbers() -> list[signal.Signals]:
    return [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
