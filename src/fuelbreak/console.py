"""The program's own console lines: symbols where the terminal can show them, plain text where not."""

from __future__ import annotations

import contextlib
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TextIO

from fuelbreak.errors import FuelBreakError

__all__ = [
    "Advance",
    "Progress",
    "counted",
    "going_on_without",
    "in_words",
    "make_folder",
    "no_progress",
    "progress_aside",
    "progress_bar",
    "run_command",
    "say",
]

Advance = Callable[[int], None]
"""Told how many steps are done now."""

Progress = Callable[[str, int], AbstractContextManager[Advance]]
"""Shows progress: of what, and steps in all."""

_LINE_EVERY_S = 15.0
_SECONDS_UP_TO, _MINUTES_UP_TO = 100.0, 5400.0

_SYMBOLS = {
    "device": "\N{ROCKET}",
    "target": "\N{DIRECT HIT}",
    "folder": "\N{OPEN FILE FOLDER}",
    "ok": "\N{WHITE HEAVY CHECK MARK}",
    "setup": "\N{WRENCH}",
    "reset": "\N{ANTICLOCKWISE DOWNWARDS AND UPWARDS OPEN CIRCLE ARROWS}",
    "warning": "\N{WARNING SIGN}",
}


def say(text: str, symbol: str = "", stream: TextIO | None = None) -> None:
    """Print one line at once, led by a symbol if a person is looking through a UTF-8 terminal.

    Args:
        text: The line.
        symbol: One of device, target, folder, ok, setup, reset, warning; "" for none.
        stream: Where to; by default the standard output.
    """
    stream = sys.stdout if stream is None else stream
    lead = f"{_SYMBOLS[symbol]} " if symbol and _shows_symbols(stream) else ""
    print(f"{lead}{text}", file=stream, flush=True)


def _shows_symbols(stream: TextIO) -> bool:
    return stream.isatty() and (stream.encoding or "").lower().replace("-", "") == "utf8"


@contextlib.contextmanager
def going_on_without(what: str) -> Iterator[None]:
    """Say what could not be written, where a disk is full, and go on: what was learned is worth more than a file."""
    try:
        yield
    except OSError as error:
        say(f"Not written: {what} ({error}); training goes on", "warning")


def run_command(work: Callable[[], None]) -> int:
    """Do what a command was asked for; say what is wrong with its input in one line on the standard error.

    Args:
        work: It.

    Returns:
        The exit code: 0; 2 for input that cannot be used, 130 after Ctrl-C.
    """
    try:
        work()
    except (FuelBreakError, OSError) as error:
        say(f"Error: {error}", stream=sys.stderr)
        return 2
    except KeyboardInterrupt:
        say("Interrupted", stream=sys.stderr)
        return 130
    return 0


@contextlib.contextmanager
def progress_bar(what: str, total: int, done: int = 0) -> Iterator[Advance]:
    """A bar below the lines that are printed meanwhile, where the standard output is a terminal; else nothing.

    Args:
        what: What makes progress.
        total: Steps in all.
        done: Steps that are done already.

    Yields:
        A function to be told how many steps are done now.
    """
    if not sys.stdout.isatty():
        yield lambda _: None
        return
    with _bar(what, total, done, sys.stdout) as advance:
        yield advance


@contextlib.contextmanager
def progress_aside(what: str, total: int) -> Iterator[Advance]:
    """Progress on the standard error: a bar where that is a terminal, else a line every now and then.

    Args:
        what: What makes progress.
        total: Steps in all.

    Yields:
        As `progress_bar`.
    """
    if sys.stderr.isatty():
        with _bar(what, total, 0, sys.stderr) as advance:
            yield advance
        return
    started = said = time.monotonic()

    def advance_line(done: int) -> None:
        nonlocal said
        now = time.monotonic()
        if now - said >= _LINE_EVERY_S:
            said = now
            left = f", {in_words((now - started) * (total - done) / done)} to go" if 0 < done < total else ""
            say(f"{what}: {done} of {total}{left}", stream=sys.stderr)

    yield advance_line


@contextlib.contextmanager
def no_progress(what: str, total: int) -> Iterator[Advance]:  # noqa: ARG001 - the signature of `Progress`
    """Shows nothing."""
    yield lambda _: None


def make_folder(folder: Path, option: str) -> None:
    """Make sure that there is a folder to write to.

    Args:
        folder: It.
        option: Of the command line, that named it.

    Raises:
        FuelBreakError: It cannot be made, or not be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise FuelBreakError(
            f"{folder}: cannot be written to ({error.strerror}); give another folder with {option}"
        ) from error


def counted(number: int, thing: str) -> str:
    """So many of a thing: "1 cell", "2 cells"."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def in_words(seconds: float) -> str:
    """A duration as a person says it: "about 40 s", "about 3 minutes", "about 2.5 hours"."""
    if seconds < _SECONDS_UP_TO:
        return f"about {max(seconds, 1.0):.0f} s"
    if seconds < _MINUTES_UP_TO:
        return f"about {seconds / 60.0:.0f} minutes"
    return f"about {seconds / 3600.0:.1f} hours"


@contextlib.contextmanager
def _bar(what: str, total: int, done: int, stream: TextIO) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn(what),
        BarColumn(None),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Progress(*columns, console=Console(file=stream), transient=True) as progress:
        task = progress.add_task(what, total=total, completed=done)
        yield lambda now: progress.update(task, completed=now)
