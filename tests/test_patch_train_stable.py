"""The command line, run as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[1] / "patch_train_stable.py"
SCRIPT = """\
from gymnasium.vector import AsyncVectorEnv

envs = AsyncVectorEnv(env_fns)
obs, infos = envs.reset(seed=1)
for episode in range(10):
    for step in range(25):
        obs, rewards, terminated, truncated, infos = envs.step(policy(obs))
"""
PATCHED = """\
from stablepool import StableProcessPoolEnv

envs = StableProcessPoolEnv(env_fns, timeout=8.0)
obs, infos = envs.reset(seed=1)
for episode in range(10):
    for step in range(25):
        obs, rewards, terminated, truncated, infos = envs.step(policy(obs))
    # Reset environments for next episode (CRITICAL FIX)
    obs, infos = envs.reset()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "Train.py").write_text(SCRIPT)
    return tmp_path


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, str(TOOL), *arguments]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=60, env=environment, check=False
    )


def train(folder: Path) -> str:
    return (folder / "src" / "Train.py").read_text()


def test_without_arguments_it_patches_the_training_script_and_says_how_to_undo_it(folder: Path) -> None:
    done = run(folder)
    assert done.returncode == 0, done.stderr
    assert train(folder) == PATCHED
    assert "3:8" in done.stdout
    backup = next(line.split()[1] for line in done.stdout.splitlines() if line.startswith("Backup:"))
    assert f"--restore {backup}" in done.stdout
    assert run(folder, "--restore", backup).returncode == 0
    assert train(folder) == SCRIPT


def test_a_second_run_has_nothing_to_do(folder: Path) -> None:
    run(folder)
    again = run(folder)
    assert (again.returncode, train(folder)) == (0, PATCHED)
    assert "nothing to do" in again.stdout
    assert "Backup" not in again.stdout


def test_restore_alone_takes_the_latest_backup(folder: Path) -> None:
    run(folder)
    assert run(folder, "--restore").returncode == 0
    assert train(folder) == SCRIPT


@pytest.mark.parametrize("flag", ["--check", "--diff"])
def test_dry_runs_write_nothing(folder: Path, flag: str) -> None:
    done = run(folder, flag)
    assert done.returncode == 1
    assert train(folder) == SCRIPT
    assert not (folder / "backups").exists()
    run(folder)
    assert run(folder, flag).returncode == 0


def test_diff_is_a_unified_diff(folder: Path) -> None:
    lines = run(folder, "--diff").stdout.splitlines()
    assert lines[:2] == ["--- a/src/Train.py", "+++ b/src/Train.py"]
    assert "-envs = AsyncVectorEnv(env_fns)" in lines
    assert "+envs = StableProcessPoolEnv(env_fns, timeout=8.0)" in lines


def test_diff_with_write_does_both(folder: Path) -> None:
    done = run(folder, "--diff", "--write")
    assert done.returncode == 0
    assert "+envs = StableProcessPoolEnv" in done.stdout
    assert train(folder) == PATCHED


def test_only_and_skip_choose_fixes(folder: Path) -> None:
    run(folder, "--only", "swap-vector-env,reset-between-episodes", "--skip", "reset-between-episodes")
    assert train(folder) == SCRIPT.replace("gymnasium.vector", "stablepool").replace(
        "AsyncVectorEnv", "StableProcessPoolEnv"
    )


def test_an_unknown_fix_is_a_usage_error_that_names_the_known_ones(folder: Path) -> None:
    done = run(folder, "--only", "swap")
    assert done.returncode == 2
    assert "swap-vector-env" in done.stderr


@pytest.mark.parametrize("value", ["N_ENVS=many", "N_ENVS", "N_ENVS=-1", "LR=3"])
def test_a_bad_value_is_a_usage_error(folder: Path, value: str) -> None:
    done = run(folder, "--set", value)
    assert done.returncode == 2
    assert "N_ENVS" in done.stderr


def test_preset_and_set(folder: Path) -> None:
    path = folder / "src" / "Train.py"
    path.write_text("N_ENVS = 1\nBATCH_SIZE = 2\nBUFFER_CAP = 3\n" + SCRIPT)
    run(folder, "--preset", "low-memory", "--set", "BATCH_SIZE=48")
    assert train(folder).startswith("N_ENVS = 16\nBATCH_SIZE = 48\nBUFFER_CAP = 100_000\n")


def test_many_core_widens_the_pool(folder: Path) -> None:
    run(folder, "--preset", "many-core")
    assert "StableProcessPoolEnv(env_fns, max_workers=32, timeout=20.0)" in train(folder)


def test_list_fixes(folder: Path) -> None:
    names = [line.split()[0] for line in run(folder, "--list-fixes").stdout.splitlines()]
    assert names[:7] == [
        "swap-vector-env",
        "swap-subproc-vec-env",
        "reset-between-episodes",
        "int8-actions",
        "step-timeouts",
        "process-cleanup",
        "tuned-parameters",
    ]


def test_explain_shows_an_example(folder: Path) -> None:
    shown = run(folder, "--explain", "swap-vector-env").stdout
    assert "+ from stablepool import StableProcessPoolEnv" in shown


def test_list_backups(folder: Path) -> None:
    assert run(folder, "--list-backups").stdout == "no backups\n"
    run(folder)
    listed = run(folder, "--list-backups").stdout
    assert listed.count("\n") == 1
    assert str(folder / "src" / "Train.py") in listed


def test_a_script_that_is_not_there(folder: Path) -> None:
    done = run(folder, "missing.py")
    assert done.returncode == 6
    assert "missing.py: No such file or directory" in done.stdout
    assert "hint:" in done.stdout


def test_a_script_that_does_not_parse_is_placed_and_untouched(folder: Path) -> None:
    (folder / "broken.py").write_text(SCRIPT + "x = = 1\n")
    done = run(folder, "broken.py")
    assert done.returncode == 4
    assert "broken.py:8:5: not valid Python: invalid syntax" in done.stdout
    assert (folder / "broken.py").read_text() == SCRIPT + "x = = 1\n"


def test_a_refused_script_is_placed_and_untouched(folder: Path) -> None:
    refused = SCRIPT.replace("(env_fns)", "(env_fns, worker=mine)")
    (folder / "refused.py").write_text(refused)
    for flags in ([], ["--check"], ["--diff"]):
        done = run(folder, "refused.py", *flags)
        assert done.returncode == 3
        assert "3:32" in done.stdout
        assert "[worker-argument]" in done.stdout
    assert (folder / "refused.py").read_text() == refused
    assert not (folder / "backups").exists()


def test_partial_applies_what_is_safe(folder: Path) -> None:
    path = folder / "refused.py"
    path.write_text(SCRIPT.replace("(env_fns)", "(env_fns, worker=mine)"))
    done = run(folder, "refused.py", "--partial")
    assert done.returncode == 3
    assert "obs, infos = envs.reset()" in path.read_text()
    assert "timeout" not in path.read_text()


def test_json(folder: Path) -> None:
    report = json.loads(run(folder, "--check", "--format", "json").stdout)
    file = report["files"][0]
    assert (file["path"], file["exit"], file["changed"]) == ("src/Train.py", 1, True)
    assert {"fix": "step-timeouts", "line": 3, "column": 8} in [
        {key: edit[key] for key in ("fix", "line", "column")} for edit in file["edits"]
    ]


def test_restore_can_be_previewed(folder: Path) -> None:
    run(folder)
    done = run(folder, "--restore", "--diff")
    assert done.returncode == 1
    assert "+envs = AsyncVectorEnv(env_fns)" in done.stdout.splitlines()
    assert train(folder) == PATCHED


def test_restore_takes_a_script_as_well(folder: Path) -> None:
    (folder / "other.py").write_text(SCRIPT)
    run(folder)
    run(folder, "other.py")
    assert run(folder, "--restore", "src/Train.py").returncode == 0
    assert train(folder) == SCRIPT
    assert (folder / "other.py").read_text() == PATCHED


def test_prune(folder: Path) -> None:
    run(folder)
    run(folder, "--restore")
    done = run(folder, "--prune", "--keep", "1")
    assert done.stdout.splitlines()[-1] == "1 deleted, 1 kept"
    assert run(folder, "--list-backups").stdout.count("\n") == 1


def test_restoring_over_later_edits_needs_force(folder: Path) -> None:
    run(folder)
    path = folder / "src" / "Train.py"
    path.write_text(PATCHED + "# mine\n")
    done = run(folder, "--restore")
    assert done.returncode == 3
    assert "--force" in done.stdout
    assert run(folder, "--restore", "--force").returncode == 0
    assert train(folder) == SCRIPT


RUNNING = """\
import gymnasium as gym
from gymnasium.vector import AsyncVectorEnv

envs = AsyncVectorEnv([lambda: gym.make("CartPole-v1")] * 2)
envs.reset()
while True:
    envs.step(envs.action_space.sample())
"""


def test_smoke_runs_the_patched_script(folder: Path) -> None:
    (folder / "run.py").write_text(RUNNING)
    done = run(folder, "run.py", "--smoke", "3")
    assert done.returncode == 0, done.stdout
    assert "ran 3 vector steps" in done.stdout
    assert "stablepool" in (folder / "run.py").read_text()


def test_smoke_ends_a_script_that_steps_in_a_thread(folder: Path) -> None:
    in_a_thread = """\
    out = {}
    t = threading.Thread(target=lambda: out.update(result=envs.step(envs.action_space.sample())))
    t.start()
    t.join(timeout=30)
    out["result"]
"""
    head, _, _ = RUNNING.rpartition("    envs.step")
    (folder / "run.py").write_text(f"import threading\n{head}{in_a_thread}")
    done = run(folder, "run.py", "--smoke", "3")
    assert done.returncode == 0, done.stdout
    assert "ran 3 vector steps" in done.stdout


def test_smoke_restores_a_script_that_fails(folder: Path) -> None:
    failing = RUNNING.replace("    envs.step", "    raise RuntimeError('not today')\n    envs.step")
    (folder / "run.py").write_text(failing)
    done = run(folder, "run.py", "--smoke", "3")
    assert done.returncode == 5
    assert "RuntimeError: not today" in done.stdout
    assert (folder / "run.py").read_text() == failing


def test_smoke_ends_a_script_that_hangs(folder: Path) -> None:
    hanging = RUNNING.replace("    envs.step", "    __import__('time').sleep(600)\n    envs.step")
    (folder / "run.py").write_text(hanging)
    before = set(Path("/dev/shm").iterdir())
    done = run(folder, "run.py", "--smoke", "3", "--smoke-timeout", "4")
    left = set(Path("/dev/shm").iterdir()) - before
    until = time.monotonic() + 20  # other programs of the machine come and go there, too
    while any(path.exists() for path in left) and time.monotonic() < until:
        time.sleep(0.1)
    assert not [path for path in left if path.exists()]
    assert done.returncode == 5
    assert "within 4 s" in done.stdout
    assert (folder / "run.py").read_text() == hanging


def test_folders_stand_for_the_scripts_below_them(folder: Path) -> None:
    (folder / "src" / "other.py").write_text("print('nothing to do')\n")
    done = run(folder, "src")
    assert done.returncode == 0
    assert train(folder) == PATCHED
    assert "other.py: nothing to do" in done.stdout


def test_the_worst_outcome_is_the_exit_code(folder: Path) -> None:
    (folder / "broken.py").write_text("x = = 1\n")
    assert run(folder, "src/Train.py", "broken.py").returncode == 4
    assert train(folder) == PATCHED


def test_quiet_says_nothing_when_all_is_well(folder: Path) -> None:
    assert run(folder, "-q").stdout == ""


def test_output_is_plain_where_it_is_no_terminal(folder: Path) -> None:
    assert run(folder).stdout.isascii()


def test_folders_leave_other_peoples_code_alone(folder: Path) -> None:
    homes = ["env", "lib/site-packages/gymnasium", ".hidden"]
    for home in homes:
        (folder / home).mkdir(parents=True)
        (folder / home / "script.py").write_text(SCRIPT)
    (folder / "env" / "pyvenv.cfg").touch()
    assert run(folder, ".").returncode == 0
    assert train(folder) == PATCHED
    assert all((folder / home / "script.py").read_text() == SCRIPT for home in homes)


def test_an_empty_name_is_not_the_working_folder(folder: Path) -> None:
    done = run(folder, "")
    assert done.returncode == 2
    assert "the name of a script is empty" in done.stderr
    assert train(folder) == SCRIPT


def test_what_is_no_script_is_named_as_what_it_is(folder: Path) -> None:
    (folder / "note.ipynb").write_text("{}")
    (folder / "wide.py").write_bytes(SCRIPT.encode("utf-16"))
    (folder / "binary.py").write_bytes(b"\x7fELF\0\xff AsyncVectorEnv")
    (folder / "loop.py").symlink_to("loop.py")
    (folder / "empty").mkdir()
    expected = {
        "note.ipynb": "note.ipynb:1:1: a notebook is no Python script",
        "wide.py": "wide.py:1:1: the file is UTF-16 text",
        "binary.py": "binary.py:1:5: not Python source: it holds null bytes",
        "loop.py": "loop.py: loop.py is a symbolic link that leads back to itself",
    }
    done = run(folder, *expected)
    assert done.returncode == 6
    assert all(message in done.stdout for message in expected.values()), done.stdout
    assert done.stderr == ""
    assert run(folder, "empty").stdout == "no Python files below empty\n"


def test_restoring_from_another_folder_says_where_backups_are(folder: Path) -> None:
    done = run(folder, "--restore")
    assert done.returncode == 6
    assert "--backup-dir" in done.stdout
