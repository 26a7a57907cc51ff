"""Where each fix changes something and what it says where it does not, on variations of single lines."""

from __future__ import annotations

import pytest

from patches.run.plan import make_plan
from patches.syntax.edits import Edit
from tests.patches.tools import options, patched

ASYNC = "from gymnasium.vector import AsyncVectorEnv\n"
POOL = "from stablepool import StableProcessPoolEnv\nenvs = StableProcessPoolEnv(fns, timeout=8.0)\n"


def said(script: str, fix: str, *more: str) -> list[str]:
    """`edit line` for what is changed, `code line` for what is said, in the order of the text."""
    plan = make_plan(script.encode(), options([fix, *more]))
    found = [f for f in (*plan.edits, *plan.diagnostics) if f.fix == fix]
    found.sort(key=lambda f: (f.position.line, f.position.column))
    return [f"{'edit' if isinstance(f, Edit) else f.code} {f.position.line}" for f in found]


NUMPY = "import numpy as np, torch\nfrom gymnasium.spaces import MultiBinary\n" + POOL

# what follows the head, from line 5 on: what int8-actions says
MASKS = {
    "action = np.zeros(HxW)\naction[i] = 1\nenvs.step(action)": ["edit 5"],
    "action = np.zeros(HxW, dtype=float)\naction[i] = 1": ["edit 5"],
    "action = np.zeros(HxW, np.float32)\naction[i] = 1": ["edit 5"],
    "action = np.zeros(HxW).astype(np.float32)\naction[i] = 1": ["edit 5"],
    "action = np.zeros(HxW).astype(dtype=float)\naction[i] = 1": ["edit 5"],
    "action = np.full(HxW, 0)\naction[i] = 1": ["edit 5"],
    "action = np.full(HxW, 0, float)\naction[i] = 1": ["edit 5"],
    "action = np.full(HxW, 0.0, dtype='i1')\naction[i] = 1": ["int8-already 5"],
    "action = np.full(HxW, 2)\naction[i] = 1": ["other-array 5"],
    "action = np.full(HxW, n)\naction[i] = 1": ["other-array 5"],
    "action = np.full(HxW)\naction[i] = 1": ["other-array 5"],
    "action = np.zeros(k)\naction |= 1\nenvs.step(action)": ["edit 5"],
    "action = np.zeros(HxW, 'int8')\naction[i] = 1": ["int8-already 5"],
    "action = np.zeros(HxW, dtype='b')\naction[i] = 1": ["int8-already 5"],
    "action = np.zeros(HxW, dtype=np.int8)\naction[i] = 1": ["int8-already 5"],
    "action = np.zeros(HxW, dtype='int16')\naction[i] = 1": ["edit 5"],
    "action = np.zeros(HxW)\naction[i] = 0.5": ["no-mask 5"],
    "action = np.zeros(HxW)\naction[i] = 2": ["no-mask 5"],
    "action = np.zeros(HxW)\naction[i] = None": ["no-mask 5"],
    "action = np.zeros(HxW)\naction[i] = x": ["no-mask 5"],
    "action = np.zeros(HxW)\naction[i] += 1": ["no-mask 5"],
    "action = np.zeros(HxW)\naction[i] |= 1": ["edit 5"],
    "action = np.zeros(HxW)\naction[i][j] = 1": ["edit 5"],
    "action = np.zeros(k)\naction[i] = 1": ["unsure-mask 5"],
    "action = np.zeros(k)\naction[i] = 1\nenvs.step(action)": ["edit 5"],
    "action = np.zeros(k)\naction[0] = 1\nenvs.step(action)": ["unsure-mask 5"],
    "action = np.zeros(k)\naction[:, 0] = 1\nenvs.step(action)": ["unsure-mask 5"],
    "action = np.zeros(k)\naction[0, i] = 1\nenvs.step(action)": ["edit 5"],
    "action = np.zeros(k)\naction[1:3] = 1\nenvs.step(action)": ["unsure-mask 5"],
    "action = np.zeros((n, HxW))\naction[i, j] = 1": ["edit 5"],
    "action = np.zeros((HxW, k))\naction[i, j] = 1": ["unsure-mask 5"],
    "action = np.zeros((n, H, W))\naction[i, j] = 1": ["edit 5"],
    "action = np.zeros((H, W))\naction[i, j] = 1": ["edit 5"],
    "action = np.zeros((H,))\naction[i] = 1": ["unsure-mask 5"],
    "action = np.zeros((H, n))\naction[i] = 1": ["unsure-mask 5"],
    "action = np.zeros(())\naction[i] = 1": ["unsure-mask 5"],
    "action = np.zeros(H * W)\naction[i] = 1": ["edit 5"],
    "action = np.zeros(H + W)\naction[i] = 1": ["unsure-mask 5"],
    "action = np.zeros(env.action_space.n)\naction[i] = 1": ["edit 5"],
    "action = np.zeros(env.action_space.m)\naction[i] = 1": ["unsure-mask 5"],
    "action = np.zeros(env.n_cells)\naction[i] = 1": ["edit 5"],
    "n = env.action_space.n\naction = np.zeros(n)\naction[i] = 1": ["edit 6"],
    "n = int(env.action_space.n)\naction = np.zeros(n)\naction[i] = 1": ["edit 6"],
    "n = H * W\naction = np.zeros(n)\naction[i] = 1": ["edit 6"],
    "n = H - W\naction = np.zeros(n)\naction[i] = 1": ["unsure-mask 6"],
    "n = int()\naction = np.zeros(n)\naction[i] = 1": ["unsure-mask 6"],
    "m = H * W\naction = np.zeros(n)\naction[i] = 1": ["unsure-mask 6"],
    "action = np.zeros_like(x)\naction[i] = 1": ["unsure-mask 5"],
    "action = np.zeros_like(x)\naction[i] = 1\nenvs.step(action)": ["edit 5"],
    "mask = np.zeros(HxW)\nmask[i] = 1": [],
    "mask = np.zeros(HxW)\nmask[i] = 1\nenvs.step(mask)": ["edit 5"],
    "mask = np.zeros(HxW)\nmask[i] = 1\nenvs.step_async(mask)": ["edit 5"],
    "mask = np.zeros(HxW)\nmask[i] = 1\nenvs.look(mask)": [],
    "mask = np.zeros(HxW)\nmask[i] = 1\nenvs.step(np.stack([mask]))": ["no-mask-found 7"],
    "mask = np.zeros(HxW)\nmask[i] = 1\nx = np.stack(mask)\nenvs.step(x)": ["edit 5"],
    "mask = np.zeros(HxW)\nmask[i] = 1\nx = mask.copy()\nenvs.step(x)": ["edit 5"],
    "mask = np.zeros(HxW)\nmask[i] = 1\nx[0] = mask\nenvs.step(x)": ["no-mask-found 8"],
    "x = []\nmask = np.zeros(HxW)\nmask[i] = 1\nx.append(mask)\nenvs.step(x)": ["edit 6"],
    "x = []\nmask = np.zeros(HxW)\nmask[i] = 1\nx.remove(mask)\nenvs.step(x)": ["no-mask-found 9"],
    "actions.append(np.zeros(HxW))": [],
    "mask = np.zeros(HxW)\nactions.append(mask)": ["edit 5"],
    "mask = np.zeros(HxW)\nothers.append(mask)": [],
    "mask = np.zeros(HxW)\nactions[i] = mask": ["edit 5"],
    "mask = np.zeros(HxW)\nothers[i] = mask": [],
    "def pick():\n    m = np.zeros(HxW)\n    m[i] = 1\n    return m\naction = pick()": ["edit 6"],
    "def pick():\n    m = np.zeros(HxW)\n    m[i] = 1\n    return m\nx = pick()": [],
    "def pick():\n    m = np.zeros(HxW)\n    m[i] = 1\n    return m\nenvs.step(np.stack([pick()]))": [
        "edit 6"
    ],
    "def pick():\n    m = np.zeros(HxW)\n    m[i] = 1\n    return np.array(m)\nenvs.step(pick())": ["edit 6"],
    "def make_action():\n    return np.zeros(HxW)": ["edit 6"],
    "def make():\n    return np.zeros(HxW)": [],
    "reaction = np.zeros(HxW)\nreaction[i] = 1": [],
    "action_values = np.zeros(HxW)\naction_values[i] = 1": [],
    "best_action = np.zeros(HxW)\nbest_action[i] = 1": [],
    "new_action = np.zeros(HxW)\nnew_action[i] = 1": ["edit 5"],
    "self = f()\nself.action = np.zeros(HxW)\nself.action[i] = 1": ["edit 6"],
    "action: object = np.zeros(HxW)\naction[i] = 1": ["edit 5"],
    "action = x = np.zeros(HxW)\naction[i] = 1": [],
    "actions = [np.zeros(HxW) for _ in fns]\nactions[i][j] = 1": ["edit 5"],
    # uses that int8 would change
    "action = np.zeros(HxW)\naction[i] = 1\nx = torch.from_numpy(action)": ["becomes-tensor 5"],
    "action = np.zeros(HxW)\naction[i] = 1\nx = torch.tensor(action, dtype=torch.float32)": ["edit 5"],
    "action = np.zeros(HxW)\naction[i] = 1\nx = torch.from_numpy(action).float()": ["edit 5"],
    "action = np.zeros(HxW)\naction[i] = 1\nx = torch.from_numpy(action).cpu()": ["becomes-tensor 5"],
    "action = np.zeros(HxW)\naction[i] = 1\nx = torch.tensor(np.array(action))": ["becomes-tensor 5"],
    "action = np.zeros(HxW)\naction[i] = 1\nx = action * 128": ["other-use 5"],
    "action = np.zeros(HxW)\naction[i] = 1\nx = action * 127": ["edit 5"],
    "action = np.zeros(HxW)\naction[i] = 1\nx = 200 - action": ["other-use 5"],
    "action = np.zeros(HxW)\naction[i] = 1\nx = action @ w": ["other-use 5"],
    "action = np.zeros(HxW)\naction[i] = 1\nx = action + 200.5": ["edit 5"],
    "action = np.zeros(HxW, dtype=bool)\naction[i] = 1\nx = y[action]": ["other-use 5"],
    "action = np.zeros(HxW, dtype=bool)\naction[i] = 1\nx = action[y]": ["edit 5"],
    "action = np.zeros(HxW, dtype=np.bool_)\naction[i] = 1\nx = ~action": ["other-use 5"],
    "action = np.zeros(HxW, dtype=bool)\naction[i] = 1\nx = not action": ["edit 5"],
    "action = np.zeros(HxW, dtype=bool)\naction[i] = 1\nx = y[action & z]": ["other-use 5"],
    "action = np.zeros(HxW)\naction[i] = 1\nx = y[action]": ["edit 5"],
    "def f():\n    action = np.zeros(HxW, dtype=bool)\n    action[i] = 1\n    return action": ["other-use 6"],
    # no zeros
    "action = np.zeros(HxW)\naction[i] = 1\nnoop = np.zeros(env.action_space.shape)\nenvs.step(noop)": [
        "edit 5",
        "edit 7",
    ],
    "action = np.zeros(HxW)\naction[i] = 1\nnoop = np.zeros(env.action_space.shape[0])\nenvs.step(noop)": [
        "edit 5",
        "edit 7",
    ],
    "action = np.zeros(HxW)\naction[i] = 1\nnoop = np.zeros(env.space.shape)\nenvs.step(noop)": [
        "edit 5",
        "unsure-mask 7",
    ],
    "noop = np.zeros(env.action_space.shape)\nenvs.step(noop)": ["unsure-mask 5"],
    "action = [0] * n\nenvs.step(action)": ["other-array 5"],
    "action = n * [1]\nenvs.step(action)": ["other-array 5"],
    "action = [2] * n\nenvs.step(action)": ["no-mask-found 6"],
    "action = [0, 1] * n\nenvs.step(action)": ["no-mask-found 6"],
    "action = [0] + n\nenvs.step(action)": ["no-mask-found 6"],
    "action = torch.zeros(n).numpy()\nenvs.step(action)": ["other-array 5"],
    "action = torch.rand(n).numpy()\nenvs.step(action)": ["no-mask-found 6"],
    "action = np.ones(n, dtype=np.int8)\nenvs.step(action)": ["int8-already 5"],
    "envs.step(actions.astype(np.float32))": ["other-array 5"],
    "envs.step(actions.astype('float32'))": ["other-array 5"],
    "envs.step(actions.astype(float))": ["other-array 5"],
    "envs.step(actions.astype(dtype='f4'))": ["other-array 5"],
    "envs.step(actions.astype(np.int8))": ["no-mask-found 5"],
    "envs.step(actions.astype('int8'))": ["no-mask-found 5"],
    "envs.step(actions.astype(3))": ["no-mask-found 5"],
    "envs.step(actions.round(float))": ["no-mask-found 5"],
    "x = actions.astype(float)\nenvs.step(y)": ["no-mask-found 6"],
    "a = space.sample()\nenvs.step(a)": [],
    "a = space.sample()\na = f()\nenvs.step(a)": ["no-mask-found 7"],
    "for a in space.sample():\n    envs.step(a)": ["no-mask-found 6"],
    "envs.step(space.sample())": [],
    "optimizer.step(a)": [],
    "envs.step(a, b)": [],
}


@pytest.mark.parametrize("text", MASKS)
def test_action_masks(text: str) -> None:
    found = [line for line in said(NUMPY + text, "int8-actions") if not line.startswith("nothing-to-do")]
    assert found == MASKS[text]


# what follows the pool, from line 6 on: what step-timeouts says of limits
LIMITS = {
    "signal.alarm(30)\nenvs.step(a)\nsignal.alarm(0)": ["edit 6"],
    "signal.alarm(120)\nenvs.step(a)\nsignal.alarm(0)": ["long-enough 6"],
    "signal.alarm(119.5)\nenvs.step(a)\nsignal.alarm(0)": ["edit 6"],
    "signal.alarm(n)\nenvs.step(a)\nsignal.alarm(0)": ["computed-timeout 6"],
    "signal.alarm(True)\nenvs.step(a)\nsignal.alarm(0)": ["computed-timeout 6"],
    "signal.alarm()\nenvs.step(a)": [],
    "signal.setitimer(signal.ITIMER_REAL, 5.0)\nenvs.step(a)\nsignal.alarm(0)": ["edit 6"],
    "signal.setitimer(5.0)\nenvs.step(a)": [],
    "threading.Timer(5, f).start()\nenvs.step(a)": ["edit 6"],
    "signal.alarm(30)\nwork()": [],
    "signal.alarm(30)\nenv.step(a)\nsignal.alarm(0)": ["unclear-guard 6"],
    "env = Env()\nsignal.alarm(30)\nenv.step(a)\nsignal.alarm(0)": ["one-environment 7"],
    "env = make\nsignal.alarm(30)\nenv.step(a)\nsignal.alarm(0)": ["unclear-guard 7"],
    "optimizer = O()\nsignal.alarm(30)\noptimizer.step(a)\nsignal.alarm(0)": [],
    "signal.alarm(30)\nenv.step()\nsignal.alarm(0)": [],
    "signal.alarm(30)\nfor t in x:\n    envs.step(a)": ["unclear-guard 6"],
    "signal.alarm(30)\nfor t in x:\n    envs.step(a)\nsignal.alarm(0)": ["unclear-guard 6"],
    "for t in x:\n    signal.alarm(30)\n    envs.step(a)": ["edit 7"],
    "for t in x:\n    signal.alarm(30)\n    for k in y:\n        envs.step(a)": ["unclear-guard 7"],
    "n = 30\nsignal.alarm(n)\nenvs.step(a)\nsignal.alarm(0)": ["edit 6"],
    "n = 30\nprint(f'{n} s')\nsignal.alarm(n)\nenvs.step(a)\nsignal.alarm(0)": ["edit 6"],
    "n = 30\nother(n)\nsignal.alarm(n)\nenvs.step(a)\nsignal.alarm(0)": ["computed-timeout 8"],
    "n = 30\nn = 40\nsignal.alarm(n)\nenvs.step(a)\nsignal.alarm(0)": ["computed-timeout 8"],
    "def f(n=30):\n    signal.alarm(n)\n    envs.step(a)\n    signal.alarm(0)\nf()": ["edit 6"],
    "def f(*, n=30):\n    signal.alarm(n)\n    envs.step(a)\n    signal.alarm(0)\nf(n=20)": [
        "edit 6",
        "edit 10",
    ],
    "def f(n):\n    signal.alarm(n)\n    envs.step(a)\n    signal.alarm(0)\nf(20)": ["edit 10"],
    "def f(n):\n    signal.alarm(n)\n    envs.step(a)\n    signal.alarm(0)": ["computed-timeout 7"],
    "def limit(n):\n    signal.alarm(n)\nlimit(20)\nenvs.step(a)\nlimit(0)": ["edit 8"],
    "def limit(n=20):\n    signal.alarm(n)\nlimit()\nenvs.step(a)\nlimit(0)": ["edit 6"],
    "envs.step_async(a)\nenvs.step_wait(timeout=10)": ["edit 7"],
    "envs.step_async(a)\nenvs.step_wait(10)": ["edit 7"],
    "envs.step_async(a)\nenvs.step_wait(timeout=120)": ["long-enough 7"],
    "envs.step_async(a)\nenvs.step_wait()": ["pool-deadline 7"],
    "envs.step_async(a)\nenvs.step_wait(timeout=None)": [],
    "envs.step_async(a)\nwhile x:\n    envs.step_wait(timeout=1)": ["polled-wait 8"],
    "while x:\n    envs.step_async(a)\n    envs.step_wait(timeout=1)": ["edit 8"],
    "envs.reset_async()\nenvs.reset_wait(timeout=1)": ["edit 7"],
    "other.step_wait(timeout=1)": [],
    "import pytest\nenvs.step_async(a)\nwith pytest.raises(E):\n    envs.step_wait(timeout=1)": [
        "expected-timeout 9"
    ],
    "import pytest\nenvs.step_async(a)\nwith pytest.other(E):\n    envs.step_wait(timeout=1)": ["edit 9"],
    "t = threading.Thread(target=lambda: envs.step(a))\nt.start()\nt.join(5)": ["edit 8"],
    "t = threading.Thread(target=envs.step)\nt.start()\nt.join(timeout=5)": ["edit 8"],
    "t = threading.Thread(target=envs.render)\nt.start()\nt.join(timeout=5)": [],
    "t = threading.Thread(target=other.step)\nt.start()\nt.join(timeout=5)": [],
    "t = threading.Thread(target=work)\nt.start()\nt.join(5)": [],
    "t = threading.Thread(None, work)\nt.start()\nt.join(5)": [],
    "def work():\n    envs.step(a)\nt = threading.Thread(target=work)\nt.start()\nt.join(5)": ["edit 10"],
    "def work():\n    while x:\n        envs.step(a)\nt = threading.Thread(target=work)\nt.join(5)": [],
    "t = Thread(target=envs.step)\nt.join(5)": [],
    "t = threading.Thread(target=envs.step)\nt = other()\nt.join(5)": [],
    "f = pool.submit(envs.step, a)\nf.result(5)": ["edit 7"],
    "f = pool.submit(envs.step, a)\nf.result()": [],
    "f = pool.submit(envs.step, a)\nf.result(timeout=None)": [],
    "f = pool.submit(envs.step, a)\nf.done(5)": [],
    "f = pool.run_in_executor(None, envs.step, a)\nf.result(5)": [],
    "signal.alarm(30)\nfor t in x:\n    env.step(a)": [],
    "pool.submit(envs.step, a).result(timeout=5)": ["edit 6"],
    "f = pool.submit(envs.step, a)\nwhile x:\n    f.result(5)": ["polled-wait 8"],
    "f = pool.submit()\nf.result(5)": [],
    "f = pool.apply_async(envs.step, (a,))\nf.get(5)": ["edit 7"],
    "fs = []\nfor e in x:\n    fs.append(pool.submit(envs.step, a))\nfor f in fs:\n    f.result(5)": [
        "edit 10"
    ],
    "ts = [threading.Thread(target=envs.step) for _ in x]\nfor t in ts:\n    t.join(5)": ["edit 8"],
    "import asyncio\nasync def f():\n    await asyncio.wait_for(asyncio.to_thread(envs.step, a), 5)": [
        "edit 8"
    ],
    "import asyncio\nasync def f():\n    await asyncio.wait_for(loop.run_in_executor(None, envs.step, a), timeout=5)": [
        "edit 8"
    ],
    "import asyncio\nasync def w():\n    envs.step(a)\nasync def f():\n    await asyncio.wait_for(w(), 5)": [
        "edit 10"
    ],
    "import asyncio\ndef w():\n    envs.step(a)\nasync def f():\n    await asyncio.wait_for(w(), 5)": [],
    "def work():\n    q.put(envs.step(a))\nq = Q()\n{start}\nq.get(timeout=5)": ["edit 10"],
    "def work():\n    q.put(envs.step(a))\nq = Q()\n{start}\nq.get(True, 5)": ["edit 10"],
    "def work():\n    q.put(envs.step(a))\nq = Q()\n{start}\nq.get(5)": [],
    "def work():\n    p.put(envs.step(a))\nq = Q()\np = Q()\n{start}\nq.get(timeout=5)": [],
    "def work():\n    q.add(envs.step(a))\nq = Q()\n{start}\nq.get(timeout=5)": [],
    "def work():\n    q.put(1)\nq = Q()\n{start}\nq.get(timeout=5)": [],
    "def work():\n    q.put(envs.step(a))\nq = Q()\n{start}\nwhile x:\n    q.get(timeout=5)": [
        "polled-wait 11"
    ],
    "def work():\n    envs.step(a)\n    e.set()\ne = E()\n{start}\ne.wait(5)": ["edit 11"],
}


@pytest.mark.parametrize("text", LIMITS)
def test_limits_around_a_step(text: str) -> None:
    lines = text.replace("{start}", "threading.Thread(target=work).start()")
    script = "import signal\nimport threading\nx = 1\n" + POOL + lines
    found = [line for line in said(script, "step-timeouts") if line not in ("has-timeout 5",)]
    assert found == LIMITS[text]


# arguments of the pool, lines before it: the least seconds of a limit around its step
BOUNDS = {
    ("", ""): "120",
    ("timeout=8.0", ""): "120",
    ("timeout=1", ""): "60",
    ("timeout=30", ""): "270",
    ("timeout=8.0", "N_ENVS = 16"): "60",
    ("timeout=8.0", "N_ENVS = 32"): "60",
    ("timeout=8.0", "N_ENVS = 33"): "90",
    ("timeout=8.0", "N_ENVS = 3"): "60",
    ("timeout=8.0, max_workers=4", "N_ENVS = 16"): "120",
    ("timeout=8.0, max_workers=None", "N_ENVS = 16"): "60",
    ("timeout=8.0, max_workers=k", "N_ENVS = 16"): "120",
    ("timeout=8.0, max_workers=0", "N_ENVS = 16"): "120",
    ("timeout=8.0", "N_ENVS = k"): "120",
    ("timeout=8.0", "N_ENVS = 16\nN_ENVS = k"): "60",
    ("timeout=8.0", "N_ENVS = k\nN_ENVS = 16"): "120",
    ("timeout=8.0, reset_timeout=30", "N_ENVS = 16"): "90",
    ("timeout=8.0, reset_timeout='timeout'", "N_ENVS = 16"): "60",
    ("timeout=8.0, call_timeout=30", "N_ENVS = 16"): "90",
    ("timeout=8.0, close_timeout=300", "N_ENVS = 16"): "60",
    ("timeout=k", "N_ENVS = 16"): "unknown-deadline",
    ("timeout=None", "N_ENVS = 16"): "unknown-deadline",
    ("timeout=8.0, reset_timeout=k", "N_ENVS = 16"): "unknown-deadline",
    ("**k", "N_ENVS = 16"): "60",
    ("4, 30", "N_ENVS = 16"): "270",
}


@pytest.mark.parametrize(("arguments", "before"), BOUNDS)
def test_seconds_that_a_step_may_take(arguments: str, before: str) -> None:
    given = f"fns, {arguments}" if arguments else "fns"
    script = f"import signal\nfrom stablepool import StableProcessPoolEnv\n{before}\n"
    script += f"envs = StableProcessPoolEnv({given})\nsignal.alarm(1)\nenvs.step(a)\nsignal.alarm(0)\n"
    result, plan = patched(script, ["step-timeouts"])
    expected = BOUNDS[arguments, before]
    if expected.isdigit():
        assert f"signal.alarm({expected})" in result
    else:
        assert expected in [diagnostic.code for diagnostic in plan.diagnostics]


# positional and keyword arguments of AsyncVectorEnv: what the pool gets, or the code of the refusal
ARGUMENTS = {
    "fns": "fns",
    "env_fns=fns": "env_fns=fns",
    "fns, True": "fns, shared_memory=True",
    "fns, True, False": "fns, shared_memory=True, copy=False",
    "fns, None, None": "fns",
    "fns, None": "fns",
    "fns, None, None, True, False": "fns, shared_memory=True, copy=False",
    "fns, None, None, True, False, None": "positional-arguments",
    "fns, True, True, None": "positional-arguments",
    "fns, x": "positional-arguments",
    "fns, space": "positional-arguments",
    "fns, None, space": "positional-arguments",
    "fns, 1": "positional-arguments",
    "fns, *more": "star-arguments",
    "*fns": "star-arguments",
    "fns, **more": "star-arguments",
    "fns, **{'copy': True}": "fns, **{'copy': True}",
    "fns, **{'context': 'fork'}": "star-arguments",
    "fns, observation_space=None": "fns",
    "fns, observation_space=s": "observation_space-argument",
    "fns, dummy_env_fn=None": "fns",
    "fns, context='fork'": 'fns, context="spawn"',
    "fns, context='spawn'": "fns, context='spawn'",
    "fns, context=None": "fns, context=None",
    "fns, context=c": "fns, context=c",
    "fns, unknown=1": "unknown-argument",
    "fns, unknown=None": "unknown-argument",
    "fns, worker=w": "worker-argument",
    "fns, worker=None": "fns, worker=None",
    "[gymnasium.make('A')]": "environments-not-functions",
    "[lambda: gymnasium.make('A')]": "[lambda: gymnasium.make('A')]",
    "[gymnasium.make('A') for _ in x]": "environments-not-functions",
    "[gymnasium.make('A')] * 3": "environments-not-functions",
    "env_fns=[gymnasium.make('A')]": "environments-not-functions",
    "[other.make('A')]": "[other.make('A')]",
    "[gymnasium.make('A')] + x": "[gymnasium.make('A')] + x",
}


@pytest.mark.parametrize("arguments", ARGUMENTS)
def test_arguments_of_the_constructor(arguments: str) -> None:
    script = f"import gymnasium\n{ASYNC}envs = AsyncVectorEnv({arguments})\n"
    plan = make_plan(script.encode(), options(["swap-vector-env"]))
    if plan.refusals:
        assert [refusal.code for refusal in plan.refusals] == [ARGUMENTS[arguments]]
    else:
        assert (
            patched(script, ["swap-vector-env"])[0].splitlines()[-1]
            == f"envs = StableProcessPoolEnv({ARGUMENTS[arguments]})"
        )


# what follows the head: what is said of names that a text decides, and of namesakes
MENTIONS = {
    "getattr(gymnasium.vector, name)": ["class-by-text 2"],
    "getattr(gymnasium.vector, f'{kind}VectorEnv')": ["class-by-text 2"],
    "getattr(gymnasium.vector, 'AsyncVectorEnv')": ["class-by-text 2"],
    "getattr(gymnasium.vector, 'SyncVectorEnv')": [],
    "getattr(gymnasium.spaces, name)": [],
    "getattr(gymnasium.vector)": [],
    "setattr(gymnasium.vector, name, 1)": [],
    "x.getattr(gymnasium.vector, name)": [],
    "import ray.AsyncVectorEnv\nray.AsyncVectorEnv(f)": ["other-library 3"],
    "from tianshou.env import AsyncVectorEnv\nAsyncVectorEnv(f)": ["other-library 3"],
    "from tianshou.env import AsyncVectorEnv\nAsyncVectorEnv": [],
}


@pytest.mark.parametrize("text", MENTIONS)
def test_classes_of_others_and_by_text(text: str) -> None:
    assert said(f"import gymnasium  # AsyncVectorEnv\n{text}\n", "swap-vector-env") == MENTIONS[text]
