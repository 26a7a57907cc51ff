"""The program's own console lines: symbols where the terminal can show them, plain text where not."""

from __future__ import annotations

import sys
from typing import TextIO

__all__ = ["say"]

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
