"""The pre-commit hooks, in a repository that has nothing to do with this one."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.packaging.venvs import STEPPING, Venv, commit, run, run_well

pytestmark = [pytest.mark.all, pytest.mark.timeout(900)]

CONFIG = """\
repos:
  - repo: {repository}
    rev: {revision}
    hooks:
      - id: stable-patch
      - id: stable-patch-fix
        stages: [manual]
"""
CLEAN = "print('nothing to do')\n"


@pytest.fixture
def hooked(checkout: Path, tmp_path: Path) -> Path:
    """Another repository, with a script that can hang and one that cannot."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    revision = run_well("git", "rev-parse", "HEAD", cwd=checkout).strip()
    (folder / ".pre-commit-config.yaml").write_text(CONFIG.format(repository=checkout, revision=revision))
    (folder / "hangs.py").write_text(STEPPING)
    (folder / "clean.py").write_text(CLEAN)
    commit(folder)
    return folder


def test_the_hooks_check_and_mend_another_repository(
    hooked: Path, tools: Venv, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = str(tmp_path_factory.getbasetemp() / "pre-commit")

    def hooks(*arguments: str) -> subprocess.CompletedProcess[str]:
        program = tools.program("pre-commit")
        return run(program, "run", *arguments, cwd=hooked, PRE_COMMIT_HOME=home)

    checked = hooks("--all-files")
    assert checked.returncode == 1, checked.stdout + checked.stderr
    assert "hangs.py: changes pending" in checked.stdout
    assert (hooked / "hangs.py").read_text() == STEPPING
    assert hooks("--files", "clean.py").returncode == 0
    mended = hooks("--all-files", "--hook-stage", "manual", "stable-patch-fix")
    assert "files were modified by this hook" in mended.stdout
    assert "StableProcessPoolEnv" in (hooked / "hangs.py").read_text()
    assert (hooked / "clean.py").read_text() == CLEAN
    assert hooks("--all-files").returncode == 0
