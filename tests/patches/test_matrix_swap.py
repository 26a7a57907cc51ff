"""swap-vector-env on what people write: changed, left alone or refused."""

from __future__ import annotations

import pytest

from tests.patches.tools import changed, check_noop, check_refused, check_transformed, reported

FIX = ["swap-vector-env"]
IMPORT = "from gymnasium.vector import AsyncVectorEnv\n"
POOL = "from stablepool import StableProcessPoolEnv\n"

CHANGED = {
    "old gym": (
        "from gym.vector import AsyncVectorEnv\nenvs = AsyncVectorEnv(fns)\n",
        POOL + 'envs = StableProcessPoolEnv(fns, autoreset_mode="SameStep")\n',
    ),
    "the module of the class": (
        "from gymnasium.vector.async_vector_env import AsyncVectorEnv\nenvs = AsyncVectorEnv(fns)\n",
        POOL + "envs = StableProcessPoolEnv(fns)\n",
    ),
    "package as gym": (
        "import gymnasium as gym\nenvs = gym.vector.AsyncVectorEnv(fns)\n",
        "import gymnasium as gym\n" + POOL + "envs = StableProcessPoolEnv(fns)\n",
    ),
    "module imported": (
        "import gymnasium.vector\nenvs = gymnasium.vector.AsyncVectorEnv(fns)\n",
        "import gymnasium.vector\n" + POOL + "envs = StableProcessPoolEnv(fns)\n",
    ),
    "module under another name": (
        "import gymnasium.vector as gv\nenvs = gv.AsyncVectorEnv(fns)\n",
        "import gymnasium.vector as gv\n" + POOL + "envs = StableProcessPoolEnv(fns)\n",
    ),
    "module from package": (
        "from gymnasium import vector\nenvs = vector.AsyncVectorEnv(fns)\n",
        "from gymnasium import vector\n" + POOL + "envs = StableProcessPoolEnv(fns)\n",
    ),
    "deep path": (
        "import gymnasium as g\nenvs = g.vector.async_vector_env.AsyncVectorEnv(fns)\n",
        "import gymnasium as g\n" + POOL + "envs = StableProcessPoolEnv(fns)\n",
    ),
    "first of several names": (
        "from gymnasium.vector import AsyncVectorEnv, SyncVectorEnv, VectorEnv\nenvs = AsyncVectorEnv(fns)\n",
        "from gymnasium.vector import SyncVectorEnv, VectorEnv\n"
        + POOL
        + "envs = StableProcessPoolEnv(fns)\n",
    ),
    "last of several names": (
        "from gymnasium.vector import SyncVectorEnv, AsyncVectorEnv\nenvs = AsyncVectorEnv(fns)\n",
        "from gymnasium.vector import SyncVectorEnv\n" + POOL + "envs = StableProcessPoolEnv(fns)\n",
    ),
    "one name a line": (
        "from gymnasium.vector import (\n    AsyncVectorEnv,\n    SyncVectorEnv,\n)\nenvs = AsyncVectorEnv(fns)\n",
        "from gymnasium.vector import (\n    SyncVectorEnv,\n)\n"
        + POOL
        + "envs = StableProcessPoolEnv(fns)\n",
    ),
    "alone in parentheses, with a comment": (
        "from gymnasium.vector import (\n    AsyncVectorEnv,  # parallel\n)\nenvs = AsyncVectorEnv(fns)\n",
        "from stablepool import (\n    StableProcessPoolEnv,  # parallel\n)\nenvs = StableProcessPoolEnv(fns)\n",
    ),
    "comment on a name that goes": (
        "from gymnasium.vector import (\n    AsyncVectorEnv,  # parallel\n    SyncVectorEnv,\n)\n"
        "envs = AsyncVectorEnv(fns)\n",
        "# parallel\nfrom gymnasium.vector import (\n    SyncVectorEnv,\n)\n"
        + POOL
        + "envs = StableProcessPoolEnv(fns)\n",
    ),
    "trailing comment of the import": (
        "from gymnasium.vector import AsyncVectorEnv  # noqa: E402\nenvs = AsyncVectorEnv(fns)\n",
        "from stablepool import StableProcessPoolEnv  # noqa: E402\nenvs = StableProcessPoolEnv(fns)\n",
    ),
    "import with a semicolon": (
        "import os; from gymnasium.vector import AsyncVectorEnv\nenvs = AsyncVectorEnv(fns)\n",
        "import os; from stablepool import StableProcessPoolEnv\nenvs = StableProcessPoolEnv(fns)\n",
    ),
    "import as": (
        "from gymnasium.vector import AsyncVectorEnv as AVE\nenvs = AVE(fns)\n",
        "from stablepool import StableProcessPoolEnv as AVE\nenvs = AVE(fns)\n",
    ),
    "import inside a function": (
        "def main():\n    from gymnasium.vector import AsyncVectorEnv\n    return AsyncVectorEnv(fns)\n",
        "def main():\n    from stablepool import StableProcessPoolEnv\n    return StableProcessPoolEnv(fns)\n",
    ),
    "import in try and except": (
        "try:\n    from gymnasium.vector import AsyncVectorEnv\nexcept ImportError:\n"
        "    from gym.vector import AsyncVectorEnv\nenvs = AsyncVectorEnv(fns)\n",
        "try:\n    from stablepool import StableProcessPoolEnv\nexcept ImportError:\n"
        "    from stablepool import StableProcessPoolEnv\nenvs = StableProcessPoolEnv(fns)\n",
    ),
    "gymnasium or gym": (
        "try:\n    import gymnasium as gym\nexcept ImportError:\n    import gym\n"
        "envs = gym.vector.AsyncVectorEnv(fns)\n",
        POOL
        + "try:\n    import gymnasium as gym\nexcept ImportError:\n    import gym\nenvs = StableProcessPoolEnv(fns)\n",
    ),
    "two construction sites": (
        IMPORT + "a = AsyncVectorEnv(fns)\ndef again():\n    return AsyncVectorEnv(fns)\n",
        POOL + "a = StableProcessPoolEnv(fns)\ndef again():\n    return StableProcessPoolEnv(fns)\n",
    ),
    "class chosen by a condition": (
        "from gymnasium.vector import AsyncVectorEnv, SyncVectorEnv\n"
        "cls = SyncVectorEnv if debug else AsyncVectorEnv\nenvs = cls(fns)\n",
        "from gymnasium.vector import SyncVectorEnv\n"
        + POOL
        + "cls = SyncVectorEnv if debug else StableProcessPoolEnv\nenvs = cls(fns)\n",
    ),
    "class chosen from a table": (
        IMPORT + "cls = {'async': AsyncVectorEnv}[mode]\nenvs = cls(fns)\n",
        POOL + "cls = {'async': StableProcessPoolEnv}[mode]\nenvs = cls(fns)\n",
    ),
    "call chosen by a condition": (
        IMPORT + "envs = AsyncVectorEnv(fns) if n > 1 else SyncVectorEnv(fns)\n",
        POOL + "envs = StableProcessPoolEnv(fns) if n > 1 else SyncVectorEnv(fns)\n",
    ),
    "annotations": (
        IMPORT + "def train(envs: AsyncVectorEnv) -> AsyncVectorEnv:\n    x: list[AsyncVectorEnv] = []\n"
        "envs = AsyncVectorEnv(fns)\n",
        POOL
        + "def train(envs: StableProcessPoolEnv) -> StableProcessPoolEnv:\n    x: list[StableProcessPoolEnv] = []\n"
        "envs = StableProcessPoolEnv(fns)\n",
    ),
    "quoted annotation": (
        IMPORT + "def train(envs: 'AsyncVectorEnv'):\n    return AsyncVectorEnv(fns)\n",
        POOL + 'def train(envs: "StableProcessPoolEnv"):\n    return StableProcessPoolEnv(fns)\n',
    ),
    "keywords that the pool takes": (
        IMPORT
        + "envs = AsyncVectorEnv(env_fns=fns, shared_memory=False, copy=False, daemon=True, context='spawn')\n",
        POOL
        + "envs = StableProcessPoolEnv(env_fns=fns, shared_memory=False, copy=False, daemon=True, context='spawn')\n",
    ),
    "a fork": (
        IMPORT + "envs = AsyncVectorEnv(fns, context='forkserver')\n",
        POOL + 'envs = StableProcessPoolEnv(fns, context="spawn")\n',
    ),
    "worker=None is the default": (
        IMPORT + "envs = AsyncVectorEnv(fns, worker=None)\n",
        POOL + "envs = StableProcessPoolEnv(fns, worker=None)\n",
    ),
    "the name inside strings and comments stays": (
        IMPORT + "# AsyncVectorEnv hangs\nprint('AsyncVectorEnv')\nenvs = AsyncVectorEnv(fns)\n",
        POOL + "# AsyncVectorEnv hangs\nprint('AsyncVectorEnv')\nenvs = StableProcessPoolEnv(fns)\n",
    ),
    "a local variable of the same name in another function": (
        IMPORT + "envs = AsyncVectorEnv(fns)\ndef f():\n    AsyncVectorEnv = 3\n    return AsyncVectorEnv\n",
        POOL
        + "envs = StableProcessPoolEnv(fns)\ndef f():\n    AsyncVectorEnv = 3\n    return AsyncVectorEnv\n",
    ),
    "an argument of the same name": (
        IMPORT + "def f(AsyncVectorEnv):\n    return AsyncVectorEnv(fns)\nenvs = AsyncVectorEnv(fns)\n",
        POOL + "def f(AsyncVectorEnv):\n    return AsyncVectorEnv(fns)\nenvs = StableProcessPoolEnv(fns)\n",
    ),
    "nested functions see the import": (
        IMPORT + "def f():\n    def g():\n        return AsyncVectorEnv(fns)\n    return g\n",
        POOL + "def f():\n    def g():\n        return StableProcessPoolEnv(fns)\n    return g\n",
    ),
    "with statement": (
        IMPORT + "with AsyncVectorEnv(fns) as envs:\n    pass\n",
        POOL + "with StableProcessPoolEnv(fns) as envs:\n    pass\n",
    ),
    "a call over many lines": (
        IMPORT
        + "envs = AsyncVectorEnv(\n    [\n        make_env(i)  # one each\n        for i in range(4)\n    ],\n)\n",
        POOL
        + "envs = StableProcessPoolEnv(\n    [\n        make_env(i)  # one each\n"
        + "        for i in range(4)\n    ],\n)\n",
    ),
    "a docstring above the imports": (
        '"""Doc."""\nfrom __future__ import annotations\nimport gymnasium\n'
        "envs = gymnasium.vector.AsyncVectorEnv(fns)\n",
        '"""Doc."""\nfrom __future__ import annotations\nimport gymnasium\n'
        + POOL
        + "envs = StableProcessPoolEnv(fns)\n",
    ),
    "the pool imported for another purpose": (
        "from stablepool import valid_transitions\n" + IMPORT + "envs = AsyncVectorEnv(fns)\n",
        "from stablepool import valid_transitions\n" + POOL + "envs = StableProcessPoolEnv(fns)\n",
    ),
    "an import that comes after the use": (
        "import gymnasium\nenvs = gymnasium.vector.AsyncVectorEnv(fns)\nimport late\n",
        "import gymnasium\n" + POOL + "envs = StableProcessPoolEnv(fns)\nimport late\n",
    ),
    "vector.make": (
        "import gymnasium as gym\nenvs = gym.vector.make('CartPole-v1', num_envs=4)\n",
        "import gymnasium as gym\n"
        + POOL
        + "envs = StableProcessPoolEnv([lambda: gym.make('CartPole-v1') for _ in range(4)], "
        'autoreset_mode="SameStep")\n',
    ),
    "vector.make of old gym": (
        "import gym\nenvs = gym.vector.make(env_id, n, asynchronous=True)\n",
        "import gym\n"
        + POOL
        + 'envs = StableProcessPoolEnv([lambda: gym.make(env_id) for _ in range(n)], autoreset_mode="SameStep")\n',
    ),
    "make_vec by the enumeration": (
        "import gymnasium as gym\nenvs = gym.make_vec('A-v1', 3, vectorization_mode=gym.VectorizeMode.ASYNC)\n",
        "import gymnasium as gym\n"
        + POOL
        + "envs = StableProcessPoolEnv([lambda: gym.make('A-v1') for _ in range(3)])\n",
    ),
    "make_vec": (
        "import gymnasium as gym\nenvs = gym.make_vec('A-v1', 3, vectorization_mode='async', render_mode=None)\n",
        "import gymnasium as gym\n"
        + POOL
        + "envs = StableProcessPoolEnv([lambda: gym.make('A-v1', render_mode=None) for _ in range(3)])\n",
    ),
    "final_observation is called final_obs today": (
        IMPORT
        + "envs = AsyncVectorEnv(fns)\no, r, t, u, infos = envs.step(a)\nlast = infos['final_observation'][0]\n",
        POOL
        + 'envs = StableProcessPoolEnv(fns, autoreset_mode="SameStep")\no, r, t, u, infos = envs.step(a)\n'
        'last = infos["final_obs"][0]\n',
    ),
    "four values of a step": (
        "from gym.vector import AsyncVectorEnv\nenvs = AsyncVectorEnv(fns)\nobs = envs.reset()\n"
        "obs, rew, done, info = envs.step(a)\n",
        POOL + 'envs = StableProcessPoolEnv(fns, autoreset_mode="SameStep")\nobs = envs.reset()[0]\n'
        "obs, rew, terminated, truncated, info = envs.step(a)\ndone = terminated | truncated\n",
    ),
    "final_info as it is today": (
        IMPORT + "envs = AsyncVectorEnv(fns)\no, r, t, u, infos = envs.step(a)\n"
        "if 'final_info' in infos:\n    x = infos['final_info']['episode']['r']\n",
        POOL + "envs = StableProcessPoolEnv(fns)\no, r, t, u, infos = envs.step(a)\n"
        "if 'final_info' in infos:\n    x = infos['final_info']['episode']['r']\n",
    ),
    "a step that is kept whole": (
        IMPORT + "envs = AsyncVectorEnv(fns)\nout = [envs.step(a)]\na, b, c = f(envs.step(a))\n",
        POOL + "envs = StableProcessPoolEnv(fns)\nout = [envs.step(a)]\na, b, c = f(envs.step(a))\n",
    ),
    "four values, infos by key": (
        "from gym.vector import AsyncVectorEnv\nenvs = AsyncVectorEnv(fns)\nobs, rew, done, info = envs.step(a)\n"
        "x = info['x'][0]\nfor y in rew:\n    z = rew[0]\n",
        POOL + 'envs = StableProcessPoolEnv(fns, autoreset_mode="SameStep")\n'
        "obs, rew, terminated, truncated, info = envs.step(a)\ndone = terminated | truncated\n"
        "x = info['x'][0]\nfor y in rew:\n    z = rew[0]\n",
    ),
    "a reset that is used on the spot": (
        IMPORT + "envs = AsyncVectorEnv(fns)\nshow(envs.reset())\nobs, r, t, u, i = envs.step(a)\n",
        POOL + "envs = StableProcessPoolEnv(fns)\nshow(envs.reset())\nobs, r, t, u, i = envs.step(a)\n",
    ),
    "a reset that is taken apart by length": (
        IMPORT + "envs = AsyncVectorEnv(fns)\nobs = envs.reset()\nif len(obs) == 2:\n    obs = obs[0]\n"
        "obs, r, t, u, i = envs.step(a)\n",
        POOL + "envs = StableProcessPoolEnv(fns)\nobs = envs.reset()\nif len(obs) == 2:\n    obs = obs[0]\n"
        "obs, r, t, u, i = envs.step(a)\n",
    ),
    "two in one line": (
        IMPORT + "a, b = AsyncVectorEnv(f), AsyncVectorEnv(g)\n",
        POOL + "a, b = StableProcessPoolEnv(f), StableProcessPoolEnv(g)\n",
    ),
    "internals that the script asks for first": (
        IMPORT
        + "envs = AsyncVectorEnv(fns)\nif hasattr(envs, 'processes') and alive:\n    show(envs.processes)\n",
        POOL
        + "envs = StableProcessPoolEnv(fns)\nif hasattr(envs, 'processes') and alive:\n    show(envs.processes)\n",
    ),
    "four values behind a helper": (
        "from gym.vector import AsyncVectorEnv\nenvs = AsyncVectorEnv(fns)\ndef go(a):\n    try:\n        return envs.step(a)\n"
        "    except E:\n        raise\nobs, rew, done, info = go(a)\n",
        POOL
        + 'envs = StableProcessPoolEnv(fns, autoreset_mode="SameStep")\ndef go(a):\n    try:\n        return envs.step(a)\n'
        "    except E:\n        raise\nobs, rew, terminated, truncated, info = go(a)\ndone = terminated | truncated\n",
    ),
    "four values of a future": (
        "from gym.vector import AsyncVectorEnv\nenvs = AsyncVectorEnv(fns)\nf = pool.submit(envs.step, a)\n"
        "obs, rew, done, info = f.result()\n",
        POOL + 'envs = StableProcessPoolEnv(fns, autoreset_mode="SameStep")\nf = pool.submit(envs.step, a)\n'
        "obs, rew, terminated, truncated, info = f.result()\ndone = terminated | truncated\n",
    ),
    "old gym with five values behind a helper": (
        "from gym.vector import AsyncVectorEnv\nenvs = AsyncVectorEnv(fns)\ndef go(a):\n    return envs.step(a)\nobs, rew, t, u, info = go(a)\n",
        POOL
        + 'envs = StableProcessPoolEnv(fns, autoreset_mode="SameStep")\ndef go(a):\n    return envs.step(a)\nobs, rew, t, u, info = go(a)\n',
    ),
    "four values, two of them thrown away": (
        "from gym.vector import AsyncVectorEnv\nenvs = AsyncVectorEnv(fns)\nobs, rew, _, _ = envs.step(a)\n",
        POOL
        + 'envs = StableProcessPoolEnv(fns, autoreset_mode="SameStep")\nobs, rew, _, _, _ = envs.step(a)\n',
    ),
}

CHANGED |= {
    "positional arguments of before Gymnasium 1": (
        IMPORT + "envs = AsyncVectorEnv(fns, None, None, True, False, worker=None)\n",
        POOL + "envs = StableProcessPoolEnv(fns, shared_memory=True, copy=False, worker=None)\n",
    ),
    "spaces that are None": (
        IMPORT + "envs = AsyncVectorEnv(\n    fns,\n    observation_space=None,\n    action_space=None,\n)\n",
        POOL + "envs = StableProcessPoolEnv(\n    fns,\n)\n",
    ),
    "**kwargs that are written out": (
        IMPORT + "kw = dict(copy=False)\nenvs = AsyncVectorEnv(fns, **kw, **{'daemon': True})\n",
        POOL + "kw = dict(copy=False)\nenvs = StableProcessPoolEnv(fns, **kw, **{'daemon': True})\n",
    ),
    "a worker loop": (
        IMPORT + "def w(index, env_fn, pipe, parent_pipe, memory, errors, mode, permits):\n"
        "    if memory:\n        write(memory)\nenvs = AsyncVectorEnv(fns, worker=w)\n",
        POOL + "def w(index, env_fn, pipe, parent_pipe, memory, errors, mode, permits):\n"
        "    if memory:\n        write(memory)\nenvs = StableProcessPoolEnv(fns, worker=w)\n",
    ),
    "a worker loop without shared memory": (
        IMPORT
        + "def w(index, env_fn, pipe, parent_pipe, memory, errors, mode, permits=None):\n    use(memory)\n"
        "envs = AsyncVectorEnv(fns, worker=w, shared_memory=False)\n",
        POOL
        + "def w(index, env_fn, pipe, parent_pipe, memory, errors, mode, permits=None):\n    use(memory)\n"
        "envs = StableProcessPoolEnv(fns, worker=w, shared_memory=False)\n",
    ),
}

MADE = "from functools import partial\n"
CHANGED |= {
    "make_vec by its name": (
        "from gymnasium import make_vec\nenvs = make_vec('A-v1', 3, 'async')\n",
        "from gymnasium import make, make_vec\n"
        + POOL
        + "envs = StableProcessPoolEnv([lambda: make('A-v1') for _ in range(3)])\n",
    ),
    "make_vec by its name beside the package": (
        "import gymnasium as gym\nfrom gymnasium import make_vec\nenvs = make_vec('A-v1', 3, 'async')\n",
        "import gymnasium as gym\nfrom gymnasium import make_vec\n"
        + POOL
        + "envs = StableProcessPoolEnv([lambda: gym.make('A-v1') for _ in range(3)])\n",
    ),
    "vector.make by the module": (
        "from gym import vector\nenvs = vector.make('A-v1')\n",
        "from gym import vector, make\n".replace("vector, make", "make, vector")
        + POOL
        + "envs = StableProcessPoolEnv([lambda: make('A-v1')], autoreset_mode=\"SameStep\")\n",
    ),
    "vector.make with one wrapper": (
        "import gym\nclass W(gym.Wrapper):\n    pass\nenvs = gym.vector.make('A-v1', 3, True, W, True)\n",
        "import gym\n"
        + POOL
        + "class W(gym.Wrapper):\n    pass\n"
        + "envs = StableProcessPoolEnv([lambda: W(gym.make('A-v1', disable_env_checker=True)) for _ in range(3)], "
        + 'autoreset_mode="SameStep")\n',
    ),
    "make_vec with arguments that are computed": (
        "import gymnasium as gym\nenvs = gym.make_vec(self.id, self.n, 'async', limit=f())\n",
        MADE
        + "import gymnasium as gym\n"
        + POOL
        + "envs = StableProcessPoolEnv([partial(gym.make, self.id, limit=f())] * self.n)\n",
    ),
    "make_vec with computed arguments and wrappers": (
        "import gymnasium as gym\nfrom lab import A, B\n"
        "envs = gym.make_vec(self.id, n + 1, 'async', None, [A, lambda env: B(env, 2)])\n",
        MADE
        + "import gymnasium as gym\nfrom lab import A, B\n"
        + POOL
        + "envs = StableProcessPoolEnv([lambda env_fn=partial(gym.make, self.id): B(A(env_fn()), 2)] * (n + 1))\n",
    ),
    "make_vec with a wrapper that uses its environment twice": (
        "import gymnasium as gym\nenvs = gym.make_vec('A-v1', 3, 'async', None, [lambda e: B(e, e.n), lambda e: e])\n",
        "import gymnasium as gym\n" + POOL + "envs = StableProcessPoolEnv(\n"
        "    [lambda: (lambda e: e)((lambda e: B(e, e.n))(gym.make('A-v1'))) for _ in range(3)],\n)\n",
    ),
    "make_vec with vector arguments": (
        "import gymnasium as gym\n"
        "envs = gym.make_vec('A-v1', 3, 'async', dict(copy=False, context='fork'), autoreset_mode=None)\n",
        "import gymnasium as gym\n"
        + POOL
        + "envs = StableProcessPoolEnv([lambda: gym.make('A-v1', autoreset_mode=None) for _ in range(3)], copy=False)\n",
    ),
    "make_vec with vector arguments in a variable": (
        "import gymnasium as gym\nkw = {'copy': False}\nenvs = gym.make_vec('A-v1', 3, 'async', kw)\n",
        "import gymnasium as gym\n"
        + POOL
        + "kw = {'copy': False}\n"
        + "envs = StableProcessPoolEnv([lambda: gym.make('A-v1') for _ in range(3)], **kw)\n",
    ),
    "make_vec in a block, too long for a line": (
        "import gymnasium as gym\nfrom lab import FirstWrapper, SecondWrapper\ndef main():\n"
        "    envs = gym.make_vec('A-v1', 16, 'async', render_mode='rgb_array', limit=200, "
        "wrappers=[FirstWrapper, SecondWrapper])\n",
        "import gymnasium as gym\nfrom lab import FirstWrapper, SecondWrapper\n"
        + POOL
        + "def main():\n    envs = StableProcessPoolEnv(\n        [\n"
        "            lambda: SecondWrapper(FirstWrapper(gym.make('A-v1', render_mode='rgb_array', limit=200)))\n"
        "            for _ in range(16)\n        ],\n    )\n",
    ),
}

LEFT_ALONE = {
    "a vector that is synchronous by the enumeration": (
        "import gymnasium as gym\nenvs = gym.make_vec('A-v1', 3, vectorization_mode=gym.VectorizeMode.SYNC)\n",
        (),
    ),
    "another library": (
        "from mylab.vector import AsyncVectorEnv\nenvs = AsyncVectorEnv(fns)\n",
        ("other-library",),
    ),
    "a class of the script's own": ("class AsyncVectorEnv:\n    pass\nenvs = AsyncVectorEnv()\n", ()),
    "a relative import": (
        "from .vector import AsyncVectorEnv\nenvs = AsyncVectorEnv(fns)\n",
        ("other-library",),
    ),
    "SB3, which has a fix of its own": (
        "from stable_baselines3.common.vec_env import SubprocVecEnv\nenvs = SubprocVecEnv(fns)\n",
        (),
    ),
    "isinstance": (IMPORT + "if isinstance(e, AsyncVectorEnv):\n    pass\n", ("type-test",)),
    "annotations only": (IMPORT + "def f(e: AsyncVectorEnv) -> AsyncVectorEnv: ...\n", ("only-annotated",)),
    "an annotation only, beside a class by its name": (
        "import gymnasium as gym\ndef f(e: gym.vector.AsyncVectorEnv): ...\n"
        "def make(kind, fns):\n    return getattr(gym.vector, f'{kind}VectorEnv')(fns)\n",
        ("class-by-text",),
    ),
    "types that are no annotations": (
        "from typing import Union, cast\n" + IMPORT + "Envs = Union[AsyncVectorEnv, None]\n"
        "More = AsyncVectorEnv | None\ne = cast(AsyncVectorEnv, x)\n",
        ("only-annotated",),
    ),
    "imported for type checkers": (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    "
        + IMPORT
        + "def f(e: 'AsyncVectorEnv'): ...\n",
        (),
    ),
    "a target of hydra": (
        "cfg = {'_target_': 'gymnasium.vector.AsyncVectorEnv'}\n",
        ("class-by-text",),
    ),
    "a target of hydra in a longer text": (
        'cfg = load("""\nenvs:\n  _target_: gymnasium.vector.AsyncVectorEnv\n""")\n',
        ("class-by-text",),
    ),
    "make_vec with hidden arguments": (
        "import gymnasium as gym\ne = gym.make_vec('A-v1', num_envs=3, **kw)\n",
        ("hidden-mode",),
    ),
    "imported and never used": (IMPORT + "print('hello')\n", ()),
    "a synchronous vector": ("import gymnasium as gym\nenvs = gym.make_vec('A-v1', num_envs=3)\n", ()),
    "not asynchronous": ("import gym\nenvs = gym.vector.make('A-v1', 3, asynchronous=False)\n", ()),
    "only in text": ("# AsyncVectorEnv\ns = 'from gymnasium.vector import AsyncVectorEnv'\n", ()),
    "the experimental class": (
        "from gymnasium.experimental.vector import AsyncVectorEnv\nenvs = AsyncVectorEnv(fns)\n",
        ("other-library",),
    ),
    "an attribute of something unknown": (
        "import lab\nenvs = lab.gym.vector.AsyncVectorEnv(fns)\n",
        ("other-library",),
    ),
    "done already": (POOL + "envs = StableProcessPoolEnv(fns)\n", ()),
}

REFUSED = {
    "subclass": (IMPORT + "class V(AsyncVectorEnv):\n    pass\n", "subclass", "2:9"),
    "isinstance": (
        IMPORT + "e = AsyncVectorEnv(fns)\nif isinstance(e, AsyncVectorEnv):\n    pass\n",
        "type-test",
        "3:18",
    ),
    "isinstance with a tuple": (
        IMPORT + "e = AsyncVectorEnv(fns)\nok = isinstance(e, (A, AsyncVectorEnv))\n",
        "type-test",
        "3:24",
    ),
    "type()": (
        IMPORT + "e = AsyncVectorEnv(fns)\nok = type(e) is AsyncVectorEnv\n",
        "type-test",
        "3:17",
    ),
    "worker from somewhere": (IMPORT + "e = AsyncVectorEnv(fns, worker=w)\n", "worker-argument", "2:25"),
    "worker with the arguments of old gym": (
        IMPORT + "def w(index, env_fn, pipe, parent_pipe, memory, errors):\n    pass\n"
        "e = AsyncVectorEnv(fns, worker=w)\n",
        "worker-argument",
        "4:25",
    ),
    "worker that writes to shared memory": (
        IMPORT
        + "def w(index, env_fn, pipe, parent_pipe, memory, errors, mode, permits):\n    write(memory)\n"
        "e = AsyncVectorEnv(fns, worker=w)\n",
        "worker-argument",
        "4:25",
    ),
    "dummy_env_fn": (IMPORT + "e = AsyncVectorEnv(fns, dummy_env_fn=f)\n", "dummy_env_fn-argument", "2:25"),
    "observation_space": (
        IMPORT + "e = AsyncVectorEnv(fns, observation_space=s)\n",
        "observation_space-argument",
        "2:25",
    ),
    "reset with gym's own arguments": (
        IMPORT + "e = AsyncVectorEnv(fns)\ne.reset(return_info=True)\n",
        "reset-arguments",
        "3:21",
    ),
    "a star import": ("from gymnasium.vector import *\ne = AsyncVectorEnv(fns)\n", "star-import", "2:5"),
    "**kwargs": (IMPORT + "e = AsyncVectorEnv(fns, **kw)\n", "star-arguments", "2:25"),
    "*args": (IMPORT + "e = AsyncVectorEnv(*args)\n", "star-arguments", "2:5"),
    "two positional arguments": (IMPORT + "e = AsyncVectorEnv(fns, s)\n", "positional-arguments", "2:25"),
    "shared memory by position from old gym": (
        "from gym.vector import AsyncVectorEnv\ne = AsyncVectorEnv(fns, False)\n",
        "positional-arguments",
        "2:25",
    ),
    "a context by position": (
        IMPORT + "e = AsyncVectorEnv(fns, True, True, 'fork')\n",
        "positional-arguments",
        "2:25",
    ),
    "spaces by position": (IMPORT + "e = AsyncVectorEnv(fns, None, s)\n", "positional-arguments", "2:25"),
    "**kwargs that are changed": (
        IMPORT + "kw = {'copy': False}\nkw['worker'] = w\ne = AsyncVectorEnv(fns, **kw)\n",
        "star-arguments",
        "4:25",
    ),
    "**kwargs with what the pool does not take": (
        IMPORT + "e = AsyncVectorEnv(fns, **{'dummy_env_fn': f})\n",
        "star-arguments",
        "2:25",
    ),
    "environments instead of functions": (
        "import gymnasium as gym\nfrom gymnasium.vector import AsyncVectorEnv\n"
        "e = AsyncVectorEnv([gym.make('A-v1') for _ in range(3)])\n",
        "environments-not-functions",
        "3:21",
    ),
    "the name from two places": (
        "try:\n    from gymnasium.vector import AsyncVectorEnv\nexcept ImportError:\n"
        "    from mylab import AsyncVectorEnv\ne = AsyncVectorEnv(fns)\n",
        "ambiguous-name",
        "5:5",
    ),
    "the name given away": (
        IMPORT + "e = AsyncVectorEnv(fns)\nif debug:\n    AsyncVectorEnv = Other\n",
        "ambiguous-name",
        "2:5",
    ),
    "the class in a table that is handed on": (
        IMPORT + "t = {'a': AsyncVectorEnv}\ne = build(t)\n",
        "class-as-value",
        "2:11",
    ),
    "the class in a table whose values are looked over": (
        IMPORT + "t = {'a': AsyncVectorEnv}\nfor k, c in t.items():\n    e = c(fns)\n",
        "class-as-value",
        "2:11",
    ),
    "the class in a variable that is handed on": (
        IMPORT + "cls = AsyncVectorEnv\ne = build(cls)\n",
        "class-as-value",
        "2:7",
    ),
    "the class as a default that is handed on": (
        IMPORT + "def f(cls=AsyncVectorEnv):\n    return build(cls)\n",
        "class-as-value",
        "2:11",
    ),
    "the class as a field": (IMPORT + "class Config:\n    cls = AsyncVectorEnv\n", "class-as-value", "3:11"),
    "a chosen class that is asked for its name": (
        IMPORT + "cls = AsyncVectorEnv if p else S\nprint(cls.__name__)\ne = cls(fns)\n",
        "class-as-value",
        "2:7",
    ),
    "a chosen class that is compared": (
        IMPORT + "cls = AsyncVectorEnv if p else S\nif cls is AsyncVectorEnv:\n    e = cls(fns)\n",
        "type-test",
        "3:11",
    ),
    "a method that returns the class": (
        IMPORT + "class T:\n    def cls(self):\n        return AsyncVectorEnv\n",
        "class-as-value",
        "4:16",
    ),
    "a chosen class, where another returns four values": (
        "from gym.vector import AsyncVectorEnv, SyncVectorEnv\ncls = AsyncVectorEnv if p else SyncVectorEnv\n"
        "e = cls(fns)\no, r, d, i = e.step(a)\n",
        "chosen-class",
        "2:7",
    ),
    "the class as an argument": (IMPORT + "e = build(AsyncVectorEnv, fns)\n", "class-as-value", "2:11"),
    "partial that nobody calls": (
        IMPORT + "import functools\nmake = functools.partial(AsyncVectorEnv, copy=False)\n",
        "class-as-value",
        "3:26",
    ),
    "partial with what the pool does not take": (
        IMPORT
        + "from functools import partial\nmake = partial(AsyncVectorEnv, dummy_env_fn=f)\ne = make(fns)\n",
        "dummy_env_fn-argument",
        "3:32",
    ),
    "the pool's name is taken": (
        IMPORT + "class StableProcessPoolEnv:\n    pass\ne = AsyncVectorEnv(fns)\n",
        "name-taken",
        "4:5",
    ),
    "__all__": (IMPORT + "__all__ = ['AsyncVectorEnv']\ne = AsyncVectorEnv(fns)\n", "exported", "2:12"),
    "getattr": (
        "import gymnasium.vector as gv\nx = getattr(gv, 'AsyncVectorEnv')\ne = gv.AsyncVectorEnv(fns)\n",
        "exported",
        "2:17",
    ),
    "patched methods": (
        IMPORT + "AsyncVectorEnv.step = f\ne = AsyncVectorEnv(fns)\n",
        "class-as-value",
        "2:1",
    ),
    "internals": (
        IMPORT + "e = AsyncVectorEnv(fns)\nfor p in e.processes:\n    p.kill()\n",
        "internals",
        "3:10",
    ),
    "internals of self": (
        IMPORT + "class T:\n    def __init__(self):\n        self.e = AsyncVectorEnv(fns)\n"
        "    def f(self):\n        return self.e.parent_pipes\n",
        "internals",
        "6:16",
    ),
    "vector.make with wrappers from elsewhere": (
        "import gym\ne = gym.vector.make('A-v1', 3, wrappers=ws)\n",
        "vector-make",
        "2:5",
    ),
    "make_vec with vector arguments from elsewhere": (
        "import gymnasium as gym\ne = gym.make_vec('A-v1', 3, 'async', vector_kwargs=kw)\n",
        "vector-make",
        "2:5",
    ),
    "make_vec with vector arguments that the pool does not take": (
        "import gymnasium as gym\ne = gym.make_vec('A-v1', 3, 'async', vector_kwargs={'worker': w})\n",
        "vector-make",
        "2:5",
    ),
    "make_vec without its package, and make is taken": (
        "from gymnasium import make_vec\ndef make():\n    return make_vec('A-v1', 3, 'async')\n",
        "vector-make",
        "3:12",
    ),
    "make_vec with a mode that is chosen": (
        "import gymnasium as gym\ne = gym.make_vec('A-v1', 3, mode)\n",
        "vector-make",
        "2:5",
    ),
    "make_vec with a mode that is a constant of the script": (
        "import gymnasium as gym\nMODE = 'async'\ne = gym.make_vec('A-v1', 3, MODE)\n",
        "vector-make",
        "3:5",
    ),
    "make_vec in a class body": (
        "import gymnasium as gym\nclass C:\n    n = 'A-v1'\n    e = gym.make_vec(n, 3, 'async')\n",
        "vector-make",
        "4:9",
    ),
    "the spec of what make_vec makes": (
        "import gymnasium as gym\ne = gym.make_vec('A-v1', 3, 'async')\nprint(e.spec)\n",
        "vector-spec",
        "3:7",
    ),
    "asynchronous or not": (
        "import gym\ne = gym.vector.make('A-v1', 3, asynchronous=flag)\n",
        "vector-make",
        "2:5",
    ),
    "three values of a step": (
        IMPORT + "e = AsyncVectorEnv(fns)\na, b, c = e.step(x)\n",
        "step-unpacking",
        "3:11",
    ),
    "four values from gymnasium": (
        IMPORT + "e = AsyncVectorEnv(fns)\na, b, c, d = e.step(x)\n",
        "step-unpacking",
        "3:14",
    ),
    "four values here, five there": (
        "from gym.vector import AsyncVectorEnv\ne = AsyncVectorEnv(fns)\na, b, c, d = e.step(x)\n"
        "a, b, c, d, f = e.step(x)\n",
        "step-unpacking",
        "3:14",
    ),
    "four values where a helper makes up its own": (
        "from gym.vector import AsyncVectorEnv\ne = AsyncVectorEnv(fns)\ndef go(a):\n    try:\n        return e.step(a)\n"
        "    except E:\n        return o, r, d, {}\no, r, d, i = go(a)\n",
        "step-unpacking",
        "5:16",
    ),
    "old gym, and nobody knows what becomes of the step": (
        "from gym.vector import AsyncVectorEnv\ne = AsyncVectorEnv(fns)\nlearn(e.step(a))\n",
        "step-unpacking",
        "3:7",
    ),
    "old gym, and the result is read elsewhere as well": (
        "from gym.vector import AsyncVectorEnv\ne = AsyncVectorEnv(fns)\nx = e.step(a)\no, r, d, i = x\nlearn(x[2])\n",
        "step-unpacking",
        "3:5",
    ),
    "a pair from the reset, four values of the step": (
        "from gym.vector import AsyncVectorEnv\ne = AsyncVectorEnv(fns)\nobs, i = e.reset()\n"
        "obs, r, d, i = e.step(a)\n",
        "reset-contradicts-step",
        "3:10",
    ),
    "a comment within make_vec": (
        "import gymnasium as gym\ne = gym.make_vec(\n    'A-v1',  # small\n    3, 'async')\n",
        "vector-make",
        "2:5",
    ),
    "seed() where nothing steps": (
        "from gym.vector import AsyncVectorEnv\ne = AsyncVectorEnv(fns)\ne.seed(1)\n",
        "seed-method",
        "3:1",
    ),
    "seed()": (
        "from gym.vector import AsyncVectorEnv\ne = AsyncVectorEnv(fns)\ne.seed(1)\nobs, r, d, i = e.step(a)\n",
        "seed-method",
        "3:1",
    ),
}


@pytest.mark.parametrize("name", CHANGED)
def test_changed(name: str) -> None:
    check_transformed(*CHANGED[name], FIX)


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_left_alone(name: str) -> None:
    script, codes = LEFT_ALONE[name]
    assert reported(check_noop(script, FIX)) == codes


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    script, code, position = REFUSED[name]
    check_refused(script, code, position, FIX)


def test_ending_its_processes_is_closing_it() -> None:
    before = (
        IMPORT + "envs = AsyncVectorEnv(fns)\nfor p in envs.processes:\n    p.terminate()\n    p.join(1)\n"
    )
    after = POOL + "envs = StableProcessPoolEnv(fns)\nenvs.close(terminate=True)\n"
    check_transformed(before, after, [*FIX, "process-cleanup"])
    check_refused(before, "internals", "3:10", FIX)


def test_all_or_none() -> None:
    script = IMPORT + "a = AsyncVectorEnv(fns)\nb = AsyncVectorEnv(fns, worker=w)\n"
    assert not changed(script, FIX)
