"""Wake-ups and messages: nothing blocks for ever, and nothing is taken for what it is not."""

from __future__ import annotations

import os
import socket
import threading
import time

import numpy as np
import pytest

from stablepool.channel import Channel, ChannelError, EventBell, PipeBell
from stablepool.snapshots import SnapshotArea
from stablepool.watch import Watch


def ends() -> tuple[Channel, Channel, socket.socket]:
    """Both ends of a channel, and the raw socket of the far one."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    return Channel(ours, 3), Channel(theirs, 3), theirs


@pytest.mark.parametrize("kind", [EventBell, PipeBell])
def test_rings_merge_and_are_taken_back(kind: type[EventBell | PipeBell]) -> None:
    bell = kind()
    watch = Watch(bell)
    bell.ring()
    bell.ring()
    assert watch.sleep(1.0) == []
    started = time.monotonic()
    watch.sleep(0.05)
    assert time.monotonic() - started > 0.04
    watch.close()
    bell.close()


def test_a_watch_tells_which_worker_has_ended() -> None:
    bell = EventBell()
    watch = Watch(bell)
    read_end, write_end = os.pipe()
    watch.add(read_end, 7)
    os.write(write_end, b"x")
    assert watch.sleep(1.0) == [7]
    watch.drop(read_end)
    assert (watch.sleep(0.01), len(watch)) == ([], 0)
    watch.close()
    for descriptor in (read_end, write_end):
        os.close(descriptor)
    bell.close()


def test_messages_larger_than_any_buffer_arrive_whole() -> None:
    ours, theirs, _ = ends()
    array = np.arange(1 << 20)
    thread = threading.Thread(target=theirs.send, args=(5, array))
    thread.start()
    assert np.array_equal(ours.receive(5, time.monotonic() + 10), array)
    thread.join()
    ours.close()
    theirs.close()


def test_a_late_message_is_not_taken_for_another() -> None:
    ours, theirs, _ = ends()
    theirs.send(4, "late")
    with pytest.raises(ChannelError, match="something other"):
        ours.receive(5)
    ours.close()
    theirs.close()


@pytest.mark.parametrize("junk", [b"hello from an environment that found the descriptor", b"\xff" * 24])
def test_what_an_environment_writes_to_the_channel_is_no_message(junk: bytes) -> None:
    ours, _, raw = ends()
    raw.sendall(junk)
    with pytest.raises(ChannelError, match="something other"):
        ours.receive(1)
    ours.close()
    raw.close()


def test_a_message_that_keeps_coming_is_waited_for() -> None:
    ours, theirs, raw = ends()
    scribe, page = socket.socketpair()
    with scribe, page:
        Channel(scribe, 3).send(1, "large")
        message = page.recv(4096)

    def dribble() -> None:
        for byte in message:
            raw.sendall(bytes([byte]))
            time.sleep(0.04)

    thread = threading.Thread(target=dribble)
    started = time.monotonic()
    thread.start()
    assert ours.receive(1, time.monotonic() + 1.0) == "large"
    assert time.monotonic() - started > 1.0  # longer than the deadline, never silent for so long
    thread.join()
    ours.close()
    theirs.close()


def test_waiting_ends_with_the_deadline_and_with_the_other_side() -> None:
    ours, theirs, _ = ends()
    with pytest.raises(ChannelError, match="in time") as caught:
        ours.receive(1, time.monotonic() + 0.05)
    assert caught.value.timed_out
    with pytest.raises(ChannelError, match="in time"):
        ours.send(1, bytes(1 << 24), time.monotonic() + 0.05)  # nobody reads
    theirs.close()
    with pytest.raises(ChannelError, match=r"closed|gone"):
        ours.receive(1)
    ours.close()


def test_of_two_snapshots_the_one_before_a_command_is_found() -> None:
    import mmap

    area = SnapshotArea(num_envs=2, capacity=64)
    area.map(mmap.mmap(-1, area.size), 0)
    assert area.newest_before(1, 9) is None
    for sequence in (3, 4, 5):
        assert area.store(1, sequence, b"after %d" % sequence, needs_reset=sequence == 4)
    place = area.newest_before(1, 5)
    assert place is not None
    assert area.load(1, place) == (b"after 4", True)
    newest = area.newest_before(1, 6)
    assert newest is not None
    assert area.load(1, newest) == (b"after 5", False)
    assert area.newest_before(1, 4) is None  # it has been written over
    assert not area.store(1, 6, bytes(65), needs_reset=False)
    area.forget(1)
    assert area.newest_before(1, 99) is None
