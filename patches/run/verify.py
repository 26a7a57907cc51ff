"""Does the new text hold what the plan promised, and nothing else?"""

from __future__ import annotations

import ast
import io
import tokenize
import warnings
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from ..syntax.chunks import Chunk, chunks
from ..syntax.edits import (
    AddNames,
    DropName,
    Guard,
    Insert,
    RemoveStatements,
    ReplaceStatements,
    split_import,
)
from ..syntax.source import Source, Span, UnreadableError, read_source
from .plan import Plan, make_plan
from .project import Around

__all__ = ["VerificationError", "verify"]

_BLOCKS = frozenset({"body", "orelse", "finalbody", "handlers", "cases"})


class VerificationError(Exception):
    """The rendered script is not what the plan promised; it is thrown away."""


def verify(plan: Plan, data: bytes, around: Around | None = None) -> None:
    """Check new bytes against the plan that they come from.

    Args:
        plan: The plan.
        data: What `apply` made of it.
        around: The files around the script, as the plan was made with them.

    Raises:
        VerificationError: If the bytes do not compile, if a statement that no edit names has changed, if a comment is
            lost, or if planning again would change something.
    """
    try:
        after = read_source(data)
    except UnreadableError as error:
        raise VerificationError(f"the result does not parse: {error.reason} at {error.position}") from error
    _compiles(after)
    before = plan.source
    shared = _bytes(before, chunks(before)) & _bytes(after, chunks(after))
    _keeps_statements(plan, after, shared)
    _keeps_comments(before, after, shared)
    _imports_names(plan, after)
    _is_settled(plan, data, around)


def _bytes(source: Source, pieces: Iterable[Chunk]) -> frozenset[bytes]:
    return frozenset(source.utf8[piece.start : piece.end] for piece in pieces)


def _compiles(after: Source) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(after.tree, "<patched>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        raise VerificationError(f"the result does not compile: {error}") from error


def _keeps_statements(plan: Plan, after: Source, shared: frozenset[bytes]) -> None:
    """Statements outside the plan must come out unchanged and in order, with no more new ones than planned."""
    touched = sorted(span for operation in plan.operations for span in _touched(operation))
    before = list(_heads(plan.source, shared, touched))
    rest = list(_heads(after, shared, []))
    extra = 0
    expected = iter(before)
    wanted = next(expected, None)
    for head in rest:
        if head == wanted:
            wanted = next(expected, None)
        else:
            extra += 1
    if wanted is not None:
        raise VerificationError("a statement that no edit names has changed")
    if extra > _new_statements(plan):
        raise VerificationError("more statements have changed than planned")


def _heads(source: Source, shared: frozenset[bytes], touched: list[Span]) -> Iterator[str | bytes]:
    """What tells statements apart: the lines of a chunk that both scripts have, else each statement by itself.

    Args:
        source: The script.
        shared: Chunks of bytes that the other script has as well.
        touched: Sorted spans; statements that they change are left out.
    """
    for piece in chunks(source):
        first = bisect_left(touched, Span(piece.start, 0))
        within = touched[first : bisect_left(touched, Span(piece.end, 0))]
        data = source.utf8[piece.start : piece.end]
        if data in shared and not within:
            yield data
            continue
        for node in _statements(piece.statements):
            if not _is_touched(source, within, node):
                yield _head(node)


def _touched(operation: object) -> Iterator[Span]:
    if isinstance(operation, ReplaceStatements | RemoveStatements):
        yield from operation.targets
    elif not isinstance(operation, Guard | Insert):
        target = getattr(operation, "target", None)
        if isinstance(target, Span):
            yield target


def _is_touched(source: Source, touched: list[Span], node: ast.stmt) -> bool:
    """True where an edit reaches into a statement's own expressions, or takes the statement as a whole."""
    span = source.span(node)
    decorators = getattr(node, "decorator_list", [])
    head_start = min([span.start, *(source.span(decorator).start for decorator in decorators)])
    head_end = _head_end(source, node)
    return any(
        (other.start <= span.start and span.end <= other.end)
        or (head_start <= other.start and other.end <= head_end)
        for other in touched
    )


def _head_end(source: Source, node: ast.stmt) -> int:
    """Where the expressions of a compound statement's own line end; the end of any other statement."""
    if not isinstance(getattr(node, "body", None), list):
        return source.span(node).end
    parts = [part for name, value in ast.iter_fields(node) if name not in _BLOCKS for part in _nodes(value)]
    ends = [source.span(n).end for part in parts for n in ast.walk(part) if isinstance(n, ast.expr | ast.arg)]
    return max(ends, default=source.span(node).start)


def _nodes(value: object) -> list[ast.AST]:
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, ast.AST)]


def _statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    stack: list[ast.AST] = list(reversed(body))
    while stack:
        node = stack.pop()
        if isinstance(node, ast.stmt):
            yield node
        stack += reversed([n for n in ast.iter_child_nodes(node) if not isinstance(n, ast.expr)])


def _head(node: ast.stmt) -> str:
    """A statement without the statements in it."""
    fields = [f"{name}={_dump(value)}" for name, value in ast.iter_fields(node) if name not in _BLOCKS]
    return f"{type(node).__name__}({', '.join(fields)})"


def _dump(value: object) -> str:
    if isinstance(value, ast.AST):
        return ast.dump(value)
    if isinstance(value, list):
        return f"[{', '.join(_dump(item) for item in value)}]"
    return repr(value)


def _new_statements(plan: Plan) -> int:
    """How many statements the plan may change or add."""
    count = 0
    for operation in plan.operations:
        if isinstance(operation, Insert | ReplaceStatements):
            count += sum(1 for _ in _statements(ast.parse(operation.code).body))
        elif not isinstance(operation, RemoveStatements | DropName):
            count += 1
        if isinstance(operation, AddNames | DropName):
            count += 1
    return count


def _comments(source: Source, shared: frozenset[bytes]) -> Counter[str]:
    """Comments of a script, without those in chunks that the other script has as well."""
    found: Counter[str] = Counter()
    done = 0
    for piece in [*chunks(source), None]:
        end = len(source.utf8) if piece is None else piece.end
        data = source.utf8[done:end]
        if data not in shared:
            reader = io.StringIO(data.decode("utf-8", "surrogatepass"), newline=None).readline
            found.update(t.string for t in tokenize.generate_tokens(reader) if t.type == tokenize.COMMENT)
        done = end
    return found


def _keeps_comments(before: Source, after: Source, shared: frozenset[bytes]) -> None:
    lost = _comments(before, shared) - _comments(after, shared)
    if lost:
        raise VerificationError(f"a comment would be lost: {next(iter(lost))}")


def _imports_names(plan: Plan, after: Source) -> None:
    """Every name that changed code uses must be imported at module level."""
    wanted = {split_import(entry) for edit in plan.edits for entry in edit.imports}
    imported = {
        (node.module or "", alias.asname or alias.name)
        for node in after.tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    if missing := sorted(name for _, name in wanted - imported):
        raise VerificationError(f"nothing imports {', '.join(missing)}")


def _is_settled(plan: Plan, data: bytes, around: Around | None) -> None:
    again = make_plan(data, plan.options, around)
    if again.edits or again.refusals:
        finding = (again.edits or again.refusals)[0]
        raise VerificationError(
            f"planning again finds {finding.fix} at {finding.position}: {finding.message}"
        )
