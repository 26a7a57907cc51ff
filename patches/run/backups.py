"""The backup store: one folder a run, with the original bytes and a manifest, and an index that only grows.

backups/
  20261122T161500Z-1a2b3c4d/
    original          the bytes as they were
    manifest.json     what was changed, where, by which versions, and how to recognise both states
  index.jsonl         one line per event
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .files import Disk, Snapshot
from .plan import sha256

__all__ = ["SCHEMA", "Backup", "BackupError", "Store"]

SCHEMA = 1
_UNFINISHED = ".tmp"
_ORIGINAL, _MANIFEST, _INDEX = "original", "manifest.json", "index.jsonl"


class BackupError(Exception):
    """A backup is not there, or is damaged.

    Attributes:
        hint: What to do next.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        self.hint = hint
        super().__init__(message)


@dataclass(frozen=True)
class Backup:
    """One backup, as its manifest describes it."""

    folder: Path
    manifest: dict[str, Any]

    @property
    def id(self) -> str:
        """The name that `--restore` takes."""
        return self.folder.name

    @property
    def path(self) -> Path:
        """The script, as the user named it then."""
        return Path(self.manifest["path"])

    @property
    def kind(self) -> str:
        """What the run did that this backup was made for: "patch" or "restore"."""
        return str(self.manifest["kind"])

    @property
    def mode(self) -> int:
        """Permission bits of the script."""
        return int(self.manifest["mode"], 8)

    def read_original(self) -> bytes:
        """The script's bytes before the run.

        Raises:
            BackupError: If they are not what the manifest says.
        """
        try:
            data = (self.folder / _ORIGINAL).read_bytes()
        except OSError as error:
            hint = "use another one: --list-backups"
            raise BackupError(f"backup {self.id} is damaged: {error}", hint) from error
        if sha256(data) != self.manifest["sha256_before"]:
            message = f"backup {self.id} is damaged: its bytes are not those that were saved"
            raise BackupError(message, "use another one: --list-backups")
        return data


class Store:
    """All backups of one folder.

    Args:
        root: The folder; made when the first backup is.
        disk: Where to write.
    """

    def __init__(self, root: Path, disk: Disk) -> None:
        self.root, self._disk = root, disk

    def __iter__(self) -> Iterator[Backup]:
        """Backups from the oldest to the latest; folders that are no backup are passed over."""
        folders = sorted(self.root.iterdir()) if self.root.is_dir() else []
        found = [backup for folder in folders if (backup := self._load(folder)) is not None]
        yield from sorted(found, key=lambda backup: (str(backup.manifest["created"]), backup.id))

    def _load(self, folder: Path) -> Backup | None:
        """None for what is no finished backup: a folder that a killed run left, or somebody else's."""
        with contextlib.suppress(OSError, ValueError):
            manifest = json.loads((folder / _MANIFEST).read_text("utf-8"))
            if isinstance(manifest, dict) and manifest.get("schema") == SCHEMA:
                return Backup(folder, manifest)
        return None

    def find(self, wanted: str, path: Path | None = None) -> Backup:
        """A backup by its id, by the start of its id, or the latest one made by patching.

        Args:
            wanted: The id, or "latest".
            path: Only backups of this script (absolute).

        Raises:
            BackupError: If there is none, or more than one.
        """
        candidates = [backup for backup in self if path is None or backup.path == path]
        if wanted == "latest":
            matching = [backup for backup in candidates if backup.kind == "patch"][-1:]
        else:
            matching = [b for b in candidates if b.id == wanted] or [
                b for b in candidates if b.id.startswith(wanted)
            ]
        if len(matching) == 1:
            return matching[0]
        if matching:
            raise BackupError(f"{wanted} stands for {len(matching)} backups", "give more of the id")
        hint = "see --list-backups"
        if not self.root.is_dir():
            hint = "backups are in the folder from which the tool was run: go there, or name it with --backup-dir"
        raise BackupError(self._nothing_found(wanted, path), hint)

    def _nothing_found(self, wanted: str, path: Path | None) -> str:
        if (self.root / wanted).is_dir():
            return f"backup {wanted} is damaged: it has no manifest that can be read"
        of = f" of {path}" if path else ""
        return (
            f"there is no backup{of} in {self.root}"
            if wanted == "latest"
            else f"there is no backup {wanted}{of}"
        )

    def save(self, snapshot: Snapshot, after: bytes, details: dict[str, Any]) -> Backup:
        """Store a script's bytes durably before it is rewritten.

        Args:
            snapshot: The script as it is.
            after: The bytes that will take its place.
            details: More for the manifest.

        Returns:
            The backup: complete on disk, or not there at all.

        Raises:
            OSError: If the disk refuses.
        """
        created = datetime.now(UTC)
        sha = sha256(snapshot.data)
        folder = self._free_folder(f"{created:%Y%m%dT%H%M%SZ}-{sha[:8]}")
        manifest = {
            "schema": SCHEMA,
            "created": created.isoformat(timespec="microseconds"),
            "path": str(snapshot.path),
            "real_path": str(snapshot.real),
            "mode": f"{snapshot.mode:04o}",
            "mtime_ns": snapshot.mtime_ns,
            "sha256_before": sha,
            "sha256_after": sha256(after),
            **details,
        }
        self._write(folder, snapshot.data, manifest)
        self._log("saved", folder.name, manifest)
        return Backup(folder, manifest)

    def _free_folder(self, name: str) -> Path:
        candidates = (
            self.root / (name if number == 1 else f"{name}-{number}") for number in range(1, 10_000)
        )
        return next(folder for folder in candidates if not folder.exists())

    def _write(self, folder: Path, data: bytes, manifest: dict[str, Any]) -> None:
        """Write into a folder under another name first: the rename makes the backup whole at once."""
        self._remove_unfinished()
        disk, unfinished = self._disk, self.root / f".{folder.name}{_UNFINISHED}"
        text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
        try:
            disk.make_folder(unfinished)
            disk.create(unfinished / _ORIGINAL, data, 0o600)
            disk.create(unfinished / _MANIFEST, text.encode(), 0o644)
            disk.sync_folder(unfinished)
            disk.rename(unfinished, folder)
        except OSError:
            self._remove_unfinished()
            raise
        disk.sync_folder(self.root)

    def _remove_unfinished(self) -> None:
        """Clear away what killed runs have left; the lock says that no run is under way."""
        with contextlib.suppress(OSError):
            for folder in self.root.glob(f".*{_UNFINISHED}"):
                self._remove(folder)

    def _remove(self, folder: Path) -> None:
        for file in sorted(folder.iterdir(), key=lambda file: file.name != _MANIFEST):
            self._disk.remove(file)
        self._disk.remove_folder(folder)

    def _log(self, event: str, backup_id: str, manifest: dict[str, Any]) -> None:
        line = {
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
            "event": event,
            "backup": backup_id,
            "kind": manifest["kind"],
            "path": manifest["path"],
        }
        self._disk.append(self.root / _INDEX, (json.dumps(line, ensure_ascii=False) + "\n").encode())

    def finish(self, backup: Backup, status: str) -> None:
        """Record how the run ended ("applied", "rolled-back")."""
        self._log(status, backup.id, backup.manifest)

    def prune(self, keep: int) -> list[str]:
        """Delete all backups but the latest ones.

        Args:
            keep: How many to keep.

        Returns:
            The ids that are gone.
        """
        backups = list(self)
        doomed = backups[: max(len(backups) - keep, 0)]
        for backup in doomed:
            self._log("pruned", backup.id, backup.manifest)
            self._remove(backup.folder)
        return [backup.id for backup in doomed]
