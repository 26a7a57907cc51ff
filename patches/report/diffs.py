"""Unified diffs of scripts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from ..run.line_diff import opcodes
from ..run.outcome import Outcome

__all__ = ["diff_lines", "text_diff"]


def diff_lines(outcome: Outcome) -> Iterator[str]:
    """The unified diff of one script, line ends left out."""
    if not outcome.changed:
        return
    assert outcome.plan is not None
    assert outcome.after is not None
    source = outcome.plan.source
    yield from text_diff(outcome.path.as_posix(), source.text, source.decode(outcome.after))


def text_diff(name: str, before: str, after: str) -> Iterator[str]:
    """A unified diff of two texts, line ends left out."""
    old, new = _lines(before), _lines(after)
    matcher = SequenceMatcher(None, "", "")
    matcher.opcodes = opcodes(old, new)  # type: ignore[attr-defined]  # what it would find, in linear time
    groups = [group for group in matcher.get_grouped_opcodes(3) if any(tag != "equal" for tag, *_ in group)]
    if groups:
        yield f"--- a/{name.lstrip('/')}"
        yield f"+++ b/{name.lstrip('/')}"
    for group in groups:
        yield f"@@ -{_range(group[0][1], group[-1][2])} +{_range(group[0][3], group[-1][4])} @@"
        for tag, i1, i2, j1, j2 in group:
            yield from _block(tag, old[i1:i2], new[j1:j2])


def _block(tag: str, old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    if tag == "equal":
        yield from (f" {line}" for line in old)
        return
    yield from (f"-{line}" for line in old)
    yield from (f"+{line}" for line in new)


def _range(start: int, stop: int) -> str:
    """Line numbers as `diff` writes them."""
    length = stop - start
    if length == 1:
        return str(start + 1)
    return f"{start + (length > 0)},{length}"


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
