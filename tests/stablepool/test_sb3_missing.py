"""The adapter to Stable-Baselines3 where that is missing, or lacks something itself."""

from __future__ import annotations

import subprocess
import sys

import pytest

BROKEN = """
import sys, importlib.abc
class Broken(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.startswith("stable_baselines3"):
            raise ModuleNotFoundError("No module named 'pandas'", name="pandas")
sys.meta_path.insert(0, Broken())
"""


@pytest.mark.parametrize(
    ("before", "message"),
    [
        (
            "import sys; sys.modules['stable_baselines3'] = None",
            "ModuleNotFoundError: stablepool.sb3 needs the package stable-baselines3; "
            "install it: pip install stable-baselines3",
        ),
        (BROKEN, "ModuleNotFoundError: No module named 'pandas'"),
    ],
    ids=["missing", "broken"],
)
def test_the_error_names_the_package_to_install(before: str, message: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"{before}\nimport stablepool.sb3"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == message
    assert done.stderr.count("Traceback") == 1
