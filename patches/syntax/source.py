"""A script as bytes, text and syntax tree, with one address scheme for all: the UTF-8 offset.

`ast` counts columns in UTF-8 bytes, LibCST's byte spans count UTF-8 bytes too, so an offset into the UTF-8 form of
the text (without its byte order mark) names the same node in both trees, whatever the file's own encoding is.
"""

from __future__ import annotations

import ast
import codecs
import io
import re
import tokenize
import warnings
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

from .versions import told_by_version

__all__ = ["Position", "Source", "Span", "UnreadableError", "read_source"]

_LINE_END = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True, order=True)
class Position:
    """Where something stands, as editors count: line and column from 1, columns in characters."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.line}:{self.column}"


@dataclass(frozen=True, order=True)
class Span:
    """Half-open range of UTF-8 offsets."""

    start: int
    end: int


class UnreadableError(Exception):
    """The script cannot be read as Python source.

    Attributes:
        reason: What is wrong.
        position: Where, if one place is to blame.
        hint: What to do next.
    """

    def __init__(self, reason: str, position: Position | None = None, hint: str = "") -> None:
        self.reason, self.position, self.hint = reason, position, hint
        super().__init__(reason)


@dataclass(frozen=True)
class Source:
    """One script.

    Attributes:
        data: The file's bytes, untouched.
        text: What they decode to, line ends as they are, without the byte order mark.
        encoding: The codec's name as `tokenize` found it ("utf-8", "iso-8859-1", ...).
        bom: True where the file begins with a UTF-8 byte order mark.
        tree: The syntax tree.
    """

    data: bytes
    text: str
    encoding: str
    bom: bool
    tree: ast.Module

    @cached_property
    def utf8(self) -> bytes:
        """The text in UTF-8: what spans point into."""
        return self.text.encode("utf-8", "surrogatepass")

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(match.end() for match in _LINE_END.finditer(self.utf8))]

    @property
    def line_count(self) -> int:
        """How many lines there are; the last one may be empty."""
        return len(self._line_starts)

    def line_start(self, number: int) -> int:
        """UTF-8 offset of a line (from 1); the text's end for the line behind the last."""
        return self._line_starts[number - 1] if number <= self.line_count else len(self.utf8)

    def offset(self, line: int, column: int) -> int:
        """UTF-8 offset of a line (from 1) and a column in bytes (from 0), as `ast` gives them."""
        return self._line_starts[line - 1] + column

    def span(self, node: ast.expr | ast.stmt | ast.arg | ast.alias | ast.keyword | ast.excepthandler) -> Span:
        """Where a node stands."""
        end_line, end_column = node.end_lineno, node.end_col_offset
        if end_line is None or end_column is None:
            raise ValueError("a node that was not parsed from text has no place")
        return Span(self.offset(node.lineno, node.col_offset), self.offset(end_line, end_column))

    def position_at(self, offset: int) -> Position:
        """Line and column of a UTF-8 offset."""
        line = bisect_right(self._line_starts, offset)
        prefix = self.utf8[self._line_starts[line - 1] : offset]
        return Position(line, len(prefix.decode("utf-8", "replace")) + 1)

    def position(
        self, node: ast.expr | ast.stmt | ast.arg | ast.alias | ast.keyword | ast.excepthandler
    ) -> Position:
        """Line and column where a node begins."""
        return self.position_at(self.offset(node.lineno, node.col_offset))

    def segment(self, node: ast.expr | ast.stmt) -> str:
        """The text of a node, exactly as written."""
        span = self.span(node)
        return self.utf8[span.start : span.end].decode("utf-8", "surrogatepass")

    def line(self, number: int) -> str:
        """One line of text (from 1) without its line end."""
        starts = self._line_starts
        end = starts[number] if number < len(starts) else len(self.utf8)
        return self.utf8[starts[number - 1] : end].decode("utf-8", "surrogatepass").rstrip("\r\n")

    @cached_property
    def newline(self) -> str:
        """The line end that most lines have."""
        ends = [match.group() for match in _LINE_END.finditer(self.utf8)]
        return max((b"\n", b"\r\n", b"\r"), key=ends.count).decode()

    def encode(self, text: str) -> bytes:
        """Bytes for a changed text, in the file's own encoding.

        Raises:
            UnicodeEncodeError: If the file's encoding has no such character.
        """
        return (codecs.BOM_UTF8 if self.bom else b"") + text.encode(self.encoding)

    def decode(self, data: bytes) -> str:
        """The text of a changed version of this file."""
        return data.decode("utf-8-sig" if self.bom else self.encoding)


def read_source(data: bytes) -> Source:
    """Decode and parse a script.

    Args:
        data: The file's bytes.

    Returns:
        The script; its `data` is the argument itself.

    Raises:
        UnreadableError: If the bytes do not decode or do not parse, with the true line and column.
    """
    bom = data.startswith(codecs.BOM_UTF8)
    body = data[len(codecs.BOM_UTF8) :] if bom else data
    encoding = _encoding(data, body)
    hint = "save the script as UTF-8, or name its encoding in its first line: # -*- coding: latin-1 -*-"
    try:
        text = body.decode(encoding)
        is_kept = text.encode(encoding) == body
    except UnicodeDecodeError as error:
        reason = f"byte 0x{body[error.start]:02x} is not {encoding} text"
        raise UnreadableError(reason, _place_of_byte(body, error.start), hint) from error
    except (LookupError, ValueError) as error:
        reason = _python_reason(data) or f"{encoding} is no encoding of text: {error}"
        raise UnreadableError(reason, Position(1, 1), hint) from error
    if not is_kept:
        raise UnreadableError(f"{encoding} would not keep every byte of this script", Position(1, 1), hint)
    return Source(data, text, encoding, bom, _parse(text))


def _python_reason(data: bytes) -> str:
    """Why Python would not read these bytes; empty where it would."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(data, "<script>", "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    except (SyntaxError, ValueError, LookupError, RecursionError, MemoryError) as error:
        return str(getattr(error, "msg", error))
    return ""


def _encoding(data: bytes, body: bytes) -> str:
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise UnreadableError(
            "the file is UTF-16 text, which Python does not read", Position(1, 1), "save it as UTF-8"
        )
    try:
        tokenize.detect_encoding(
            io.BytesIO(data).readline
        )  # refuses another encoding beside a byte order mark
        name, _ = tokenize.detect_encoding(io.BytesIO(body).readline)
    except SyntaxError as error:
        hint = "name a codec that Python knows in the coding line, or save the script as UTF-8"
        if b"\0" in body:
            raise UnreadableError(
                "not Python source: it holds null bytes",
                _place_of_byte(body, body.index(b"\0")),
                "is this a text file?",
            ) from error
        reason = _python_reason(data) or str(error.msg)
        place = _place_of_bad_utf8(body) if "utf-8" in reason else Position(1, 1)
        raise UnreadableError(reason, place, hint) from error
    return name


def _place_of_bad_utf8(body: bytes) -> Position:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        return _place_of_byte(body, error.start)
    return Position(1, 1)


def _place_of_byte(body: bytes, index: int) -> Position:
    ends = [match.end() for match in _LINE_END.finditer(body, 0, index)]
    return Position(len(ends) + 1, index - (ends[-1] if ends else 0) + 1)


def _parse(text: str) -> ast.Module:
    if (nul := text.find("\0")) >= 0:
        line_start = max(text.rfind("\n", 0, nul), text.rfind("\r", 0, nul)) + 1
        position = Position(len(_LINE_END.findall(text[:nul].encode())) + 1, nul - line_start + 1)
        raise UnreadableError("not Python source: it holds null bytes", position, "is this a text file?")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            warnings.simplefilter("ignore", DeprecationWarning)
            return ast.parse(text)
    except SyntaxError as error:
        position = _true_place(text, error)
        line = _line_of(text, position.line)
        message = str(error.msg)
        if told := told_by_version(message, line):
            raise UnreadableError(told.reason, position, told.hint) from error
        hint = "mend the script first: `python -m py_compile` on it shows the same place"
        raise UnreadableError(f"not valid Python: {message}", position, hint) from error
    except (RecursionError, MemoryError) as error:
        raise UnreadableError(
            "nested too deeply to be parsed", Position(1, 1), "split the expression"
        ) from error


def _line_of(text: str, number: int) -> str:
    lines = re.split("\r\n|\r|\n", text)
    return lines[number - 1] if number <= len(lines) else ""


def _true_place(text: str, error: SyntaxError) -> Position:
    """Where an error is; Python 3.11 counts within an f-string's expression, as if that were a file."""
    place = Position(error.lineno or 1, max(error.offset or 1, 1))
    inner = (error.text or "").strip()
    is_inside = str(error.msg).startswith("f-string:") and inner.startswith("(") and inner.endswith(")")
    if not is_inside or inner in _line_of(text, place.line):
        return place
    start = text.find("{" + inner[1:-1])
    if start < 0:
        return place
    head = re.split("\r\n|\r|\n", text[: start + max(error.offset or 1, 1)])
    return Position(len(head), max(len(head[-1]), 1))
