"""The backup store and what the engine does with it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from patches.run.backups import BackupError
from patches.run.engine import Engine
from patches.run.outcome import Exit
from tests.patches.tools import options

SCRIPT = b"""from gymnasium.vector import AsyncVectorEnv

def main():
    envs = AsyncVectorEnv(env_fns)
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "train.py"
    path.write_bytes(SCRIPT)
    path.chmod(0o750)
    return path


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(tmp_path / "backups", options())


def test_a_patch_is_undone_byte_for_byte(engine: Engine, script: Path) -> None:
    outcome = engine.patch(script)
    assert outcome.exit == Exit.OK
    assert b"StableProcessPoolEnv(env_fns, timeout=8.0)" in script.read_bytes()
    assert engine.restore("latest").exit == Exit.OK
    assert script.read_bytes() == SCRIPT
    assert script.stat().st_mode & 0o777 == 0o750


def test_the_mode_survives_patching(engine: Engine, script: Path) -> None:
    engine.patch(script)
    assert script.stat().st_mode & 0o777 == 0o750


def test_a_link_stays_a_link(engine: Engine, script: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.py"
    link.symlink_to(script.name)
    engine.patch(link)
    assert link.is_symlink()
    assert b"stablepool" in script.read_bytes()
    engine.restore("latest", link)
    assert link.is_symlink()
    assert script.read_bytes() == SCRIPT


def test_patching_twice_makes_one_backup(engine: Engine, script: Path) -> None:
    engine.patch(script)
    once = script.read_bytes()
    outcome = engine.patch(script)
    assert (outcome.exit, outcome.backup) == (Exit.OK, None)
    assert script.read_bytes() == once
    assert len(list(engine.store)) == 1


def test_the_manifest_says_what_was_done(engine: Engine, script: Path) -> None:
    backup = engine.patch(script).backup
    assert backup is not None
    manifest = json.loads((backup.folder / "manifest.json").read_text())
    assert manifest["path"] == str(script)
    assert manifest["mode"] == "0750"
    assert {"fix": "swap-vector-env", "line": 4, "column": 12} in [
        {key: edit[key] for key in ("fix", "line", "column")} for edit in manifest["edits"]
    ]
    assert manifest["edits"][0]["line_after"] == 1
    assert (backup.folder / "original").read_bytes() == SCRIPT


def test_exit_codes_are_those_that_scripts_rely_on() -> None:
    assert [int(code) for code in Exit] == [0, 1, 2, 3, 4, 5, 6]
    assert [code.name for code in Exit] == [
        "OK",
        "PENDING",
        "USAGE",
        "REFUSED",
        "UNREADABLE",
        "VERIFICATION",
        "IO",
    ]


def test_backups_are_for_their_owner_alone(engine: Engine, script: Path) -> None:
    backup = engine.patch(script).backup
    assert backup is not None
    assert (backup.folder / "original").stat().st_mode & 0o777 == 0o600


def test_refusing_is_the_default(engine: Engine, script: Path) -> None:
    script.write_bytes(SCRIPT.replace(b"(env_fns)", b"(env_fns, worker=w)") + b"    obs, _ = envs.reset()\n")
    assert engine.examine(script).exit == Exit.REFUSED
    assert engine.patch(script).exit == Exit.REFUSED
    assert b"AsyncVectorEnv" in script.read_bytes()


def test_an_undo_can_be_undone(engine: Engine, script: Path) -> None:
    engine.patch(script)
    patched = script.read_bytes()
    undo = engine.restore("latest").backup
    assert undo is not None
    assert engine.restore(undo.id).exit == Exit.OK
    assert script.read_bytes() == patched


def test_restoring_twice_has_nothing_to_do(engine: Engine, script: Path) -> None:
    engine.patch(script)
    engine.restore("latest")
    outcome = engine.restore("latest")
    assert (outcome.exit, outcome.backup) == (Exit.OK, None)
    assert script.read_bytes() == SCRIPT


def test_later_edits_are_not_overwritten(engine: Engine, script: Path) -> None:
    engine.patch(script)
    edited = script.read_bytes() + b"# mine\n"
    script.write_bytes(edited)
    outcome = engine.restore("latest")
    assert outcome.exit == Exit.REFUSED
    assert "--force" in outcome.hint
    assert script.read_bytes() == edited


def test_force_backs_the_later_edits_up(engine: Engine, script: Path) -> None:
    engine.patch(script)
    edited = script.read_bytes() + b"# mine\n"
    script.write_bytes(edited)
    saved = engine.restore("latest", force=True).backup
    assert saved is not None
    assert script.read_bytes() == SCRIPT
    assert saved.read_original() == edited


def test_a_script_that_is_gone_is_written_again(engine: Engine, script: Path) -> None:
    engine.patch(script)
    script.unlink()
    assert engine.restore("latest").exit == Exit.OK
    assert script.read_bytes() == SCRIPT
    assert script.stat().st_mode & 0o777 == 0o750


def test_a_damaged_backup_is_not_restored(engine: Engine, script: Path) -> None:
    backup = engine.patch(script).backup
    assert backup is not None
    patched = script.read_bytes()
    (backup.folder / "original").write_bytes(b"something else")
    outcome = engine.restore(backup.id)
    assert outcome.exit == Exit.IO
    assert "damaged" in outcome.message
    assert script.read_bytes() == patched


def test_a_folder_without_a_manifest_is_called_damaged(engine: Engine, script: Path) -> None:
    backup = engine.patch(script).backup
    assert backup is not None
    (backup.folder / "manifest.json").unlink()
    outcome = engine.restore(backup.id)
    assert outcome.exit == Exit.IO
    assert "damaged" in outcome.message
    assert "there is no backup nonsense" in engine.restore("nonsense").message


def test_no_backup_is_an_error_with_a_hint(engine: Engine) -> None:
    outcome = engine.restore("latest")
    assert outcome.exit == Exit.IO
    assert "--backup-dir" in outcome.hint
    engine.store.root.mkdir()
    assert "--list-backups" in engine.restore("latest").hint


def test_the_start_of_an_id_is_enough_unless_it_fits_several(engine: Engine, script: Path) -> None:
    backup = engine.patch(script).backup
    assert backup is not None
    assert engine.store.find(backup.id[:12]).id == backup.id
    engine.restore("latest")
    with pytest.raises(BackupError, match="stands for 2 backups"):
        engine.store.find(backup.id[:4])


def test_prune_keeps_the_latest(engine: Engine, script: Path) -> None:
    engine.patch(script)
    engine.restore("latest")
    engine.patch(script)
    before = [backup.id for backup in engine.store]
    assert engine.store.prune(1) == before[:-1]
    assert [backup.id for backup in engine.store] == before[-1:]
    lines = (engine.store.root / "index.jsonl").read_text().splitlines()
    assert [json.loads(line)["backup"] for line in lines if '"pruned"' in line] == before[:-1]


def test_the_index_keeps_every_event(engine: Engine, script: Path) -> None:
    engine.patch(script)
    engine.restore("latest")
    lines = (engine.store.root / "index.jsonl").read_text().splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["saved", "applied", "saved", "applied"]


def test_a_read_only_script_is_not_ours_to_change(engine: Engine, script: Path) -> None:
    script.chmod(0o440)
    assert engine.examine(script).exit == Exit.IO
    outcome = engine.patch(script)
    assert outcome.exit == Exit.IO
    assert "read-only" in outcome.message
    assert script.read_bytes() == SCRIPT


def test_an_expression_that_is_too_deep_is_refused(engine: Engine, tmp_path: Path) -> None:
    script = tmp_path / "deep.py"
    data = SCRIPT + b"x = " + b" + ".join([b"1"] * 3000) + b"\n"
    script.write_bytes(data)
    outcome = engine.patch(script)
    assert outcome.exit == Exit.UNREADABLE
    assert "too deeply" in outcome.message
    assert script.read_bytes() == data


@pytest.mark.parametrize("data", [b"", b"\n", b"# AsyncVectorEnv", b"\xef\xbb\xbf", b'"""AsyncVectorEnv"""'])
def test_scripts_with_nothing_in_them(engine: Engine, tmp_path: Path, data: bytes) -> None:
    script = tmp_path / "empty.py"
    script.write_bytes(data)
    assert engine.patch(script).exit == Exit.OK
    assert script.read_bytes() == data


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_what_is_no_file_is_not_opened(engine: Engine, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    outcome = engine.patch(tmp_path / "pipe.py")
    assert outcome.exit == Exit.IO
    assert "no regular file" in outcome.message
