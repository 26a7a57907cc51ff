"""Where a line of the old script stands in the new one."""

from __future__ import annotations

import pytest

from patches.run.positions import PositionMap
from patches.syntax.source import Position


@pytest.mark.parametrize(
    ("before", "after", "line", "expected"),
    [
        ("a\nb\nc\n", "a\nb\nc\n", 2, 2),
        ("a\nb\nc\n", "x\na\nb\nc\n", 2, 3),
        ("a\nb\nc\n", "b\nc\n", 3, 2),
        ("a\nb\nc\n", "a\nB\nc\n", 2, 2),
        ("a\nb\nc\n", "a\nB\nB2\nc\n", 3, 4),
        ("a\nb1\nb2\nb3\nc\n", "a\nB\nc\n", 4, 2),
        ("a\nb\nc\n", "a\nc\n", 2, 2),
        ("", "", 1, 1),
    ],
)
def test_place(before: str, after: str, line: int, expected: int) -> None:
    assert PositionMap(before, after).after(Position(line, 7)) == Position(expected, 7)
