"""Where a line of the old script stands in the new one."""

from __future__ import annotations

from bisect import bisect_right
from difflib import SequenceMatcher

from ..syntax.source import Position

__all__ = ["PositionMap"]


class PositionMap:
    """Maps places of one text to another that was made from it.

    Args:
        before: The old text.
        after: The new text.
    """

    def __init__(self, before: str, after: str) -> None:
        matcher = SequenceMatcher(None, before.splitlines(), after.splitlines())
        self._spans = [(i1, i2, j1, j2) for _, i1, i2, j1, j2 in matcher.get_opcodes()]
        self._starts = [i1 for i1, i2, _, _ in self._spans if i2 > i1]
        self._filled = [span for span in self._spans if span[1] > span[0]]

    def after(self, position: Position) -> Position:
        """The place in the new text: the same line, or the one that took its place.

        Args:
            position: A place in the old text.
        """
        if not self._filled:
            return position
        index = max(bisect_right(self._starts, position.line - 1) - 1, 0)
        first, _, start, end = self._filled[index]
        line = min(start + position.line - 1 - first, max(end - 1, start))
        return Position(line + 1, position.column)
