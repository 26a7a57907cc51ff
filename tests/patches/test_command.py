"""The command in odd surroundings: closed outputs, other folders, other interpreters, another name."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from patches.run.interpreter import Interpreter
from tests.patches.test_interrupts import NEW, OLD, STABLEPOOL, STEPPING

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "patch_train_stable.py"


def run(folder: Path, *arguments: str, **more: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(TOOL), *arguments]
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        command, cwd=folder, text=True, timeout=60, check=False, **{"capture_output": True, **more}
    )


@pytest.mark.parametrize(
    "words",
    ["--explain swap-vector-env", "--list-fixes", "--help", "--check .", "--diff .", "--list-backups"],
)
@pytest.mark.parametrize("sink", ["| :", ">&-", "> /dev/full"])
def test_an_output_that_nobody_reads(tmp_path: Path, words: str, sink: str) -> None:
    (tmp_path / "train.py").write_bytes(OLD)
    line = f"{sys.executable} {TOOL} {words} {sink}"
    done = subprocess.run(
        line, shell=True, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
    assert (tmp_path / "train.py").read_bytes() == OLD


@pytest.mark.parametrize("sink", ["| :", ">&-", "> /dev/full"])
def test_a_patched_script_is_told_on_the_error_output_then(tmp_path: Path, sink: str) -> None:
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_bytes(OLD)
    line = f"{sys.executable} {TOOL} a.py b.py {sink}"
    done = subprocess.run(
        line, shell=True, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    states = [(tmp_path / name).read_bytes() for name in ("a.py", "b.py")]
    assert "Traceback" not in done.stderr
    if sink == ">&-":
        assert states == [NEW, NEW]
    else:
        assert states == [NEW, OLD]
        assert done.stderr.count("To undo:") == 1


def test_the_undo_line_of_a_relative_store_works_from_anywhere(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_bytes(OLD)
    (tmp_path / "my backups").mkdir()
    done = run(tmp_path, "train.py", "--backup-dir", "my backups")
    undo = next(line for line in done.stdout.splitlines() if line.startswith("To undo: "))
    command = undo.removeprefix("To undo: ").replace("python ", f"{sys.executable} ", 1)
    subprocess.run(command, shell=True, cwd="/", timeout=60, check=True, capture_output=True)
    assert (tmp_path / "train.py").read_bytes() == OLD


def test_a_script_elsewhere_is_named_in_the_undo_line(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "train.py").write_bytes(OLD)
    done = run(tmp_path / "work", "../train.py")
    undo = next(line for line in done.stdout.splitlines() if line.startswith("To undo: "))
    assert undo.endswith(f" {tmp_path / 'train.py'}")
    command = undo.removeprefix("To undo: ").replace("python ", f"{sys.executable} ", 1)
    subprocess.run(command, shell=True, cwd=tmp_path / "work", timeout=60, check=True, capture_output=True)
    assert (tmp_path / "train.py").read_bytes() == OLD


def test_a_backup_above_the_script_is_found_from_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "project" / "src").mkdir(parents=True)
    script = tmp_path / "project" / "src" / "train.py"
    script.write_bytes(OLD)
    run(tmp_path / "project", "src/train.py")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = run(elsewhere, "--restore", str(script))
    assert done.returncode == 0, done.stdout
    assert script.read_bytes() == OLD
    assert f"--backup-dir {tmp_path / 'project' / 'backups'}" in done.stdout
    done = run(elsewhere, "--restore", str(elsewhere / "x.py"))
    assert done.returncode == 6
    assert f"looked in {elsewhere / 'backups'}" in done.stdout


def test_a_folder_is_restored(tmp_path: Path) -> None:
    scripts = [tmp_path / "a" / "x.py", tmp_path / "a" / "b" / "y.py", tmp_path / "z.py"]
    for script in scripts:
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_bytes(OLD)
    run(tmp_path, ".")
    assert run(tmp_path, "--restore", "a").returncode == 0
    assert [script.read_bytes() for script in scripts] == [OLD, OLD, NEW]
    assert run(tmp_path, "--restore", ".").returncode == 0
    assert scripts[2].read_bytes() == OLD


def test_a_list_ends_with_a_total(tmp_path: Path) -> None:
    for index in range(12):
        (tmp_path / f"{index:02}.py").write_bytes(OLD + b"x = [1, 2, 3]  # some numbers\n" * 2000)
    (tmp_path / "03.py").write_text("x = = 1\n")
    (tmp_path / "04.py").write_text("x = 1\n")
    done = run(tmp_path, ".")
    names = [line[:5] for line in done.stdout.splitlines() if line[:2].isdigit() and line[2:5] == ".py"]
    assert names == [f"{index:02}.py" for index in range(12)]
    assert "12 files: 10 patched, 1 nothing to do, 1 unreadable\n" in done.stdout
    assert done.returncode == 4


def test_json_is_written_as_it_comes(tmp_path: Path) -> None:
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_bytes(OLD)
    report = json.loads(run(tmp_path, ".", "--format", "json").stdout)
    assert [file["path"] for file in report["files"]] == ["a.py", "b.py"]
    assert report["total"] == {"patched": 2}
    assert report["interrupted"] is None
    (tmp_path / "empty").mkdir()
    assert json.loads(run(tmp_path, "empty", "--format", "json").stdout)["files"] == []


def test_it_runs_as_a_module_and_under_another_name(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "patches", tmp_path / "stable_patch", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "train.py").write_bytes(OLD)
    command = [sys.executable, "-m", "stable_patch", "train.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "To undo: python -m stable_patch --restore " in done.stdout
    assert (tmp_path / "train.py").read_bytes() == NEW
    code = "import sys; import stable_patch.cli; assert 'patches' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, timeout=60, check=True)


def without_pool(tmp_path: Path) -> Path:
    """An interpreter that has no stablepool."""
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "env")], timeout=60, check=True
    )
    return tmp_path / "env" / "bin" / "python"


def test_an_interpreter_without_stablepool_is_named_with_the_line_that_installs_it(tmp_path: Path) -> None:
    python = without_pool(tmp_path)
    (tmp_path / "train.py").write_bytes(OLD)
    done = run(tmp_path, "train.py", "--python", str(python), "--smoke", "3")
    assert done.returncode == 5
    assert "the trial run needs stablepool" in done.stdout
    assert f"{python} -m pip install stable-train" in done.stdout
    assert (tmp_path / "train.py").read_bytes() == OLD
    done = run(tmp_path, "train.py", "--python", str(python))
    assert done.returncode == 0
    assert f"{python} cannot import stablepool: {python} -m pip install stable-train\n" in done.stdout
    (tmp_path / "stablepool.py").write_text(STABLEPOOL)
    assert Interpreter(str(python)).missing(tmp_path / "train.py") == ""
    assert Interpreter(str(tmp_path / "nothing")).missing(tmp_path / "train.py")


def test_this_interpreter_is_said_to_have_it(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_bytes(OLD)
    (tmp_path / "stablepool.py").write_text("raise SystemExit('it was imported')\n")
    done = run(tmp_path, "train.py")
    assert done.stdout.endswith(f"{sys.executable} can import stablepool\n")


FAULTY = STABLEPOOL.replace(
    "        time.sleep(0.01)\n",
    """\
        self.count = getattr(self, "count", 0) + 1
        records = [None, {"kind": "timeout", "transition_valid": self.count == 1}]
        return 0, 0, 0, 0, {"fault": records, "_fault": [False, self.count < 3]}
""",
).replace("pids = [", "pids = [] and [")


def test_faults_of_the_trial_run_are_reported(tmp_path: Path) -> None:
    (tmp_path / "stablepool.py").write_text(FAULTY)
    (tmp_path / "train.py").write_text(STEPPING)
    done = run(tmp_path, "train.py", "--smoke", "5")
    assert done.returncode == 0, done.stdout
    said = "it ran 5 vector steps, with 2 faults, 1 void transition: timeout in environment 1 (2 times)"
    assert said in done.stdout


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_odd_files_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "folder.py").mkdir()
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "loop.py").symlink_to("loop.py")
    (tmp_path / "up").symlink_to(tmp_path)
    (tmp_path / "empty.py").touch()
    (tmp_path / "huge.py").write_bytes(OLD + b"x = '" + b"x" * 3_000_000 + b"'  # y\n")
    (tmp_path / os.fsdecode(b"bad\xff.py")).write_bytes(OLD)
    done = run(tmp_path, ".", env={**os.environ, "PYTHONIOENCODING": "utf-8"})
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 files: 2 patched, 1 nothing to do" in done.stdout
    assert run(tmp_path, "--restore", ".", env={**os.environ, "PYTHONIOENCODING": "utf-8"}).returncode == 0
    assert (tmp_path / os.fsdecode(b"bad\xff.py")).read_bytes() == OLD
