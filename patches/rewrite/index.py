"""LibCST nodes by their place in the text, for the few top-level statements that operations address."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable

import libcst as cst
from libcst.metadata import ByteSpanPositionProvider, MetadataWrapper

from ..syntax.source import Span

__all__ = ["Index", "Line", "RenderError"]

Line = cst.SimpleStatementLine | cst.BaseCompoundStatement
_Statement = cst.BaseSmallStatement | cst.BaseCompoundStatement


class RenderError(Exception):
    """An operation does not fit the tree; nothing has been written."""


class Index:
    """Nodes by their place in the text."""

    def __init__(self, module: cst.Module, offsets: Iterable[int]) -> None:
        self._at: dict[int, list[tuple[int, cst.CSTNode]]] = defaultdict(list)
        self._line_of: dict[cst.CSTNode, cst.SimpleStatementLine] = {}
        self.untouched: set[cst.CSTNode] = set()
        wanted = sorted(offsets)
        start = sum(_length(module, line) for line in module.header)
        for statement in module.body:
            end = start + _length(module, statement)
            if bisect_left(wanted, start) < bisect_left(wanted, end):
                self._add(module, statement, start)
            else:
                self.untouched.add(statement)
            start = end

    def _add(self, module: cst.Module, statement: Line, start: int) -> None:
        """Record the nodes of one top-level statement: positions cost more than parsing, and few are needed."""
        alone = module.with_changes(header=[], body=[statement], footer=[])
        spans = MetadataWrapper(alone, unsafe_skip_copy=True).resolve(ByteSpanPositionProvider)
        for node, span in spans.items():
            if isinstance(node, cst.BaseExpression | cst.BaseSmallStatement | cst.BaseCompoundStatement):
                self._at[start + span.start].append((start + span.start + span.length, node))
            elif isinstance(node, cst.SimpleStatementLine):
                self._line_of.update((small, node) for small in node.body)

    def expression(self, span: Span) -> cst.BaseExpression:
        """The expression at a span; LibCST counts closing parentheses in, `ast` does not."""
        found = [
            (end, node)
            for end, node in self._at[span.start]
            if isinstance(node, cst.BaseExpression) and end >= span.end
        ]
        if not found:
            raise RenderError(f"no expression at offset {span.start}")
        return min(found, key=lambda item: item[0])[1]

    def statement(self, span: Span) -> _Statement:
        """The statement that begins a span."""
        for _, node in self._at[span.start]:
            if isinstance(node, cst.BaseSmallStatement | cst.BaseCompoundStatement):
                return node
        raise RenderError(f"no statement at offset {span.start}")

    def line_of(self, statement: cst.BaseSmallStatement) -> cst.CSTNode:
        """The line that a statement stands on; the statement itself in a one-line block."""
        return self._line_of.get(statement, statement)

    def line(self, span: Span, *, alone: bool = True) -> Line:
        """The statement of a span with its line; it must have the line to itself where `alone`."""
        node = self.statement(span)
        if isinstance(node, cst.BaseCompoundStatement):
            return node
        line = self._line_of.get(node)
        if line is None or (alone and len(line.body) > 1):
            raise RenderError(f"the statement at offset {span.start} shares its line with another")
        return line


def _length(module: cst.Module, node: cst.CSTNode) -> int:
    """How many UTF-8 bytes a node takes."""
    return len(module.code_for_node(node).encode("utf-8", "surrogatepass"))
