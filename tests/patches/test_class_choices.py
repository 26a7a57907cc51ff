"""A class that a script hands on as a value: swapped where it ends in calls, with what it needs bound to it."""

from __future__ import annotations

import pytest

from tests.patches.tools import check_noop, check_refused, check_transformed, reported

SWAP = ("swap-vector-env", "step-timeouts")
IMPORT = "from gymnasium.vector import AsyncVectorEnv, SyncVectorEnv\n"
SWAPPED = "from gymnasium.vector import SyncVectorEnv\nfrom stablepool import StableProcessPoolEnv\n"
POOL = "from functools import partial\n" + SWAPPED
BOUND = "partial(StableProcessPoolEnv, timeout=8.0)"

CHOSEN = {
    "by a condition": "cls = {} if parallel else SyncVectorEnv\nenvs = cls(fns)\n",
    "by branches": "if parallel:\n    cls = {}\nelse:\n    cls = SyncVectorEnv\nenvs = cls(fns, copy=False)\n",
    "from a table on the spot": "envs = {{'async': {}, 'sync': SyncVectorEnv}}[kind](fns)\n",
    "from a table by get": "envs = {{'async': {}, 'sync': SyncVectorEnv}}.get(kind)(fns)\n",
    "from a table that is kept": (
        "VEC = {{'async': {}, 'sync': SyncVectorEnv}}\nprint(list(VEC))\n"
        "def make(kind):\n    assert kind in VEC\n    return VEC[kind](fns)\n"
    ),
    "by an alias": "VecEnv = {}\nenvs = VecEnv(fns)\n",
    "by an annotated alias": "VecEnv: type = {}\nenvs = VecEnv(fns)\n",
    "as an argument": "def make(cls, n):\n    return cls([f] * n)\nenvs = make({}, 3)\n",
    "as an argument by name": "def make(n, c=None):\n    return c([f] * n) if c else None\nenvs = make(3, c={})\n",
    "as a default": "def make(fns, vec_cls={}):\n    return vec_cls(fns)\n",
    "as a keyword's default": "def make(fns, *, seed=0, vec_cls={}):\n    return vec_cls(fns)\n",
    "as a result": (
        "def choose(n):\n    if n > 1:\n        return {}\n    return SyncVectorEnv\nenvs = choose(4)(fns)\n"
    ),
    "as a result that is kept": "def choose(n):\n    return {}\ncls = choose(4)\nenvs = cls(fns)\n",
    "where none is given": (
        "def make(fns, cls=None):\n    cls = cls or {}\n    return cls(fns)\n"
        "def again(fns, cls=None):\n    if cls is None:\n        cls = SyncVectorEnv\n    return cls(fns)\n"
    ),
    "in a loop": "for cls in ({}, SyncVectorEnv):\n    envs = cls(fns)\n",
    "in an attribute": (
        "class T:\n    def __init__(self, parallel):\n        self.cls = {} if parallel else SyncVectorEnv\n"
        "    def make(self):\n        return self.cls(fns)\n"
    ),
}


@pytest.mark.parametrize("name", CHOSEN)
def test_a_chosen_class_is_bound_to_its_deadline(name: str) -> None:
    before, after = CHOSEN[name].format("AsyncVectorEnv"), CHOSEN[name].format(BOUND)
    check_transformed(IMPORT + before, POOL + after, SWAP)


def test_it_needs_no_partial_where_nothing_is_bound() -> None:
    after = "cls = StableProcessPoolEnv if parallel else SyncVectorEnv\nenvs = cls(fns)\n"
    before = after.replace("StableProcessPoolEnv", "AsyncVectorEnv")
    check_transformed(IMPORT + before, SWAPPED + after, ["swap-vector-env"])
    check_transformed(
        SWAPPED + after, POOL + after.replace("StableProcessPoolEnv", BOUND, 1), ["step-timeouts"]
    )


def test_a_partial_of_the_script_takes_more_keywords() -> None:
    check_transformed(
        """\
        from functools import partial
        import gymnasium as gym
        cls = partial(gym.vector.AsyncVectorEnv, context="fork") if p else S
        envs = cls(fns)
        """,
        """\
        from functools import partial
        import gymnasium as gym
        from stablepool import StableProcessPoolEnv
        cls = partial(StableProcessPoolEnv, context="spawn", max_workers=32, timeout=20.0) if p else S
        envs = cls(fns)
        """,
        SWAP,
        preset="many-core",
    )


def test_the_mode_goes_along_and_the_other_class_is_spoken_of() -> None:
    before = """\
        import gymnasium as gym
        cls = gym.vector.AsyncVectorEnv if n > 1 else gym.vector.SyncVectorEnv
        envs = cls(fns)
        obs, rewards, terminated, truncated, infos = envs.step(actions)
        last = infos["final_observation"][0]
        """
    after = """\
        from functools import partial
        import gymnasium as gym
        from stablepool import StableProcessPoolEnv
        cls = partial(StableProcessPoolEnv, autoreset_mode="SameStep") if n > 1 else gym.vector.SyncVectorEnv
        envs = cls(fns)
        obs, rewards, terminated, truncated, infos = envs.step(actions)
        last = infos["final_obs"][0]
        """
    assert reported(check_transformed(before, after, ["swap-vector-env"])) == ("sync-autoreset",)


def test_an_entry_that_is_asked_for_by_another_name_makes_nothing() -> None:
    script = IMPORT + "VEC = {'a': AsyncVectorEnv, 's': SyncVectorEnv}\nenvs = VEC['s'](fns)\n"
    check_refused(script, "class-as-value", "2:13", ["swap-vector-env"])


def test_a_partial_of_another_kind_is_in_the_way() -> None:
    script = (
        IMPORT + "def partial(): ...\ncls = AsyncVectorEnv if parallel else SyncVectorEnv\nenvs = cls(fns)\n"
    )
    plan = check_transformed(
        script,
        IMPORT.replace("AsyncVectorEnv, ", "")
        + "from stablepool import StableProcessPoolEnv\n"
        + "def partial(): ...\ncls = StableProcessPoolEnv if parallel else SyncVectorEnv\nenvs = cls(fns)\n",
        SWAP,
    )
    assert reported(plan) == ("name-taken",)


def test_a_chosen_class_has_its_deadline_already() -> None:
    check_noop(POOL + f"cls = {BOUND} if parallel else SyncVectorEnv\nenvs = cls(fns)\n", SWAP)
    check_noop(POOL + "cls = StableProcessPoolEnv\nenvs = cls(fns, timeout=3.0)\n", SWAP)


def test_a_deadline_by_position_is_one() -> None:
    check_noop(SWAPPED + "cls = StableProcessPoolEnv\nenvs = cls(fns, 4, 3.0)\n", SWAP)


def test_an_import_that_comes_too_late_is_not_joined() -> None:
    check_transformed(
        """\
        import gymnasium as gym
        cls = gym.vector.AsyncVectorEnv
        from functools import cache
        envs = cls(fns)
        """,
        """\
        from functools import partial
        import gymnasium as gym
        from stablepool import StableProcessPoolEnv
        cls = partial(StableProcessPoolEnv, timeout=8.0)
        from functools import cache
        envs = cls(fns)
        """,
        SWAP,
    )


def test_the_standard_library_comes_first() -> None:
    check_transformed(
        """\
        import os
        import sys

        import gymnasium as gym

        cls = gym.vector.AsyncVectorEnv
        envs = cls(fns)
        """,
        """\
        import os
        import sys
        from functools import partial

        import gymnasium as gym
        from stablepool import StableProcessPoolEnv

        cls = partial(StableProcessPoolEnv, timeout=8.0)
        envs = cls(fns)
        """,
        SWAP,
    )
