"""What every test of the pool holds to: no process, no shared memory and no semaphore is left behind."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # workers import pool_envs by name
from pool_checks import leftovers, named_memory, settles_to


@pytest.fixture(autouse=True)
def _nothing_left_behind() -> Iterator[None]:
    names, processes = named_memory(), set(leftovers())
    yield
    assert settles_to(lambda: set(leftovers()) - processes, set()), set(leftovers()) - processes
    assert settles_to(lambda: named_memory() - names, set()), named_memory() - names
