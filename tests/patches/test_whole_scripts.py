"""Whole training scripts of the kind that people write, each with what all fixes together make of it.

After a change of the fixes, `python -m tests.patches.test_whole_scripts` rewrites the outcomes: read the difference.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.patches.tools import patched

FOLDER = Path(__file__).with_name("whole_scripts")
NAMES = sorted(path.name.removesuffix(".before.txt") for path in FOLDER.glob("*.before.txt"))


@pytest.mark.parametrize("name", NAMES)
def test_script(name: str) -> None:
    before = (FOLDER / f"{name}.before.txt").read_text("utf-8")
    after, plan = patched(before)
    assert after == (FOLDER / f"{name}.after.txt").read_text("utf-8")
    assert {"swap-vector-env", "reset-between-episodes", "step-timeouts"} <= {edit.fix for edit in plan.edits}
    assert patched(after)[0] == after


def test_there_are_enough_of_them() -> None:
    assert len(NAMES) >= 7


if __name__ == "__main__":
    for script in NAMES:
        source = (FOLDER / f"{script}.before.txt").read_text("utf-8")
        (FOLDER / f"{script}.after.txt").write_text(patched(source)[0], "utf-8")
