"""The three verdicts on a script: transformed, left alone, refused; each compares the bytes as well."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import dedent

from patches.fixes.model import Options
from patches.fixes.registry import NAMES
from patches.run.plan import Plan, apply, make_plan
from patches.run.verify import verify


def options(only: Iterable[str] = (), preset: str = "balanced", **values: str) -> Options:
    """Options for some fixes, or for all."""
    return Options(preset=preset, values=tuple(values.items()), selected=frozenset(only) or NAMES)


def patched(before: str, only: Iterable[str] = (), **more: str) -> tuple[str, Plan]:
    """The patched text and the plan; what the plan promises has been verified."""
    plan = make_plan(before.encode(), options(only, **more))
    after = apply(plan)
    verify(plan, after)
    assert all(diagnostic.code and diagnostic.message for diagnostic in plan.diagnostics)
    assert all(diagnostic.hint for diagnostic in plan.diagnostics if diagnostic.kind != "satisfied")
    return after.decode(), plan


def check_transformed(before: str, after: str, only: Iterable[str] = (), **more: str) -> Plan:
    """The script comes out exactly so, and patching the outcome changes nothing."""
    result, plan = patched(dedent(before), only, **more)
    assert not plan.refusals, plan.refusals
    assert result == dedent(after)
    assert patched(result, only, **more)[0] == result
    return plan


def check_noop(before: str, only: Iterable[str] = (), **more: str) -> Plan:
    """Nothing is changed and nothing refused."""
    result, plan = patched(dedent(before), only, **more)
    assert not plan.refusals, plan.refusals
    assert not plan.edits, plan.edits
    assert result == dedent(before)
    return plan


def check_refused(before: str, code: str, position: str, only: Iterable[str] = ()) -> Plan:
    """The script is refused for this reason, at this line:column, with a hint, and would be left as it is."""
    plan = make_plan(dedent(before).encode(), options(only))
    assert (code, position) in [
        (diagnostic.code, str(diagnostic.position)) for diagnostic in plan.refusals
    ], plan.refusals
    assert all(diagnostic.hint for diagnostic in plan.refusals)
    assert apply(plan) == plan.source.data
    return plan


def reported(plan: Plan) -> tuple[str, ...]:
    """Codes of all notices and refusals of a plan, in order."""
    return tuple(diagnostic.code for diagnostic in plan.diagnostics if diagnostic.kind != "satisfied")


def changed(before: str, only: Iterable[str] = ()) -> bool:
    """True where a plan would change anything."""
    data = before.encode()
    return apply(make_plan(data, options(only))) != data
