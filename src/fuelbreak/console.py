"""The program's own console lines: symbols where the terminal can show them, plain text where not."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import TextIO

__all__ = ["progress_bar", "say"]

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
def progress_bar(what: str, total: int, done: int = 0) -> Iterator[Callable[[int], None]]:
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
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn(what),
        BarColumn(None),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Progress(*columns, transient=True) as progress:
        task = progress.add_task(what, total=total, completed=done)
        yield lambda now: progress.update(task, completed=now)
