"""What the tool imports: little, and nothing of the project's own training code."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = [*sorted((ROOT / "patches").glob("*.py")), ROOT / "patch_train_stable.py"]
ALLOWED = {*sys.stdlib_module_names, "libcst", "rich", "filelock", "patches"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_imports(path: Path) -> None:
    imported = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            imported.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add((node.module or "").split(".")[0])
    assert imported <= ALLOWED


@pytest.mark.parametrize("module", ["libcst.matchers", "libcst.codemod"])
def test_slow_parts_of_libcst_are_left_alone(module: str) -> None:
    assert not any(module in path.read_text("utf-8") for path in MODULES)


@pytest.mark.parametrize("script", ["print(1)\n", "from gymnasium.vector import AsyncVectorEnv\n"])
def test_looking_at_a_script_with_nothing_to_do_imports_no_libcst(tmp_path: Path, script: str) -> None:
    (tmp_path / "train.py").write_text(script)
    code = (
        "import sys, patch_train_stable as tool\n"
        f"assert tool.main(['--check', {str(tmp_path / 'train.py')!r}]) == 0\n"
        "sys.exit(' '.join({'libcst', 'rich', 'filelock', 'numpy'} & set(sys.modules)) or 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stderr.strip() == ""
    assert done.returncode == 0
