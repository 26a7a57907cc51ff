"""One run at a time: on a backup store by a lock file in it, on a script by a lock on the folder that it lies in.

Two runs with different stores meet at the folder. Both locks end with the process, however it ends, and the second
leaves nothing in other people's folders.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows, where the store's lock has to do
    fcntl = None  # type: ignore[assignment]

__all__ = ["lock_folder", "lock_store"]

_POLL_S = 0.05


@contextmanager
def lock_store(root: Path, timeout_s: float) -> Iterator[None]:
    """Be the only run that writes to a backup store.

    Args:
        root: The store's folder; it must be there.
        timeout_s: How long to wait for another run.

    Raises:
        OSError: If another run holds the lock all that time.
    """
    from filelock import FileLock, Timeout

    path = root / ".lock"
    try:
        with FileLock(path, timeout=timeout_s):
            yield
    except Timeout as error:
        raise _held(path, timeout_s) from error


@contextmanager
def lock_folder(folder: Path, timeout_s: float) -> Iterator[None]:
    """Be the only run that rewrites scripts of a folder.

    Args:
        folder: The real folder, symbolic links followed.
        timeout_s: How long to wait for another run.

    Raises:
        OSError: If another run holds the lock all that time, or the folder cannot be opened.
    """
    if fcntl is None:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        deadline = time.monotonic() + timeout_s
        while not _try_lock(descriptor):
            if time.monotonic() >= deadline:
                raise _held(folder, timeout_s)
            time.sleep(_POLL_S)
        yield
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _held(path: Path, timeout_s: float) -> OSError:
    return OSError(f"another run is at work on {path}; waited {timeout_s:g} s for it")
