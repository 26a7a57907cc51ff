"""Where a line of the old script stands in the new one."""

from __future__ import annotations

from bisect import bisect_right

from ..syntax.source import Position
from .line_diff import opcodes

__all__ = ["PositionMap"]


class PositionMap:
    """Maps places of one text to another that was made from it.

    Args:
        before: The old text.
        after: The new text.
    """

    def __init__(self, before: str, after: str) -> None:
        changes = opcodes(before.splitlines(), after.splitlines())
        self._filled = [(i1, i2, j1, j2) for _, i1, i2, j1, j2 in changes if i2 > i1]
        self._starts = [i1 for i1, _, _, _ in self._filled]

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
