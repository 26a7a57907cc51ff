"""Fixtures for the whole suite."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def real_landscapes() -> Path:
    """The folder of real LANDFIRE crops beside the checkout; the test is skipped where it is absent."""
    folder = ROOT.parent / "shared" / "data" / "landfire"
    if not folder.is_dir():
        pytest.skip(f"no real landscapes at {folder}")
    return folder


@pytest.fixture
def legacy_script(root: Path, tmp_path: Path) -> Path:
    """A copy of the legacy script in a folder of its own, as it was before `make train` patched it."""
    script = root / "src" / "Train.py"
    text = script.read_text(encoding="utf-8")
    if "AsyncVectorEnv" not in text:
        shown = subprocess.run(
            ["git", "show", "HEAD:src/Train.py"], cwd=root, capture_output=True, text=True, timeout=30
        )
        text = shown.stdout
    if "AsyncVectorEnv" not in text:
        pytest.skip("src/Train.py is patched and git has no legacy version of it; restore it first")
    copy = tmp_path / "src" / "Train.py"
    copy.parent.mkdir()
    copy.write_text(text, encoding="utf-8")
    return copy
