"""docs/patch.md is what the fixes say of themselves."""

from __future__ import annotations

from pathlib import Path

from patches._docs import page
from patches._outcome import Exit
from patches._registry import FIXES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "patch.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python -m patches._docs > docs/patch.md"


def test_every_fix_and_every_case_is_on_it() -> None:
    text = page().lower()
    for fix in FIXES:
        assert f"### {fix.name}" in text
        assert all(case.title.lower() in text for case in fix.cases)


def test_every_exit_code_is_explained() -> None:
    for code in Exit:
        assert f"\n| {int(code)} | " in page()
