"""What to do where the system has run out of something that a pool needs."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from collections.abc import Iterator

__all__ = ["Ballast", "advised", "with_advice"]

_HELD_BACK = 4

_MEMORY = (
    "its shared memory could not be reserved: use fewer or smaller environments, shared_memory=False or "
    "snapshot_bytes=0; where /dev/shm is full, free or enlarge it (docker run --shm-size=1g)"
)
_PROCESSES = "no process could be started: end some, raise the limit (ulimit -u), or use fewer workers"
_ADVICE = {
    errno.EMFILE: "too few file descriptors: raise the limit (ulimit -n), or use fewer workers",
    errno.ENFILE: "the system is out of file descriptors: close some, or use fewer workers",
    errno.ENOSPC: _MEMORY,
    errno.EFBIG: _MEMORY,
    errno.ENOMEM: _MEMORY,
    errno.EAGAIN: _PROCESSES,
}


def with_advice(error: OSError) -> OSError:
    """Return an error of the system with a sentence on what to do about it.

    Args:
        error: What the system said while a pool or a worker was being started.

    Returns:
        The error itself where there is nothing to add.
    """
    advice = _ADVICE.get(error.errno or 0)
    return error if advice is None else type(error)(error.errno, f"{error.strerror}; for the pool, {advice}")


@contextlib.contextmanager
def advised() -> Iterator[None]:
    """Raise errors of the system with a sentence on what to do about them.

    Raises:
        OSError: There was one.
    """
    try:
        yield
    except OSError as error:
        if (told := with_advice(error)) is error:
            raise
        raise told from error


class Ballast:
    """Descriptors held back, to be thrown off where there are no others left to end processes with.

    Whom to kill stands in /proc; reading that takes descriptors.

    Raises:
        OSError: There are too few.
    """

    def __init__(self) -> None:
        self._lock, self._borrowers = threading.Lock(), 0
        self._fds: list[int] = []
        try:
            self._take()
        except OSError:
            self.close()
            raise

    def _take(self) -> None:
        while len(self._fds) < _HELD_BACK:
            self._fds.append(os.open(os.devnull, os.O_RDONLY))

    @contextlib.contextmanager
    def thrown_off(self) -> Iterator[None]:
        """Have so many more descriptors for a while; as many of them as are left are held back again after it."""
        with self._lock:
            self._borrowers += 1
            self.close()
        try:
            yield
        finally:
            with self._lock, contextlib.suppress(OSError):
                self._borrowers -= 1
                if not self._borrowers:
                    self._take()

    def close(self) -> None:
        """Close them all."""
        while self._fds:
            os.close(self._fds.pop())
