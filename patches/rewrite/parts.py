"""The parts of a script that operations address, each a script of its own for LibCST.

LibCST takes a module's indentation and line end from its first block and line, and treats what stands above the first
statement in its own way. A part that does not begin the script is therefore put behind a few lines that make both as
they are in the whole.
"""

from __future__ import annotations

import ast
import bisect
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ..syntax.chunks import Chunk, chunks
from ..syntax.edits import Operation, RemoveStatements, ReplaceStatements
from ..syntax.source import Source, Span

__all__ = ["Part", "addresses", "parts"]


@dataclass(frozen=True)
class Part:
    """Whole lines of a script, and the operations on them.

    Attributes:
        start: UTF-8 offset of the first line in the script.
        end: UTF-8 offset behind the last one.
        source: The lines.
        operations: The operations, addressed by spans of `source`.
        skipped: How many bytes of `source` are not the script's.
        indent: The whole script's indentation.
    """

    start: int
    end: int
    source: Source
    operations: tuple[Operation, ...]
    skipped: int
    indent: str


def addresses(operation: Operation) -> tuple[Span, ...]:
    """Spans that an operation names."""
    if isinstance(operation, ReplaceStatements | RemoveStatements):
        return operation.targets
    return (operation.target,)


def parts(source: Source, operations: Sequence[Operation]) -> Iterator[Part]:
    """The parts of a script, in order.

    Args:
        source: The script.
        operations: Changes, addressed by spans of `source`.
    """
    pieces = chunks(source)
    starts = [piece.start for piece in pieces]
    reaches = []
    for operation in operations:
        touched = [bisect.bisect_right(starts, span.start) - 1 for span in addresses(operation)]
        first, last = min(touched), max(touched)
        # Blank lines below the first statement go where the statement goes.
        reaches.append((first, min(last + (first == 0), len(pieces) - 1), operation))
    group: list[Operation] = []
    start = end = 0
    for first, last, operation in sorted(reaches, key=lambda reach: reach[:2]):
        if group and first > end:
            yield _part(source, pieces[start : end + 1], group)
            group = []
        if not group:
            start, end = first, last
        end = max(end, last)
        group.append(operation)
    if group:
        yield _part(source, pieces[start : end + 1], group)


def _part(source: Source, pieces: Sequence[Chunk], operations: Sequence[Operation]) -> Part:
    start, end = pieces[0].start, pieces[-1].end
    indent = _first_indent(source)
    head = _prelude(source, indent) if start else b""
    text = (head + source.utf8[start:end]).decode("utf-8", "surrogatepass")
    own = replace(source, data=b"", text=text, tree=ast.Module([], []))
    return Part(start, end, own, tuple(_moved(o, start - len(head)) for o in operations), len(head), indent)


def _prelude(source: Source, indent: str) -> bytes:
    end = re.search(r"\r\n|\r|\n", source.text)
    lines = ("if True:", f"{indent}pass", "pass", "")
    return (end.group() if end else "\n").join(lines).encode()


def _moved(operation: Operation, by: int) -> Operation:
    if isinstance(operation, ReplaceStatements | RemoveStatements):
        return replace(operation, targets=tuple(_earlier(span, by) for span in operation.targets))
    return replace(operation, target=_earlier(operation.target, by))


def _earlier(span: Span, by: int) -> Span:
    return Span(span.start - by, span.end - by)


def _first_indent(source: Source) -> str:
    """The indentation of the first block, which LibCST takes for a module's own; four spaces where there is none."""
    found = (_first_indented(source, statement) for statement in source.tree.body)
    return next((text for text in found if text), " " * 4)


def _first_indented(source: Source, statement: ast.stmt) -> str:
    """The indentation of the first block of a top-level statement; empty where there is none."""
    if not hasattr(statement, "body") and not isinstance(statement, ast.Match):
        return ""
    inner = [node for node in ast.walk(statement) if isinstance(node, ast.stmt) and node.col_offset > 0]
    for node in sorted(inner, key=lambda node: node.lineno):
        head = source.line(node.lineno).encode("utf-8", "surrogatepass")[: node.col_offset]
        if not head.strip():
            return head.decode()
    return ""
