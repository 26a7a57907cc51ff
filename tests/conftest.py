"""Fixtures for the whole suite."""

from __future__ import annotations

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
