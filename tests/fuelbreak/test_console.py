"""Console lines: symbols only where they can be seen."""

from __future__ import annotations

import io

import pytest

from fuelbreak.console import say


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
