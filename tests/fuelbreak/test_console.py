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

from fuelbreak.console import in_words, make_folder, progress_aside, progress_bar, run_command, say
from fuelbreak.errors import FuelBreakError


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


def test_aside_of_a_pipe_there_is_a_line_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 5.0, 20.0, 25.0, 60.0])
    monkeypatch.setattr("fuelbreak.console.time.monotonic", lambda: next(clock))
    with progress_aside("Planning", total=10) as show:
        for done in (1, 4, 5, 10):
            show(done)
    printed = capsys.readouterr()
    assert printed.err == "Planning: 4 of 10, about 30 s to go\nPlanning: 10 of 10\n"
    assert printed.out == ""


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.2, "about 1 s"), (42.3, "about 42 s"), (150.0, "about 2 minutes"), (9000.0, "about 2.5 hours")],
)
def test_durations_are_said_as_people_say_them(seconds: float, said: str) -> None:
    assert in_words(seconds) == said


@pytest.mark.parametrize(
    ("raised", "code", "said"),
    [
        (None, 0, ""),
        (FuelBreakError("no fuel"), 2, "Error: no fuel\n"),
        (FileNotFoundError("no checkpoint"), 2, "Error: no checkpoint\n"),
        (KeyboardInterrupt(), 130, "Interrupted\n"),
    ],
)
def test_a_command_ends_with_a_line_and_a_code(
    raised: BaseException | None, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def work() -> None:
        if raised is not None:
            raise raised

    assert run_command(work) == code
    assert capsys.readouterr().err == said


def test_a_folder_that_cannot_be_written_to_is_named_with_the_option(tmp_path: Path) -> None:
    make_folder(tmp_path / "new" / "folder", "--out")
    assert list((tmp_path / "new" / "folder").iterdir()) == []
    (tmp_path / "file").write_text("mine")
    with pytest.raises(
        FuelBreakError, match=r"file: cannot be written to \(File exists\); give another folder with --out"
    ):
        make_folder(tmp_path / "file", "--out")


def test_what_is_no_fault_of_the_input_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        run_command(lambda: print(1 // 0))


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
from fuelbreak.console import in_words, make_folder, progress_aside, progress_bar, run_command, say
from fuelbreak.errors import FuelBreakError
with progress_bar("Training", total=10) as show:
    show(5)
    say("a line")
    time.sleep(0.3)
say("last line")
"""
