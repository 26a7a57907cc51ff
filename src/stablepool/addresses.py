"""One memory layout for all workers, so that those that take turns on a core find what it has learned.

A core's branch predictors know code by its address. Linux lays out each program at random addresses, so that each
worker has to teach them anew whenever its turn comes: 16 on 2 cores needed 1.7 times the CPU for the same steps.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

__all__ = ["randomize_addresses", "same_addresses"]

_ADDR_NO_RANDOMIZE = 0x0040000  # linux/personality.h
_ASK = 0xFFFFFFFF


@contextlib.contextmanager
def same_addresses() -> Iterator[None]:
    """Have the programs that this thread starts laid out alike, where the system allows it.

    Seccomp profiles may not (Docker's default one does not); the programs are laid out at random then, and work the
    same.
    """
    before = _personality(_ASK)
    _personality(before | _ADDR_NO_RANDOMIZE)
    try:
        yield
    finally:
        _personality(before)


def randomize_addresses() -> None:
    """Have the programs that this process starts laid out at random again."""
    _personality(_personality(_ASK) & ~_ADDR_NO_RANDOMIZE)


def _personality(persona: int) -> int:
    """Set the execution domain of this thread and of what it starts (Linux); return what it was, or asks to be told."""
    if sys.platform != "linux" or persona < 0:
        return -1
    import ctypes  # workers start faster without what they do not need

    return int(ctypes.CDLL(None).personality(ctypes.c_ulong(persona)))
