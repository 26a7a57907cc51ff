"""Looks at what a pool left behind."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil


def leftovers() -> list[str]:
    """Descendants of this process that are no helpers of multiprocessing."""
    found = []
    for child in psutil.Process().children(recursive=True):
        try:
            command = " ".join(child.cmdline())
        except psutil.Error:
            continue
        if "multiprocessing.resource_tracker" not in command and child.status() != psutil.STATUS_ZOMBIE:
            found.append(f"{child.pid}: {command}")
    return found


def named_memory() -> set[str]:
    """Names in /dev/shm that could be ours: shared memory and semaphores."""
    folder = Path("/dev/shm")
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    return {name for name in names if f"mp-{os.getpid()}" in name or "stablepool" in name}


def open_descriptors() -> int:
    """How many descriptors this process holds, less those of garbage: other tests leave pools in reference cycles."""
    gc.collect()
    return psutil.Process().num_fds()


def runs(pid: int) -> bool:
    """Whether a process exists and is more than a zombie that awaits its parent."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def settles_to(look: Callable[[], Any], wanted: Any, within_s: float = 5.0) -> bool:
    """Poll until ``look()`` equals ``wanted``."""
    deadline = time.monotonic() + within_s
    while look() != wanted:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
