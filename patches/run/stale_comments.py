"""Comments that an edit may have made untrue: they are the author's words, so they stay and are reported."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from ..syntax.edits import Diagnostic, Edit, ReplaceExpression
from ..syntax.source import Position, Source, Span

__all__ = ["stale_comments"]

_NUMBER = re.compile(r"(?<![\w.])\d[\d_,]*(?:\.\d+)?(?!\w*\d)")
_DEGREE = re.compile(
    r"\b(?:reduc|increas|decreas|halv|doubl|tripl|conservativ|aggressiv)\w*"
    r"|\b(?:low|high|big|few|small|large|bigg)(?:e?r|est|ered)?\b|\b(?:half|many|more|less|tiny|huge|raised|twice)\b",
    re.IGNORECASE,
)


def stale_comments(source: Source, edits: Iterable[Edit]) -> Iterator[Diagnostic]:
    """A notice for every comment beside or right above a changed number that names a number or a degree.

    Args:
        source: The script.
        edits: What would be changed.
    """
    doubts: dict[Position, Diagnostic] = {}
    for edit in edits:
        for operation in edit.operations:
            if isinstance(operation, ReplaceExpression) and operation.code[:1].isdigit():
                for diagnostic in _doubts(source, edit, operation):
                    known = doubts.get(diagnostic.position)
                    if known is None or "speaks of" in diagnostic.message:
                        doubts[diagnostic.position] = diagnostic
    yield from doubts.values()


def _doubts(source: Source, edit: Edit, operation: ReplaceExpression) -> Iterator[Diagnostic]:
    old = _number(source, operation.target)
    if old is None:
        return
    for position, comment in _comments_near(source, operation.target):
        if message := _doubt(comment, old, operation.code):
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


def _doubt(comment: str, old: float, new: str) -> str:
    """Why a comment may be untrue now; empty where nothing in it depends on the number."""
    spoken = _NUMBER.findall(comment)
    if any(float(text.replace("_", "").replace(",", "") or "nan") == old for text in spoken):
        return f"this comment speaks of {old:g}, which becomes {new}"
    if spoken or _DEGREE.search(comment):
        return f"this comment stands by a value that goes from {old:g} to {new}, and may not be true any more"
    return ""
