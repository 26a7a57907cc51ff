"""The code on the environment's page runs."""

from __future__ import annotations

import re
from pathlib import Path


def test_the_code_of_the_page_runs_as_it_stands(root: Path) -> None:
    page = (root / "docs" / "environment.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", page, re.M | re.S)
    assert len(blocks) == 2
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "environment.md", "exec"), names)
    assert names["info"]["breaks"] == 10  # type: ignore[index]
    assert names["observation"].shape == (20, 50, 50)  # type: ignore[attr-defined]
