"""The memory that parent and workers share: one anonymous file, mapped by all, with no name that could leak.

    page-aligned control part               data part, its layout known once the spaces are
    ┌──────────────────────────────────────┬────────────────────────────────────────────────┐
    │ per worker: command, sequence, done  │ actions │ observations A │ observations B      │
    │ per env: phase, clocks, reward, flags│         │  (the two take turns, call by call)  │
    └──────────────────────────────────────┴────────────────────────────────────────────────┘

Only the parent writes ``command``, ``sequence``, ``buffer``, ``involved`` and the actions, and only while the worker
that they are for is idle; a worker writes the rows of its own environments, and only between being woken and ringing
"done". Two observation buffers keep the last observation whole even where a worker is killed while it writes the next.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import tempfile
from multiprocessing import reduction
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Arena", "Cells", "ControlBlock", "SharedFile"]

_LINE = 64  # bytes in a cache line: no two fields share one


class SharedFile:
    """An unnamed file in memory whose descriptor travels to spawned workers."""

    def __init__(self, fd: int | None = None) -> None:
        self._fd = _anonymous_file() if fd is None else fd

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild_file, (reduction.DupFd(self._fd),)

    def grow(self, size: int) -> None:
        """Reserve ``size`` bytes now, so that a full memory is an `OSError` here and not a SIGBUS later."""
        os.posix_fallocate(self._fd, 0, max(size, 1))

    def map(self, start: int, size: int) -> mmap.mmap:
        """Map ``size`` bytes from page-aligned ``start``."""
        return mmap.mmap(self._fd, max(size, 1), offset=start)

    def write(self, data: bytes) -> None:
        """Store ``data`` as the whole content."""
        self.grow(len(data))
        with self.map(0, len(data)) as view:
            view[: len(data)] = data

    def close(self) -> None:
        """Close the descriptor; existing maps stay valid."""
        os.close(self._fd)


def _anonymous_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("stablepool", os.MFD_CLOEXEC)
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _rebuild_file(handle: Any) -> SharedFile:
    return SharedFile(handle.detach())


class ControlBlock:
    """Numpy views of the control part.

    Attributes:
        command: int64 (workers,), a `Command`.
        sequence: int64 (workers,), number of the command that was given last.
        done: int64 (workers,), number of the command that was finished last.
        awaited: int64 (workers,), number of the command that the parent waits for, or what `done` says.
        has_reply: int64 (workers,), 1 where a message follows on the pipe.
        buffer: int64 (workers,), which of the two observation buffers to write.
        action_code: int64 (1,), position of the actions' dtype in `ActionArea.dtypes`.
        involved: bool (envs,), whether the command is about this environment.
        phase: int64 (envs,), a `Phase`.
        started_ns: int64 (envs,), monotonic clock before the last call into the environment.
        finished_ns: int64 (envs,), the same after it.
        finished: int64 (envs,), number of the command that this environment finished last.
        rewards: float64 (envs,).
        terminations: bool (envs,).
        truncations: bool (envs,).
    """

    def __init__(self, file: SharedFile, num_workers: int, num_envs: int) -> None:
        self.size = self._size(num_workers, num_envs)
        self._offset = 0
        self._map = file.map(0, self.size)
        self.command = self._view(num_workers, np.int64)
        self.sequence = self._view(num_workers, np.int64)
        self.done = self._view(num_workers, np.int64)
        self.awaited = self._view(num_workers, np.int64)
        self.has_reply = self._view(num_workers, np.int64)
        self.buffer = self._view(num_workers, np.int64)
        self.action_code = self._view(1, np.int64)
        self.involved = self._view(num_envs, np.bool_)
        self.phase = self._view(num_envs, np.int64)
        self.started_ns = self._view(num_envs, np.int64)
        self.finished_ns = self._view(num_envs, np.int64)
        self.finished = self._view(num_envs, np.int64)
        self.rewards = self._view(num_envs, np.float64)
        self.terminations = self._view(num_envs, np.bool_)
        self.truncations = self._view(num_envs, np.bool_)

    @classmethod
    def create(cls, file: SharedFile, num_workers: int, num_envs: int) -> ControlBlock:
        """Grow the file to hold the control part and map it."""
        file.grow(cls._size(num_workers, num_envs))
        return cls(file, num_workers, num_envs)

    @staticmethod
    def _size(num_workers: int, num_envs: int) -> int:
        fields = 7 * (num_workers * 8 + _LINE) + 8 * (num_envs * 8 + _LINE)
        return -(-fields // mmap.ALLOCATIONGRANULARITY) * mmap.ALLOCATIONGRANULARITY

    def _view(self, count: int, dtype: type[np.generic]) -> npt.NDArray[Any]:
        view = np.frombuffer(self._map, dtype=dtype, count=count, offset=self._offset)
        self._offset += -(-view.nbytes // _LINE) * _LINE
        return view


class Cells:
    """A control block as memory views: one element costs a fraction of what it costs through numpy."""

    def __init__(self, block: ControlBlock) -> None:
        self.command: Any = block.command.data
        self.sequence: Any = block.sequence.data
        self.done: Any = block.done.data
        self.awaited: Any = block.awaited.data
        self.has_reply: Any = block.has_reply.data
        self.buffer: Any = block.buffer.data
        self.action_code: Any = block.action_code.data
        self.involved: Any = block.involved.data
        self.phase: Any = block.phase.data
        self.started_ns: Any = block.started_ns.data
        self.finished_ns: Any = block.finished_ns.data
        self.finished: Any = block.finished.data
        self.rewards: Any = block.rewards.data
        self.terminations: Any = block.terminations.data
        self.truncations: Any = block.truncations.data

    def release(self) -> None:
        """Make every further use an error, in this process alone."""
        for view in vars(self).values():
            view.release()


class Arena:
    """Hands out pieces of the data part; stands in for the ``ctx`` that Gymnasium's shared-memory helpers expect.

    Gymnasium lays out every space it knows (and those that users register) by calling ``ctx.Array``; giving it this
    object puts all of them into one block. Without a buffer an arena only measures.
    """

    def __init__(self, buffer: mmap.mmap | None = None, offset: int = 0) -> None:
        self._buffer = buffer
        self.offset = offset
        self.pieces: list[tuple[int, int]] = []

    def Array(self, typecode: str | type[Any], size: int) -> _Piece:  # noqa: N802 - the name Gymnasium calls
        """Return a piece of ``size`` elements, as ``multiprocessing.Array`` would."""
        itemsize = np.dtype(typecode).itemsize if isinstance(typecode, str) else ctypes.sizeof(typecode)
        start, length = self.offset, itemsize * size
        self.offset += -(-max(length, 1) // _LINE) * _LINE
        self.pieces.append((start, length))
        return _Piece(
            bytes(length) if self._buffer is None else memoryview(self._buffer)[start : start + length]
        )

    def rows(self, num_envs: int) -> list[npt.NDArray[np.uint8]]:
        """The pieces as bytes by environment: uint8 (num_envs, bytes of one row) each."""
        assert self._buffer is not None
        whole = np.frombuffer(self._buffer, dtype=np.uint8)
        return [
            whole[start : start + length].reshape(num_envs, -1) for start, length in self.pieces if length
        ]


class _Piece:
    def __init__(self, buffer: bytes | memoryview) -> None:
        self._buffer = buffer

    def get_obj(self) -> bytes | memoryview:
        return self._buffer
