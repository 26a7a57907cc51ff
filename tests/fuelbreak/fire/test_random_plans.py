"""Random plans on random landscapes under random weather: repaired fires equal fires burned anew, every time.

`benchmarks/validate_fire.py --sequences 100000` runs as many as one likes.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest


@pytest.fixture
def validation(root: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(root / "benchmarks"))
    import validate_fire

    yield validate_fire
    sys.modules.pop("validate_fire", None)


def test_a_thousand_random_sequences_of_breaks(validation) -> None:
    sequences, steps = validation.compare_sequences(1000, seed=11)
    assert sequences >= 1000
    assert steps > 2000
