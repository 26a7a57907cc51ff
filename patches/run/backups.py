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

from .files import Disk, Snapshot, read_own_file
from .manifest import SCHEMA, Manifest, ManifestError, parse_manifest
from .plan import sha256

__all__ = ["Backup", "BackupError", "Store"]

_UNFINISHED = ".tmp"
_LARGEST_MANIFEST, _LARGEST_SCRIPT = 16 << 20, 256 << 20
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
    manifest: Manifest

    @property
    def id(self) -> str:
        """The name that `--restore` takes."""
        return self.folder.name

    @property
    def path(self) -> Path:
        """The script, as the user named it then."""
        return self.manifest.path

    def read_original(self) -> bytes:
        """The script's bytes before the run.

        Raises:
            BackupError: If they are not what the manifest says.
        """
        try:
            data = read_own_file(self.folder / _ORIGINAL, _LARGEST_SCRIPT)
        except OSError as error:
            hint = "use another one: --list-backups"
            raise BackupError(f"backup {self.id} is damaged: {error}", hint) from error
        if sha256(data) != self.manifest.sha_before:
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
        """Backups from the oldest to the latest; what is damaged or no backup is passed over."""
        found = []
        for folder in self._folders():
            with contextlib.suppress(OSError, ManifestError):
                found.append(self._load(folder))
        yield from sorted(found, key=lambda backup: (backup.manifest.created, backup.id))

    def _folders(self) -> list[Path]:
        """Folders that may be backups; links are not followed."""
        if not self.root.is_dir():
            return []
        return sorted(path for path in self.root.iterdir() if not path.is_symlink() and path.is_dir())

    def _load(self, folder: Path) -> Backup:
        """Read one backup's manifest.

        Raises:
            OSError: If there is none that may be read.
            ManifestError: If it is damaged.
        """
        return Backup(folder, parse_manifest(read_own_file(folder / _MANIFEST, _LARGEST_MANIFEST)))

    def damaged(self) -> Iterator[tuple[str, str]]:
        """Name and reason of every folder that should be a backup and cannot be used."""
        for folder in self._folders():
            if folder.name.startswith("."):
                continue
            try:
                self._load(folder)
            except (OSError, ManifestError) as error:
                yield folder.name, str(error)

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
            matching = [backup for backup in candidates if backup.manifest.kind == "patch"][-1:]
        else:
            is_whole = wanted in (folder.name for folder in self._folders())
            matching = [b for b in candidates if b.id == wanted or (not is_whole and b.id.startswith(wanted))]
        if len(matching) == 1:
            return matching[0]
        if matching:
            raise BackupError(f"{wanted} stands for {len(matching)} backups", "give more of the id")
        hint = "see --list-backups, or name another folder with --backup-dir"
        raise BackupError(self._nothing_found(wanted, path), hint)

    def _nothing_found(self, wanted: str, path: Path | None) -> str:
        reasons = dict(self.damaged())
        if wanted in reasons:
            return f"backup {wanted} is damaged: {reasons[wanted]}"
        of = f" of {path}" if path else ""
        return f"there is no backup{'' if wanted == 'latest' else f' {wanted}'}{of} in {self.root}"

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
        fields = {
            "schema": SCHEMA,
            "created": created.isoformat(timespec="microseconds"),
            "path": str(snapshot.path),
            "real_path": str(snapshot.real),
            "mode": f"{snapshot.mode & 0o777:04o}",
            "mtime_ns": snapshot.mtime_ns,
            "sha256_before": sha,
            "sha256_after": sha256(after),
            **details,
        }
        text = (json.dumps(fields, indent=2) + "\n").encode()
        backup = Backup(folder, parse_manifest(text))
        self._write(folder, snapshot.data, text)
        self._log("saved", backup)
        return backup

    def _free_folder(self, name: str) -> Path:
        candidates = (
            self.root / (name if number == 1 else f"{name}-{number}") for number in range(1, 10_000)
        )
        return next(folder for folder in candidates if not folder.exists())

    def _write(self, folder: Path, data: bytes, manifest: bytes) -> None:
        """Write into a folder under another name first: the rename makes the backup whole at once."""
        self._remove_unfinished()
        disk, unfinished = self._disk, self.root / f".{folder.name}{_UNFINISHED}"
        try:
            disk.make_folder(unfinished)
            disk.create(unfinished / _ORIGINAL, data, 0o600)
            disk.create(unfinished / _MANIFEST, manifest, 0o644)
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
                if not folder.is_symlink():
                    self._remove(folder)

    def _remove(self, folder: Path) -> None:
        """Delete a backup's two files and its folder; what else somebody put there keeps the folder."""
        for name in (_MANIFEST, _ORIGINAL):
            with contextlib.suppress(FileNotFoundError):
                self._disk.remove(folder / name)
        self._disk.remove_folder(folder)

    def _log(self, event: str, backup: Backup) -> None:
        line = {
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
            "event": event,
            "backup": backup.id,
            "kind": backup.manifest.kind,
            "path": str(backup.path),
        }
        self._disk.append(self.root / _INDEX, (json.dumps(line) + "\n").encode())

    def finish(self, backup: Backup, status: str) -> None:
        """Record how the run ended ("applied", "rolled-back")."""
        self._log(status, backup)

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
            self._log("pruned", backup)
            with contextlib.suppress(OSError):  # its manifest is gone first: it is no backup any more
                self._remove(backup.folder)
        return [backup.id for backup in doomed if not (backup.folder / _MANIFEST).exists()]
