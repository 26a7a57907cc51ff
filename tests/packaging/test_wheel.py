"""A wheel in virtual environments of its own: what it holds, and that each extra does what it is for."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.packaging.venvs import STEPPING, Venv, run, run_well

pytestmark = [pytest.mark.all, pytest.mark.timeout(900)]

MEGABYTES = 150


@pytest.fixture(scope="module")
def base(built: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> Venv:
    return Venv.make(tmp_path_factory.mktemp("base") / "venv", built.wheel)


@pytest.fixture(scope="module")
def with_fuelbreak(built: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> Venv:
    return Venv.make(tmp_path_factory.mktemp("fuelbreak") / "venv", f"{built.wheel}[fuelbreak]")


@pytest.fixture(scope="module")
def with_all(built: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> Venv:
    return Venv.make(
        tmp_path_factory.mktemp("all") / "venv", f"{built.wheel}[all]", "pytest", "pytest-timeout"
    )


def test_the_wheel_holds_the_packages_and_nothing_else(built: SimpleNamespace, checkout: Path) -> None:
    held = zipfile.ZipFile(built.wheel).namelist()
    expected = {
        *(path.relative_to(checkout / "src") for path in (checkout / "src" / "stablepool").rglob("*.py")),
        *(path.relative_to(checkout / "src") for path in (checkout / "src" / "fuelbreak").rglob("*.py")),
        *(
            Path("stable_patch") / path.relative_to(checkout / "patches")
            for path in (checkout / "patches").rglob("*.py")
        ),
        Path("Train_stable.py"),
        Path("stable_train.py"),
    }
    assert {Path(name) for name in held if name.endswith(".py")} == expected
    others = {Path(name) for name in held if not name.endswith(".py") and ".dist-info/" not in name}
    assert {"py.typed", "fuel_models.csv", "lines.pt"} <= {other.name for other in others}
    assert {other.parts[0] for other in others} == {"fuelbreak", "stablepool"}


def test_the_source_distribution_holds_the_tool_and_no_tests(built: SimpleNamespace) -> None:
    with tarfile.open(built.sdist) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    assert {"patch_train_stable.py", "patches/cli.py", "src/Train_stable.py", "setup.py"} <= held
    assert not [name for name in held if name.startswith(("tests", "benchmarks"))]


def test_a_base_installation_is_small(base: Venv) -> None:
    assert base.megabytes < MEGABYTES


@pytest.mark.parametrize("tool", [("stable-patch",), ("python", "-m", "stable_patch")], ids=" ".join)
def test_a_script_elsewhere_is_patched_runs_and_is_restored(
    base: Venv, tmp_path: Path, tool: tuple[str, ...]
) -> None:
    script = tmp_path / "script.py"
    script.write_text(STEPPING)
    command = (base.program(tool[0]), *tool[1:])
    run_well(*command, "script.py", cwd=tmp_path)
    assert run_well(base.program("python"), "script.py", cwd=tmp_path) == "StableProcessPoolEnv (2, 4)\n"
    run_well(*command, "--restore", "script.py", cwd=tmp_path)
    assert script.read_text() == STEPPING


def test_what_a_base_installation_lacks_is_named(base: Venv, tmp_path: Path) -> None:
    done = run(base.program("stable-train"), "--help", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.endswith('pip install "stable-train[train]"\n')
    assert 'pip install "stable-train[fuelbreak]"' in base.python("import fuelbreak.env", tmp_path).stderr


def test_fires_and_plans_need_no_torch(with_fuelbreak: Venv, tmp_path: Path) -> None:
    python = with_fuelbreak.program("python")
    run_well(python, "-m", "fuelbreak.synthetic", "land", "--count", 1, "--size", 30, cwd=tmp_path)
    said = run_well(
        python, "-m", "fuelbreak.plan", "land", "--tile", 0, "--budget", 30, "--out", "plan", cwd=tmp_path
    )
    assert "Expected burned area" in said
    assert (tmp_path / "plan" / "plan.png").stat().st_size > 10_000
    code = "import gymnasium as gym; gym.make('fuelbreak:FuelBreak-v1', num_simulations=1).reset(seed=1)"
    assert with_fuelbreak.python(code, tmp_path).returncode == 0
    assert run(with_fuelbreak.program("stable-train"), cwd=tmp_path).returncode == 2


def test_the_first_run_after_an_installation_trains(with_all: Venv, tmp_path: Path) -> None:
    small = ("--n-envs", 2, "--max-workers", 2, "--episodes", 1, "--steps-per-ep", 3, "--batch-size", 4)
    done = run(with_all.program("stable-train"), *small, "--demonstrations", 0, "--no-evaluate", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "failed" not in done.stdout + done.stderr
    assert list(tmp_path.glob("runs/latest/**/*.pt"))


def test_stable_baselines3_trains_on_the_pool(with_all: Venv, checkout: Path) -> None:
    tests = checkout / "tests"
    chosen = (tests / "stablepool" / "test_sb3.py", tests / "examples", "-k", "sb3 or stable_baselines3")
    said = run_well(with_all.program("python"), "-m", "pytest", "-q", *chosen, cwd=checkout)
    assert "passed" in said


def test_an_editable_installation_sees_the_checkout(checkout: Path, tmp_path: Path) -> None:
    venv = Venv.make(tmp_path / "venv", "--editable", checkout)
    script = tmp_path / "script.py"
    script.write_text(STEPPING)
    assert run(venv.program("stable-patch"), "--check", script, cwd=tmp_path).returncode == 1
    code = "import patches, stable_patch, stablepool; print(patches.__path__[0], stable_patch.__path__[0])"
    done = venv.python(code, cwd=checkout)
    assert done.stdout.split() == [str(checkout / "patches")] * 2, done.stderr
