"""Operations -> text, by LibCST: everything that no operation names comes out as it went in.

The tree is parsed once and never copied; byte spans link the addresses that fixes computed on the `ast` to nodes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import dropwhile
from typing import Any

import libcst as cst

from ..syntax.edits import (
    AddKeyword,
    AddNames,
    BindKeyword,
    DropName,
    Guard,
    Insert,
    NameArguments,
    Operation,
    RemoveStatements,
    ReplaceExpression,
    ReplaceStatements,
)
from ..syntax.source import Source, Span, UnreadableError
from .calls import bound, with_keyword, with_names
from .imports import add_names, drop_names, import_lines, is_from, names_of
from .index import Index, Line, RenderError
from .parts import addresses, parts

__all__ = ["RenderError", "render"]


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
    operations = list(operations)
    try:
        return _render_parts(source, operations)
    except UnreadableError:  # a part may lack what the whole has; else the whole says the true place
        return _render(_parse(source), operations)


def _render_parts(source: Source, operations: list[Operation]) -> str:
    """Render the top-level statements that operations address; the text between them is copied."""
    text: list[bytes] = []
    done = 0
    for part in parts(source, operations):
        module = _parse(part.source)
        if not any(isinstance(statement, cst.BaseCompoundStatement) for statement in module.body):
            module = module.with_changes(default_indent=part.indent)
        rendered = _render(module, part.operations, is_head=part.start == 0)
        text += [source.utf8[done : part.start], rendered.encode("utf-8", "surrogatepass")[part.skipped :]]
        done = part.end
    return b"".join([*text, source.utf8[done:]]).decode("utf-8", "surrogatepass")


def _render(module: cst.Module, operations: Sequence[Operation], *, is_head: bool = True) -> str:
    offsets = [span.start for operation in operations for span in addresses(operation)]
    rewriter = _Rewriter(Index(module, offsets), operations)
    changed = module.visit(rewriter)
    rewriter.check_all_applied()
    if is_head and module.body and not module.header and rewriter.removes(module.body[0]):
        changed = _without_blank_head(changed)
    return changed.code


def _parse(source: Source) -> cst.Module:
    try:
        module = cst.parse_module(source.text)
    except cst.ParserSyntaxError as error:
        position = source.position_at(source.offset(error.raw_line, 0))
        raise UnreadableError(f"LibCST cannot parse it: {error.message}", position) from error
    if module.code != source.text:
        same = _common_prefix(module.code, source.text)
        raise UnreadableError(
            "LibCST would not keep every byte of this script",
            source.position_at(len(source.text[:same].encode("utf-8", "surrogatepass"))),
            "look there for a form feed, an old Mac line end or a stray backslash, and take it out",
        )
    return module


def _common_prefix(left: str, right: str) -> int:
    pairs = enumerate(zip(left, right, strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(left), len(right)))


class _Rewriter(cst.CSTTransformer):
    """Looks each node up in a table of changes as it is left."""

    def __init__(self, index: Index, operations: Sequence[Operation]) -> None:
        super().__init__()
        self._expressions: dict[cst.CSTNode, str] = {}
        self._keywords: dict[cst.CSTNode, list[AddKeyword]] = defaultdict(list)
        self._bound: set[cst.CSTNode] = set()
        self._names: dict[cst.CSTNode, tuple[str | None, ...]] = {}
        self._dropped: dict[cst.CSTNode, set[str]] = defaultdict(set)
        self._added: dict[cst.CSTNode, dict[str, list[str]]] = defaultdict(_lists)
        self._before: dict[cst.CSTNode, list[str]] = defaultdict(list)
        self._after: dict[cst.CSTNode, list[str]] = defaultdict(list)
        self._imported: dict[cst.CSTNode, dict[str, list[str]]] = defaultdict(_lists)
        self._guards: dict[cst.CSTNode, str] = {}
        self._replaced: dict[cst.CSTNode, tuple[str, list[str]]] = {}
        self._removed: set[cst.CSTNode] = set()
        self._index = index
        _refuse_nesting(operations)
        for operation in operations:
            self._register(index, operation)
        self._above = dict(self._comments_of_dropped(index))
        self._pending = self._targets()

    def _register(self, index: Index, operation: Operation) -> None:
        match operation:
            case ReplaceExpression(target, code):
                self._expressions[index.expression(target)] = code
            case AddKeyword(target):
                self._keywords[index.expression(target)].append(operation)
            case BindKeyword(target, name, code):
                self._bound.add(index.expression(target))
                self._register(index, AddKeyword(target, name, code))
            case NameArguments(target, names):
                self._names[index.expression(target)] = names
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
            case AddNames(target, names, module):
                self._register_names(index, target, names, module)

    def _register_names(self, index: Index, target: Span, names: Sequence[str], module: str) -> None:
        statement = index.statement(target)
        if isinstance(statement, cst.ImportFrom) and (
            is_from(statement, module)
            or (
                names_of(statement) <= self._dropped.get(statement, set())
                and self._added[statement].keys() <= {module}
            )
        ):
            self._added[statement][module] += names
        else:
            self._imported[index.line(target, alone=False)][module] += names

    def _with_added(self, original: cst.CSTNode, statement: cst.ImportFrom) -> cst.ImportFrom:
        """An import without the names that are dropped and with those that are added."""
        kept = drop_names(statement, self._dropped.get(original, set()))
        module, names = next(iter(self._added.get(original, {}).items()), ("", []))
        return add_names(statement, kept, names, module)

    def _comments_of_dropped(self, index: Index) -> Iterator[tuple[cst.CSTNode, list[str]]]:
        """Comments on names that leave an import, by the line that they will stand above."""
        for statement in self._dropped:
            assert isinstance(statement, cst.ImportFrom)
            rest = _comments_in(self._with_added(statement, statement))
            lost = Counter(_comments_in(statement)) - Counter(rest)
            if lost:
                yield index.line_of(statement), list(lost)

    def _targets(self) -> set[cst.CSTNode]:
        tables = (self._expressions, self._keywords, self._bound, self._names, self._dropped)
        more = (self._before, self._after, self._guards, self._replaced, self._removed, self._above)
        imports = (self._added, self._imported)
        return {node for table in (*tables, *more, *imports) for node in table}

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
            return self._with_added(original_node, updated_node)
        assert isinstance(updated_node, cst.SimpleStatementLine | cst.BaseCompoundStatement)
        return self._line(original_node, updated_node)

    def _expression(self, original: cst.CSTNode, updated: cst.BaseExpression) -> cst.BaseExpression:
        if original in self._expressions:
            fresh = cst.parse_expression(self._expressions[original])
            updated = fresh.with_changes(lpar=[*updated.lpar, *fresh.lpar], rpar=[*fresh.rpar, *updated.rpar])
        if original in self._names:
            assert isinstance(updated, cst.Call)
            updated = with_names(updated, self._names[original])
        if original in self._bound:
            updated = bound(updated)
        for keyword in self._keywords.get(original, []):
            assert isinstance(updated, cst.Call)
            updated = with_keyword(updated, keyword.name, keyword.code)
        return updated

    def _line(self, original: cst.CSTNode, updated: Line) -> cst.FlattenSentinel[cst.CSTNode]:
        above = map(_comment_line, self._above.get(original, []))
        lines: list[Line] = [updated.with_changes(leading_lines=[*updated.leading_lines, *above])]
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
            lines += [line for code in import_lines(self._imported[original]) for line in _statements(code)]
        lines += [line for code in self._after.get(original, []) for line in _statements(code)]
        return cst.FlattenSentinel(lines)


def _refuse_nesting(operations: Sequence[Operation]) -> None:
    """Fail where a change lies within text that another one replaces: it would be lost."""
    whole = [o.target for o in operations if isinstance(o, ReplaceExpression)]
    whole += [
        t for o in operations if isinstance(o, ReplaceStatements | RemoveStatements) for t in addresses(o)
    ]
    single = [o.target for o in operations if not isinstance(o, ReplaceStatements | RemoveStatements)]
    for outer in whole:
        for inner in single:
            if inner != outer and outer.start <= inner.start and inner.end <= outer.end:
                raise RenderError(f"the changes at offsets {outer.start} and {inner.start} overlap")


def _lists() -> dict[str, list[str]]:
    return defaultdict(list)


def _statements(code: str) -> list[Line]:
    """Parse dedented statements; comments above the first stay with it."""
    module = cst.parse_module(code)
    first, *others = module.body
    first = first.with_changes(leading_lines=[*module.header, *first.leading_lines])
    return [first, *others]


def _with_lines_before(codes: list[str], lines: list[Line]) -> list[Line]:
    """Put statements first; blank lines and comments above stay above the first of all."""
    fresh = [line for code in codes for line in _statements(code)]
    return [*fresh, *lines]


def _without_blank_head(module: cst.Module) -> cst.Module:
    """A module whose first statement went must not begin with the blank lines that stood below it."""
    first, *others = module.body
    lines = list(dropwhile(lambda line: line.comment is None, first.leading_lines))
    return module.with_changes(body=[first.with_changes(leading_lines=lines), *others])


def _guarded(line: Line, condition: str) -> cst.If:
    inner = line.with_changes(leading_lines=[])
    test = cst.parse_expression(condition)
    return cst.If(test=test, body=cst.IndentedBlock([inner]), leading_lines=line.leading_lines)


def _comment_line(text: str) -> cst.EmptyLine:
    return cst.EmptyLine(comment=cst.Comment(text))


def _comments_within(line: Line, keeps_leading: bool) -> list[str]:
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
