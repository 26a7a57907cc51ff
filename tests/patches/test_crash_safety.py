"""Killed or out of disk at any moment, a script is wholly old or wholly new, and its backup whole or absent."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from patches.run.engine import Engine
from patches.run.files import Disk
from patches.run.locks import lock_folder, lock_store
from patches.run.outcome import Exit
from patches.run.plan import apply, make_plan
from tests.patches.tools import options

OLD = b"from gymnasium.vector import AsyncVectorEnv\nenvs = AsyncVectorEnv(fns)\n"
NEW = apply(make_plan(OLD, options()))


def killed_runs(tmp_path: Path, action: str) -> list[Path]:
    """Folders of all runs, each killed at another call but the last one, which ran through."""
    command = [sys.executable, str(Path(__file__).with_name("killing.py")), str(tmp_path), action]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    runs = [json.loads(line) for line in done.stdout.splitlines()]
    assert [run["call"] for run in runs] == [*range(len(runs) - 1), -1]
    return [Path(run["folder"]) for run in runs]


def whole_backups(folder: Path) -> list[bytes]:
    """The bytes of every backup that is listed; a damaged one raises."""
    return [backup.read_original() for backup in Engine(folder / "backups", options()).store]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_killed_while_patching(tmp_path: Path) -> None:
    (tmp_path / "start").mkdir()
    (tmp_path / "start" / "train.py").write_bytes(OLD)
    folders = killed_runs(tmp_path, "patch")
    assert len(folders) > 10
    states = []
    assert any(list(folder.glob(".*.tmp")) for folder in folders)
    for folder in folders:
        state = (folder / "train.py").read_bytes()
        assert state in (OLD, NEW)
        backups = whole_backups(folder)
        assert backups in ([], [OLD])
        assert state == OLD or backups == [OLD]
        states.append(state)
        assert_recovers(folder)
    assert states == sorted(states, key=[OLD, NEW].index)
    assert {*states} == {OLD, NEW}


def assert_recovers(folder: Path) -> None:
    """The next runs go on as if nothing had happened."""
    engine = Engine(folder / "backups", options())
    assert engine.patch(folder / "train.py").exit == Exit.OK
    assert (folder / "train.py").read_bytes() == NEW
    assert engine.restore("latest").exit == Exit.OK
    assert (folder / "train.py").read_bytes() == OLD
    assert not list(folder.glob("backups/.*.tmp"))
    assert not list(folder.glob(".*.tmp"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_killed_while_restoring(tmp_path: Path) -> None:
    (tmp_path / "start").mkdir()
    (tmp_path / "start" / "train.py").write_bytes(OLD)
    states = []
    for folder in killed_runs(tmp_path, "restore"):
        states.append((folder / "train.py").read_bytes())
        assert whole_backups(folder) in ([OLD], [OLD, NEW])
        assert_recovers(folder)
    assert states == sorted(states, key=[NEW, OLD].index)
    assert {*states} == {OLD, NEW}


class FullDisk(Disk):
    """Refuses the n-th call and all after it, as a full disk or a folder without rights does."""

    def __init__(self, fatal: int, code: int) -> None:
        self.left, self.code = fatal, code

    def _tick(self, path: Path) -> None:
        self.left -= 1
        if self.left < 0:
            raise OSError(self.code, os.strerror(self.code), str(path))

    def make_folder(self, path: Path) -> None:
        self._tick(path)
        super().make_folder(path)

    def create(self, path: Path, data: bytes, mode: int) -> None:
        if self.left == 0:
            path.write_bytes(data[: len(data) // 2])
        self._tick(path)
        super().create(path, data, mode)

    def append(self, path: Path, data: bytes) -> None:
        self._tick(path)
        super().append(path, data)

    def rename(self, source: Path, target: Path) -> None:
        self._tick(source)
        super().rename(source, target)

    def sync_folder(self, path: Path) -> None:
        self._tick(path)
        super().sync_folder(path)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO])
def test_a_disk_that_refuses(tmp_path: Path, code: int) -> None:
    for fatal in range(100):
        folder = tmp_path / str(fatal)
        folder.mkdir()
        script = folder / "train.py"
        script.write_bytes(OLD)
        outcome = Engine(folder / "backups", options(), disk=FullDisk(fatal, code)).patch(script)
        state = script.read_bytes()
        if outcome.exit == Exit.OK:
            assert state == NEW
            break
        assert outcome.exit == Exit.IO
        assert os.strerror(code) in outcome.message
        assert outcome.message.startswith("patched, but") == (state == NEW)
        assert state in (OLD, NEW)
        assert whole_backups(folder) in ([], [OLD])
        assert state == OLD or whole_backups(folder) == [OLD]
        assert not list(folder.glob(".train.py*"))
    assert fatal > 8


class LyingDisk(Disk):
    """Writes other bytes than it is given, once."""

    def __init__(self) -> None:
        self.lied = False

    def create(self, path: Path, data: bytes, mode: int) -> None:
        if path.name.startswith(".train.py") and not self.lied:
            self.lied, data = True, data.replace(b"stable", b"unstable")
        super().create(path, data, mode)


def test_what_is_read_back_must_be_what_was_written(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_bytes(OLD)
    outcome = Engine(tmp_path / "backups", options(), disk=LyingDisk()).patch(script)
    assert outcome.exit == Exit.VERIFICATION
    assert script.read_bytes() == OLD


def test_two_runs_at_once_wait_for_each_other(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_bytes(OLD)
    tool = Path(__file__).resolve().parents[2] / "patch_train_stable.py"
    command = [sys.executable, str(tool), str(script), "-q"]
    runs = [subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL) for _ in range(4)]
    codes = [run.wait(60) for run in runs]
    assert script.read_bytes() == NEW
    assert set(codes) <= {Exit.OK, Exit.IO}
    assert Exit.OK in codes
    assert whole_backups(tmp_path) == [OLD]


def test_only_its_own_leftovers_are_swept(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_bytes(OLD)
    (tmp_path / ".train.py.patch_train_stable-0123abcd.tmp").write_bytes(NEW[:9])
    others = [
        ".other.py.patch_train_stable-0123abcd.tmp",
        ".train.py.0123abcd.tmp",
        ".train.py.patch_train_stable-0123abcd.tmp.bak",
        ".train.py.patch_train_stable-xyz.tmp",
    ]
    for name in others:
        (tmp_path / name).write_bytes(b"mine")
    (tmp_path / ".train.py.patch_train_stable-00000000.tmp").mkdir()
    assert Engine(tmp_path / "backups", options()).patch(script).exit == Exit.OK
    left = {path.name for path in tmp_path.glob(".*")}
    assert left == {*others, ".train.py.patch_train_stable-00000000.tmp"}


def test_runs_with_different_backup_folders_exclude_each_other(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    script = tmp_path / "real" / "train.py"
    script.write_bytes(OLD)
    link = tmp_path / "link.py"
    link.symlink_to(script)
    engine = Engine(tmp_path / "backups", options(), lock_timeout_s=0.2)
    with lock_folder(tmp_path / "real", 1.0):
        outcome = engine.patch(link)
    assert outcome.exit == Exit.IO
    assert f"another run is at work on {tmp_path / 'real'}" in outcome.message
    assert script.read_bytes() == OLD
    assert whole_backups(tmp_path) == []
    assert engine.patch(link).exit == Exit.OK
    with lock_folder(tmp_path / "real", 1.0):
        assert engine.restore("latest").exit == Exit.IO
    assert script.read_bytes() == NEW


def test_a_run_waits_while_another_holds_the_store(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_bytes(OLD)
    engine = Engine(tmp_path / "backups", options(), lock_timeout_s=0.2)
    assert engine.patch(script).exit == Exit.OK
    with lock_store(tmp_path / "backups", 1.0):
        assert engine.restore("latest").exit == Exit.IO
        with pytest.raises(OSError, match="another run"):
            engine.prune(0)
    assert engine.prune(0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_the_lock_of_a_killed_run_is_free(tmp_path: Path) -> None:
    hold = (
        "import sys, time; from pathlib import Path; from patches.run.locks import lock_folder\n"
        "with lock_folder(Path(sys.argv[1]), 1): print('held', flush=True); time.sleep(60)"
    )
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", hold, str(tmp_path)]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(OSError, match="another run"), lock_folder(tmp_path, 0.1):
            pass
        process.kill()
    with lock_folder(tmp_path, 5.0):
        pass
