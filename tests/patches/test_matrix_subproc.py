"""swap-subproc-vec-env on what people write with Stable-Baselines3."""

from __future__ import annotations

import pytest

from tests.patches.tools import check_noop, check_refused, check_transformed, reported

FIX = ["swap-subproc-vec-env"]
GYM = "import gymnasium as gym\n"
IMPORT = GYM + "from stable_baselines3.common.vec_env import SubprocVecEnv\n"
POOL = GYM + "from stablepool.sb3 import StableSubprocVecEnv\n"
BOTH = GYM + "from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv\n"
MAKE = "from stable_baselines3.common.env_util import make_vec_env\n"
BOUND = "partial(StableSubprocVecEnv, timeout=8.0)"
POOL_AND_DUMMY = (
    "from functools import partial\n"
    + GYM
    + "from stable_baselines3.common.vec_env import DummyVecEnv\nfrom stablepool.sb3 import StableSubprocVecEnv\n"
)

CHANGED = {
    "a call": (IMPORT + "e = SubprocVecEnv(fns)\n", POOL + "e = StableSubprocVecEnv(fns, timeout=8.0)\n"),
    "a start method by position": (
        IMPORT + "e = SubprocVecEnv(fns, 'fork')\n",
        POOL + "e = StableSubprocVecEnv(fns, 'fork', timeout=8.0)\n",
    ),
    "the module of the class": (
        GYM + "from stable_baselines3.common.vec_env.subproc_vec_env import SubprocVecEnv as S\ne = S(fns)\n",
        GYM + "from stablepool.sb3 import StableSubprocVecEnv as S\ne = S(fns, timeout=8.0)\n",
    ),
    "through its package": (
        GYM + "import stable_baselines3 as sb3\ne = sb3.common.vec_env.SubprocVecEnv(fns)\n",
        GYM
        + "import stable_baselines3 as sb3\nfrom stablepool.sb3 import StableSubprocVecEnv\n"
        + "e = StableSubprocVecEnv(fns, timeout=8.0)\n",
    ),
    "make_vec_env with a dict": (
        IMPORT
        + MAKE
        + "e = make_vec_env(f, vec_env_cls=SubprocVecEnv, vec_env_kwargs={'start_method': 'fork',})\n",
        POOL
        + MAKE
        + "e = make_vec_env(f, vec_env_cls=StableSubprocVecEnv, "
        + "vec_env_kwargs={'start_method': 'fork', \"timeout\": 8.0})\n",
    ),
    "make_vec_env with no arguments for the class": (
        IMPORT + MAKE + "e = make_vec_env(f, vec_env_cls=SubprocVecEnv, vec_env_kwargs=None)\n",
        POOL
        + MAKE
        + 'e = make_vec_env(f, vec_env_cls=StableSubprocVecEnv, vec_env_kwargs={"timeout": 8.0})\n',
    ),
    "make_vec_env with an empty dict": (
        IMPORT + MAKE + "e = make_vec_env(f, vec_env_cls=SubprocVecEnv, vec_env_kwargs={})\n",
        POOL
        + MAKE
        + 'e = make_vec_env(f, vec_env_cls=StableSubprocVecEnv, vec_env_kwargs={"timeout": 8.0})\n',
    ),
    "make_vec_env with arguments from elsewhere": (
        BOTH + MAKE + "e = make_vec_env(f, vec_env_cls=SubprocVecEnv, vec_env_kwargs=kw)\n",
        POOL_AND_DUMMY + MAKE + f"e = make_vec_env(f, vec_env_cls={BOUND}, vec_env_kwargs=kw)\n",
    ),
    "make_vec_env with hidden arguments": (
        BOTH + MAKE + "e = make_vec_env(f, vec_env_cls=SubprocVecEnv, **kw)\n",
        POOL_AND_DUMMY + MAKE + f"e = make_vec_env(f, vec_env_cls={BOUND}, **kw)\n",
    ),
    "make_vec_env with a class that is chosen": (
        BOTH + MAKE + "e = make_vec_env(f, vec_env_cls=SubprocVecEnv if n > 1 else DummyVecEnv)\n",
        POOL_AND_DUMMY + MAKE + f"e = make_vec_env(f, vec_env_cls={BOUND} if n > 1 else DummyVecEnv)\n",
    ),
    "a class that is chosen before": (
        BOTH
        + MAKE
        + "cls = DummyVecEnv\nif n > 1:\n    cls = SubprocVecEnv\ne = make_vec_env(f, vec_env_cls=cls)\n",
        POOL_AND_DUMMY
        + MAKE
        + f"cls = DummyVecEnv\nif n > 1:\n    cls = {BOUND}\ne = make_vec_env(f, vec_env_cls=cls)\n",
    ),
    "a partial": (
        IMPORT
        + "from functools import partial\nmake = partial(SubprocVecEnv, start_method='fork')\ne = make(fns)\n",
        POOL
        + "from functools import partial\n"
        + "make = partial(StableSubprocVecEnv, start_method='fork', timeout=8.0)\ne = make(fns)\n",
    ),
    "the loop stays as it is": (
        IMPORT
        + "e = SubprocVecEnv(fns)\nobs = e.reset()\nobs, r, d, infos = e.step(a)\nfor info in infos:\n    pass\n",
        POOL
        + "e = StableSubprocVecEnv(fns, timeout=8.0)\nobs = e.reset()\nobs, r, d, infos = e.step(a)\n"
        + "for info in infos:\n    pass\n",
    ),
}

LEFT_ALONE = {
    "done already": (POOL + "e = StableSubprocVecEnv(fns)\n", ()),
    "imported only": (IMPORT, ()),
    "baselines": (
        "from baselines.common.vec_env.subproc_vec_env import SubprocVecEnv\ne = SubprocVecEnv(fns)\n",
        ("other-library",),
    ),
    "tianshou": (
        "from tianshou.env import SubprocVectorEnv\ne = SubprocVectorEnv(fns)\n",
        ("other-library",),
    ),
    "by text": ("x = {'_target_': 'stable_baselines3.common.vec_env.SubprocVecEnv'}\n", ("class-by-text",)),
    "a type test": (IMPORT + "ok = isinstance(e, SubprocVecEnv)\n", ("type-test",)),
    "an annotation": (IMPORT + "def f(e: SubprocVecEnv): ...\n", ("only-annotated",)),
}

REFUSED = {
    "a subclass": (IMPORT + "class V(SubprocVecEnv):\n    pass\n", "subclass", "3:9"),
    "a type test": (
        IMPORT + "e = SubprocVecEnv(fns)\nok = isinstance(e, SubprocVecEnv)\n",
        "type-test",
        "4:20",
    ),
    "a table of settings": (
        IMPORT + "kw = {'vec_env_cls': SubprocVecEnv}\ne = make_vec_env(f, **kw)\n",
        "class-as-value",
        "3:22",
    ),
    "a make_vec_env of another library": (
        IMPORT + "from lab import make_vec_env\ne = make_vec_env(f, vec_env_cls=SubprocVecEnv)\n",
        "class-as-value",
        "4:33",
    ),
    "a star import": (
        GYM + "from stable_baselines3.common.vec_env import *\ne = SubprocVecEnv(fns)\n",
        "star-import",
        "3:5",
    ),
    "pipes": (IMPORT + "e = SubprocVecEnv(fns)\ne.remotes[0].send(x)\n", "internals", "4:1"),
    "processes": (IMPORT + "e = SubprocVecEnv(fns)\nprint(e.processes)\n", "internals", "4:7"),
    "environments of gym": (
        "import gym\n" + IMPORT[len(GYM) :] + "e = SubprocVecEnv(fns)\n",
        "gym-spaces",
        "1:1",
    ),
    "the first Stable-Baselines3": (
        IMPORT + "from stable_baselines3.common.cmd_util import make_vec_env\ne = SubprocVecEnv(fns)\n",
        "gym-spaces",
        "3:1",
    ),
    "an argument that it does not have": (
        IMPORT + "e = SubprocVecEnv(fns, context='fork')\n",
        "context-argument",
        "3:24",
    ),
    "the name is taken": (
        IMPORT + "class StableSubprocVecEnv:\n    pass\ne = SubprocVecEnv(fns)\n",
        "name-taken",
        "5:5",
    ),
    "__all__": (IMPORT + "__all__ = ['SubprocVecEnv']\ne = SubprocVecEnv(fns)\n", "exported", "3:12"),
}


@pytest.mark.parametrize("name", CHANGED)
def test_changed(name: str) -> None:
    check_transformed(*CHANGED[name], FIX)


@pytest.mark.parametrize("name", CHANGED)
def test_no_other_fix_has_anything_to_say(name: str) -> None:
    plan = check_transformed(*CHANGED[name])
    assert {finding.fix for finding in (*plan.edits, *plan.diagnostics)} == {*FIX}


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_left_alone(name: str) -> None:
    script, codes = LEFT_ALONE[name]
    assert reported(check_noop(script, FIX)) == codes


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    script, code, position = REFUSED[name]
    check_refused(script, code, position, FIX)


def test_the_preset_for_many_cores_sets_the_number_of_workers() -> None:
    before = IMPORT + MAKE + "a = SubprocVecEnv(fns)\nb = make_vec_env(f, vec_env_cls=SubprocVecEnv)\n"
    after = (
        POOL
        + MAKE
        + "a = StableSubprocVecEnv(fns, timeout=20.0, max_workers=32)\n"
        + 'b = make_vec_env(f, vec_env_cls=StableSubprocVecEnv, vec_env_kwargs={"timeout": 20.0, "max_workers": 32})\n'
    )
    check_transformed(before, after, FIX, preset="many-core")
