"""Where environments and their results go: what the arguments of `probe(...)` hold at the end of a script."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from patches.analysis.script import Script
from patches.analysis.value import Value
from patches.syntax.source import read_source

HEAD = "import queue, asyncio, threading, copy, functools, gymnasium as gym, torch, numpy as np\n"
HEAD += "from gymnasium.vector import AsyncVectorEnv\nenvs = AsyncVectorEnv(fns)\n"
SHORT = {"observation": "o", "reward": "r", "terminated": "te", "truncated": "tr", "infos": "i", "done": "d"}


def said(value: Value) -> str:
    """`step.r~` for a reward that was converted, `[0]env` for an environment in a tuple, `[*]` in a container."""
    boxes = "".join("[*]" if box == "container" else f"[{box}]" for box in value.boxed)
    item = f".{SHORT.get(value.item, value.item)}" if value.item else ""
    return f"{boxes}{value.kind}{item}{'~' if value.converted else ''}"


def probed(script: str) -> str:
    """What each argument of the probe may hold; `-` for nothing that is followed."""
    read = Script(read_source((HEAD + dedent(script)).encode()))
    call = next(c for c in read.names.calls if isinstance(c.func, ast.Name) and c.func.id == "probe")
    return " ".join("|".join(sorted(map(said, read.values.of(a)))) or "-" for a in call.args)


# the script: what its probe holds
EXPECTED = {
    # results as they come
    "o, r, te, tr, i = envs.step(a)\nprobe(o, r, te, tr, i)": "step.o step.r step.te step.tr step.i",
    "o, r, d, i = envs.step(a)\nprobe(o, r, d, i)": "step.o step.r step.d step.i",
    "o, i = envs.reset()\nprobe(o, i)": "reset.o reset.i",
    "[o, i] = envs.reset()\nprobe(o, i)": "reset.o reset.i",
    "envs.step_async(a)\no, r, te, tr, i = envs.step_wait()\nprobe(o, i)": "step.o step.i",
    "envs.reset_async()\no, i = envs.reset_wait()\nprobe(o)": "reset.o",
    "probe(envs.step(a), envs.reset(), envs.step_async(a), envs.step, envs, envs.close())": (
        "step reset - bound.step env -"
    ),
    "o, *rest = envs.step(a)\nprobe(o, rest)": "step.o -",
    "o, r, *_, i = envs.step(a)\nprobe(o, r, i)": "step.o step.r step.i",
    "*_, i = envs.step(a)\nprobe(i)": "step.i",
    "o, *_ = envs.reset()\nprobe(o)": "reset.o",
    # positions
    "x = envs.step(a)\nprobe(x, x[0], x[1], x[2], x[3], x[4], x[-1])": (
        "step step.o step.r step.te step.tr step.i step.i"
    ),
    "x = envs.step(a)\nprobe(x[5], x[-2], x[True], x[n], x['o'], x[0:2], x[-n])": "- - - - - - -",
    "x = envs.reset()\nprobe(x[0], x[1], x[-1], x[2])": "reset.o reset.i reset.i -",
    "o = envs.reset()[0]\nprobe(o, o[3], o[n])": "reset.o reset.o reset.o",
    "o, r, te, tr, i = envs.step(a)\nprobe(r[0], i[0], i['k'], x[r])": "step.r - - -",
    "probe(envs['a'], envs.step[0])": "- -",
    # the order of statements
    "x = envs.reset()\nx = other()\nprobe(x)": "-",
    "x = other()\nx = envs.reset()\nprobe(x)": "reset",
    "x = envs.reset()\nif a:\n    x = envs.step(b)\nprobe(x)": "reset|step",
    "x = envs.reset()\nfor _ in y:\n    probe(x)\n    x = envs.step(b)": "reset|step",
    "def f():\n    probe(x)\nx = envs.reset()\nx = envs.step(b)\nf()": "reset|step",
    "x = [envs.step(b) for _ in y]\nx = 1\nprobe(x)": "-",
    "n = 0\nx = envs.reset()\nx += 1\nprobe(x)": "-",
    "x = envs.reset()\nx = other()\nz = [probe(x) for _ in y]": "-",
    # assignments
    "x = y = envs.reset()\nprobe(x, y)": "reset reset",
    "x: tuple = envs.reset()\nprobe(x)": "reset",
    "if (x := envs.reset()):\n    probe(x)": "reset",
    "probe(x := envs.reset())": "reset",
    "x, y = envs, envs.reset()\nprobe(x, y)": "env reset",
    "x = envs, envs.reset()\nprobe(x, x[0], x[1], x[2], x[n])": "[0]env|[1]reset env reset - -",
    "x = [envs, 1]\ny, z = x\nprobe(y, z)": "env -",
    "x = (0, (envs.reset(), 1))\nprobe(x[1], x[1][0], x[1][0][0])": "[0]reset reset reset.o",
    "a, (b, c) = 0, envs.reset()\nprobe(a, b, c)": "- reset.o reset.i",
    "(a,) = 0, envs\nprobe(a)": "-",
    "a = c = 0\n(a.b, c[0]) = envs.reset()\nprobe(a.b, c[0], c[1])": "reset.o reset.i -",
    "r = envs.step(a)[1]\nx, y = r\nprobe(x, y)": "step.r step.r",
    "x = (((((envs,),),),),)\nprobe(x)": "-",
    "x = (((envs,),),)\nprobe(x)": "[0][0][0]env",
    # choices and conversions
    "x = envs if a else None\nprobe(x)": "env",
    "x = 1 if envs else 2\nprobe(x)": "-",
    "x = other or envs\nprobe(x)": "env",
    "o, r, te, tr, i = envs.step(a)\nd = te | tr\nprobe(d, -r, r > 0, r * 2)": "step.te~|step.tr~ step.r~ - step.r~",
    "x = envs + 1\nprobe(x, envs == x, -envs)": "- - -",
    "o, r, *_ = envs.step(a)\nprobe(torch.tensor(r), r.copy(), r.astype(f), r.mean(), np.asarray(r), np.mean(r))": (
        "step.r~ step.r step.r~ - step.r~ -"
    ),
    "o, r, *_ = envs.step(a)\nx = torch.tensor(r)\nprobe(x.copy(), x.to(d).copy(), x.shape, x.cpu)": (
        "step.r~ step.r~ - -"
    ),
    "probe(torch.tensor(envs.reset()), np.array(envs), list(envs.step))": "- - -",
    "o, r, *_ = envs.step(a)\nprobe(torch.stack([r, o]), np.logical_or(te, x=r))": "[0]step.r~|[1]step.o~ step.r~",
    # methods and wrappers
    "f = envs.step\nprobe(f, f(a), f.x)": "bound.step step -",
    "f = functools.partial(envs.step, a)\nprobe(f())": "step",
    "probe(functools.partial(envs), functools.partial(x, envs.reset()))": "- -",
    "envs = gym.wrappers.RecordEpisodeStatistics(envs)\nprobe(envs)": "env",
    "x = gym.wrappers.vector.RecordEpisodeStatistics(env=envs)\nprobe(x)": "env",
    "x = gym.wrappers.X(1, envs)\nprobe(x)": "-",
    "import mine\nx = mine.FrameWrapper(envs)\nprobe(x)": "env",
    "x = FrameWrapper(envs)\nprobe(x)": "-",
    "import mine\nx = mine.Frames(envs)\nprobe(x)": "-",
    "import mine\nenvs = mine.Frames(envs)\nprobe(envs)": "env",
    "import mine\nenvs = mine.Frames(envs=envs)\nprobe(envs)": "env",
    "import mine\nenvs = mine.Frames(x=envs)\nprobe(envs)": "-",
    "import mine\nenvs = mine.frames(envs)\nprobe(envs)": "-",
    "import mine\ny = 0\ny.x = mine.Frames(envs)\nprobe(y.x)": "-",
    "with envs as e:\n    probe(e)": "env",
    "with envs:\n    probe(envs)": "env",
    "with AsyncVectorEnv(fns) as (a, b):\n    probe(a, b)": "- -",
    # functions
    "def f(e, x=0):\n    return e.step(x)\nprobe(f(envs), f(e=envs), f(other))": "step step step",
    "def f(x, /, e, *, k):\n    probe(x, e, k)\nf(1, envs, k=envs.reset())": "- env reset",
    "def f(*e):\n    probe(e)\nf(envs)": "-",
    "def f():\n    return 1, envs.reset()\nx, y = f()\nprobe(x, y, y[0])": "- reset reset.o",
    "f = lambda: envs.reset()\nprobe(f())": "-",
    "def f(e):\n    yield e\nprobe(f(envs))": "-",
    "async def f():\n    return envs.reset()\nasync def g():\n    probe(await f())": "reset",
    "class A:\n    def __init__(self, e):\n        self.e = e\n    def go(self):\n        probe(self.e, self.e.step(1))"
    "\nA(envs).go()": "env step",
    "class A:\n    def go(self):\n        return envs.reset()\n    def on(self):\n        probe(self.go())": "reset",
    "class A:\n    def go(self, e):\n        probe(e)\nb = A()\nb.go(envs)": "env",
    # containers, queues, threads
    "d = {'a': envs, 'b': envs.reset()}\nprobe(d['a'], d['b'], d['c'], d)": "env reset - [a]env|[b]reset",
    "d = {}\nd['a'] = envs\nprobe(d['a'], d['b'])": "env -",
    "d = {**envs}\nprobe(d['a'])": "-",
    "probe({'a': envs}['a'])": "env",
    "q = queue.Queue()\nq.put(envs.step(a))\nx = q.get()\nprobe(x, q, q.size())": "step [*]step -",
    "q = []\nq.append(envs)\nprobe(q[0], q[n], q.pop(), q)": "env env env [*]env",
    "q = []\nq.append((envs.step(a), 1))\nx, y = q[0]\nprobe(x, y)": "step -",
    "q = []\no, r, *_ = envs.step(a)\nq.append(r)\nprobe(q)": "-",
    "make().put(envs)\nprobe(q)": "-",
    "q.put(x=envs)\nprobe(q)": "-",
    "f = pool.submit(envs.step, a)\nprobe(f, f.result(), f.done())": "[*]step step -",
    "f = pool.submit(envs.reset)\nprobe(f.result())": "reset",
    "f = loop.run_in_executor(None, envs.step, a)\nasync def g():\n    probe(await f)": "step",
    "f = pool.submit(envs.close)\nprobe(f)": "-",
    "f = pool.submit(envs)\nprobe(f)": "-",
    "def w():\n    return envs.step(a)\nf = pool.submit(w)\nprobe(f.result(), f)": "step [*]step",
    "x = asyncio.run(asyncio.to_thread(envs.step, a))\nprobe(x)": "step",
    "t = asyncio.create_task(asyncio.to_thread(envs.step, a))\nasync def g():\n    probe(await t)": "step",
    # loops
    "o, r, te, tr, i = envs.step(a)\nfor x in r:\n    probe(x)": "step.r",
    "o, r, te, tr, i = envs.step(a)\nfor x in i:\n    probe(x)": "-",
    "o, r, te, tr, i = envs.step(a)\nfor x, y in zip(o, r):\n    probe(x, y)": "step.o step.r",
    "o, r, te, tr, i = envs.step(a)\nfor n, x in enumerate(r):\n    probe(n, x)": "- step.r",
    "o, r, te, tr, i = envs.step(a)\nfor n, (x, y) in enumerate(zip(o, te)):\n    probe(n, x, y)": "- step.o step.te",
    "o, r, te, tr, i = envs.step(a)\nfor x in zip(o, r):\n    probe(x)": "-",
    "o, r, te, tr, i = envs.step(a)\nfor (x,) in zip(o, r):\n    probe(x)": "step.o",
    "o, r, te, tr, i = envs.step(a)\nz = [probe(x) for x in te]": "step.te",
    "for x in envs:\n    probe(x)": "-",
    "for x in envs.step(a):\n    probe(x)": "-",
    "o, r, te, tr, i = envs.step(a)\nprobe(len(r), zip(r), enumerate(envs), enumerate(1, r))": (
        "- [0]step.r - [1]step.r"
    ),
}


@pytest.mark.parametrize("script", EXPECTED)
def test_what_a_value_is(script: str) -> None:
    assert probed(script) == EXPECTED[script]


# the script: the text of the expressions that hold environments or whole results and go out of sight
ESCAPES = {
    "other(envs)": ["envs"],
    "other(x=envs)": ["envs"],
    "other(*envs)": ["envs"],
    "yes = envs == 1\nassert envs\nprint(envs, f'{envs}')\nwhile envs:\n    break\nif envs:\n    envs": [],
    "def f():\n    return envs\n": ["envs"],
    "def f():\n    return envs\nf()\n": [],
    "def f(e):\n    pass\nf(envs)": [],
    "def f():\n    pass\nf(envs)": ["envs"],
    "def f(e):\n    yield e\nf(envs)": ["e"],
    "other(envs.step)": [],
    "other(envs.step(a))": ["envs.step(a)"],
    "o, r, te, tr, i = envs.step(a)\nother(r, o, i)": [],
    "x = envs.step(a)\nx[n]\nx[9]\nx[0]": ["x", "x"],
    "x = -envs": ["envs"],
    "d = {'a': envs}": [],
    "d = {'a': envs}\nd['a']": [],
    "other({'a': envs})": ["{'a': envs}"],
    "x = (envs, 1)": [],
    "other((envs, 1))": ["(envs, 1)"],
    "for x in envs:\n    pass": ["envs"],
    "q = []\nq.append(envs)": [],
    "make().put(envs)": ["envs"],
    "envs.x = 1": [],
    "for x in envs.call('a'):\n    pass": [],
    "envs = gym.wrappers.X(envs)": [],
    "x = 1 if envs else 2": [],
    "class A(metaclass=envs):\n    pass": ["envs"],
}


@pytest.mark.parametrize("script", ESCAPES)
def test_what_goes_out_of_sight(script: str) -> None:
    read = Script(read_source((HEAD + script).encode()))
    assert [read.text(node) for node in read.values.escapes] == ESCAPES[script]
