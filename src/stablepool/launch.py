"""How a worker process comes to life: spawned, in a process group of its own, without its parent's main script.

`multiprocessing` imports the parent's main script again in every spawned child. Here it does not: cloudpickle carries
what lives in ``__main__`` by value, so that workers start fast (the script may import torch) and scripts without a
``__main__`` guard are safe.

A group keeps Ctrl-C away and lets a worker be killed with what it has started, as a session would. But Linux shares
out a busy machine's time by session (``sched_autogroup``): with a session to each, every hand-over from parent to
worker and back waits for the turn of another group, and a step took 8 times as long beside other work.
"""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
from collections.abc import Iterable
from multiprocessing import context, reduction, resource_tracker, spawn
from typing import Any

from stablepool.addresses import same_addresses
from stablepool.warden import MARK

__all__ = ["PassedFd", "WorkerContext", "WorkerProcess"]


class WorkerContext(context.SpawnContext):
    """A spawn context for one executor; it keeps the process that the executor starts.

    Args:
        token: What the process is marked with, see `warden`.
        inherited: Descriptors that the process is started with.
        randomizes_addresses: Whether the process is laid out in memory at random, see `addresses`.

    Attributes:
        process: The process that was made last, None before.
    """

    def __init__(self, token: str, inherited: Iterable[int], *, randomizes_addresses: bool) -> None:
        super().__init__()
        self._token, self._inherited = token, tuple(inherited)
        self._randomizes_addresses = randomizes_addresses
        self.process: WorkerProcess | None = None

    def Process(self, *args: Any, **kwargs: Any) -> WorkerProcess:  # type: ignore[override]  # noqa: N802
        """Make the process object (the executor's call)."""
        self.process = WorkerProcess(*args, **kwargs)
        self.process.token, self.process.inherited = self._token, self._inherited
        self.process.randomizes_addresses = self._randomizes_addresses
        self.process.daemon = False  # whatever this process is: environments may have children
        return self.process


class WorkerProcess(context.SpawnProcess):
    """A spawned process that starts light; in the child it is a plain `SpawnProcess`.

    Attributes:
        token: What it and its descendants are marked with, see `warden`.
        inherited: Descriptors that keep their numbers in it.
        randomizes_addresses: Whether it is laid out in memory at random.
    """

    token: str
    inherited: tuple[int, ...]
    randomizes_addresses: bool
    _is_released = False

    def start(self) -> None:
        """Start the process, also within a daemonic one, and unknown to `multiprocessing`.

        It forbids daemonic processes to have children because those would outlive them, which no worker does; and at
        exit it waits for every child that it knows, before a pool that was never closed is closed.
        """
        self._popen = self._Popen(self)
        self._sentinel = self._popen.sentinel
        del self._target, self._args, self._kwargs  # type: ignore[attr-defined]  # they may refer to this object

    def join(self, timeout: float | None = None) -> None:
        """Wait for the end; nothing to wait for once closed: the executor's thread may still ask then."""
        if not self._is_released:
            super().join(timeout)

    def close(self) -> None:
        """Let go of the process."""
        self._is_released = True
        super().close()

    @staticmethod
    def _Popen(process_obj: Any) -> Any:  # noqa: N802 - the hook that multiprocessing calls
        return _Launch(process_obj)

    def __reduce__(self) -> tuple[Any, ...]:
        return object.__new__, (context.SpawnProcess,), self.__dict__


class PassedFd:
    """A descriptor that keeps its number in the child."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def detach(self) -> int:
        """Return the descriptor, in the child (multiprocessing's call)."""
        return self.fd


class _Launch:
    """Start a process and answer `multiprocessing`'s questions about it (the interface of its ``Popen`` classes)."""

    method = "spawn"
    DupFd = PassedFd

    def __init__(self, process_obj: Any) -> None:
        tracker = resource_tracker.getfd()
        assert tracker is not None
        self._fds = [tracker, *process_obj.inherited]
        payload = self._pickle(process_obj)
        read_end, self._write_end = os.pipe()
        self._fds.append(read_end)
        command = spawn.get_command_line(tracker_fd=self._fds[0], pipe_handle=read_end)
        laid_out = contextlib.nullcontext() if process_obj.randomizes_addresses else same_addresses()
        try:
            with laid_out:
                self._child = subprocess.Popen(
                    command,
                    pass_fds=self._fds,
                    process_group=0,
                    stdin=subprocess.DEVNULL,
                    env={**os.environ, MARK: process_obj.token},
                )
            self.pid = self._child.pid
            self.sentinel = os.pidfd_open(self.pid)
        except BaseException:  # where the process runs already, it ends as its pipe is closed
            os.close(self._write_end)
            raise
        finally:
            os.close(read_end)
        with contextlib.suppress(BrokenPipeError), open(self._write_end, "wb", closefd=False) as pipe:
            pipe.write(payload)

    def _pickle(self, process_obj: Any) -> bytes:
        data = spawn.get_preparation_data(process_obj.name)
        for main in ("init_main_from_name", "init_main_from_path"):
            data.pop(main, None)
        stream = io.BytesIO()
        context.set_spawning_popen(self)  # type: ignore[arg-type]  # it asks for duplicate_for_child alone
        try:
            reduction.dump(data, stream)
            reduction.dump(process_obj, stream)
        finally:
            context.set_spawning_popen(None)
        return stream.getvalue()

    def duplicate_for_child(self, fd: int) -> int:
        """Note that the child shall inherit ``fd``."""
        self._fds.append(fd)
        return fd

    @property
    def returncode(self) -> int | None:
        """Exit code, negative for a signal; None while it runs."""
        return self._child.returncode

    def poll(self, flag: int = os.WNOHANG) -> int | None:
        """Return the exit code if the process has ended; with ``flag`` 0 wait for that."""
        return self._child.poll() if flag else self._child.wait()

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait at most ``timeout`` seconds for the end; return the exit code or None."""
        try:
            return self._child.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def terminate(self) -> None:
        """Send SIGTERM."""
        self._child.terminate()

    def kill(self) -> None:
        """Send SIGKILL."""
        self._child.kill()

    def close(self) -> None:
        """Close what watches the process."""
        os.close(self._write_end)
        os.close(self.sentinel)
