"""The README's commands and code do what they say: each is run, or at least accepted by the program that it names."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

README = Path(__file__).resolve().parents[1] / "README.md"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)


def commands(program: str) -> list[list[str]]:
    """The words after `program` of every command in the README that starts with it."""
    prefix = shlex.split(program)
    lines = (
        line
        for language, block in BLOCK.findall(README.read_text())
        if not language
        for line in block.splitlines()
    )
    words = (shlex.split(line, comments=True) for line in lines)
    return [line[len(prefix) :] for line in words if line[: len(prefix)] == prefix]


def python_blocks() -> Iterator[str]:
    return (block for language, block in BLOCK.findall(README.read_text()) if language == "python")


def run(*command: object, cwd: Path, timeout: float = 100) -> subprocess.CompletedProcess[str]:
    return subprocess.run(list(map(str, command)), cwd=cwd, capture_output=True, text=True, timeout=timeout)


def test_the_make_targets_exist(root: Path) -> None:
    targets = [words[0] for words in commands("make")]
    assert {"train", "test"} <= set(targets)
    for target in targets:
        assert run("make", "--dry-run", target, cwd=root).returncode == 0, target


def test_the_patch_tools_commands_run_in_their_order(root: Path, tmp_path: Path, legacy_script: Path) -> None:
    shutil.copytree(root / "patches", tmp_path / "patches", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(root / "patch_train_stable.py", tmp_path)
    original = legacy_script.read_bytes()
    asked = commands("python patch_train_stable.py")
    assert [] in asked
    assert ["--restore"] in asked
    for flags in asked:
        done = run(sys.executable, "patch_train_stable.py", *flags, cwd=tmp_path)
        assert done.returncode in (0, 1), done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        if flags in ([], ["--restore"]):
            assert done.returncode == 0
            assert (legacy_script.read_bytes() == original) is (flags == ["--restore"])


def test_the_reference_scripts_flags_are_known(root: Path) -> None:
    asked = commands("python src/Train_stable.py")
    assert asked
    known = run(sys.executable, root / "src" / "Train_stable.py", "--help", cwd=root).stdout
    for flag in {word for words in asked for word in words if word.startswith("--")}:
        assert flag in known


@pytest.mark.parametrize("words", commands("python -m"), ids=" ".join)
def test_module_command_lines_know_their_flags(root: Path, words: list[str]) -> None:
    module, *arguments = words
    known = run(sys.executable, "-m", module, "--help", cwd=root)
    assert known.returncode == 0, known.stderr
    for flag in (word for word in arguments if word.startswith("-")):
        assert flag in known.stdout


def test_the_code_runs(tmp_path: Path) -> None:
    for number, code in enumerate(python_blocks()):
        script = tmp_path / f"block_{number}.py"
        script.write_text(code)
        done = run(sys.executable, script, cwd=tmp_path)
        assert done.returncode == 0, f"{code}\n{done.stderr}"
