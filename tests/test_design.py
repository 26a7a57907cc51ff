"""The dependency rules of the design: who may import what."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

STANDARD_LIBRARY = sys.stdlib_module_names


def imported_packages(file: Path) -> Iterator[tuple[str, str]]:
    """(top-level package, full name) of every import in a file, wherever it stands."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [node.module]
        else:
            continue
        for name in names:
            yield name.partition(".")[0], name


def offending(files: Iterator[Path], forbidden: set[str]) -> list[str]:
    return [
        f"{file.name} imports {name}"
        for file in files
        for package, name in imported_packages(file)
        if package in forbidden
    ]


def test_the_patch_tool_imports_only_what_it_may(root: Path) -> None:
    allowed = {"libcst", "rich", "filelock", "beniget", "patches"} | STANDARD_LIBRARY
    files = [root / "patch_train_stable.py", *(root / "patches").rglob("*.py")]
    assert len(files) > 5
    strangers = [
        f"{file.name} imports {name}"
        for file in files
        for package, name in imported_packages(file)
        if package not in allowed
    ]
    assert strangers == []


def test_the_pool_knows_no_fire_and_no_torch(root: Path) -> None:
    files = (root / "src" / "stablepool").rglob("*.py")
    assert offending(files, {"torch", "rasterio", "fuelbreak"}) == []


def test_the_domain_below_the_agent_knows_no_pool_and_no_torch(root: Path) -> None:
    package = root / "src" / "fuelbreak"
    fire = set((package / "fire").rglob("*.py"))
    joins = {"agents", "defaults", "pictures", "runs", "run_log", "console", "torch_fire"}
    files = fire | {file for file in package.glob("*.py") if file.stem not in joins}
    files |= set((package / "synthetic").glob("*.py")) | set((package / "plans").glob("*.py"))
    assert {"landscape.py", "rasters.py", "tiles.py", "env.py", "observation.py"} <= {
        file.name for file in files
    }
    assert offending(iter(files), {"torch", "stablepool"}) == []


def test_only_the_scripts_and_the_agent_join_both_packages(root: Path) -> None:
    package = root / "src" / "fuelbreak"
    outside_the_agent = (file for file in package.rglob("*.py") if "dqn" not in file.parts)
    assert offending(outside_the_agent, {"stablepool"}) == []


@pytest.mark.parametrize("optional", ["ray", "pyretechnics"])
def test_an_optional_library_is_imported_in_at_most_one_file_and_lazily(root: Path, optional: str) -> None:
    users = [
        file
        for file in (root / "src").rglob("*.py")
        if optional in {package for package, _ in imported_packages(file)}
    ]
    assert len(users) <= 1
    for file in users:
        top = ast.parse(file.read_text(encoding="utf-8")).body
        at_import = [node for node in top if isinstance(node, ast.Import | ast.ImportFrom)]
        assert not any(optional in ast.unparse(node) for node in at_import)


@pytest.mark.parametrize("module", ["fuelbreak.env", "stablepool"])
def test_what_a_worker_imports_does_not_load_torch(module: str) -> None:
    script = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], timeout=60).returncode == 0
