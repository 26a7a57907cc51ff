"""Comments that name a number which an edit has changed: they are the author's words, so they stay and are reported."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from ..syntax.edits import Diagnostic, Edit, ReplaceExpression
from ..syntax.source import Position, Source, Span

__all__ = ["stale_comments"]


def stale_comments(source: Source, edits: Iterable[Edit]) -> Iterator[Diagnostic]:
    """A notice for every comment beside or right above a changed number that still says the old one.

    Args:
        source: The script.
        edits: What would be changed.
    """
    for edit in edits:
        for operation in edit.operations:
            if not isinstance(operation, ReplaceExpression) or not operation.code[:1].isdigit():
                continue
            old = _number(source, operation.target)
            if old is None:
                continue
            for position, comment in _comments_near(source, operation.target):
                if _says(comment, old):
                    message = f"this comment speaks of {old:g}, which becomes {operation.code}"
                    hint = "comments are left as they are: change it by hand"
                    yield Diagnostic(edit.fix, "notice", "stale-comment", position, message, hint)


def _number(source: Source, target: Span) -> float | None:
    """The number that stands at a span; None for anything that is computed."""
    text = source.utf8[target.start : target.end].decode("utf-8", "replace")
    try:
        value = ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return None
    return float(value) if type(value) in (int, float) else None


def _comments_near(source: Source, target: Span) -> Iterator[tuple[Position, str]]:
    """The comment that ends the line of a span, and the one on the line above."""
    end = source.position_at(target.end)
    rest = source.line(end.line)[end.column - 1 :]
    before, mark, comment = rest.partition("#")
    if mark and not {'"', "'"} & set(before):
        yield Position(end.line, end.column + len(before)), comment
    line = source.position_at(target.start).line - 1
    above = source.line(line) if line else ""
    if above.lstrip().startswith("#"):
        yield Position(line, above.index("#") + 1), above.partition("#")[2]


def _says(comment: str, number: float) -> bool:
    """True where a comment holds the number, grouped or not: 20000, 20_000 or 20,000."""
    spoken = re.findall(r"(?<![\w.])\d[\d_,]*(?:\.\d+)?(?!\w*\d)", comment)
    return any(float(text.replace("_", "").replace(",", "") or "nan") == number for text in spoken)
