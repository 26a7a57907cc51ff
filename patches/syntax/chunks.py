"""A script in pieces that can be parsed by themselves: whole lines with one or more whole top-level statements.

What no edit touches need not be rendered, compared or searched for comments: most of a long script.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from .source import Source

__all__ = ["Chunk", "chunks"]


@dataclass(frozen=True)
class Chunk:
    """Some lines; the comments above a statement belong to its chunk.

    Attributes:
        start: UTF-8 offset of the first line.
        end: UTF-8 offset behind the last one.
        statements: The top-level statements in it.
    """

    start: int
    end: int
    statements: tuple[ast.stmt, ...]


def chunks(source: Source) -> list[Chunk]:
    """All chunks of a script, in order and without gaps; comments below the last one belong to none.

    Args:
        source: The script.
    """
    found: list[Chunk] = []
    start, group = 0, list[ast.stmt]()
    body = source.tree.body
    for statement, following in zip(body, [*body, None][1:], strict=True):
        group.append(statement)
        last = statement.end_lineno or statement.lineno
        first = _first_line(following) if following is not None else source.line_count + 1
        if first <= last:
            continue
        end = source.line_start(_with_footer(source, statement, last, first) + 1)
        found.append(Chunk(start, end, tuple(group)))
        start, group = end, []
    return found


def _first_line(statement: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def _with_footer(source: Source, statement: ast.stmt, last: int, following: int) -> int:
    """The last line of a statement, indented comments below a block counted in."""
    if not hasattr(statement, "body") and not isinstance(statement, ast.Match):
        return last
    end = last
    for number in range(last + 1, following):
        text = source.line(number)
        if text[:1].isspace() and text.lstrip().startswith("#"):
            end = number
        elif text.strip() and not text.startswith("#"):
            break
    return end
