"""Addresses: workers are laid out in memory alike, unless that is refused; nobody else is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pool_envs import Counting

from stablepool import StableProcessPoolEnv
from stablepool.addresses import same_addresses

PERSONALITY = Path("/proc/self/personality")
RANDOM = "00000000\n"

pytestmark = pytest.mark.skipif(not PERSONALITY.exists(), reason="needs Linux's /proc/self/personality")


def system_allows_it() -> bool:
    with same_addresses():
        return Path("/proc/thread-self/personality").read_text() != RANDOM


class Located(Counting):
    """Tells where the interpreter's library lies in its process, and how its children would be laid out."""

    def place(self) -> int:
        return id(int)

    def childrens_personality(self) -> str:
        return subprocess.run(["cat", PERSONALITY], capture_output=True, text=True, check=True).stdout


def test_workers_are_laid_out_alike() -> None:
    if not system_allows_it():
        pytest.skip("this system lays out every program at random")
    envs = StableProcessPoolEnv([Located] * 3, 3)
    try:
        assert len(set(envs.call("place"))) == 1
    finally:
        envs.close()


def test_workers_are_laid_out_at_random_where_that_is_wanted() -> None:
    envs = StableProcessPoolEnv([Located] * 3, 3, randomize_addresses=True)
    try:
        assert len(set(envs.call("place"))) == 3
    finally:
        envs.close()


def test_what_environments_and_the_parent_start_is_laid_out_at_random() -> None:
    envs = StableProcessPoolEnv([Located], 1)
    try:
        assert envs.call("childrens_personality") == (RANDOM,)
        code = f"print(open({str(PERSONALITY)!r}).read(), end='')"
        child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert child.stdout == RANDOM
    finally:
        envs.close()
