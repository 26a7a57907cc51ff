"""Console lines: symbols only where they can be seen."""

from __future__ import annotations

import contextlib
import io
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from fuelbreak.console import progress_bar, say


class Terminal(io.StringIO):
    def __init__(self, encoding: str, tty: bool) -> None:
        super().__init__()
        self._encoding, self._tty = encoding, tty

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding

    def isatty(self) -> bool:
        return self._tty


@pytest.mark.parametrize(
    ("encoding", "tty", "lead"),
    [
        ("utf-8", True, "\N{ROCKET} "),
        ("UTF8", True, "\N{ROCKET} "),
        ("utf-8", False, ""),
        ("ascii", True, ""),
    ],
)
def test_a_symbol_leads_only_on_a_utf8_terminal(encoding: str, tty: bool, lead: str) -> None:
    stream = Terminal(encoding, tty)
    say("Using device cpu", "device", stream)
    assert stream.getvalue() == f"{lead}Using device cpu\n"


def test_an_unknown_symbol_is_a_mistake_of_the_program() -> None:
    with pytest.raises(KeyError):
        say("text", "no such symbol", Terminal("utf-8", True))


def test_without_a_terminal_there_is_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("Training", total=10) as show:
        show(5)
        say("a line")
    assert capsys.readouterr().out == "a line\n"


def test_on_a_terminal_lines_stay_above_a_bar_that_goes_away(root: Path) -> None:
    master, slave = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", BAR], stdout=slave, env={**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    ) as child:
        os.close(slave)
        shown = b""
        with contextlib.suppress(OSError):  # the terminal is gone when the program has ended
            while block := os.read(master, 4096):
                shown += block
    os.close(master)
    assert child.returncode == 0
    text = shown.decode()
    assert "5/10" in text
    assert "a line" in text
    assert text.rindex("last line") > text.rindex("5/10")


BAR = """
import time
from fuelbreak.console import progress_bar, say
with progress_bar("Training", total=10) as show:
    show(5)
    say("a line")
    time.sleep(0.3)
say("last line")
"""
