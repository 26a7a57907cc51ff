"""Fixtures for the whole suite."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

SLOW = (
    "examples/",
    "fuelbreak/dqn/",
    "fuelbreak/evaluate/",
    "fuelbreak/fire/test_arrival_oracle.py",
    "fuelbreak/fire/test_random_plans.py",
    "fuelbreak/fire/test_sectors.py",
    "fuelbreak/plan/",
    "fuelbreak/plans/",
    "fuelbreak/test_env_episodes.py",
    "fuelbreak/test_landfire.py",
    "fuelbreak/test_landscape_statistics.py",
    "fuelbreak/test_maps.py",
    "fuelbreak/test_synthetic.py",
    "fuelbreak/test_tiles.py",
    "fuelbreak/torch_fire/",
    "patches/test_any_module.py",
    "patches/test_crash_safety.py",
    "patches/test_properties.py",
    "patches/test_real_modules.py",
    "scripts/",
    "stablepool/",
    "test_patch_train_stable.py",
    "test_readme.py",
)
"""Folders and files, below this one, with tests of a second and more, which `make check` leaves out."""

QUICK = (
    "stablepool/test_channel.py",
    "stablepool/test_info_table.py",
    "stablepool/test_residents.py",
    "stablepool/test_valid_transitions.py",
)
"""Files in those folders that it runs."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of slow folders and files."""
    for item in items:
        name = item.path.relative_to(ROOT / "tests").as_posix()
        if name.startswith(SLOW) and name not in QUICK:
            item.add_marker(pytest.mark.slow)


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
