"""Which lines of two texts belong together, in linear time where the changes are small, as a patch's are.

`difflib` alone compares every line with every equal one: minutes for 100,000 short lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

__all__ = ["Opcode", "opcodes"]

Opcode = tuple[str, int, int, int, int]
_ANCHOR = 3
_WIDEST = 400


def opcodes(before: Sequence[str], after: Sequence[str]) -> list[Opcode]:
    """How to turn one list of lines into another, as `SequenceMatcher.get_opcodes` says it.

    Args:
        before: The old lines.
        after: The new lines.
    """
    found: list[Opcode] = []
    i = j = 0
    while i < len(before) or j < len(after):
        start = i, j
        while i < len(before) and j < len(after) and before[i] == after[j]:
            i, j = i + 1, j + 1
        if (i, j) != start:
            found.append(("equal", start[0], i, start[1], j))
        if i < len(before) or j < len(after):
            end_i, end_j = _meeting(before, after, i, j)
            found += _small(before, after, i, end_i, j, end_j)
            i, j = end_i, end_j
    return found


def _meeting(before: Sequence[str], after: Sequence[str], i: int, j: int) -> tuple[int, int]:
    """The nearest place at which some lines in a row, or all that are left, are the same again."""
    for distance in range(1, min(_WIDEST, len(before) - i + len(after) - j) + 1):
        for skipped in range(max(0, distance - (len(after) - j)), min(distance, len(before) - i) + 1):
            a, b = i + skipped, j + distance - skipped
            if before[a : a + _ANCHOR] == after[b : b + _ANCHOR]:
                return a, b
    return len(before), len(after)


def _small(
    before: Sequence[str], after: Sequence[str], i: int, end_i: int, j: int, end_j: int
) -> Iterator[Opcode]:
    """The changes between two places where the texts agree."""
    if (end_i - i) * (end_j - j) > _WIDEST**2:
        yield "replace", i, end_i, j, end_j
        return
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, before[i:end_i], after[j:end_j]).get_opcodes():
        yield tag, i + i1, i + i2, j + j1, j + j2
