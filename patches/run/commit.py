"""The one way in which a script's bytes are replaced: lock, back up, write, read back, roll back on any mismatch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from .backups import Backup, Store
from .files import Disk, Snapshot, replace_file
from .locks import lock_folder, lock_store
from .signals import Signals

__all__ = ["Committer"]


class Committer:
    """Replaces scripts, each with a backup.

    Args:
        store: Where backups go.
        disk: Where to write.
        signals: May end the wait for a lock; what follows runs to its end.
        lock_timeout_s: How long to wait for another run on the same store or in the same folder.
    """

    def __init__(self, store: Store, disk: Disk, signals: Signals, lock_timeout_s: float) -> None:
        self.store, self.disk = store, disk
        self._signals, self._lock_timeout_s = signals, lock_timeout_s

    @contextmanager
    def lock(self, script: Path | None = None) -> Iterator[None]:
        """One run at a time on the store and, for a script, on the folder that it really lies in.

        Raises:
            OSError: If another run is at work all that time.
        """
        self.disk.make_folder(self.store.root)
        with ExitStack() as locks:
            with self._signals.interruptible():
                locks.enter_context(lock_store(self.store.root, self._lock_timeout_s))
                if script is not None:
                    locks.enter_context(lock_folder(script.resolve().parent, self._lock_timeout_s))
            yield

    def replace(
        self, snapshot: Snapshot, after: bytes, details: dict[str, Any], mode: int
    ) -> tuple[Backup, bool]:
        """Back a script up and replace its bytes; the caller holds the lock.

        Args:
            snapshot: The script as it is.
            after: Its new bytes.
            details: More for the manifest.
            mode: Its new permission bits.

        Returns:
            The backup, and True where the file holds the new bytes; else the old ones are back.

        Raises:
            OSError: If the disk refuses.
        """
        backup = self.store.save(snapshot, after, details)
        replace_file(self.disk, snapshot.real, after, mode)
        if snapshot.real.read_bytes() == after:
            self.store.finish(backup, "applied")
            return backup, True
        replace_file(self.disk, snapshot.real, snapshot.data, snapshot.mode)
        self.store.finish(backup, "rolled-back")
        return backup, False
