"""After patching, does it run? A few vector steps in a process of its own, under a deadline."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

__all__ = ["SmokeResult", "smoke"]

_CHILD = Path(__file__).with_name("smoke_child.py")
_LINES = 12
_GRACE_S, _LINGER_S = 2.0, 0.5


@dataclass(frozen=True)
class SmokeResult:
    """How a trial run ended.

    Attributes:
        ok: True where the script took its steps, or ended well before.
        reason: What went wrong, with the last lines that the script wrote.
    """

    ok: bool
    reason: str = ""


def smoke(script: Path, steps: int, timeout_s: float) -> SmokeResult:
    """Run a script until it has taken some vector steps.

    Args:
        script: The patched script.
        steps: How many steps; then the script is asked to end.
        timeout_s: Seconds for all of it; what still runs then is killed with all its children.
    """
    command = [sys.executable, str(_CHILD), str(steps), str(script)]
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            code = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return SmokeResult(
                False, f"it took no {steps} steps within {timeout_s:g} s{_tail(output.fileno())}"
            )
        finally:
            _end(process)
        if code:
            return SmokeResult(False, f"it ended with exit code {code}{_tail(output.fileno())}")
    return SmokeResult(True)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process group; nobody of it may stay behind.

    It is asked first: multiprocessing's resource tracker, which takes away what the script left in /dev/shm, outlives
    SIGTERM and ends with the last of the others.
    """
    _signal(process, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE_S)
    process.kill()
    process.wait()
    until = time.monotonic() + _LINGER_S
    while _signal(process, 0) and time.monotonic() < until:
        time.sleep(0.02)
    if hasattr(signal, "SIGKILL"):
        _signal(process, signal.SIGKILL)


def _signal(process: subprocess.Popen[bytes], number: int) -> bool:
    """Send a signal to the group; False where nobody of it is left."""
    if not hasattr(os, "killpg"):
        return False
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _tail(descriptor: int) -> str:
    """The last lines of the output."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    with os.fdopen(os.dup(descriptor), "rb") as file:
        lines = file.read().decode("utf-8", "replace").splitlines()[-_LINES:]
    return "".join(f"\n    {line}" for line in lines)
