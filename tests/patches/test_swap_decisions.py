"""Class swaps, settings and stores: what is changed and said, on variations of single lines."""

from __future__ import annotations

import pytest

from patches.run.plan import make_plan
from tests.patches.test_fix_decisions import said
from tests.patches.tools import options, patched

ASYNC = "from gymnasium.vector import AsyncVectorEnv\n"
MADE = ASYNC + "envs = AsyncVectorEnv(fns)\n"

COMPUTED = ("computed-value 3", "computed-value 4", "computed-value 5")

# what follows the head, from line 3 on: what tuned-parameters changes and says
SETTINGS = {
    "N_ENVS = 1\nSIMS = 2\nBUDGET = 3\n": ["edit 3", "edit 4", "edit 5"],
    "N_ENVS = 1\nSIMS = 2\n": [],
    "N_ENVS = 1\nSIMS = 2\nOTHER = 3\n": [],
    "N_ENVS, SIMS, BUDGET = 1, 2, 3\n": ["edit 3"] * 3,
    "N_ENVS, SIMS, BUDGET = f()\n": ["computed-value 3"] * 3,
    "N_ENVS, SIMS, BUDGET = 1, 2, 3, 4\n": ["computed-value 3"] * 3,
    "N_ENVS = SIMS = BUDGET = 1\n": ["computed-value 3"] * 3,
    "N_ENVS: int = 1\nSIMS: int = 2\nBUDGET: int = f()\n": ["edit 3", "edit 4", "computed-value 5"],
    "N_ENVS: int\nSIMS = 9\nBUDGET = 9\n": ["computed-value 3", "edit 4", "edit 5"],
    "N_ENVS = 1\nSIMS = 2\nBUDGET = 3\nSIMS = 4\n": ["edit 3", "assigned-twice 4", "edit 5"],
    "N_ENVS = 1\nSIMS = 2\nBUDGET = 3\nSIMS = f()\n": ["edit 3", "edit 4", "edit 5"],
    "N_ENVS = 1\nSIMS = f()\nBUDGET = 3\nSIMS = 4\n": ["edit 3", "computed-value 4", "edit 5"],
    "N_ENVS = True\nSIMS = '2'\nBUDGET = None\n": [
        "computed-value 3",
        "computed-value 4",
        "computed-value 5",
    ],
    "N_ENVS = int(2e1)\nSIMS = 2 * 3\nBUDGET = 2 ** 3\n": ["edit 3", "edit 4", "edit 5"],
    "N_ENVS = int(a=1)\nSIMS = 2 + 3\nBUDGET = float(3)\n": [
        "computed-value 3",
        "computed-value 4",
        "computed-value 5",
    ],
    "N_ENVS = 1 << 3\nSIMS = 2 ** 100\nBUDGET = 2 ** -1\n": [
        "edit 3",
        "computed-value 4",
        "computed-value 5",
    ],
    "N_ENVS = 1 << k\nSIMS = k * 2\nBUDGET = 10 ** 65\n": [
        "computed-value 3",
        "computed-value 4",
        "computed-value 5",
    ],
    "if __name__ == '__main__':\n    N_ENVS = 1\n    SIMS = 2\n    BUDGET = 3\n": [
        "edit 4",
        "edit 5",
        "edit 6",
    ],
    "if name == '__main__':\n    N_ENVS = 1\n    SIMS = 2\n    BUDGET = 3\n": [],
    "if x:\n    N_ENVS = 1\n    SIMS = 2\n    BUDGET = 3\n": [],
    "def f():\n    N_ENVS = 1\n    SIMS = 2\n    BUDGET = 3\n": ["edit 4", "edit 5", "edit 6"],
    "class C:\n    N_ENVS = 1\n    SIMS = 2\n    BUDGET = 3\n": ["edit 4", "edit 5", "edit 6"],
    "@d\nclass C:\n    N_ENVS = 1\n    SIMS = 2\n    BUDGET = 3\n": [
        f"dataclass-field {line}" for line in (5, 6, 7)
    ],
    "@d\nclass C:\n    n_envs: int = 1\n    sims: int = 2\n": [],
    "d = {'n_envs': 1, 'sims': 2, 'budget': 3}\n": ["dict-entry 3"] * 3,
    "d = {'n_envs': 1, 'sims': 2, **e}\n": [],
    "d = dict(n_envs=1, sims=2, budget=3, **e)\n": ["dict-entry 3"] * 3,
    "d = other(n_envs=1, sims=2, budget=3)\n": [],
    "p.add_argument('--n-envs', default=1)\n": ["argparse-default 3"],
    "p.add_argument('--n-envs')\n": [],
    "p.add_argument('-n', default=1)\n": [],
    "p.add_argument('--seed', default=1)\n": [],
    "p.add_option('--n-envs', default=1)\n": [],
    "import yaml\nc = yaml.safe_load(f)\nc['n_envs']\n": ["settings-file 4"],
    "import yaml\nc = yaml.safe_load(f)\nc.n_envs\n": ["settings-file 4"],
    "import yaml\nc = yaml.safe_load(f)\nc['seed']\n": [],
    "import yaml\nc = yaml.dump(f)\nc['n_envs']\n": [],
}


@pytest.mark.parametrize("text", SETTINGS)
def test_settings(text: str) -> None:
    assert said(MADE + text, "tuned-parameters") == SETTINGS[text]


# a whole script: what swap-vector-env changes and says of the places that name the class
PLACES = {
    MADE: ["edit 1", "edit 2"],
    "import gymnasium\nenvs = gymnasium.vector.AsyncVectorEnv(fns)\n": ["edit 2"],
    "from gymnasium.vector import AsyncVectorEnv as A\nenvs = A(fns)\n": ["edit 1"],
    "from gymnasium.vector import *\nenvs = AsyncVectorEnv(fns)\n": ["star-import 2"],
    "from gymnasium.spaces import *\nenvs = AsyncVectorEnv(fns)\n": [],
    ASYNC + "class StableProcessPoolEnv:\n    pass\nenvs = AsyncVectorEnv(fns)\n": ["name-taken 4"],
    ASYNC + "if x:\n    from other import AsyncVectorEnv\nenvs = AsyncVectorEnv(fns)\n": [
        "other-library 4",
        "ambiguous-name 4",
    ],
    ASYNC + "class A(AsyncVectorEnv):\n    pass\n": ["subclass 2"],
    MADE + "isinstance(envs, AsyncVectorEnv)\n": ["type-test 3"],
    ASYNC + "isinstance(envs, AsyncVectorEnv)\n": ["type-test 2"],
    ASYNC + "def f(envs: AsyncVectorEnv):\n    pass\n": ["only-annotated 2"],
    ASYNC + "other(AsyncVectorEnv)\n": ["class-as-value 2"],
    ASYNC + "def f(e: 'AsyncVectorEnv'):\n    pass\nenvs = AsyncVectorEnv(fns)\n": [
        "edit 1",
        "edit 2",
        "edit 4",
    ],
    ASYNC + "x = 'AsyncVectorEnv'\nenvs = AsyncVectorEnv(fns)\n": ["edit 1", "edit 3"],
    MADE + "__all__ = ['AsyncVectorEnv']\n": ["exported 3"],
    MADE + "__all__ += ['AsyncVectorEnv']\n": ["exported 3"],
    MADE + "names = ['AsyncVectorEnv']\n": ["edit 1", "edit 2"],
    MADE + "getattr(m, 'AsyncVectorEnv')\n": ["exported 3"],
    MADE + "m.getattr('AsyncVectorEnv')\n": ["edit 1", "edit 2"],
    MADE + "globals()['AsyncVectorEnv']\n": ["exported 3"],
    MADE + "table['AsyncVectorEnv']\n": ["edit 1", "edit 2"],
    "x = 'gymnasium.vector.AsyncVectorEnv'\n": ["class-by-text 1"],
    "x = '_target_: gymnasium.vector.AsyncVectorEnv'\n": ["class-by-text 1"],
    "x = 'see gymnasium.vector.AsyncVectorEnv'\n": [],
    "from stablepool import StableProcessPoolEnv\nenvs = StableProcessPoolEnv(fns)\n": ["already-swapped 2"],
    # a worker loop of the script's own
    ASYNC + "def w(a, b, c, d, e, f, g, h):\n    pass\nAsyncVectorEnv(fns, worker=w)\n": ["edit 1", "edit 4"],
    ASYNC + "def w(a, b, c, d, e, f, g):\n    pass\nAsyncVectorEnv(fns, worker=w)\n": ["worker-argument 4"],
    ASYNC + "def w(a, b, c, d, e, f, g, h, i):\n    pass\nAsyncVectorEnv(fns, worker=w)\n": [
        "worker-argument 4"
    ],
    ASYNC + "def w(a, b, c, d, e, f, g, h, i=1):\n    pass\nAsyncVectorEnv(fns, worker=w)\n": [
        "edit 1",
        "edit 4",
    ],
    ASYNC + "def w(a, b, c, d, e, f, g, h, *, i):\n    pass\nAsyncVectorEnv(fns, worker=w)\n": [
        "worker-argument 4"
    ],
    ASYNC + "def w(a, b, c, d, e, f, g, h):\n    e[0] = 1\nAsyncVectorEnv(fns, worker=w)\n": [
        "worker-argument 4"
    ],
    ASYNC + "def w(a, b, c, d, e, f, g, h):\n    if e:\n        e[0] = 1\nAsyncVectorEnv(fns, worker=w)\n": [
        "edit 1",
        "edit 5",
    ],
    ASYNC + "def w(a, b, c, d, e, f, g, h):\n    if a:\n        e[0] = 1\nAsyncVectorEnv(fns, worker=w)\n": [
        "worker-argument 5"
    ],
    ASYNC
    + "def w(a, b, c, d, e, f, g, h):\n    e[0] = 1\nAsyncVectorEnv(fns, worker=w, shared_memory=False)\n": [
        "edit 1",
        "edit 4",
    ],
    ASYNC
    + "def w(a, b, c, d, e, f, g, h):\n    e[0] = 1\nAsyncVectorEnv(fns, worker=w, shared_memory=True)\n": [
        "worker-argument 4"
    ],
    ASYNC + "from gymnasium.vector.async_vector_env import _async_worker\ndef w(a, b, c, d, e, f, g, h):\n"
    "    _async_worker(a, b, c, d, e, f, g, h)\nAsyncVectorEnv(fns, worker=w)\n": ["edit 1", "edit 5"],
    ASYNC + "def w(a, b, c, d, e, f, g, h):\n    e = 1\nAsyncVectorEnv(fns, worker=w)\n": [
        "worker-argument 4"
    ],
}


@pytest.mark.parametrize("text", PLACES)
def test_places_that_name_the_class(text: str) -> None:
    assert said(text, "swap-vector-env") == PLACES[text]


SB3 = "import gymnasium\nfrom stable_baselines3.common.vec_env import SubprocVecEnv\n"
SINK = "from stable_baselines3.common.env_util import make_vec_env\n"

# what follows the head, from line 3 on: what swap-subproc-vec-env changes and says
SUBPROC = {
    "env = SubprocVecEnv(fns)\n": ["edit 2", "edit 3", "steps-itself 3"],
    "env = SubprocVecEnv(fns, start_method='fork')\n": ["edit 2", "edit 3", "steps-itself 3"],
    "env = SubprocVecEnv(fns, context='fork')\n": ["context-argument 3"],
    "env = SubprocVecEnv(fns)\nenv.remotes\n": ["internals 4"],
    "env = SubprocVecEnv(fns)\nenv.processes\n": ["internals 4"],
    "env = SubprocVecEnv(fns)\nenv.closed\n": ["internals 4"],
    "env = SubprocVecEnv(fns)\nother.processes\n": ["edit 2", "edit 3", "steps-itself 3"],
    "env = SubprocVecEnv(fns)\nother.remotes\n": ["internals 4"],
    "env = SubprocVecEnv(fns)\nother.remotes = 1\n": ["edit 2", "edit 3", "steps-itself 3"],
    "env = SubprocVecEnv(fns)\nenv.reset()\n": ["edit 2", "edit 3", "steps-itself 3"],
    "C = SubprocVecEnv if x else D\nenv = C(fns)\n": ["edit 2", "edit 3", "steps-itself 3"],
    "partial = 1\nC = SubprocVecEnv if x else D\nenv = C(fns)\n": ["name-taken 4"],
    SINK + "env = make_vec_env('A', vec_env_cls=SubprocVecEnv)\n": ["edit 2", "edit 4", "steps-itself 4"],
    SINK + "env = make_vec_env('A', vec_env_cls=SubprocVecEnv)\nenv.closed\n": ["internals 5"],
    SINK + "env = make_vec_env('A', other=SubprocVecEnv)\n": ["class-as-value 4"],
    "class E(SubprocVecEnv):\n    pass\n": ["subclass 3"],
    "def f(e: SubprocVecEnv):\n    pass\n": ["only-annotated 3"],
    "from tianshou.env import SubprocVectorEnv\nSubprocVectorEnv(fns)\n": ["other-library 4"],
}


@pytest.mark.parametrize("text", SUBPROC)
def test_stable_baselines3(text: str) -> None:
    assert said(SB3 + text, "swap-subproc-vec-env") == SUBPROC[text]


@pytest.mark.parametrize(
    ("imports", "expected"),
    [
        ("", ["edit 2", "edit 3", "unclear-version 3", "steps-itself 3"]),
        ("import gym", ["gym-spaces 1"]),
        ("from gym import spaces", ["gym-spaces 1"]),
        ("import gymnasium, gym", ["edit 2", "edit 3", "steps-itself 3"]),
        ("from gymnasium.spaces import Box", ["edit 2", "edit 3", "steps-itself 3"]),
        ("import gymkhana", ["edit 2", "edit 3", "unclear-version 3", "steps-itself 3"]),
        ("from .gym import x", ["edit 2", "edit 3", "unclear-version 3", "steps-itself 3"]),
        ("import gymnasium; from stable_baselines3.common.cmd_util import x", ["gym-spaces 1"]),
    ],
)
def test_versions_of_stable_baselines3(imports: str, expected: list[str]) -> None:
    text = imports + SB3.removeprefix("import gymnasium") + "env = SubprocVecEnv(fns)\n"
    assert sorted(said(text, "swap-subproc-vec-env")) == sorted(expected)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", 'vec_env_kwargs={"timeout": 8.0}'),
        (", vec_env_kwargs=None", 'vec_env_kwargs={"timeout": 8.0}'),
        (", vec_env_kwargs={}", 'vec_env_kwargs={"timeout": 8.0}'),
        (", vec_env_kwargs={'a': 1,}", "vec_env_kwargs={'a': 1, \"timeout\": 8.0}"),
        (", vec_env_kwargs=dict(a=1)", "vec_env_kwargs=dict(a=1, timeout=8.0)"),
        (", vec_env_kwargs=k", "vec_env_cls=partial(StableSubprocVecEnv, timeout=8.0), vec_env_kwargs=k"),
        (", vec_env_kwargs={'timeout': 1}", "vec_env_cls=partial(StableSubprocVecEnv, timeout=8.0)"),
        (", **more", "vec_env_cls=partial(StableSubprocVecEnv, timeout=8.0)"),
    ],
)
def test_keyword_arguments_of_a_sink(given: str, expected: str) -> None:
    text = SB3 + SINK + f"env = make_vec_env('A', vec_env_cls=SubprocVecEnv{given})\n"
    assert expected in patched(text, ["swap-subproc-vec-env"])[0].splitlines()[-1]


GYM = "import gym\nfrom w import A, B\n"

# the call: the code that it becomes
MAKERS = {
    "gym.vector.make('X')": "[lambda: gym.make('X')]",
    "gym.vector.make('X', 1)": "[lambda: gym.make('X')]",
    "gym.vector.make('X', num_envs=n)": "[lambda: gym.make('X') for _ in range(n)]",
    "gym.vector.make('X', 2, wrappers=A)": "[lambda: A(gym.make('X')) for _ in range(2)]",
    "gym.vector.make('X', 2, wrappers=[A, B])": "[lambda: B(A(gym.make('X'))) for _ in range(2)]",
    "gym.vector.make('X', 2, wrappers=lambda e: A(e, 4))": "[lambda: A(gym.make('X'), 4) for _ in range(2)]",
    "gym.vector.make('X', 2, wrappers=lambda e: A(e, e))": (
        "[lambda: (lambda e: A(e, e))(gym.make('X')) for _ in range(2)]"
    ),
    "gym.vector.make('X', 2, wrappers=lambda e: e)": "[lambda: (lambda e: e)(gym.make('X')) for _ in range(2)]",
    "gym.vector.make('X', 2, wrappers=lambda e, k=1: A(e))": (
        "[lambda: (lambda e, k=1: A(e))(gym.make('X')) for _ in range(2)]"
    ),
    "gym.vector.make('X', 2, size=3)": "[lambda: gym.make('X', size=3) for _ in range(2)]",
    "gym.vector.make('X', 2, size=n)": "[lambda: gym.make('X', size=n) for _ in range(2)]",
    "gym.vector.make('X', 2, size=-1)": "[lambda: gym.make('X', size=-1) for _ in range(2)]",
    "gym.vector.make('X', 2, size=[1, n])": "[lambda: gym.make('X', size=[1, n]) for _ in range(2)]",
    "gym.vector.make(f'{x}', 2)": "[lambda: gym.make(f'{x}') for _ in range(2)]",
    "gym.vector.make('X', 2, size=f())": "[partial(gym.make, 'X', size=f())] * 2",
    "gym.vector.make('X', 2, size=c.n)": "[partial(gym.make, 'X', size=c.n)] * 2",
    "gym.vector.make('X', 2, size=gym.n)": "[lambda: gym.make('X', size=gym.n) for _ in range(2)]",
    "gym.vector.make(f(), a + b)": "[partial(gym.make, f())] * (a + b)",
    "gym.vector.make(f(), a)": "[partial(gym.make, f())] * a",
    "gym.vector.make(f())": "[partial(gym.make, f())] * 1",
    "gym.vector.make(f(), 2, wrappers=A)": "[lambda env_fn=partial(gym.make, f()): A(env_fn())] * 2",
}


@pytest.mark.parametrize("call", MAKERS)
def test_code_of_a_maker(call: str) -> None:
    result = patched(f"{GYM}envs = {call}\n", ["swap-vector-env"])[0]
    code = result.partition("StableProcessPoolEnv(")[2].partition("import")[0]
    code = result[result.index("envs = ") :]
    assert " ".join(code.split()).replace("( ", "(").replace(", )", ")") in (
        f'envs = StableProcessPoolEnv({MAKERS[call]}, autoreset_mode="SameStep")',
    )


STEP = "obs, r, te, tr, infos = envs.step(a)\n"
VALID = "valid = valid_transitions(infos, envs.num_envs)\n"
PUSH = "memory.push(o[i], r[i], obs[i])"

# what follows the step: the code of the guard in the store's lines, or what is said
STORES = {
    f"for i in range(n):\n    {PUSH}\n": "if valid[i]:",
    f"for i in range(n):\n    if a:\n        {PUSH}\n": "if valid[i]:",
    f"for i, x in enumerate(r):\n    {PUSH}\n": "if valid[i]:",
    f"for i in range(n):\n    {PUSH}\n    {PUSH}\n": "if valid[i]:",
    f"for i in range(n):\n    {PUSH}\nfor i in range(n):\n    {PUSH}\n": "several-stores",
    "for x, y in zip(r, obs):\n    memory.push(a, x, y)\n": "zip(r, obs, valid)",
    "for x, y in zip(r, obs, strict=True):\n    memory.push(a, x, y)\n": "zip(r, obs, valid, strict=True)",
    "for x, y in zip(*r):\n    memory.push(a, r, obs)\n": "no-index",
    "for x, y in zip(r, obs, **k):\n    memory.push(a, r, obs)\n": "no-index",
    "for x, (y, z) in zip(r, obs):\n    memory.push(a, r, obs)\n": "no-index",
    "for x, y in map(r, obs):\n    memory.push(a, r, obs)\n": "no-index",
    "for x, y in zip(r):\n    memory.push(a, r, obs)\n": "no-index",
    "for x in zip(r, obs):\n    memory.push(a, r, obs)\n": "no-index",
    "memory.push(o, r, obs)\n": "batched-store",
    "memory.extend([(o[i], r[i], obs[i]) for i in range(n)])\n": "nonzero()[0].tolist()",
    "memory.extend([(o[i], r[i], obs[i]) for i in range(1, n)])\n": "no-index",
    "memory.extend([(o[i], r[i], obs[i]) for i in rows(n)])\n": "no-index",
    "memory.extend([(o[i], r[i], obs[i]) for i in range(n) for j in x])\n": "no-index",
    "memory.extend([(o, r, obs) for i in range(n)])\n": "not-indexed",
    "for i in range(n):\n    memory.push(o, r, obs)\n": "not-indexed",
    f"if a:\n    for i in range(n):\n        {PUSH}\n": "if valid[i]:",
    f"for i in range(n): {PUSH}\n": "shared-line",
    f"def valid_transitions():\n    pass\nfor i in range(n):\n    {PUSH}\n": "name-taken",
    "print(obs)\n": "no-store",
    # lists that are filled side by side
    "for i in range(n):\n    rows[i].append((o[i], r[i], obs[i]))\n": "if valid[i]:",
    "rows = []\nfor i in range(n):\n    rows.append((o[i], r[i], obs[i]))\n": "if valid[i]:",
}


@pytest.mark.parametrize("text", STORES)
def test_stores(text: str) -> None:
    head = "from stablepool import StableProcessPoolEnv\nenvs = StableProcessPoolEnv(fns)\n" + STEP
    result, plan = patched(head + text, ["drop-void-transitions"])
    codes = [diagnostic.code for diagnostic in plan.diagnostics]
    assert STORES[text] in result or codes == [STORES[text]]
    assert bool(plan.edits) != bool(codes)


LOOP = "for t in x:\n    " + STEP
FILL = "rows[i].append((o[i], r[i], obs[i]))"

# the loop around a step and the loop over environments in it: how many lines are guarded, or what is said
SIDE_BY_SIDE = {
    f"    for i in range(n):\n        {FILL}\n": 1,
    f"    for i in range(n):\n        {FILL}\n        more[i].append(a)\n": 2,
    f"    for i in range(n):\n        {FILL}\n        more[i].extend(a)\n": 2,
    f"    for i in range(n):\n        {FILL}\n        more[j].append(a)\n": "parallel-stores",
    f"    for i in range(n):\n        {FILL}\n        more[i].look(a)\n": 1,
    f"    for i in range(n):\n        {FILL}\n        stats[i].append(a)\n": 1,
    f"    for i in range(n):\n        {FILL}\n        other.append(a)\n": 1,
    f"    values = []\n    for i in range(n):\n        {FILL}\n        values.append(a)\n": "parallel-stores",
    f"    values = 1\n    for i in range(n):\n        {FILL}\n        values.append(a)\n": 1,
    f"    for i in range(n):\n        {FILL}\n    more[0].append(a)\n": "parallel-stores",
    f"    for i in range(n):\n        {PUSH}\n        more[i].append(a)\n": 1,
    f"    for i in range(n):\n        {FILL.replace('append', 'push')}\n": "parallel-stores",
}


@pytest.mark.parametrize("text", SIDE_BY_SIDE)
def test_lists_that_are_filled_side_by_side(text: str) -> None:
    head = "from stablepool import StableProcessPoolEnv\nenvs = StableProcessPoolEnv(fns)\n"
    result, plan = patched(head + LOOP + text, ["drop-void-transitions"])
    codes = [diagnostic.code for diagnostic in plan.diagnostics]
    assert (codes[0] if codes else result.count("if valid[i]:")) == SIDE_BY_SIDE[text]


OLD_GYM = "import gym, gymnasium\nfrom gym.spaces import Box\nenvs = gym.vector.AsyncVectorEnv(fns)\n"
FOUR = "obs = envs.reset()\nobs, r, d, i = envs.step(a)\n"

# what follows the head, from line 4 on: the code that a line becomes, or the reason of the refusal
OF_OLD_GYM = {
    "envs.seed(3)\nobs = envs.reset()\n": "obs = envs.reset(seed=3)[0]",
    "envs.seed(3)\nn = 1\nobs = envs.reset()\n": "obs = envs.reset(seed=3)[0]",
    "envs.seed()\nobs = envs.reset()\n": "seed-method 4",
    "obs = envs.reset()\nif x:\n    n = 1\n    envs.seed(3)\nelse:\n    obs = envs.reset()\n": "seed-method 7",
    "envs.seed(seed=3)\nobs = envs.reset()\n": "seed-method 4",
    "envs.seed(3); n = 1\nobs = envs.reset()\n": "seed-method 4",
    "x = envs.seed(3)\nobs = envs.reset()\n": "seed-method 4",
    "obs = envs.reset()\nenvs.seed(3)\n": "obs = envs.reset(seed=3)[0]",
    "envs.seed(3)\nif x:\n    obs = envs.reset()\n": "seed-method 4",
    "envs.seed(3)\nobs = envs.reset(options=x)\n": "seed-method 4",
    "envs.seed(3)\nmore = gym.vector.AsyncVectorEnv(fns)\nobs = more.reset()\n": "seed-method 4",
    "if x:\n    envs.seed(3)\n": "seed-method 5",
    "envs = gym.wrappers.ClipAction(envs)\n": "single-wrapper 4",
    "envs = gymnasium.wrappers.ClipAction(envs)\n": "gymnasium.wrappers.vector.ClipAction(envs)",
    "envs = gymnasium.wrappers.ClipAction(env=envs)\n": "gymnasium.wrappers.vector.ClipAction(env=envs)",
    "envs = gymnasium.wrappers.NormalizeObservation(envs)\n": "single-wrapper 4",
    "envs = gymnasium.wrappers.FrameStack(envs)\n": "single-wrapper 4",
    "envs = gymnasium.wrappers.RecordEpisodeStatistics(envs, deque_size=3)\n": "single-wrapper 4",
    "envs = gymnasium.wrappers.vector.ClipAction(envs)\n": "gymnasium.wrappers.vector.ClipAction(envs)",
    "env = gym.wrappers.ClipAction(other)\n": "gym.wrappers.ClipAction(other)",
    "class W(gym.Wrapper):\n    pass\nenvs = W(envs)\n": "single-wrapper 6",
    "class W:\n    pass\nenvs = W(envs)\n": "envs = W(envs)",
    "class W(gym.Wrapper):\n    def __init__(self):\n        super().__init__(envs)\n": "single-wrapper 6",
    "class W(gym.Wrapper):\n    def __init__(self):\n        super().other(envs)\n": "super().other(envs)",
    "isinstance(envs.single_action_space, gym.spaces.Discrete)\n": "isinstance(envs.single_action_space, Discrete)",
    "isinstance(envs.single_action_space, (gym.spaces.Discrete, int))\n": (
        "isinstance(envs.single_action_space, (Discrete, int))"
    ),
    "isinstance(envs.single_action_space, Box)\n": "old-space 4",
    "isinstance(space, Box)\n": "isinstance(space, Box)",
    "isinstance(envs.single_action_space, gymnasium.spaces.Box)\n": "gymnasium.spaces.Box)",
    "issubclass(envs.single_action_space, Box)\n": "issubclass(envs.single_action_space, Box)",
}


@pytest.mark.parametrize("text", OF_OLD_GYM)
def test_lines_of_old_gym(text: str) -> None:
    plan = make_plan((OLD_GYM + text + FOUR).encode(), options(["swap-vector-env"]))
    refused = [f"{refusal.code} {refusal.position.line}" for refusal in plan.refusals]
    if refused:
        assert refused[0] == OF_OLD_GYM[text]
    else:
        assert OF_OLD_GYM[text] in patched(OLD_GYM + text + FOUR, ["swap-vector-env"])[0]


@pytest.mark.parametrize(
    ("guard", "expected"),
    [
        ("if v[i]:", True),
        ("if a and v[i]:", True),
        ("if w[i]:", False),
        ("if a:", False),
        ("with v:", False),
    ],
)
def test_stores_that_are_guarded_already(guard: str, expected: bool) -> None:
    text = (
        "from stablepool import StableProcessPoolEnv, valid_transitions\nenvs = StableProcessPoolEnv(fns)\n"
        f"{STEP}v = valid_transitions(infos, 3)\nw = other(infos)\nfor i in range(n):\n    {guard}\n        {PUSH}\n"
    )
    assert (said(text, "drop-void-transitions") == ["guarded 8"]) == expected


@pytest.mark.parametrize(
    ("head", "step", "count"),
    [
        ("envs = P(fns)", "envs.step(a)", "valid_transitions(infos, envs.num_envs)"),
        ("envs = P(fns)\nn_envs = 3", "envs.step(a)", "valid_transitions(infos, n_envs)"),
        ("pool = P(fns)", "pool.step(a)", "valid_transitions(infos, pool.num_envs)"),
        ("def take(a):\n    return P(fns).step(a)", "take(a)", "valid_transitions(infos, n)"),
    ],
)
def test_the_number_of_environments(head: str, step: str, count: str) -> None:
    number = "n_envs" if "n_envs" in head else "n"
    text = f"from stablepool import StableProcessPoolEnv as P\n{head}\nobs, r, te, tr, infos = {step}\n"
    text += f"for i in range({number}):\n    {PUSH}\n"
    assert count in patched(text, ["drop-void-transitions"])[0]


def test_infos_that_are_thrown_away_get_a_name() -> None:
    text = "from stablepool import StableProcessPoolEnv\nenvs = StableProcessPoolEnv(fns)\n"
    text += f"obs, r, te, tr, _ = envs.step(a)\nfor i in range(n):\n    {PUSH}\n"
    result, _ = patched(text, ["drop-void-transitions"])
    assert "obs, r, te, tr, infos = envs.step(a)\n" + VALID in result
    assert "step_infos" in patched(text.replace("print", "") + "infos = 1\n", ["drop-void-transitions"])[0]
