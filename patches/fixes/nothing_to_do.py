"""What a fix says of a script in which there is nothing for it to do: silence could mean that it did not look."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..analysis.script import Script
from ..syntax.edits import Diagnostic, Finding

__all__ = ["or_nothing_to_do"]


def or_nothing_to_do(
    fix: str, script: Script, findings: Iterable[Finding], message: str
) -> Iterator[Finding]:
    """Pass findings on; where there are none, say so at the script's first use of a vector environment.

    Args:
        fix: Name of the fix.
        script: The script; one without vector environments is left without a word.
        findings: What the fix found.
        message: What was looked for in vain.
    """
    if not script.is_ours:
        return
    any_found = False
    for finding in findings:
        any_found = True
        yield finding
    if not any_found:
        yield Diagnostic(fix, "satisfied", "nothing-to-do", script.first_use, message)
