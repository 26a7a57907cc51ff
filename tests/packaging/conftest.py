"""What the project builds, from a copy of the checkout, and the tools that build it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

if str(Path(__file__).resolve().parents[2]) not in sys.path:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests.packaging.venvs import ROOT, Venv, commit, run_well


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of all files that git does not ignore, as they are now, committed in a repository of its own."""
    folder = tmp_path_factory.mktemp("checkout")
    listed = run_well("git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=ROOT)
    for name in filter(lambda name: (ROOT / name).is_file(), listed.splitlines()):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    commit(folder)
    return folder


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Venv:
    """`build` and `pre-commit`."""
    return Venv.make(tmp_path_factory.mktemp("tools") / "venv", "build", "pre-commit")


@pytest.fixture(scope="session")
def built(tools: Venv, checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """Source distribution, and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("dist")
    run_well(tools.program("python"), "-m", "build", "--outdir", folder, checkout, cwd=folder)
    return SimpleNamespace(sdist=next(folder.glob("*.tar.gz")), wheel=next(folder.glob("*.whl")))
