"""The examples that every fix carries are true."""

from __future__ import annotations

import pytest

from patches.fixes.model import Case, Fix
from patches.fixes.registry import FIXES
from patches.run.plan import apply, make_plan
from tests.patches.tools import check_transformed, options, reported

CASES = [pytest.param(fix, case, id=f"{fix.name}: {case.title}") for fix in FIXES for case in fix.cases]


@pytest.mark.parametrize(("fix", "case"), CASES)
def test_case(fix: Fix, case: Case) -> None:
    only = (fix.name, *case.only)
    if case.after is not None:
        plan = check_transformed(case.before, case.after, only)
    else:
        plan = make_plan(case.before.encode(), options(only))
        assert apply(plan) == case.before.encode()
    assert reported(plan) == case.diagnostics
    assert all(diagnostic.hint for diagnostic in plan.diagnostics if diagnostic.kind != "satisfied")


@pytest.mark.parametrize("fix", FIXES, ids=lambda fix: fix.name)
def test_every_fix_shows_a_change_and_something_left_alone(fix: Fix) -> None:
    assert any(case.after is not None for case in fix.cases)
    assert any(case.after is None for case in fix.cases)


def test_modules_are_named_as_their_fixes() -> None:
    for fix in FIXES:
        assert fix.find.__module__ == f"patches.fixes.{fix.name.replace('-', '_')}"
