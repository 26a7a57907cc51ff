"""After patching, does it run? A few vector steps in a process of its own, under a deadline."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path

from .signals import Signals
from .trial import SmokeResult, Trial

__all__ = ["smoke"]

_CHILD = Path(__file__).with_name("smoke_child.py")
_TOKEN = "STABLE_PATCH_TRIAL"  # noqa: S105 - the name of a variable
_LINES = 12
_SHOWN = 6
_GRACE_S, _LINGER_S = 2.0, 2.0


def smoke(script: Path, trial: Trial, signals: Signals) -> SmokeResult:
    """Run a script until it has taken some vector steps.

    Args:
        script: The patched script.
        trial: How.
        signals: May end the wait.

    Raises:
        Interrupted: If a signal came; everything that was started has ended.
        OSError: If the interpreter cannot be started.
    """
    token = os.urandom(8).hex()
    with tempfile.TemporaryFile() as output, tempfile.NamedTemporaryFile() as report:
        command = [trial.python, str(_CHILD), str(trial.steps), report.name, str(script)]
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, _TOKEN: token},
        )
        try:
            with signals.interruptible():
                code: int | None = process.wait(trial.timeout_s)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            _end(process, token)
        reason = ""
        if code is None:
            reason = f"it took no {trial.steps} steps within {trial.timeout_s:g} s"
        elif code:
            reason = f"it ended with exit code {code}"
        faults = _faults(report.read())
        return SmokeResult(not reason, reason and f"{reason}{faults}{_tail(output.fileno())}", faults)


def _faults(report: bytes) -> str:
    """The faults that the child has reported, by kind and environment; empty where there was none."""
    records = []
    for line in report.decode("utf-8", "replace").splitlines():
        with contextlib.suppress(ValueError):
            records.append(json.loads(line))
    if not records:
        return ""
    void = sum(1 for _, _, is_valid in records if not is_valid)
    found = Counter((kind, index) for kind, index, _ in records)
    parts = [
        f"{kind} in environment {index}" + (f" ({count} times)" if count > 1 else "")
        for (kind, index), count in sorted(found.items())
    ]
    more = [f"{len(parts) - _SHOWN} more"] if len(parts) > _SHOWN else []
    counted = f"{len(records)} fault{'s' * (len(records) != 1)}, {void} void transition{'s' * (void != 1)}"
    return f", with {counted}: {', '.join([*parts[:_SHOWN], *more])}"


def _end(process: subprocess.Popen[bytes], token: str) -> None:
    """End the process group and whatever left it; nobody may stay behind.

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
        for pid in _with_token(token):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)


def _with_token(token: str) -> list[int]:
    """Processes of the trial run in other sessions, by the variable that they inherited; Linux only."""
    mark = f"{_TOKEN}={token}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (entry / "environ").read_bytes():
                found.append(int(entry.name))
    return found


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
