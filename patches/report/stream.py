"""Standard output, as it is found: a terminal, a pipe that somebody closes, a full disk, or nothing at all."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = ["OutputClosedError", "Stream", "settle_output", "standard_output"]


class OutputClosedError(Exception):
    """Nobody reads what is written any more."""


class Stream:
    """Writes lines, above a progress bar where there is one.

    Args:
        file: Where to.
    """

    def __init__(self, file: TextIO) -> None:
        self.file = file
        self._bar: Progress | None = None

    @property
    def fancy(self) -> bool:
        """True on a terminal that speaks UTF-8."""
        encoding = (getattr(self.file, "encoding", None) or "").lower().replace("-", "")
        return self.file.isatty() and encoding == "utf8" and os.environ.get("TERM") != "dumb"

    def write(self, text: str) -> None:
        """Write lines; what the stream cannot encode is replaced.

        Raises:
            OutputClosedError: If nobody reads them.
        """
        encoding = getattr(self.file, "encoding", None) or "utf-8"
        text = text.encode(encoding, "replace").decode(encoding)
        try:
            if self._bar is not None:
                self._bar.console.out(text, end="", highlight=False)
            else:
                self.file.write(text)
        except (OSError, ValueError) as error:
            raise OutputClosedError from error

    def flush(self) -> None:
        """Hand on what was written.

        Raises:
            OutputClosedError: If nobody reads it.
        """
        try:
            self.file.flush()
        except (OSError, ValueError) as error:
            raise OutputClosedError from error

    @contextmanager
    def progress(self, total: int) -> Iterator[None]:
        """Show a bar meanwhile, below the lines that are written.

        Args:
            total: How many steps make it full.
        """
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

        columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        console = Console(file=self.file, soft_wrap=True)
        self._bar = Progress(*columns, console=console, auto_refresh=False, transient=True)
        try:
            with self._bar:
                self._bar.add_task("", total=total)
                yield
        finally:
            self._bar = None

    def advance(self) -> None:
        """Move the bar on, if there is one."""
        if self._bar is not None:
            self._bar.advance(self._bar.task_ids[0])
            self._bar.refresh()


def settle_output() -> None:
    """Flush what is left; where nobody reads it, keep the interpreter from complaining of that as it ends."""
    for file in (sys.stdout, sys.stderr):
        if file is None:
            continue
        try:
            file.flush()
        except (OSError, ValueError):
            with contextlib.suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), file.fileno())


def standard_output() -> TextIO:
    """Standard output; a file that forgets where there is none (`>&-`)."""
    if sys.stdout is not None:
        return sys.stdout
    while (descriptor := os.open(os.devnull, os.O_WRONLY)) <= 2:
        continue  # 0 to 2 are taken, so that no file of ours becomes what a child takes for its output
    return os.fdopen(descriptor, "w", encoding="utf-8")
