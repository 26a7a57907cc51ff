"""What the user asked for and the script has no place for; and what a new value means for what is learned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ...syntax.edits import Diagnostic, Finding
from ...syntax.source import Position
from ..model import Options

__all__ = ["CONSEQUENCES", "unmet"]

CONSEQUENCES = {
    "BUDGET": "; this changes what is learned: agents of other budgets do not compare",
    "SIMS": "; this changes what is learned: rewards of fewer simulations are noisier",
    "STEPS_PER_EP": "; this changes what is learned: episodes have another length",
}
"""What is added to the message of an edit. BATCH_SIZE, BUFFER_CAP and N_ENVS change how fast, not what."""

_TOP = Position(1, 1)


def unmet(options: Options, fix: str, found: Sequence[Finding]) -> Iterator[Diagnostic]:
    """A notice for every parameter that was set by the user and that no finding is about.

    Args:
        options: What the user asked for; the default preset asks for nothing by name.
        fix: The fix that asks.
        found: What it has found.
    """
    chosen = [name for name, _ in options.values]
    for name in dict.fromkeys(chosen):
        if not _is_about(found, name):
            message = f"--set {name} has no effect: the script assigns no {name}"
            hint = "is it called something else there, or read from a file? Change it by hand"
            yield Diagnostic(fix, "notice", "not-in-the-script", _TOP, message, hint)
    if options.preset != Options().preset:
        missing = [n for n in options.parameters if n not in chosen and not _is_about(found, n)]
        if missing:
            message = (
                f"--preset {options.preset} leaves out what the script does not set: {', '.join(missing)}"
            )
            hint = (
                "set what the script calls otherwise by hand; two names or fewer are taken for a coincidence"
            )
            yield Diagnostic(fix, "notice", "preset-in-part", _TOP, message, hint)


def _is_about(found: Iterable[Finding], name: str) -> bool:
    words = (finding.message.upper().replace("-", "_").replace(":", " ").split() for finding in found)
    return any(name in (word.strip("_") for word in said) for said in words)
