"""A damaged or hostile backup: it is refused by name, and stands in nobody else's way."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from patches.report.console import Console
from patches.run.backups import Backup
from patches.run.engine import Engine
from patches.run.manifest import ManifestError, parse_manifest
from patches.run.outcome import Exit
from tests.patches.tools import options

OLD = b"from gymnasium.vector import AsyncVectorEnv\nenvs = AsyncVectorEnv(fns)\n"
Fields = dict[str, Any]


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(tmp_path / "backups", options())


def patched(engine: Engine, name: str) -> tuple[Path, Backup]:
    script = engine.store.root.parent / name
    script.write_bytes(OLD)
    backup = engine.patch(script).backup
    assert backup is not None
    return script, backup


def mutated(backup: Backup, change: Callable[[Fields], object]) -> None:
    path = backup.folder / "manifest.json"
    fields = json.loads(path.read_text())
    change(fields)
    path.write_text(json.dumps(fields))


BYTES: dict[str, bytes] = {
    "nothing": b"",
    "binary": bytes(range(256)),
    "not UTF-8": b'{"schema": 1, "path": "\xff"}',
    "a list": b"[]",
    "a number": b"1",
    "null": b"null",
    "a string": b'"schema"',
    "half": b'{"schema": 1, "pa',
    "deep lists": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "a huge number": b'{"schema": ' + b"9" * 100_000 + b"}",
    "not a number": b'{"schema": NaN}',
}
SET: dict[str, Fields] = {
    "schema 2": {"schema": 2},
    "schema true": {"schema": True},
    "schema text": {"schema": "1"},
    "created null": {"created": None},
    "created a list": {"created": ["2026"]},
    "created in words": {"created": "yesterday"},
    "created with escapes": {"created": "2026-01-01T00:00:00\x1b[2J"},
    "kind unknown": {"kind": "delete"},
    "kind a list": {"kind": []},
    "path null": {"path": None},
    "path a number": {"path": 7},
    "path a list": {"path": ["/etc/passwd"]},
    "path empty": {"path": ""},
    "path with a null byte": {"path": "/tmp/a\0.py"},
    "path relative": {"path": "train.py"},
    "path with dots": {"path": "/tmp/../etc/passwd"},
    "path too long": {"path": "/" + "x" * 100_000},
    "path of surrogates": {"path": "/tmp/\ud800.py"},
    "real path null": {"real_path": None},
    "real path relative": {"real_path": "x"},
    "mode a number": {"mode": 493},
    "mode in words": {"mode": "rwxr-xr-x"},
    "mode too large": {"mode": "77777777"},
    "mode negative": {"mode": "-755"},
    "hash short": {"sha256_before": "00"},
    "hash a list": {"sha256_before": ["0" * 64]},
    "hash upper case": {"sha256_after": "A" * 64},
    "hash null": {"sha256_after": None},
    "encoding a number": {"encoding": 8},
    "encoding unknown": {"encoding": "no-such-codec"},
    "encoding of bytes": {"encoding": "hex"},
    "encoding with a null byte": {"encoding": "utf\0-8"},
}


def check_harmless(engine: Engine, bad: Backup, victim: Path, good: Path) -> None:
    """The bad one is refused; the list, another restore and a prune go on."""
    before = victim.read_bytes()
    outcome = engine.restore(bad.id)
    assert outcome.exit == Exit.IO
    assert "damaged" in outcome.message
    assert victim.read_bytes() == before
    assert [backup.path for backup in engine.store] == [good]
    listed = io.StringIO()
    Console(listed).backups(engine.store)
    assert str(good) in listed.getvalue()
    assert f"{bad.id}  damaged: " in listed.getvalue()
    assert "\x1b" not in listed.getvalue()
    assert engine.restore("latest").exit == Exit.OK
    assert good.read_bytes() == OLD
    assert len(engine.prune(0)) == 2
    assert (bad.folder / "original").exists()


@pytest.mark.parametrize("data", BYTES.values(), ids=BYTES)
def test_files_that_are_no_manifest(engine: Engine, data: bytes) -> None:
    (victim, bad), (good, _) = patched(engine, "a.py"), patched(engine, "b.py")
    (bad.folder / "manifest.json").write_bytes(data)
    check_harmless(engine, bad, victim, good)


@pytest.mark.parametrize("fields", SET.values(), ids=SET)
def test_fields_of_wrong_values(engine: Engine, fields: Fields) -> None:
    (victim, bad), (good, _) = patched(engine, "a.py"), patched(engine, "b.py")
    mutated(bad, lambda manifest: manifest.update(fields))
    check_harmless(engine, bad, victim, good)


@pytest.mark.parametrize("name", ["schema", "created", "kind", "path", "real_path", "mode", "sha256_after"])
def test_fields_that_are_missing(engine: Engine, name: str) -> None:
    _, backup = patched(engine, "a.py")
    mutated(backup, lambda manifest: manifest.pop(name))
    with pytest.raises(ManifestError):
        parse_manifest((backup.folder / "manifest.json").read_bytes())


@pytest.mark.parametrize("kind", ["huge", "pipe", "link", "folder"])
def test_a_manifest_that_is_no_small_file(engine: Engine, tmp_path: Path, kind: str) -> None:
    (victim, bad), (good, _) = patched(engine, "a.py"), patched(engine, "b.py")
    path = bad.folder / "manifest.json"
    path.rename(tmp_path / "kept.json")
    if kind == "huge":
        path.touch()
        os.truncate(path, 1 << 40)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "link":
        path.symlink_to(tmp_path / "kept.json")
    else:
        path.mkdir()
    check_harmless(engine, bad, victim, good)


def test_a_script_elsewhere_has_to_be_named(engine: Engine, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    inner = Engine(home / "backups", options())
    script = tmp_path / "train.py"
    script.write_bytes(OLD)
    backup = inner.patch(script).backup
    assert backup is not None
    outcome = inner.restore(backup.id)
    assert outcome.exit == Exit.IO
    assert f"--restore {backup.id} {script}" in outcome.hint
    assert script.read_bytes() != OLD
    assert inner.restore(backup.id, tmp_path / "other.py").exit == Exit.IO
    assert inner.restore(backup.id, script).exit == Exit.OK
    assert script.read_bytes() == OLD


def test_a_manifest_that_points_out_of_the_folder_writes_nothing(engine: Engine, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    inner = Engine(home / "backups", options())
    (home / "train.py").write_bytes(OLD)
    backup = inner.patch(home / "train.py").backup
    assert backup is not None
    victim = tmp_path / "new" / "bashrc"
    mutated(backup, lambda manifest: manifest.update(path=str(victim), real_path=str(victim)))
    assert inner.restore("latest").exit == Exit.IO
    assert not victim.parent.exists()


def test_a_link_that_was_swapped_is_not_followed(engine: Engine, tmp_path: Path) -> None:
    script = tmp_path / "real.py"
    script.write_bytes(OLD)
    link = tmp_path / "train.py"
    link.symlink_to(script)
    backup = engine.patch(link).backup
    assert backup is not None
    victim = tmp_path / "victim.py"
    victim.write_bytes(script.read_bytes())
    link.unlink()
    link.symlink_to(victim)
    for wanted in (None, link):
        outcome = engine.restore(backup.id, wanted)
        assert outcome.exit == Exit.IO
        assert f"leads to {victim} now" in outcome.message
    assert victim.read_bytes() != OLD
    assert engine.restore(backup.id, force=True).exit == Exit.OK
    assert script.read_bytes() == OLD
    assert victim.read_bytes() != OLD


def test_a_folder_that_was_swapped_is_not_followed(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    _, backup = patched(engine, "src/train.py")
    (tmp_path / "src").rename(tmp_path / "old")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "src").symlink_to(tmp_path / "elsewhere")
    assert engine.restore(backup.id).exit == Exit.IO
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("mode", ["4755", "2755", "6777", "1755"])
def test_special_bits_are_never_set(engine: Engine, mode: str) -> None:
    script, backup = patched(engine, "a.py")
    mutated(backup, lambda manifest: manifest.update(mode=mode))
    assert engine.restore(backup.id).exit == Exit.OK
    assert script.stat().st_mode & 0o7777 == int(mode, 8) & 0o777
    script.unlink()
    engine.restore(backup.id)
    assert script.stat().st_mode & 0o7777 == int(mode, 8) & 0o777


def test_an_original_behind_a_link_is_not_read(engine: Engine, tmp_path: Path) -> None:
    script, backup = patched(engine, "a.py")
    (backup.folder / "original").unlink()
    (tmp_path / "copy").write_bytes(OLD)
    (backup.folder / "original").symlink_to(tmp_path / "copy")
    assert "damaged" in engine.restore(backup.id).message
    assert script.read_bytes() != OLD


def test_prune_follows_no_link_and_deletes_only_its_own(engine: Engine, tmp_path: Path) -> None:
    _, linked = patched(engine, "a.py")
    _, kept = patched(engine, "b.py")
    outside = tmp_path / "outside"
    linked.folder.rename(outside)
    linked.folder.symlink_to(outside)
    (kept.folder / "notes.txt").write_text("mine")
    (kept.folder / "manifest.json").rename(tmp_path / "kept.json")
    (kept.folder / "manifest.json").write_bytes((tmp_path / "kept.json").read_bytes())
    assert engine.prune(0) == [kept.id]
    assert sorted(path.name for path in outside.iterdir()) == ["manifest.json", "original"]
    assert [path.name for path in kept.folder.iterdir()] == ["notes.txt"]


def test_unfinished_folders_behind_links_stay(engine: Engine, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "original").write_text("mine")
    engine.store.root.mkdir()
    (engine.store.root / ".x.tmp").symlink_to(outside)
    patched(engine, "a.py")
    assert (outside / "original").read_text() == "mine"


def test_the_index_is_not_written_through_a_link(engine: Engine, tmp_path: Path) -> None:
    engine.store.root.mkdir()
    (tmp_path / "victim").write_text("mine")
    (engine.store.root / "index.jsonl").symlink_to(tmp_path / "victim")
    (tmp_path / "a.py").write_bytes(OLD)
    assert engine.patch(tmp_path / "a.py").exit == Exit.IO
    assert (tmp_path / "victim").read_text() == "mine"
    assert (tmp_path / "a.py").read_bytes() == OLD
