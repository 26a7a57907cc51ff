"""Operations -> text, by LibCST: everything that no operation names comes out as it went in.

The tree is parsed once and never copied; byte spans link the addresses that fixes computed on the `ast` to nodes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import dropwhile
from typing import Any

import libcst as cst
from libcst.metadata import ByteSpanPositionProvider, MetadataWrapper

from patches._model import (
    AddKeyword,
    AddNames,
    DropName,
    Guard,
    Insert,
    Operation,
    RemoveStatements,
    ReplaceExpression,
    ReplaceStatements,
)
from patches._render_import import add_names, drop_names
from patches._source import Source, Span, UnreadableError

__all__ = ["RenderError", "render"]

_Statement = cst.BaseSmallStatement | cst.BaseCompoundStatement
_Line = cst.SimpleStatementLine | cst.BaseCompoundStatement


class RenderError(Exception):
    """An operation does not fit the tree; nothing has been written."""


def render(source: Source, operations: Iterable[Operation]) -> str:
    """Apply operations to a script.

    Args:
        source: The script.
        operations: Non-overlapping changes, addressed by spans of `source`.

    Returns:
        The new text, with the line ends of the old one.

    Raises:
        UnreadableError: If LibCST would not give the untouched text back byte for byte.
        RenderError: If an operation addresses nothing, or several statements on one line.
    """
    module = _parse(source)
    operations = list(operations)
    offsets = [span.start for operation in operations for span in _addresses(operation)]
    rewriter = _Rewriter(_Index(module, offsets), operations)
    changed = module.visit(rewriter)
    rewriter.check_all_applied()
    if module.body and not module.header and rewriter.removes(module.body[0]):
        changed = _without_blank_head(changed)
    return changed.code


def _parse(source: Source) -> cst.Module:
    config: cst.PartialParserConfig = cst.PartialParserConfig(default_newline=source.newline)
    try:
        module = cst.parse_module(source.text, config)
    except cst.ParserSyntaxError as error:
        place = source.place_at(source.offset(error.raw_line, 0))
        raise UnreadableError(f"LibCST cannot parse it: {error.message}", place) from error
    if module.code != source.text:
        same = _common_prefix(module.code, source.text)
        raise UnreadableError(
            "LibCST would not keep every byte of this script",
            source.place_at(len(source.text[:same].encode("utf-8", "surrogatepass"))),
            "look there for a form feed, an old Mac line end or a stray backslash, and take it out",
        )
    return module


def _common_prefix(left: str, right: str) -> int:
    pairs = enumerate(zip(left, right, strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(left), len(right)))


class _Index:
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

    def _add(self, module: cst.Module, statement: _Line, start: int) -> None:
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

    def line(self, span: Span, *, alone: bool = True) -> _Line:
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


class _Rewriter(cst.CSTTransformer):
    """Looks each node up in a table of changes as it is left."""

    def __init__(self, index: _Index, operations: Sequence[Operation]) -> None:
        super().__init__()
        self._expressions: dict[cst.CSTNode, str] = {}
        self._keywords: dict[cst.CSTNode, list[AddKeyword]] = defaultdict(list)
        self._dropped: dict[cst.CSTNode, set[str]] = defaultdict(set)
        self._added: dict[cst.CSTNode, list[str]] = defaultdict(list)
        self._before: dict[cst.CSTNode, list[str]] = defaultdict(list)
        self._after: dict[cst.CSTNode, list[str]] = defaultdict(list)
        self._imported: dict[cst.CSTNode, list[str]] = defaultdict(list)
        self._guards: dict[cst.CSTNode, str] = {}
        self._replaced: dict[cst.CSTNode, tuple[str, list[str]]] = {}
        self._removed: set[cst.CSTNode] = set()
        self._index = index
        _refuse_nesting(operations)
        for operation in operations:
            self._register(index, operation)
        self._above = dict(self._comments_of_dropped(index))
        self._pending = self._targets()

    def _register(self, index: _Index, operation: Operation) -> None:
        match operation:
            case ReplaceExpression(target, code):
                self._expressions[index.expression(target)] = code
            case AddKeyword(target):
                self._keywords[index.expression(target)].append(operation)
            case Insert(target, code, where):
                (self._before if where == "before" else self._after)[index.line(target)].append(code)
            case Guard(target, condition):
                self._guards[index.line(target)] = condition
            case ReplaceStatements(targets, code):
                first, *others = [index.line(target) for target in targets]
                comments = [
                    text for line in (first, *others) for text in _comments_within(line, line is first)
                ]
                self._replaced[first] = (code, comments)
                self._removed.update(others)
            case RemoveStatements(targets):
                self._removed.update(index.line(target) for target in targets)
            case DropName(target, name):
                self._dropped[index.statement(target)].add(name)
            case AddNames(target, names):
                self._register_names(index, target, names)

    def _register_names(self, index: _Index, target: Span, names: Sequence[str]) -> None:
        statement = index.statement(target)
        if isinstance(statement, cst.ImportFrom) and (
            _is_from_stablepool(statement) or _names_of(statement) <= self._dropped.get(statement, set())
        ):
            self._added[statement] += names
        else:
            self._imported[index.line(target, alone=False)] += names

    def _comments_of_dropped(self, index: _Index) -> Iterator[tuple[cst.CSTNode, list[str]]]:
        """Comments on names that leave an import, by the line that they will stand above."""
        for statement, names in self._dropped.items():
            assert isinstance(statement, cst.ImportFrom)
            rest = add_names(statement, drop_names(statement, names), self._added.get(statement, []))
            lost = Counter(_comments_in(statement)) - Counter(_comments_in(rest))
            if lost:
                yield index.line_of(statement), list(lost)

    def _targets(self) -> set[cst.CSTNode]:
        tables = (self._expressions, self._keywords, self._dropped, self._added, self._before)
        more = (self._after, self._imported, self._guards, self._replaced, self._removed, self._above)
        return {node for table in (*tables, *more) for node in table}

    def removes(self, node: cst.CSTNode) -> bool:
        """True where a statement is taken out."""
        return node in self._removed

    def check_all_applied(self) -> None:
        """Fail where an operation was lost inside another one's text."""
        if self._pending:
            raise RenderError(f"{len(self._pending)} change(s) overlap another one")

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Pass over top-level statements that no operation addresses."""
        return node not in self._index.untouched

    def on_leave(self, original_node: cst.CSTNode, updated_node: Any) -> Any:
        """Apply what is planned for one node."""
        if original_node not in self._pending:
            return updated_node
        self._pending.discard(original_node)
        if isinstance(updated_node, cst.BaseExpression):
            return self._expression(original_node, updated_node)
        if isinstance(updated_node, cst.ImportFrom):
            kept = drop_names(updated_node, self._dropped.get(original_node, set()))
            return add_names(updated_node, kept, self._added.get(original_node, []))
        assert isinstance(updated_node, cst.SimpleStatementLine | cst.BaseCompoundStatement)
        return self._line(original_node, updated_node)

    def _expression(self, original: cst.CSTNode, updated: cst.BaseExpression) -> cst.BaseExpression:
        if original in self._expressions:
            fresh = cst.parse_expression(self._expressions[original])
            updated = fresh.with_changes(lpar=[*updated.lpar, *fresh.lpar], rpar=[*fresh.rpar, *updated.rpar])
        for keyword in self._keywords.get(original, []):
            assert isinstance(updated, cst.Call)
            updated = _with_keyword(updated, keyword)
        return updated

    def _line(self, original: cst.CSTNode, updated: _Line) -> cst.FlattenSentinel[cst.CSTNode]:
        above = map(_comment_line, self._above.get(original, []))
        lines: list[_Line] = [updated.with_changes(leading_lines=[*updated.leading_lines, *above])]
        if original in self._removed:
            lines = []
        elif original in self._replaced:
            code, comments = self._replaced[original]
            lines = _statements(code)
            kept = [*updated.leading_lines, *map(_comment_line, comments)]
            lines[0] = lines[0].with_changes(leading_lines=[*kept, *lines[0].leading_lines])
        elif original in self._guards:
            lines = [_guarded(updated, self._guards[original])]
        if original in self._before:
            lines = _with_lines_before(self._before[original], lines)
        if original in self._imported:
            names = ", ".join(sorted(set(self._imported[original])))
            lines += _statements(f"from stablepool import {names}")
        lines += [line for code in self._after.get(original, []) for line in _statements(code)]
        return cst.FlattenSentinel(lines)


def _addresses(operation: Operation) -> tuple[Span, ...]:
    if isinstance(operation, ReplaceStatements | RemoveStatements):
        return operation.targets
    return (operation.target,)


def _refuse_nesting(operations: Sequence[Operation]) -> None:
    """Fail where a change lies within text that another one replaces: it would be lost."""
    whole = [o.target for o in operations if isinstance(o, ReplaceExpression)]
    whole += [
        t for o in operations if isinstance(o, ReplaceStatements | RemoveStatements) for t in _addresses(o)
    ]
    single = [o.target for o in operations if not isinstance(o, ReplaceStatements | RemoveStatements)]
    for outer in whole:
        for inner in single:
            if inner != outer and outer.start <= inner.start and inner.end <= outer.end:
                raise RenderError(f"the changes at offsets {outer.start} and {inner.start} overlap")


def _with_keyword(call: cst.Call, keyword: AddKeyword) -> cst.Call:
    """Add an argument; it takes over the trailing comma and the layout of a call that spans lines."""
    argument = cst.Arg(
        keyword=cst.Name(keyword.name),
        value=cst.parse_expression(keyword.code),
        equal=cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace("")),
    )
    if not call.args:
        return call.with_changes(args=[argument])
    *others, last = call.args
    has_comma = isinstance(last.comma, cst.Comma)
    tail = last.comma.whitespace_after if isinstance(last.comma, cst.Comma) else last.whitespace_after_arg
    between, closing = _layout(_separator(call), tail)
    last = last.with_changes(comma=cst.Comma(whitespace_after=between))
    if has_comma:
        argument = argument.with_changes(comma=cst.Comma(whitespace_after=closing))
    else:
        last = last.with_changes(whitespace_after_arg=cst.SimpleWhitespace(""))
        argument = argument.with_changes(whitespace_after_arg=closing)
    return call.with_changes(args=[*others, last, argument])


def _layout(
    separator: cst.BaseParenthesizableWhitespace, tail: cst.BaseParenthesizableWhitespace
) -> tuple[cst.BaseParenthesizableWhitespace, cst.BaseParenthesizableWhitespace]:
    """What stands before and after an added last argument; a comment stays on its line."""
    if isinstance(tail, cst.ParenthesizedWhitespace) and isinstance(separator, cst.ParenthesizedWhitespace):
        between = separator.with_changes(first_line=tail.first_line, empty_lines=tail.empty_lines)
        return between, tail.with_changes(first_line=cst.TrailingWhitespace(), empty_lines=[])
    return separator, tail


def _separator(call: cst.Call) -> cst.BaseParenthesizableWhitespace:
    """What stands between two arguments: a line break where the call has one argument a line."""
    if isinstance(call.whitespace_before_args, cst.ParenthesizedWhitespace) and len(call.args) == 1:
        layout = call.whitespace_before_args
        return layout.with_changes(first_line=cst.TrailingWhitespace(), empty_lines=[])
    between = [a.comma for a in call.args[:-1] if isinstance(a.comma, cst.Comma)]
    if between and isinstance(between[-1].whitespace_after, cst.ParenthesizedWhitespace):
        layout = between[-1].whitespace_after
        return layout.with_changes(first_line=cst.TrailingWhitespace(), empty_lines=[])
    return cst.SimpleWhitespace(" ")


def _statements(code: str) -> list[_Line]:
    """Parse dedented statements; comments above the first stay with it."""
    module = cst.parse_module(code)
    first, *others = module.body
    first = first.with_changes(leading_lines=[*module.header, *first.leading_lines])
    return [first, *others]


def _with_lines_before(codes: list[str], lines: list[_Line]) -> list[_Line]:
    """Put statements first; blank lines and comments above stay above the first of all."""
    fresh = [line for code in codes for line in _statements(code)]
    return [*fresh, *lines]


def _without_blank_head(module: cst.Module) -> cst.Module:
    """A module whose first statement went must not begin with the blank lines that stood below it."""
    first, *others = module.body
    lines = list(dropwhile(lambda line: line.comment is None, first.leading_lines))
    return module.with_changes(body=[first.with_changes(leading_lines=lines), *others])


def _guarded(line: _Line, condition: str) -> cst.If:
    inner = line.with_changes(leading_lines=[])
    test = cst.parse_expression(condition)
    return cst.If(test=test, body=cst.IndentedBlock([inner]), leading_lines=line.leading_lines)


def _comment_line(text: str) -> cst.EmptyLine:
    return cst.EmptyLine(comment=cst.Comment(text))


def _comments_within(line: _Line, keeps_leading: bool) -> list[str]:
    """Comments that would be lost with a statement."""
    return _comments_in(line.with_changes(leading_lines=[]) if keeps_leading else line)


def _comments_in(node: cst.CSTNode) -> list[str]:
    collector = _Comments()
    node.visit(collector)
    return collector.found


class _Comments(cst.CSTVisitor):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def visit_Comment(self, node: cst.Comment) -> None:  # noqa: N802 - LibCST dispatches on this name
        self.found.append(node.value)


def _is_from_stablepool(statement: cst.ImportFrom) -> bool:
    return isinstance(statement.module, cst.Name) and statement.module.value == "stablepool"


def _names_of(statement: cst.ImportFrom) -> set[str]:
    if isinstance(statement.names, cst.ImportStar):
        return {"*"}
    return {alias.evaluated_name for alias in statement.names}
