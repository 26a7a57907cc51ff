"""Code that was not written for the tool: modules of Python's own library."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from patches.rewrite.render import render
from patches.run.plan import apply, make_plan
from patches.run.verify import verify
from tests.patches.tools import options

LIBRARY = sorted(Path(os.__file__).parent.glob("*.py"))[::12]
OURS = b"\nfrom gymnasium.vector import AsyncVectorEnv\n_envs_ = AsyncVectorEnv(_fns_)\n"
PATCHED = (
    b"\nfrom stablepool import StableProcessPoolEnv\n_envs_ = StableProcessPoolEnv(_fns_, timeout=8.0)\n"
)
BY_NAME = [pytest.param(path, id=path.stem) for path in LIBRARY]


def test_there_are_enough_of_them() -> None:
    assert len(LIBRARY) > 10


@pytest.mark.parametrize("path", BY_NAME)
def test_what_is_none_of_our_business_comes_back_as_the_same_object(path: Path) -> None:
    data = path.read_bytes()
    assert apply(make_plan(data, options())) is data


@pytest.mark.parametrize("path", BY_NAME)
def test_a_swap_behind_it_changes_nothing_of_it(path: Path) -> None:
    data = path.read_bytes()
    if b"\x0c" in data:
        pytest.skip("LibCST does not keep form feeds, and the tool refuses them")
    plan = make_plan(data + OURS, options(["swap-vector-env", "step-timeouts"]))
    after = apply(plan)
    verify(plan, after)
    assert after == data + PATCHED
    assert render(plan.source, []) == plan.source.text
