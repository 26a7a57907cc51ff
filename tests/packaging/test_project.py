"""What an installation asks for and brings, as far as that can be read without building or installing anything."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
IMPORTED_AS = {"pillow": "PIL"}
WITH_TORCH = ("agents", "dqn", "evaluate", "runs", "torch_fire")
"""What of `fuelbreak` needs the extra [train]."""


def name_of(requirement: str) -> str:
    """Normalised name of a distribution."""
    name = re.match(r"[\w.-]+", requirement)
    assert name
    return re.sub(r"[-_.]+", "-", name[0]).lower()


def names(requirements: Iterable[str]) -> set[str]:
    """Distributions, those of extras of our own included."""
    found = set()
    for requirement in requirements:
        own = re.fullmatch(r"stable-train\[([\w,]+)\]", requirement)
        extras = own[1].split(",") if own else []
        found |= set().union(*(names(EXTRAS[extra]) for extra in extras)) if own else {name_of(requirement)}
    return found


BASE, FUELBREAK = names(PROJECT["dependencies"]), names(EXTRAS["fuelbreak"])


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    found = [line.split("==") for line in lines if not line.startswith("#")]
    return {name_of(name): version for name, version in found}


def imported(folder: Path, without: tuple[str, ...] = ()) -> Iterator[str]:
    """Other people's packages that the modules below a folder import at their top level."""
    ours = {"patches", "stablepool", "fuelbreak", *sys.stdlib_module_names}
    files = (file for file in folder.rglob("*.py") if not {*file.parts, file.stem} & {*without})
    for node in (node for file in files for node in ast.parse(file.read_text("utf-8")).body):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        else:
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
        yield from {module.partition(".")[0] for module in modules} - ours


def modules(distributions: set[str]) -> set[str]:
    return {IMPORTED_AS.get(name, name) for name in distributions}


@pytest.mark.parametrize("folder", ["patches", "src/stablepool"])
def test_pool_and_patch_tool_import_only_what_every_installation_has(folder: str) -> None:
    assert set(imported(ROOT / folder, without=("sb3",))) <= modules(BASE)


def test_fuelbreak_imports_only_its_extra_but_for_what_learns() -> None:
    package = ROOT / "src" / "fuelbreak"
    optional = {"llvmlite"}  # comes with numba, in the version that it needs
    assert set(imported(package, without=WITH_TORCH)) <= modules(BASE | FUELBREAK) | optional
    assert set(imported(package)) <= modules(BASE | names(EXTRAS["train"])) | optional


def test_every_installation_is_small() -> None:
    large = {"torch", "numba", "rasterio", "matplotlib", "tensorboard", "stable-baselines3"}
    assert not BASE & large
    assert large <= names(EXTRAS["all"])


def test_only_constraints_ask_for_exact_versions() -> None:
    asked = [*PROJECT["dependencies"], *(one for extra in EXTRAS.values() for one in extra)]
    assert not [requirement for requirement in asked if "==" in requirement]
    assert names(asked) <= set(pins())


def needed_by(found: set[str]) -> set[str]:
    """Distributions that these need in this environment, without their extras, and what those need."""
    for name in found:
        texts = importlib.metadata.requires(name) or []
        needed = (
            one for one in map(Requirement, texts) if not one.marker or one.marker.evaluate({"extra": ""})
        )
        if new := {name_of(one.name) for one in needed} - found:
            return needed_by(found | new)
    return found


def test_whatever_set_up_installs_is_pinned_as_it_is() -> None:
    asked = needed_by(BASE | names(EXTRAS["train"]) | names(EXTRAS["dev"])) - {"setuptools"}
    here = {name: importlib.metadata.version(name).partition("+")[0] for name in asked}
    pinned = pins()
    assert {name: version for name, version in here.items() if pinned.get(name) != version} == {}


@pytest.mark.parametrize("top", ["patches", "src/stablepool", "src/fuelbreak"])
def test_every_folder_with_code_is_a_package_that_setup_finds(top: str) -> None:
    folders = {file.parent for file in (ROOT / top).rglob("*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").is_file()] == []


@pytest.mark.parametrize("command", PROJECT["scripts"])
def test_a_command_is_a_function_that_is_there(command: str) -> None:
    module, _, function = PROJECT["scripts"][command].partition(":")
    path = module.replace(".", "/") + ".py"
    file = ROOT / path.replace("stable_patch/", "patches/") if "/" in path else ROOT / "src" / path
    defined = [
        node.name for node in ast.parse(file.read_text("utf-8")).body if isinstance(node, ast.FunctionDef)
    ]
    assert function in defined


@pytest.mark.parametrize("hook", yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8")))
def test_hooks_run_a_command_that_pre_commit_installs(hook: dict[str, Any]) -> None:
    assert hook["language"] == "python"
    assert hook["entry"].split()[0] in PROJECT["scripts"]


def without(missing: str, code: str) -> subprocess.CompletedProcess[str]:
    hidden = f"import sys; sys.path.insert(0, {str(ROOT / 'src')!r}); sys.modules[{missing!r}] = None\n"
    return subprocess.run([sys.executable, "-c", hidden + code], capture_output=True, text=True, timeout=60)


def test_the_training_command_names_the_extra_that_it_needs() -> None:
    done = without("torch", "import stable_train; sys.exit(stable_train.main())")
    assert done.returncode == 2
    assert done.stderr == 'stable-train needs torch: pip install "stable-train[train]"\n'


def test_fuelbreak_names_the_extra_that_it_needs() -> None:
    done = without("numba", "import fuelbreak.env")
    assert done.stderr.endswith('ImportError: fuelbreak needs numba: pip install "stable-train[fuelbreak]"\n')


def test_the_table_of_slow_tests_names_what_is_there() -> None:
    table = ast.parse((ROOT / "tests" / "conftest.py").read_text("utf-8")).body
    rows = [
        ast.literal_eval(node.value) for node in table if isinstance(getattr(node, "value", 0), ast.Tuple)
    ]
    assert len(rows) == 2
    assert [name for row in rows for name in row if not (ROOT / "tests" / name).exists()] == []
