"""The pure core: bytes and options in, a plan out; a plan in, new bytes out. No file is touched here."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from ..analysis.script import Script
from ..fixes.model import Options
from ..fixes.registry import fixes
from ..rewrite.new_imports import import_operations
from ..syntax.edits import Diagnostic, Edit, Finding, Operation
from ..syntax.source import Source, read_source
from .project import MARKERS, Around
from .stale_comments import stale_comments

__all__ = ["Plan", "apply", "make_plan", "sha256"]

_IGNORE = re.compile(r"#.*?\bstable-patch:\s*ignore(?:\[([^\]]*)\])?")


@dataclass(frozen=True)
class Plan:
    """What would be done to a script.

    Attributes:
        source: The script.
        options: What was asked for.
        edits: Changes, in the order of the fixes.
        diagnostics: What was looked at and not changed.
    """

    source: Source
    options: Options
    edits: tuple[Edit, ...]
    diagnostics: tuple[Diagnostic, ...]
    operations: tuple[Operation, ...]

    @property
    def refusals(self) -> tuple[Diagnostic, ...]:
        """Reasons for which nothing in the file may be changed."""
        return tuple(diagnostic for diagnostic in self.diagnostics if diagnostic.kind == "refused")

    @cached_property
    def sha_before(self) -> str:
        """SHA-256 of the script's bytes."""
        return sha256(self.source.data)


def sha256(data: bytes) -> str:
    """Hexadecimal digest."""
    return hashlib.sha256(data).hexdigest()


def make_plan(data: bytes, options: Options, around: Around | None = None) -> Plan:
    """Look at a script with every selected fix.

    Args:
        data: The file's bytes.
        options: What the user asked for.
        around: The files around it; None looks at the script alone.

    Returns:
        The plan; `operations` is empty where there is nothing to do or a fix refuses.

    Raises:
        UnreadableError: If the bytes are not Python source.
    """
    source = read_source(data)
    if not (around.concerns(source.utf8) if around is not None else MARKERS.search(source.utf8)):
        return Plan(source, options, (), (), ())
    script = around.script(source) if around is not None else Script(source)
    options, suppressed = _without_suppressed(script, options)
    findings = [_or_ignored(script, finding) for finding in _findings(script, options)]
    edits = tuple(finding for finding in findings if isinstance(finding, Edit))
    looked_at = (finding for finding in findings if isinstance(finding, Diagnostic))
    diagnostics = (*suppressed, *looked_at, *stale_comments(source, edits))
    if any(diagnostic.kind == "refused" for diagnostic in diagnostics):
        return Plan(source, options, edits, diagnostics, ())
    operations = [operation for edit in edits for operation in edit.operations]
    return Plan(source, options, edits, diagnostics, (*operations, *import_operations(script, edits)))


def _findings(script: Script, options: Options) -> Iterator[Finding]:
    for fix in fixes():
        if fix.name in options.selected:
            yield from fix.findings(script, options)


def _without_suppressed(script: Script, options: Options) -> tuple[Options, tuple[Diagnostic, ...]]:
    """Leave an indivisible fix out where a comment suppresses any part of it."""
    if "stable-patch" not in script.source.text:
        return options, ()
    diagnostics = []
    for fix in fixes():
        if fix.indivisible and fix.name in options.selected:
            found = [_or_ignored(script, finding) for finding in fix.findings(script, options)]
            diagnostics += [
                diagnostic
                for diagnostic in found
                if isinstance(diagnostic, Diagnostic) and diagnostic.code == "ignored"
            ]
    suppressed = {diagnostic.fix for diagnostic in diagnostics}
    return replace(options, selected=options.selected - suppressed), tuple(diagnostics)


def _or_ignored(script: Script, finding: Finding) -> Finding:
    """A finding on a line that says `# stable-patch: ignore[fix-name]` becomes a note that it was left out."""
    match = _IGNORE.search(script.source.line(finding.position.line))
    if match is None or (match.group(1) and finding.fix not in re.split(r"[\s,]+", match.group(1))):
        return finding
    return Diagnostic(
        finding.fix, "satisfied", "ignored", finding.position, "left alone, as the comment asks"
    )


def apply(plan: Plan) -> bytes:
    """Carry a plan out in memory.

    Args:
        plan: A plan without refusals.

    Returns:
        The script's new bytes; the old ones, the very object, where there is nothing to do.

    Raises:
        UnreadableError: If LibCST would not keep every byte that no edit names.
        RenderError: If two edits collide.
    """
    if not plan.operations:
        return plan.source.data
    from ..rewrite.render import render

    return plan.source.encode(render(plan.source, plan.operations))
