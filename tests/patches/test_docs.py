"""docs/patch.md and the README's specification are what the fixes say of themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from patches.fixes.registry import FIXES
from patches.report.docs import page, with_specification
from patches.run.outcome import Exit

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_up_to_date() -> None:
    assert (ROOT / "docs" / "patch.md").read_text("utf-8") == page(), "run: python -m patches.report.docs"


def test_the_readme_is_up_to_date() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert readme == with_specification(readme), "run: python -m patches.report.docs"


def test_the_readme_specifies_every_fix_by_every_case_and_its_codes() -> None:
    readme = " ".join((ROOT / "README.md").read_text("utf-8").split())
    for fix in FIXES:
        assert f"### `{fix.name}` {fix.description[:40]}" in readme
        for case in fix.cases:
            assert all(f"`{code}`" in readme for code in case.diagnostics)
        assert all(case.title.replace(";", ",") in readme for case in fix.cases[1:])


def test_a_readme_without_its_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="needs the lines"):
        with_specification("# no marks")


def test_every_fix_and_every_case_is_on_it() -> None:
    text = page().lower()
    for fix in FIXES:
        assert f"### {fix.name}" in text
        assert all(case.title.lower() in text for case in fix.cases)


def test_every_exit_code_is_explained() -> None:
    for code in Exit:
        assert f"\n| {int(code)} | " in page()
