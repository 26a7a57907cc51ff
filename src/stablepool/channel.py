"""Wake-ups and messages between the parent and its workers.

A `Bell` says "go" (one per worker) or "done" (one for all workers); it carries no data. A `Channel` carries whole
messages with their length, the worker's generation and a sequence number, so that a late or garbled one can never be
taken for another. The parent's side never blocks without a deadline.
"""

from __future__ import annotations

import os
import pickle
import select
import socket
import struct
import time
from multiprocessing import reduction
from typing import Any

import cloudpickle

__all__ = ["Bell", "Channel", "ChannelError", "EventBell", "PipeBell", "make_bell", "poll_timeout_ms"]

_HEADER = struct.Struct("=IIIQ")  # magic, generation, sequence, bytes that follow
_MAGIC = 0x5AB1E700
_MOST_BYTES = 1 << 40
_CHUNK = 1 << 20


class ChannelError(Exception):
    """The other side is gone, out of time, or has written something that is no message."""

    def __init__(self, reason: str, *, timed_out: bool = False) -> None:
        self.timed_out = timed_out
        super().__init__(reason)


def poll_timeout_ms(deadline: float | None) -> float | None:
    """Milliseconds from now until a ``time.monotonic`` deadline, never negative; None: no deadline."""
    return None if deadline is None else max(0.0, (deadline - time.monotonic()) * 1e3)


class _Patience:
    """A deadline that is put off, by as long as it was away at first, with every piece that moves.

    A large message takes its time on a busy machine; what is hung moves nothing at all.
    """

    def __init__(self, deadline: float | None) -> None:
        self.deadline = deadline
        self._length_s = 0.0 if deadline is None else deadline - time.monotonic()

    def renew(self) -> None:
        """Start anew: something has moved."""
        if self.deadline is not None:
            self.deadline = max(self.deadline, time.monotonic() + self._length_s)


def _dup(fd: int) -> Any:
    """Wrap a descriptor so that it travels to a process that is being spawned."""
    return reduction.DupFd(fd)


class Bell:
    """A wake-up that can be rung by one process and waited for by another; rings before a wait merge into one."""

    def fileno(self) -> int:
        """Descriptor that is readable while the bell has been rung and not yet cleared."""
        raise NotImplementedError

    def ring(self) -> None:
        """Wake whoever waits."""
        raise NotImplementedError

    def clear(self) -> None:
        """Wait until rung, then take all rings back."""
        raise NotImplementedError

    def close(self) -> None:
        """Close the descriptors of this process."""
        raise NotImplementedError


class EventBell(Bell):
    """A bell on one ``eventfd``: one 8-byte counter in the kernel, the cheapest wake-up that Linux has."""

    def __init__(self, fd: int | None = None) -> None:
        self._fd = os.eventfd(0, os.EFD_CLOEXEC) if fd is None else fd

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild_event_bell, (_dup(self._fd),)

    def fileno(self) -> int:
        """Descriptor to poll."""
        return self._fd

    def ring(self) -> None:
        """Wake whoever waits."""
        os.eventfd_write(self._fd, 1)

    def clear(self) -> None:
        """Wait until rung, then take all rings back."""
        os.eventfd_read(self._fd)

    def close(self) -> None:
        """Close the descriptors of this process."""
        os.close(self._fd)


def _rebuild_event_bell(handle: Any) -> EventBell:
    return EventBell(handle.detach())


class PipeBell(Bell):
    """The same on a pipe, for systems without ``eventfd``."""

    def __init__(self, fds: tuple[int, int] | None = None) -> None:
        self._read_fd, self._write_fd = os.pipe() if fds is None else fds

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild_pipe_bell, (_dup(self._read_fd), _dup(self._write_fd))

    def fileno(self) -> int:
        """Descriptor to poll."""
        return self._read_fd

    def ring(self) -> None:
        """Wake whoever waits."""
        os.write(self._write_fd, b"\0")

    def clear(self) -> None:
        """Wait until rung, then take all rings back."""
        os.read(self._read_fd, 4096)

    def close(self) -> None:
        """Close the descriptors of this process."""
        os.close(self._read_fd)
        os.close(self._write_fd)


def _rebuild_pipe_bell(read_handle: Any, write_handle: Any) -> PipeBell:
    return PipeBell((read_handle.detach(), write_handle.detach()))


def make_bell() -> Bell:
    """The best bell of this system."""
    return EventBell() if hasattr(os, "eventfd") else PipeBell()


class Channel:
    """One end of a stream of framed, pickled messages.

    Args:
        sock: A connected stream socket.
        generation: Which life of the worker slot this channel serves; messages of another are refused.
    """

    def __init__(self, sock: socket.socket, generation: int) -> None:
        self._sock = sock
        self._generation = generation

    @classmethod
    def pair(cls, generation: int) -> tuple[Channel, Channel]:
        """Return the two ends; the second is to be sent to a worker by way of its spawning."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        return cls(ours, generation), cls(theirs, generation)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild_channel, (_dup(self._sock.fileno()), self._generation)

    def send(
        self, sequence: int, message: Any, deadline: float | None = None, watch: int | None = None
    ) -> None:
        """Send one message.

        Args:
            sequence: The command that this message belongs to.
            message: Anything that pickles; classes and functions of ``__main__`` travel by value.
            deadline: ``time.monotonic`` seconds after which to give up where nothing moves; every piece of the message
                that does move puts it off.
            watch: A descriptor that becomes readable when the other side has died.

        Raises:
            ChannelError: The other side is gone or did not read in time.
        """
        self.send_bytes(sequence, dumps(message), deadline, watch)

    def send_bytes(
        self, sequence: int, body: bytes, deadline: float | None = None, watch: int | None = None
    ) -> None:
        """Send a message that has been pickled already; see `send`."""
        view = memoryview(_HEADER.pack(_MAGIC, self._generation, sequence & 0xFFFFFFFF, len(body)) + body)
        patience = _Patience(deadline)
        while view:
            try:
                view = view[self._sock.send(view[:_CHUNK]) :]
                patience.renew()
            except BlockingIOError:
                self._wait(select.POLLOUT, patience.deadline, watch)
            except OSError as error:
                raise ChannelError(f"the other side is gone ({error.strerror})") from error

    def receive(self, sequence: int, deadline: float | None = None, watch: int | None = None) -> Any:
        """Receive the message that belongs to ``sequence``; see `send` for the arguments.

        Raises:
            ChannelError: No such message came in time, or what came is no such message.
        """
        magic, generation, number, length = _HEADER.unpack(self._read(_HEADER.size, deadline, watch))
        if magic != _MAGIC or generation != self._generation or number != sequence & 0xFFFFFFFF:
            raise ChannelError("something other than the pool wrote to the worker's message channel")
        if length > _MOST_BYTES:
            raise ChannelError(f"a message of {length} bytes is announced, which no worker sends")
        body = self._read(length, deadline, watch)
        try:
            return pickle.loads(body)  # noqa: S301 - from our own worker, over a private socket
        except Exception as error:
            raise ChannelError(f"a message cannot be rebuilt in this process: {error!r}") from error

    def poll(self, deadline: float | None, watch: int) -> bool:
        """Wait until there is something to read (True) or the deadline passes (False).

        Raises:
            ChannelError: The other side has died without leaving anything to read.
        """
        try:
            self._wait(select.POLLIN, deadline, watch)
        except ChannelError as error:
            if error.timed_out:
                return False
            raise
        return True

    def close(self) -> None:
        """Close this end."""
        self._sock.close()

    def _read(self, length: int, deadline: float | None, watch: int | None) -> bytearray:
        body = bytearray(length)
        view, patience = memoryview(body), _Patience(deadline)
        while view:
            try:
                count = self._sock.recv_into(view)
            except BlockingIOError:
                self._wait(select.POLLIN, patience.deadline, watch)
                continue
            except OSError as error:
                raise ChannelError(f"the other side is gone ({error.strerror})") from error
            if count == 0:
                raise ChannelError("the other side has closed the channel")
            view = view[count:]
            patience.renew()
        return body

    def _wait(self, event: int, deadline: float | None, watch: int | None) -> None:
        poller = select.poll()
        poller.register(self._sock, event)
        if watch is not None:
            poller.register(watch, select.POLLIN)
        ready = dict(poller.poll(poll_timeout_ms(deadline)))
        if not ready:
            raise ChannelError("no answer in time", timed_out=True)
        # What a dying worker had already written is still worth reading.
        if watch in ready and self._sock.fileno() not in ready:
            raise ChannelError("the other side has died")


def _rebuild_channel(handle: Any, generation: int) -> Channel:
    return Channel(socket.socket(fileno=handle.detach()), generation)


def dumps(message: Any) -> bytes:
    """Pickle plainly where that works, with cloudpickle where it does not: closures, and what is of the main script.

    The latter pickles here, by its name, but the main module of a worker does not have it.
    """
    try:
        data: bytes = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    except Exception:  # noqa: BLE001 - whatever plain pickle objects to, cloudpickle decides
        data = cloudpickle.dumps(message)
    else:
        if b"__main__" in data:
            data = cloudpickle.dumps(message)
    return data
