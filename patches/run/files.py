"""The only door to the disk: reads, durable writes, atomic replacement.

Every call that changes the disk goes through one method of `Disk`, so that a test can put one in its place that fails,
or dies, at any of them.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Disk", "Snapshot", "read_own_file", "replace_file", "take_snapshot"]

_MARK = ".patch_train_stable-"
"""Part of a temporary file's name, by which a later run knows what it may delete."""


@dataclass(frozen=True)
class Snapshot:
    """A script's file as it was found.

    Attributes:
        path: As the user named it, made absolute.
        real: The file behind it, symbolic links followed.
        data: Its bytes.
        mode: Permission bits.
        mtime_ns: Time of the last change.
    """

    path: Path
    real: Path
    data: bytes
    mode: int
    mtime_ns: int


class Disk:
    """System calls that change the disk, one method each."""

    def make_folder(self, path: Path) -> None:
        """Create a folder and the ones above it."""
        path.mkdir(parents=True, exist_ok=True)

    def create(self, path: Path, data: bytes, mode: int) -> None:
        """Write a new file to the platter; it must not be there yet."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        path.chmod(mode)

    def append(self, path: Path, data: bytes) -> None:
        """Add to the end of a file, creating it where needed."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        with os.fdopen(os.open(path, flags, 0o644), "ab") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def rename(self, source: Path, target: Path) -> None:
        """Put a file or folder in another's place, at once."""
        source.replace(target)

    def sync_folder(self, path: Path) -> None:
        """Make names in a folder durable, where the system can."""
        if not hasattr(os, "O_DIRECTORY"):
            return
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def remove(self, path: Path) -> None:
        """Delete a file."""
        path.unlink()

    def remove_folder(self, path: Path) -> None:
        """Delete an empty folder."""
        path.rmdir()


def take_snapshot(path: Path) -> Snapshot:
    """Read a script with all that must come back when it is restored.

    Args:
        path: The script, perhaps through a symbolic link.

    Raises:
        OSError: If it is not there, is no regular file, or may not be read or written.
    """
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow the link that must stay
    try:
        real = absolute.resolve(strict=True)
    except RuntimeError as error:  # before Python 3.13
        raise OSError(f"{path} is a symbolic link that leads back to itself") from error
    status = real.stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError(f"{path} is no regular file")
    return Snapshot(absolute, real, real.read_bytes(), stat.S_IMODE(status.st_mode), status.st_mtime_ns)


def read_own_file(path: Path, limit: int) -> bytes:
    """Read a file of the tool's own: no link, no pipe, no device, and no more than so many bytes.

    Args:
        path: The file.
        limit: How many bytes it may have.

    Raises:
        OSError: If it is anything else.
    """
    flags = (
        os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    )
    with os.fdopen(os.open(path, flags), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"{path} is no regular file")
        if status.st_size > limit:
            raise OSError(f"{path} is too large: {status.st_size} bytes")
        return file.read(limit)


def replace_file(disk: Disk, real: Path, data: bytes, mode: int) -> None:
    """Put new bytes in a file's place: readers see the old file or the new one, never a mixture.

    The caller holds the folder's lock, so whatever temporary file is found there, a killed run has left.

    Args:
        disk: Where to write.
        real: The file; no symbolic link.
        data: Its new bytes.
        mode: Its permission bits.

    Raises:
        OSError: If the disk refuses; the old file is untouched then.
    """
    temporary = real.with_name(f".{real.name}{_MARK}{os.urandom(4).hex()}.tmp")
    try:
        _sweep(disk, real)
        disk.create(temporary, data, mode)
        _copy_owner(real, temporary)
        disk.rename(temporary, real)
    except OSError:
        with contextlib.suppress(OSError):
            disk.remove(temporary)
        raise
    disk.sync_folder(real.parent)


def _sweep(disk: Disk, real: Path) -> None:
    """Delete what killed runs have left of this file: by the tool's own name, and a regular file of this user."""
    ours = re.compile(re.escape(f".{real.name}{_MARK}") + r"[0-9a-f]{8}\.tmp")
    for path in real.parent.iterdir():
        if ours.fullmatch(path.name) and _is_own_file(path):
            disk.remove(path)


def _is_own_file(path: Path) -> bool:
    status = path.lstat()
    return stat.S_ISREG(status.st_mode) and (not hasattr(os, "getuid") or status.st_uid == os.getuid())


def _copy_owner(source: Path, target: Path) -> None:
    """Keep owner and group where the system lets us; only an administrator may give files away."""
    if hasattr(os, "chown") and source.exists():
        status = source.stat()
        with contextlib.suppress(PermissionError):
            os.chown(target, status.st_uid, status.st_gid)
