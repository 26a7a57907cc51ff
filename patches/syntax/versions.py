"""Scripts for another Python than the tool's: which one, told by the line that cannot be parsed."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass

__all__ = ["Told", "told_by_version"]

_STRING = r"(?:[rR]?[fF]|[fF][rR])"


@dataclass(frozen=True)
class Told:
    """What to say of such a script.

    Attributes:
        reason: What stands there, and which Python has it.
        hint: What to do.
    """

    reason: str
    hint: str


_NEWER: tuple[tuple[str, tuple[int, int], str], ...] = (
    ("type parameters with defaults", (3, 13), r"\s*(?:async\s+def|def|class|type)\s+\w+\s*\[[^\]=]*=[^\]=]"),
    ("type parameters", (3, 12), r"\s*(?:async\s+def|def|class|type)\s+\w+\s*\[.*\]"),
    ("type statements", (3, 12), r"\s*type\s+\w+\s*="),
    ("template strings", (3, 14), r"""(?:.*[^\w"'])?(?:[rR]?[tT]|[tT][rR])["'].*["']"""),
    ("exceptions without parentheses", (3, 14), r"\s*except\*?\s+[A-Z][\w.]*(?:\s*,\s*[A-Z][\w.]*)+\s*:"),
    ("lazy imports", (3, 15), r"\s*lazy\s+(?:import|from)\s"),
    ("quotes inside f-strings", (3, 12), rf""".*\b{_STRING}(["'])[^"'{{]*\{{[^"'}}]*\[\1[^"']*\1\]"""),
    ("backslashes inside f-strings", (3, 12), rf""".*\b{_STRING}(["']).*\{{[^}}]*\\.*\}}"""),
)
_OLDER: tuple[tuple[str, str, str], ...] = (
    ("print statements", "Missing parentheses in call to 'print'", ""),
    ("exec statements", "Missing parentheses in call to 'exec'", ""),
    ("except clauses with a comma", "", r"\s*except\s+[\w.()]+\s*,\s*[a-z_]\w*\s*:"),
    ("the operator <>", "", r"[^\"'#]*\w\s*<>\s*\w"),
    ("octal numbers without 0o", "leading zeros in decimal integer literals", ""),
    ("strings with ur", "", r""".*\b[uU][rR]["']"""),
    ("raise with a comma", "", r"\s*raise\s+[\w.]+\s*,"),
    ("long integers", "invalid decimal literal", r".*\b\d+[lL]\b"),
)


def told_by_version(message: str, line: str) -> Told | None:
    """What a line says of the Python that the script is for.

    Args:
        message: Python's own message.
        line: The line that it blames.

    Returns:
        None where nothing can be told.
    """
    for what, start, pattern in _OLDER:
        if message.startswith(start) and re.match(pattern, line):
            reason = f"this is Python 2: it has {what} (Python 3 says: {message})"
            return Told(reason, "convert the script to Python 3 first")
    for what, version, pattern in _NEWER:
        if sys.version_info[:2] < version and re.match(pattern, line):
            needed, own = ".".join(map(str, version)), ".".join(map(str, sys.version_info[:2]))
            reason = f"this file uses {what}, which Python {needed} added; the tool runs on {own}"
            return Told(reason, f"run the tool with Python {needed} or newer (it said: {message})")
    return None
