"""Puts scripts back: only the file that a backup was made of, only where the user means, never over later edits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .backups import Backup, BackupError
from .commit import Committer
from .files import replace_file, take_snapshot
from .outcome import Exit, Outcome, reason
from .plan import sha256

__all__ = ["Restorer"]


class Restorer:
    """Restores from one store.

    Args:
        committer: Locks, backs up and writes.
    """

    def __init__(self, committer: Committer) -> None:
        self._committer, self._store = committer, committer.store

    def restore(self, wanted: str, path: Path | None = None, *, force: bool = False) -> Outcome:
        """Put a script back as a backup has it, bytes and permissions.

        Args:
            wanted: A backup's id, or "latest".
            path: Only consider backups of this script.
            force: Restore even over later edits (which are backed up first), and wherever the backup points.
        """
        try:
            backup = self._store.find(wanted, path.absolute() if path else None)
            if not force:
                self._check_place(backup, is_named=path is not None)
            original = backup.read_original()
            backup.manifest.real.parent.mkdir(parents=True, exist_ok=True)
            with self._committer.lock(backup.manifest.real):
                return self._restore_locked(backup, original, force)
        except BackupError as error:
            return Outcome(path or self._store.root, Exit.IO, str(error), error.hint)
        except OSError as error:
            return Outcome(path or self._store.root, Exit.IO, reason(error), "nothing is changed")

    def restore_below(self, folder: Path, *, force: bool = False) -> Iterator[Outcome]:
        """Put every script below a folder back that has a backup made by patching.

        Args:
            folder: The folder.
            force: As for `restore`.
        """
        for script in self.scripts_below(folder):
            yield self.restore("latest", script, force=force)

    def scripts_below(self, folder: Path) -> list[Path]:
        """Scripts of a folder that have a backup made by patching.

        Args:
            folder: The folder.
        """
        root = folder.absolute()
        found = {b.path for b in self._store if b.manifest.kind == "patch" and b.path.is_relative_to(root)}
        return sorted(found)

    def _check_place(self, backup: Backup, *, is_named: bool) -> None:
        """A manifest is only a file: it alone must not decide what is overwritten.

        Raises:
            BackupError: If the script is not where the user may mean it to be.
        """
        path, real = backup.path, backup.manifest.real
        try:
            today = path.resolve()
        except (OSError, RuntimeError) as error:
            raise BackupError(f"{path} cannot be followed: {error}", "mend the link first") from error
        if today != real:
            raise BackupError(
                f"{path} leads to {today} now; the backup was made of {real}",
                "put the link back as it was, or add --force to write to the file that the backup was made of",
            )
        home = self._store.root.resolve().parent
        if not is_named and not (real.is_relative_to(home) and path.resolve().is_relative_to(home)):
            raise BackupError(
                f"backup {backup.id} is of {path}, which is not below {home}",
                f"name the script as well: --restore {backup.id} {path}",
            )

    def _restore_locked(self, backup: Backup, original: bytes, force: bool) -> Outcome:
        target, mode = backup.path, backup.manifest.mode
        if not backup.manifest.real.exists():
            replace_file(self._committer.disk, backup.manifest.real, original, mode)
            return Outcome(target, Exit.OK, f"restored from {backup.id}; the file was gone")
        current = take_snapshot(backup.manifest.real)
        if current.data == original and current.mode & 0o777 == mode:
            return Outcome(target, Exit.OK, f"nothing to do: it is as {backup.id} has it")
        if sha256(current.data) not in (backup.manifest.sha_after, sha256(original)) and not force:
            hint = "add --force to restore anyway; the edited file is backed up first"
            return Outcome(target, Exit.REFUSED, f"it was edited since {backup.id} was made", hint)
        details = {"kind": "restore", "restored": backup.id, "path": str(target)}
        saved, done = self._committer.replace(current, original, details, mode)
        if not done:
            message = "what was read back is not what was written"
            return Outcome(target, Exit.VERIFICATION, message, backup=saved)
        return Outcome(target, Exit.OK, f"restored from {backup.id}", backup=saved)

    def preview(self, wanted: str, path: Path | None = None) -> tuple[str, str, str]:
        """What a restore would change: the script's name, its text now, and its text then.

        Args:
            wanted: A backup's id, or "latest".
            path: Only consider backups of this script.

        Raises:
            BackupError: If there is no such backup, or it is damaged.
            OSError: If the script cannot be read.
        """
        backup = self._store.find(wanted, path.absolute() if path else None)
        now = take_snapshot(backup.path).data if backup.path.exists() else b""
        encoding = backup.manifest.encoding
        then = backup.read_original()
        return str(backup.path), now.decode(encoding, "replace"), then.decode(encoding, "replace")
