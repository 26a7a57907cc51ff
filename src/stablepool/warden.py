"""The warden: a small process that outlives a pool's parent for a moment, to end what its environments had started.

The kernel kills a worker when its parent ends, but not what the worker has started. Every worker is given an
environment variable that its descendants inherit, wherever they go in the process tree; when the parent ends, however
it does, the warden kills whoever carries it. This file is run as a script of its own and imports nothing but the
standard library.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

__all__ = ["MARK", "Warden", "kill_marked", "new_token"]

MARK = "STABLEPOOL_WORKER"
_PATIENCE_S = 5.0
_ALL_IS_WELL = b"!"


def new_token() -> str:
    """A value of `MARK` that no other pool has."""
    return f"{os.getpid()}-{secrets.token_hex(8)}"


def kill_marked(token: str) -> list[int]:
    """Kill every process that inherited a mark.

    Args:
        token: Value of the mark; longer marks that begin with it are meant, too.

    Returns:
        Process ids that were sent SIGKILL.
    """
    wanted = f"{MARK}={token}".encode()
    killed = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            marks = [
                entry for entry in (folder / "environ").read_bytes().split(b"\0") if entry.startswith(wanted)
            ]
            if marks and int(folder.name) != os.getpid():
                os.kill(int(folder.name), signal.SIGKILL)
                killed.append(int(folder.name))
        except OSError:  # it has ended meanwhile, or belongs to somebody else
            continue
    return killed


class Warden:
    """The parent's hold on its warden.

    Args:
        token: What the workers of the pool are marked with.
    """

    def __init__(self, token: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__, str(os.getpid()), token],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    def dismiss(self, timeout_s: float = 1.0) -> None:
        """Tell it that all is well, and wait for it to go."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError), self._process.stdin as pipe:
            pipe.write(_ALL_IS_WELL)
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(timeout_s)


def _stand_guard(parent_pid: int, token: str) -> None:
    """Wait until the parent says that all is well, or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        parent = os.pidfd_open(parent_pid)
    except ProcessLookupError:
        parent = -1
    if parent >= 0 and os.getppid() == parent_pid:
        ready, _, _ = select.select([parent, 0], [], [])
        if 0 in ready and os.read(0, 1) == _ALL_IS_WELL:  # a dying parent's pipe is closed before it is gone
            return
    deadline = time.monotonic() + _PATIENCE_S
    while kill_marked(token) and time.monotonic() < deadline:
        time.sleep(0.05)


if __name__ == "__main__":
    _stand_guard(int(sys.argv[1]), sys.argv[2])
