"""What the tool imports: little, and nothing of the project's own training code."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "patches"
MODULES = [*sorted(PACKAGE.rglob("*.py")), ROOT / "patch_train_stable.py"]
ALLOWED = {*sys.stdlib_module_names, "libcst", "rich", "filelock", "patches"}
ROOMS = ("syntax", "analysis", "fixes", "rewrite", "run", "report", "cli", "__main__")
"""Each room imports from itself and from those before it."""


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Level and module of every import in a file."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.level, node.module or ""


def room(parts: tuple[str, ...]) -> int:
    return ROOMS.index(parts[0].removesuffix(".py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_only_the_standard_library_and_three_others_are_imported(path: Path) -> None:
    assert {name.partition(".")[0] for level, name in imports(path) if level == 0} <= ALLOWED


@pytest.mark.parametrize("path", MODULES[:-1], ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_room_imports_only_from_rooms_before_it_and_relatively(path: Path) -> None:
    own = path.relative_to(PACKAGE).parts
    for level, name in imports(path):
        assert level or not name.startswith("patches"), "the package has another name when it is installed"
        if level:
            target = (*own[: len(own) - level], *name.split("."))
            assert room(target) <= room(own), f"{'/'.join(own)} imports {'.'.join(target)}"


@pytest.mark.parametrize(
    "path",
    [p for p in MODULES if len(p.relative_to(ROOT).parts) > 3],
    ids=lambda path: path.relative_to(PACKAGE).as_posix(),
)
def test_what_a_fix_keeps_for_itself_no_other_fix_imports(path: Path) -> None:
    own = path.relative_to(PACKAGE).parts
    for level, name in imports(path):
        target = (*own[: len(own) - level], *name.split("."))
        if level and target[0] == "fixes" and len(target) > 2:
            assert target[:2] == own[:2]


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
