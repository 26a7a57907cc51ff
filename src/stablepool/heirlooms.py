"""`Heirlooms`: what workers inherit because it travels in no other way: multiprocessing's locks, queues and values.

Those may be pickled only where a process is being started, since their descriptors are handed down to it. Environment
functions are pickled once, for every process to come. So descriptors that they refer to are duplicated here, and each
worker is started with the duplicates, under the same numbers.
"""

from __future__ import annotations

import io
import os
from collections import ChainMap
from multiprocessing import context, reduction
from typing import Any

import cloudpickle

from stablepool.launch import PassedFd

__all__ = ["Heirlooms"]


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]  # cloudpickle is untyped
    """Pickles as cloudpickle does and, beside that, what has been registered with multiprocessing by now."""

    @property
    def dispatch_table(self) -> ChainMap[type, Any]:
        """How objects are reduced, by type (the pickler's look-up)."""
        theirs = reduction.ForkingPickler(io.BytesIO()).dispatch_table
        return ChainMap(cloudpickle.Pickler.dispatch_table, theirs)


class Heirlooms:
    """Pickles in the place of the process that is being started, and keeps what it shall be started with.

    Attributes:
        fds: Descriptors that every worker inherits.
    """

    DupFd = PassedFd

    def __init__(self) -> None:
        self.fds: list[int] = []

    def dumps(self, thing: Any) -> bytes:
        """Pickle as cloudpickle does, and what only multiprocessing can pickle, too."""
        stream = io.BytesIO()
        context.set_spawning_popen(self)  # type: ignore[arg-type]  # it asks for duplicate_for_child alone
        try:
            _Pickler(stream).dump(thing)
        finally:
            context.set_spawning_popen(None)
        return stream.getvalue()

    def duplicate_for_child(self, fd: int) -> int:
        """Have every worker inherit ``fd``; return its number there (multiprocessing's call)."""
        self.fds.append(os.dup(fd))
        return self.fds[-1]

    def close(self) -> None:
        """Close the duplicates: no more workers will be started."""
        while self.fds:
            os.close(self.fds.pop())
