"""Reading one script and working out what would become of it; nothing is written."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ..fixes.model import Options
from ..syntax.source import Position, UnreadableError
from .files import Snapshot, take_snapshot
from .outcome import Exit, Outcome, reason
from .plan import Plan, apply, make_plan
from .project import Around, Project

__all__ = ["examine"]


def examine(
    path: Path, options: Options, *, partial: bool = False, project: Project | None = None
) -> Outcome:
    """Plan and render a script without writing anything.

    Args:
        path: The script.
        options: What the user asked for.
        partial: Leave out the fixes that refuse, instead of changing nothing.
        project: The files that are patched together; None: this one alone.
    """
    around = (project or Project([path])).around(path)
    try:
        snapshot = take_snapshot(path)
    except OSError as error:
        return Outcome(
            path, Exit.IO, reason(error), _HINTS.get(type(error), "name a script that can be read")
        )
    with _without_collector():
        outcome = _examined(path, snapshot, options, partial, around)
    if outcome.exit is Exit.PENDING and not snapshot.mode & 0o222:
        message = "the script is read-only: not ours to change"
        hint = "make it writable first: chmod u+w"
        return replace(outcome, exit=Exit.IO, message=message, hint=hint, after=None)
    return outcome


_HINTS: dict[type[OSError], str] = {
    FileNotFoundError: "name a script that is there: patch_train_stable.py SCRIPT",
    PermissionError: "the file may not be read: chmod u+r",
}


@contextmanager
def _without_collector() -> Iterator[None]:
    """Syntax trees are millions of objects that all stay: looking for garbage among them takes most of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _examined(path: Path, snapshot: Snapshot, options: Options, partial: bool, around: Around) -> Outcome:
    if path.suffix == ".ipynb":
        hint = "export it first: jupyter nbconvert --to script"
        return Outcome(path, Exit.UNREADABLE, "a notebook is no Python script", hint, Position(1, 1))
    try:
        plan = make_plan(snapshot.data, options, around)
        if plan.refusals and partial:
            plan = _without_refused(plan, around)
        if plan.refusals and not partial:
            return Outcome(path, Exit.REFUSED, "refused, nothing is changed", plan=plan)
        return _rendered(path, plan, around)
    except UnreadableError as error:
        return Outcome(path, Exit.UNREADABLE, error.reason, error.hint, error.position)
    except RecursionError:
        message = "an expression is nested too deeply to be rewritten"
        return Outcome(path, Exit.UNREADABLE, message, "split the expression", Position(1, 1))


def _without_refused(plan: Plan, around: Around) -> Plan:
    """Plan again with the fixes that did not refuse; the refusals stay in the report."""
    refused = plan.refusals
    selected = plan.options.selected
    while plan.refusals:
        selected = selected - {diagnostic.fix for diagnostic in plan.refusals}
        plan = make_plan(plan.source.data, replace(plan.options, selected=selected), around)
    return replace(plan, diagnostics=(*refused, *plan.diagnostics))


def _rendered(path: Path, plan: Plan, around: Around) -> Outcome:
    if not plan.operations:
        code = Exit.REFUSED if plan.refusals else Exit.OK
        return Outcome(path, code, "nothing to do", plan=plan, after=plan.source.data)
    # Both import LibCST: only now is it certain that there is something to write.
    from ..rewrite.render import RenderError
    from .verify import VerificationError, verify

    try:
        after = apply(plan)
        with around.unchanged():
            verify(plan, after, around)
    except (RenderError, VerificationError, UnicodeEncodeError) as error:
        hint = "please report it with the script; until then leave fixes out with --skip"
        return Outcome(path, Exit.VERIFICATION, f"verification failed: {error}", hint, plan=plan)
    return Outcome(path, Exit.PENDING, "changes pending", plan=plan, after=after)
