"""After patching, does it run? A few vector steps in a process of its own, under a deadline."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

__all__ = ["SmokeResult", "smoke"]

_CHILD = Path(__file__).with_name("_smoke_child.py")
_LINES = 12


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
    """Kill the process group; nobody of it may stay behind."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()


def _tail(descriptor: int) -> str:
    """The last lines of the output."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    with os.fdopen(os.dup(descriptor), "rb") as file:
        lines = file.read().decode("utf-8", "replace").splitlines()[-_LINES:]
    return "".join(f"\n    {line}" for line in lines)
