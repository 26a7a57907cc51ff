"""Pool and patch tool under the other interpreters that are installed on this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.packaging.venvs import Venv, run_well

pytestmark = [pytest.mark.all, pytest.mark.timeout(1200)]

VERSIONS = [f"3.{minor}" for minor in range(11, 16)]


def candidates(version: str) -> Iterator[Path]:
    """Where an interpreter of a version may be."""
    if found := shutil.which(f"python{version}"):
        yield Path(found)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from sorted(pyenv.glob(f"versions/{version}.*/bin/python{version}"))


def works(python: Path) -> bool:
    """True where it starts; a shim is there for versions that are not."""
    return subprocess.run([python, "-c", ""], capture_output=True, timeout=60, check=False).returncode == 0


@pytest.mark.parametrize("version", VERSIONS)
def test_pool_and_patch_tool_work_under(
    version: str, built: SimpleNamespace, checkout: Path, tmp_path: Path
) -> None:
    if version == f"{sys.version_info[0]}.{sys.version_info[1]}":
        pytest.skip("the interpreter of all other tests")
    python = next(filter(works, candidates(version)), None)
    if python is None:
        pytest.skip(f"no python{version} here")
    helpers = ("pytest", "pytest-timeout", "hypothesis", "hypothesmith")
    venv = Venv.make(tmp_path / "venv", built.wheel, *helpers, python=python)
    quick = ("-q", "-m", "not slow and not all", "tests/patches", "tests/stablepool")
    run_well(venv.program("python"), "-m", "pytest", *quick, cwd=checkout, timeout_s=900)
    chosen = ("-q", "tests/stablepool/test_start.py", "tests/stablepool/test_faults.py")
    run_well(venv.program("python"), "-m", "pytest", *chosen, cwd=checkout, timeout_s=900)
