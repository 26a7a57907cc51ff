"""int8-actions, step-timeouts, process-cleanup, tuned-parameters and drop-void-transitions on what people write."""

from __future__ import annotations

import pytest

from tests.patches.tools import check_noop, check_transformed, reported

ASYNC = "from gymnasium.vector import AsyncVectorEnv\n"
MAKE = "envs = AsyncVectorEnv(fns)\n"
POOL = "from stablepool import StableProcessPoolEnv\nenvs = StableProcessPoolEnv(fns, timeout=8.0)\n"
NUMPY = "import numpy as np\n" + ASYNC + MAKE
MP = "import multiprocessing as mp\n" + ASYNC + MAKE

# name: (fix, head, before, after)
CHANGED = {
    # --- int8
    "mask": ("int8-actions", NUMPY, "action = np.zeros(HxW)\naction[i] = 1\n", "action = np.zeros(HxW, dtype=np.int8)\naction[i] = 1\n"),
    "mask by float ones": ("int8-actions", NUMPY, "action = np.zeros(H * W)\naction[i] = 1.0\n", "action = np.zeros(H * W, dtype=np.int8)\naction[i] = 1.0\n"),
    "mask by True": ("int8-actions", NUMPY, "act = np.zeros(n_cells)\nact[i] = True\n", "act = np.zeros(n_cells, dtype=np.int8)\nact[i] = True\n"),
    "dtype float": ("int8-actions", NUMPY, "action = np.zeros(HxW, dtype=float)\n", "action = np.zeros(HxW, dtype=np.int8)\n"),
    "dtype by position": ("int8-actions", NUMPY, "action = np.zeros(HxW, np.float32)\n", "action = np.zeros(HxW, np.int8)\n"),
    "dtype uint8": ("int8-actions", NUMPY, "action = np.zeros(HxW, dtype=np.uint8)\n", "action = np.zeros(HxW, dtype=np.int8)\n"),
    "dtype as text": ("int8-actions", NUMPY, "action = np.zeros(HxW, dtype='float32')\n", "action = np.zeros(HxW, dtype=np.int8)\n"),
    "a batch": ("int8-actions", NUMPY, "actions = np.zeros((N_ENVS, HxW))\nactions[i, cells] = 1\n", "actions = np.zeros((N_ENVS, HxW), dtype=np.int8)\nactions[i, cells] = 1\n"),
    "a list of masks": ("int8-actions", NUMPY, "actions = [np.zeros(HxW) for _ in range(4)]\nactions[0][c] = 1\n", "actions = [np.zeros(HxW, dtype=np.int8) for _ in range(4)]\nactions[0][c] = 1\n"),
    "straight into a step": ("int8-actions", NUMPY, "env.step(np.zeros(env.action_space.n))\n", "env.step(np.zeros(env.action_space.n, dtype=np.int8))\n"),
    "returned by a policy": ("int8-actions", NUMPY, "def no_action(HxW):\n    return np.zeros(HxW)\n", "def no_action(HxW):\n    return np.zeros(HxW, dtype=np.int8)\n"),
    "numpy by another name": ("int8-actions", "import numpy\n" + ASYNC + MAKE, "action = numpy.zeros(HxW)\n", "action = numpy.zeros(HxW, dtype=numpy.int8)\n"),
    "zeros by name": ("int8-actions", "from numpy import zeros\n" + ASYNC + MAKE, "action = zeros(HxW)\n", 'action = zeros(HxW, dtype="int8")\n'),
    "over many lines": ("int8-actions", NUMPY, "action = np.zeros(\n    HxW,  # cells\n)\n", "action = np.zeros(\n    HxW,  # cells\n    dtype=np.int8,\n)\n"),
    "size from the space": ("int8-actions", NUMPY, "n = int(env.action_space.n)\ntest_action = np.zeros(n)\n", "n = int(env.action_space.n)\ntest_action = np.zeros(n, dtype=np.int8)\n"),
    "an empty action on the spot beside binary ones": (
        "int8-actions", NUMPY,
        "action = np.zeros(HxW)\naction[i] = 1\nenv.step(np.zeros(env.action_space.shape[0]))\n",
        "action = np.zeros(HxW, dtype=np.int8)\naction[i] = 1\nenv.step(np.zeros(env.action_space.shape[0], dtype=np.int8))\n",
    ),
    "an empty action beside binary ones": (
        "int8-actions", NUMPY,
        "action = np.zeros(HxW)\naction[i] = 1\ntest_action = np.zeros(env.action_space.shape)\n",
        "action = np.zeros(HxW, dtype=np.int8)\naction[i] = 1\ntest_action = np.zeros(env.action_space.shape, dtype=np.int8)\n",
    ),
    "as many as there are actions": ("int8-actions", NUMPY, "action = np.zeros(n_actions)\naction[best] = 1\nenv.step(action)\n", "action = np.zeros(n_actions, dtype=np.int8)\naction[best] = 1\nenv.step(action)\n"),
    "rows and columns": ("int8-actions", NUMPY, "action = np.zeros((H, W))\naction[y, x] = 1\n", "action = np.zeros((H, W), dtype=np.int8)\naction[y, x] = 1\n"),
    "a mask that a policy returns": (
        "int8-actions", NUMPY,
        "def select(q):\n    mask = np.zeros(H * W)\n    mask[q.argmax()] = 1\n    return mask\nactions = np.stack([agent.select(q) for q in qs])\n",
        "def select(q):\n    mask = np.zeros(H * W, dtype=np.int8)\n    mask[q.argmax()] = 1\n    return mask\nactions = np.stack([agent.select(q) for q in qs])\n",
    ),
    "a mask like another array": ("int8-actions", NUMPY, "action = np.zeros_like(q)\naction[q.argmax()] = 1\nenvs.step(action)\n", "action = np.zeros_like(q, dtype=np.int8)\naction[q.argmax()] = 1\nenvs.step(action)\n"),
    "filled with zero": ("int8-actions", NUMPY, "actions = np.full((N_ENVS, HxW), 0)\nactions[i, c] = 1\n", "actions = np.full((N_ENVS, HxW), 0, dtype=np.int8)\nactions[i, c] = 1\n"),
    "filled with zero of another dtype": ("int8-actions", NUMPY, "action = np.full(HxW, 0.0, np.float32)\naction[c] = 1\n", "action = np.full(HxW, 0.0, np.int8)\naction[c] = 1\n"),
    "converted on the spot": ("int8-actions", NUMPY, "action = np.zeros(HxW).astype(np.float32)\naction[c] = 1\n", "action = np.zeros(HxW).astype(np.int8)\naction[c] = 1\n"),
    "converted by keyword": ("int8-actions", NUMPY, "action = np.zeros(HxW).astype(dtype='f4')\naction[c] = 1\n", "action = np.zeros(HxW).astype(dtype=np.int8)\naction[c] = 1\n"),
    "booleans that are only handed over": ("int8-actions", NUMPY, "action = np.zeros(HxW, dtype=bool)\naction[c] = True\nenvs.step(action)\n", "action = np.zeros(HxW, dtype=np.int8)\naction[c] = True\nenvs.step(action)\n"),
    "a mask that joins a list under another name": (
        "int8-actions", NUMPY,
        "def choose(qs):\n    chosen = []\n    for q in qs:\n        mask = np.zeros(len(q))\n        mask[q.argsort()[-9:]] = 1\n        chosen.append(mask)\n    return np.stack(chosen)\nactions = choose(qs)\n",
        "def choose(qs):\n    chosen = []\n    for q in qs:\n        mask = np.zeros(len(q), dtype=np.int8)\n        mask[q.argsort()[-9:]] = 1\n        chosen.append(mask)\n    return np.stack(chosen)\nactions = choose(qs)\n",
    ),
    # --- timeouts
    "constructor": ("step-timeouts", "from stablepool import StableProcessPoolEnv\n", "envs = StableProcessPoolEnv(fns)\n", "envs = StableProcessPoolEnv(fns, timeout=8.0)\n"),
    "constructor under another name": ("step-timeouts", "from stablepool import StableProcessPoolEnv as P\n", "envs = P(fns, 8)\n", "envs = P(fns, 8, timeout=8.0)\n"),
    "alarm": ("step-timeouts", "import signal\n" + POOL, "signal.alarm(30)\nenvs.step(a)\nsignal.alarm(0)\n", "signal.alarm(120)\nenvs.step(a)\nsignal.alarm(0)\n"),
    "alarm by name": ("step-timeouts", "from signal import alarm\n" + POOL, "alarm(60)\nenvs.reset()\n", "alarm(120)\nenvs.reset()\n"),
    "alarm and its f-string": (
        "step-timeouts", "import signal\n" + POOL,
        "try:\n    signal.alarm(15)\n    envs.step(a)\nexcept TimeoutError:\n    print(f'env {i} timed out after 15s')\n",
        "try:\n    signal.alarm(120)\n    envs.step(a)\nexcept TimeoutError:\n    print(f'env {i} timed out after 120s')\n",
    ),
    "a thread": (
        "step-timeouts", "import threading\n" + POOL,
        "def work():\n    envs.step(a)\nt = threading.Thread(target=work)\nt.start()\nt.join(10)\n",
        "def work():\n    envs.step(a)\nt = threading.Thread(target=work)\nt.start()\nt.join(120)\n",
    ),
    "a thread on the method itself": (
        "step-timeouts", "from threading import Thread\n" + POOL,
        "t = Thread(target=envs.step, args=(a,))\nt.join(timeout=12.5)\n",
        "t = Thread(target=envs.step, args=(a,))\nt.join(timeout=120.0)\n",
    ),
    "an alarm behind a context manager": (
        "step-timeouts", "import signal\n" + POOL,
        "def limit(seconds):\n    signal.alarm(seconds)\n    yield\nwith limit(30):\n    envs.step(a)\n",
        "def limit(seconds):\n    signal.alarm(seconds)\n    yield\nwith limit(120):\n    envs.step(a)\n",
    ),
    "a constant of the script": (
        "step-timeouts", "import signal\n" + POOL,
        "LIMIT = 30  # seconds\ndef go():\n    signal.alarm(LIMIT)\n    envs.step(a)\n",
        "LIMIT = 120  # seconds\ndef go():\n    signal.alarm(LIMIT)\n    envs.step(a)\n",
    ),
    "a default of a parameter": (
        "step-timeouts", "import threading\n" + POOL,
        "def go(timeout=30.0):\n    t = threading.Thread(target=lambda: envs.step(a))\n    t.join(timeout)\ngo(timeout=20)\n",
        "def go(timeout=120.0):\n    t = threading.Thread(target=lambda: envs.step(a))\n    t.join(timeout)\ngo(timeout=120)\n",
    ),
    "the message of a signal's handler": (
        "step-timeouts", "import signal\n" + POOL,
        "def on_alarm(n, f):\n    raise TimeoutError('no step within 30 seconds')\ndef go():\n    signal.signal(signal.SIGALRM, on_alarm)\n    signal.alarm(30)\n    envs.step(a)\n",
        "def on_alarm(n, f):\n    raise TimeoutError('no step within 120 seconds')\ndef go():\n    signal.signal(signal.SIGALRM, on_alarm)\n    signal.alarm(120)\n    envs.step(a)\n",
    ),
    "messages about other things stay": (
        "step-timeouts", "import signal\n" + POOL,
        "print('saves every 30 seconds')\nsignal.alarm(30)\ntry:\n    envs.step(a)\n    signal.alarm(0)\nexcept E:\n    print('30 s')\nprint('30 seconds')\ndef f():\n    print('30s')\n",
        "print('saves every 30 seconds')\nsignal.alarm(120)\ntry:\n    envs.step(a)\n    signal.alarm(0)\nexcept E:\n    print('120 s')\nprint('30 seconds')\ndef f():\n    print('30s')\n",
    ),
    "messages inside the loop": (
        "step-timeouts", "import signal\n" + POOL,
        "def go():\n    print('30 seconds each')\n    while True:\n        signal.alarm(30)\n        envs.step(a)\n        print('30 seconds')\n",
        "def go():\n    print('30 seconds each')\n    while True:\n        signal.alarm(120)\n        envs.step(a)\n        print('120 seconds')\n",
    ),
    "the message of a caller": (
        "step-timeouts", "import threading\n" + POOL,
        "def go():\n    t = threading.Thread(target=lambda: envs.step(a))\n    t.join(10.0)\ntry:\n    go()\nexcept TimeoutError:\n    print('step hung (10s), load took 20s')\n",
        "def go():\n    t = threading.Thread(target=lambda: envs.step(a))\n    t.join(120.0)\ntry:\n    go()\nexcept TimeoutError:\n    print('step hung (120s), load took 20s')\n",
    ),
    "a timer": ("step-timeouts", "import signal\n" + POOL, "signal.setitimer(signal.ITIMER_REAL, 30.0)\nenvs.step(a)\nsignal.setitimer(signal.ITIMER_REAL, 0)\n", "signal.setitimer(signal.ITIMER_REAL, 120.0)\nenvs.step(a)\nsignal.setitimer(signal.ITIMER_REAL, 0)\n"),
    "a future": ("step-timeouts", POOL, "f = pool.submit(envs.step, a)\nout = f.result(timeout=30)\n", "f = pool.submit(envs.step, a)\nout = f.result(timeout=120)\n"),
    "a future on the spot": ("step-timeouts", POOL, "def go():\n    return envs.step(a)\nout = pool.submit(go).result(30)\n", "def go():\n    return envs.step(a)\nout = pool.submit(go).result(120)\n"),
    "an alarm behind a class": (
        "step-timeouts", "import signal\n" + POOL,
        "class Limit:\n    def __init__(self, seconds=1):\n        self.seconds = seconds\n    def __enter__(self):\n        signal.alarm(self.seconds)\n    def __exit__(self, *error):\n        signal.alarm(0)\nwith Limit(seconds=30):\n    envs.step(a)\n",
        "class Limit:\n    def __init__(self, seconds=1):\n        self.seconds = seconds\n    def __enter__(self):\n        signal.alarm(self.seconds)\n    def __exit__(self, *error):\n        signal.alarm(0)\nwith Limit(seconds=120):\n    envs.step(a)\n",
    ),
    "a default that all callers rely on": (
        "step-timeouts", "import signal\n" + POOL,
        "def limit(seconds=30):\n    signal.alarm(seconds)\n    yield\nwith limit():\n    envs.step(a)\n",
        "def limit(seconds=120):\n    signal.alarm(seconds)\n    yield\nwith limit():\n    envs.step(a)\n",
    ),
    "a constant behind a context manager": (
        "step-timeouts", "import signal\n" + POOL,
        "LIMIT = 30\ndef limit(seconds):\n    signal.alarm(seconds)\n    yield\nwith limit(LIMIT):\n    envs.step(a)\n",
        "LIMIT = 120\ndef limit(seconds):\n    signal.alarm(seconds)\n    yield\nwith limit(LIMIT):\n    envs.step(a)\n",
    ),
    # --- clean-up
    "loop": ("process-cleanup", "import multiprocessing\n" + ASYNC + MAKE, "print(multiprocessing.cpu_count())\nfor p in multiprocessing.active_children():\n    p.kill()\n", "print(multiprocessing.cpu_count())\nterminate_children()\n"),
    "loop by name": ("process-cleanup", "from multiprocessing import active_children, Queue\n" + ASYNC + MAKE, "for p in active_children():\n    p.terminate()\n", "terminate_children()\n"),
    "terminate, wait, kill": ("process-cleanup", "import multiprocessing as mp\nq = mp.Queue()\n" + ASYNC + MAKE, "for p in mp.active_children():\n    p.terminate()\n    p.join(timeout=2)\n    if p.is_alive():\n        p.kill()\n", "terminate_children()\n"),
    "errors passed over": ("process-cleanup", "import multiprocessing as mp\nq = mp.Queue()\n" + ASYNC + MAKE, "for p in mp.active_children():\n    try:\n        p.terminate()\n    except Exception:\n        pass\n", "terminate_children()\n"),
    "errors complained about": ("process-cleanup", "import multiprocessing as mp\nq = mp.Queue()\n" + ASYNC + MAKE, "for p in mp.active_children():\n    try:\n        p.terminate()\n    except OSError as e:\n        print(f'cannot end {p}: {e}')\n", "terminate_children()\n"),
    "an import of its own": ("process-cleanup", ASYNC + MAKE, "def end():\n    import multiprocessing\n    for p in multiprocessing.active_children():\n        p.terminate()\n", "def end():\n    terminate_children()\n"),
    "two loops": ("process-cleanup", "import multiprocessing as mp\nq = mp.Queue()\n" + ASYNC + MAKE, "for p in mp.active_children():\n    p.terminate()\nfor p in mp.active_children():\n    p.join()\n    p.kill()\n", "terminate_children()\nterminate_children()\n"),
    "indented": ("process-cleanup", "import multiprocessing as mp\nq = mp.Queue()\n" + ASYNC + MAKE, "if True:\n    try:\n        run()\n    finally:\n        for p in mp.active_children():\n            p.terminate()\n", "if True:\n    try:\n        run()\n    finally:\n        terminate_children()\n"),
    "told first": ("process-cleanup", MP, "for p in mp.active_children():\n    print(p.pid)\n    p.terminate()\n", "for p in mp.active_children():\n    print(p.pid)\nterminate_children()\n"),
    "counted first": ("process-cleanup", MP, "c = mp.active_children()\nif c:\n    log.info(len(c))\n    for p in c:\n        p.kill()\n", "c = mp.active_children()\nif c:\n    log.info(len(c))\n    terminate_children()\n"),
    "a comprehension": ("process-cleanup", "import multiprocessing as mp\nq = mp.Queue()\n" + ASYNC + MAKE, "[p.terminate() for p in mp.active_children()]\n", "terminate_children()\n"),
    "a copy of the list": ("process-cleanup", "import multiprocessing as mp\nq = mp.Queue()\n" + ASYNC + MAKE, "for p in list(mp.active_children()):\n    p.kill()\n", "terminate_children()\n"),
    "a signal": ("process-cleanup", "import multiprocessing as mp\nimport os\nq = mp.Queue()\n" + ASYNC + MAKE, "for p in mp.active_children():\n    os.kill(p.pid, 9)\n", "terminate_children()\n"),
    "all but this process, which is no child": ("process-cleanup", "import multiprocessing as mp\nq = mp.Queue()\n" + ASYNC + MAKE, "for p in mp.active_children():\n    if p is not mp.current_process():\n        p.kill()\n", "terminate_children()\n"),
    # --- parameters
    "a function's own": ("tuned-parameters", ASYNC + MAKE, "def main():\n    N_ENVS = 8\n    BATCH_SIZE = 16\n    SIMS = 5\n", "def main():\n    N_ENVS = 32\n    BATCH_SIZE = 64\n    SIMS = 1\n"),
    "under the main guard": ("tuned-parameters", ASYNC + MAKE, "if __name__ == '__main__':\n    N_ENVS = 8\n    BATCH_SIZE = 16\n    SIMS = 5\n", "if __name__ == '__main__':\n    N_ENVS = 32\n    BATCH_SIZE = 64\n    SIMS = 1\n"),
    "a class": ("tuned-parameters", ASYNC + MAKE, "class C:\n    N_ENVS = 8\n    BATCH_SIZE = 16\n    SIMS = 5\n", "class C:\n    N_ENVS = 32\n    BATCH_SIZE = 64\n    SIMS = 1\n"),
    "pairs": ("tuned-parameters", ASYNC + MAKE, "N_ENVS, BATCH_SIZE, SIMS = 8, 16, 5\n", "N_ENVS, BATCH_SIZE, SIMS = 32, 64, 1\n"),
    "annotated": ("tuned-parameters", ASYNC + MAKE, "N_ENVS: int = 8\nBATCH_SIZE: int = 16\nSIMS: int = 5\n", "N_ENVS: int = 32\nBATCH_SIZE: int = 64\nSIMS: int = 1\n"),
    "one line": ("tuned-parameters", ASYNC + MAKE, "N_ENVS = 8; BATCH_SIZE = 16; SIMS = 5  # all\n", "N_ENVS = 32; BATCH_SIZE = 64; SIMS = 1  # all\n"),
    "powers and shifts": ("tuned-parameters", ASYNC + MAKE, "N_ENVS = 2 ** 0\nBATCH_SIZE = 1 << 6\nSIMS = 2 ** 1\n", "N_ENVS = 32\nBATCH_SIZE = 1 << 6\nSIMS = 1\n"),
    "sums of numbers": ("tuned-parameters", ASYNC + MAKE, "N_ENVS = 2 ** 3\nBATCH_SIZE = 4 * 4\nBUFFER_CAP = int(1e5)\n", "N_ENVS = 32\nBATCH_SIZE = 64\nBUFFER_CAP = 200_000\n"),
    "parentheses over lines": ("tuned-parameters", ASYNC + MAKE, "N_ENVS = (\n    8  # eight\n)\nBATCH_SIZE = 16\nSIMS = 5\n", "N_ENVS = (\n    32  # eight\n)\nBATCH_SIZE = 64\nSIMS = 1\n"),
    "aligned": ("tuned-parameters", ASYNC + MAKE, "N_ENVS     = 8    # a\nBATCH_SIZE = 16   # b\nSIMS       = 5\n", "N_ENVS     = 32    # a\nBATCH_SIZE = 64   # b\nSIMS       = 1\n"),
    "the dominating assignment": ("tuned-parameters", ASYNC + MAKE, "N_ENVS = 8\nBATCH_SIZE = 16\nSIMS = 5\nif small:\n    N_ENVS = 2\nN_ENVS = min(N_ENVS, cores)\n", "N_ENVS = 32\nBATCH_SIZE = 64\nSIMS = 1\nif small:\n    N_ENVS = 2\nN_ENVS = min(N_ENVS, cores)\n"),
    # --- void transitions
    "range of a name": (
        "drop-void-transitions", "from stablepool import StableProcessPoolEnv, valid_transitions\nenvs = StableProcessPoolEnv(fns)\n",
        "n, r, d, u, info = envs.step(a)\nfor k in range(M):\n    buf.add(o[k], a[k], r[k], n[k], d[k])\n",
        "n, r, d, u, info = envs.step(a)\nvalid = valid_transitions(info, envs.num_envs)\nfor k in range(M):\n    if valid[k]:\n        buf.add(o[k], a[k], r[k], n[k], d[k])\n",
    ),
    "range of a length": (
        "drop-void-transitions", "from stablepool import StableProcessPoolEnv, valid_transitions\nenvs = StableProcessPoolEnv(fns)\n",
        "n, r, d, u, info = envs.step(a)\nfor k in range(len(r)):\n    buf.append((o[k], a[k], r[k], n[k], d[k]))\n",
        "n, r, d, u, info = envs.step(a)\nvalid = valid_transitions(info, envs.num_envs)\nfor k in range(len(r)):\n    if valid[k]:\n        buf.append((o[k], a[k], r[k], n[k], d[k]))\n",
    ),
    "after a try that leaves on errors": (
        "drop-void-transitions", "from stablepool import StableProcessPoolEnv, valid_transitions\nenvs = StableProcessPoolEnv(fns)\n",
        "while go:\n    try:\n        n, r, d, u, info = envs.step(a)\n    except E:\n        continue\n    for k in range(N_ENVS):\n        buf.add(o[k], r[k], n[k], d[k])\n",
        "while go:\n    try:\n        n, r, d, u, info = envs.step(a)\n        valid = valid_transitions(info, N_ENVS)\n    except E:\n        continue\n    for k in range(N_ENVS):\n        if valid[k]:\n            buf.add(o[k], r[k], n[k], d[k])\n",
    ),
    "two stores in one loop": (
        "drop-void-transitions", "from stablepool import StableProcessPoolEnv, valid_transitions\nenvs = StableProcessPoolEnv(fns)\n",
        "n, r, d, u, i = envs.step(a)\nfor k in range(N_ENVS):\n    if lucky:\n        b.push(o[k], r[k], n[k])\n    else:\n        c.push(o[k], r[k], n[k])\n",
        "n, r, d, u, i = envs.step(a)\nvalid = valid_transitions(i, N_ENVS)\nfor k in range(N_ENVS):\n    if lucky:\n        if valid[k]:\n            b.push(o[k], r[k], n[k])\n    else:\n        if valid[k]:\n            c.push(o[k], r[k], n[k])\n",
    ),
    "zip with a tuple in parentheses": (
        "drop-void-transitions", "from stablepool import StableProcessPoolEnv, valid_transitions\nenvs = StableProcessPoolEnv(fns)\n",
        "n, r, d, u, i = envs.step(a)\nfor (x, y, z) in zip(o, r, n, strict=True):\n    b.add_transition(x, y, z)\n",
        "n, r, d, u, i = envs.step(a)\nvalid = valid_transitions(i, envs.num_envs)\nfor (x, y, z, is_valid) in zip(o, r, n, valid, strict=True):\n    if is_valid:\n        b.add_transition(x, y, z)\n",
    ),
    "rows made by a class": (
        "drop-void-transitions", "from stablepool import StableProcessPoolEnv, valid_transitions\nenvs = StableProcessPoolEnv(fns)\n",
        "n, r, d, u, i = envs.step(a)\nb.extend(Row(o[k], r[k], next=n[k]) for k in range(N_ENVS) if ok)\n",
        "n, r, d, u, i = envs.step(a)\nb.extend(Row(o[k], r[k], next=n[k]) for k in valid_transitions(i, N_ENVS).nonzero()[0].tolist() if ok)\n",
    ),
    "after a try that cleans up": (
        "drop-void-transitions", "from stablepool import StableProcessPoolEnv, valid_transitions\nenvs = StableProcessPoolEnv(fns)\n",
        "while go:\n    try:\n        n, r, d, u, i = envs.step(a)\n    finally:\n        f()\n    for k in range(N_ENVS):\n        b.push(o[k], r[k], n[k])\n",
        "while go:\n    try:\n        n, r, d, u, i = envs.step(a)\n        valid = valid_transitions(i, N_ENVS)\n    finally:\n        f()\n    for k in range(N_ENVS):\n        if valid[k]:\n            b.push(o[k], r[k], n[k])\n",
    ),
    "after a future": (
        "drop-void-transitions", "from stablepool import StableProcessPoolEnv, valid_transitions\nenvs = StableProcessPoolEnv(fns)\n",
        "with Pool() as pool:\n    f = pool.submit(envs.step, a)\n    n, r, d, u, i = f.result(timeout=8)\nfor k in range(len(r)):\n    b.push(o[k], r[k], n[k])\n",
        "with Pool() as pool:\n    f = pool.submit(envs.step, a)\n    n, r, d, u, i = f.result(timeout=8)\n    valid = valid_transitions(i, envs.num_envs)\nfor k in range(len(r)):\n    if valid[k]:\n        b.push(o[k], r[k], n[k])\n",
    ),
    "through a helper": (
        "drop-void-transitions", "from stablepool import StableProcessPoolEnv, valid_transitions\nenvs = StableProcessPoolEnv(fns)\n",
        "def go(e, a):\n    return e.step(a)\nn, r, d, u, info = go(envs, a)\nfor k in range(len(r)):\n    buf.add(o[k], r[k], n[k], d[k])\n",
        "def go(e, a):\n    return e.step(a)\nn, r, d, u, info = go(envs, a)\nvalid = valid_transitions(info, envs.num_envs)\nfor k in range(len(r)):\n    if valid[k]:\n        buf.add(o[k], r[k], n[k], d[k])\n",
    ),
    "a result that is unpacked by its length": (
        "drop-void-transitions", "from stablepool import StableProcessPoolEnv, valid_transitions\nenvs = StableProcessPoolEnv(fns)\n",
        "out = envs.step(a)\nif len(out) == 5:\n    n, r, d, u, info = out\nelse:\n    n, r, d, info = out\nfor k in range(N_ENVS):\n    buf.add(o[k], r[k], n[k], d[k])\n",
        "out = envs.step(a)\nif len(out) == 5:\n    n, r, d, u, info = out\n    valid = valid_transitions(info, N_ENVS)\nelse:\n    n, r, d, info = out\nfor k in range(N_ENVS):\n    if valid[k]:\n        buf.add(o[k], r[k], n[k], d[k])\n",
    ),
    "inside a condition": (
        "drop-void-transitions", "from stablepool import StableProcessPoolEnv, valid_transitions\nenvs = StableProcessPoolEnv(fns)\n",
        "n, r, d, u, info = envs.step(a)\nfor k in range(M):\n    if not skip[k]:\n        buf.store(o[k], r[k], n[k], d[k])  # keep\n",
        "n, r, d, u, info = envs.step(a)\nvalid = valid_transitions(info, envs.num_envs)\nfor k in range(M):\n    if not skip[k]:\n        if valid[k]:\n            buf.store(o[k], r[k], n[k], d[k])  # keep\n",
    ),
    "a store over many lines": (
        "drop-void-transitions", "from stablepool import StableProcessPoolEnv, valid_transitions\nenvs = StableProcessPoolEnv(fns)\n",
        "n, r, d, u, info = envs.step(a)\nfor k in range(M):\n    # one row\n    buf.push(\n        o[k],\n        r[k],\n        n[k],\n    )\n",
        "n, r, d, u, info = envs.step(a)\nvalid = valid_transitions(info, envs.num_envs)\nfor k in range(M):\n    # one row\n    if valid[k]:\n        buf.push(\n            o[k],\n            r[k],\n            n[k],\n        )\n",
    ),
}  # fmt: skip

# name: (fix, head, script, reported)
LEFT_ALONE = {
    "not an action": ("int8-actions", NUMPY, "burned = np.zeros(HxW)\nburned[i] = 1\n", ()),
    "a mask that a function returns for something else": ("int8-actions", NUMPY, "def burn(q):\n    mask = np.zeros(H * W)\n    mask[q] = 1\n    return mask\nburned = burn(3)\n", ()),
    "probabilities of actions": ("int8-actions", NUMPY, "action_probs = np.zeros(HxW)\nsoftmax(q, out=action_probs)\n", ()),
    "legal actions": ("int8-actions", NUMPY, "legal_actions = np.zeros(HxW)\nlegal_actions[free] = 1\n", ()),
    "action values": ("int8-actions", NUMPY, "action = np.zeros(HxW)\naction[i] = q[i]\n", ()),
    "added up": ("int8-actions", NUMPY, "actions = np.zeros(HxW)\nactions[i] += 1\n", ()),
    "a float action": ("int8-actions", NUMPY, "action = np.zeros(n_joints)\naction[0] = 1\nenv.step(action)\n", ()),
    "a full throttle": ("int8-actions", NUMPY, "action = np.zeros(env.action_space.shape)\naction[2] = 1.0\nenv.step(action)\n", ()),
    "one-hot for a network": ("int8-actions", NUMPY, "action_one_hot = np.zeros(n_actions)\naction_one_hot[a] = 1\nmemory.push(action_one_hot)\n", ()),
    "an optimizer's step": ("step-timeouts", "import signal\n" + POOL, "def learn():\n    signal.alarm(60)\n    optimizer.step()\n", ()),
    "a row for each action": ("int8-actions", NUMPY, "actions = np.zeros((H, n_actions))\nactions[0, 1] = 1\n", ()),
    "one mask of many, elsewhere": ("int8-actions", NUMPY, "def mark(i):\n    m = np.zeros(H * W)\n    m[i] = 1\n    return other\nactions = mark(3)\n", ()),
    "discrete actions": ("int8-actions", NUMPY, "actions = np.zeros(N_ENVS, dtype=int)\nenvs.step(actions)\n", ()),
    "torch": ("int8-actions", "import torch\n" + ASYNC + MAKE, "action = torch.zeros(HxW)\naction[i] = 1\n", ()),
    "a mask that feeds a network": ("int8-actions", "import torch\n" + NUMPY, "action = np.zeros(HxW)\naction[i] = 1\nx = torch.from_numpy(action)\n", ("becomes-tensor",)),
    "a stack of masks that feeds a network": ("int8-actions", "import torch\n" + NUMPY, "actions = []\naction = np.zeros(HxW)\naction[i] = 1\nactions.append(action)\nx = net(torch.tensor(np.array(actions)))\n", ("becomes-tensor",)),
    "booleans that select": ("int8-actions", NUMPY, "action = np.zeros(HxW, dtype=bool)\naction[i] = True\nobs[0][action] = 3\n", ("other-use",)),
    "booleans that are negated": ("int8-actions", NUMPY, "action = np.zeros(HxW, dtype=np.bool_)\naction[i] = True\nfree = legal[~action]\n", ("other-use",)),
    "booleans that leave their function": ("int8-actions", NUMPY, "def f():\n    action = np.zeros(HxW, dtype=bool)\n    action[i] = True\n    return action\n", ("other-use",)),
    "a mask that becomes a picture": ("int8-actions", NUMPY, "action = np.zeros(HxW)\naction[i] = 1\nsave(action * 255)\n", ("other-use",)),
    "one part of every action": ("int8-actions", NUMPY, "action = np.zeros((N_ENVS, 2))\naction[:, 0] = 1\nenvs.step(action)\n", ()),
    "all of every action": ("int8-actions", NUMPY, "action = np.zeros((N_ENVS, 2))\naction[:] = 1\nenvs.step(action)\n", ()),
    "filled with something else": ("int8-actions", NUMPY, "action = np.full(HxW, 0.5)\nactions = np.full(HxW, fill)\n", ()),
    "like another, for another purpose": ("int8-actions", NUMPY, "action = np.zeros_like(mean)\naction[0] = 1\nenvs.step(action)\n", ()),
    "int8 already": ("int8-actions", NUMPY, "action = np.zeros(HxW, dtype=np.int8)\n", ()),
    "converted right away": ("int8-actions", NUMPY, "env.step(np.zeros(HxW).astype(np.int8))\n", ()),
    "no vector environment": ("int8-actions", "import numpy as np\n", "action = np.zeros(HxW)\naction[i] = 1\n", ()),
    "timeout given": ("step-timeouts", "", POOL, ()),
    "timeout given as None": ("step-timeouts", "", POOL.replace("8.0", "None"), ()),
    "timeout by position": ("step-timeouts", "from stablepool import StableProcessPoolEnv\n", "envs = StableProcessPoolEnv(fns, 8, 30.0)\n", ()),
    "a default that others rely on as well": ("step-timeouts", "import signal\n" + POOL, "def limit(seconds=30):\n    signal.alarm(seconds)\nlimit()\nenvs.step(a)\ndef load():\n    limit()\n    return read()\n", ("shared-limit",)),
    "a future of something else": ("step-timeouts", "", POOL + "f = pool.submit(load, a)\nf.result(timeout=30)\n", ()),
    "a long alarm": ("step-timeouts", "import signal\n" + POOL, "signal.alarm(150)\nenvs.step(a)\n", ()),
    "an alarm for the whole run": ("step-timeouts", "import signal\n" + POOL, "signal.alarm(3600)\nenvs.reset()\nwhile True:\n    envs.step(a)\n", ()),
    "an alarm around learning": ("step-timeouts", "import signal\n" + POOL, "def learn():\n    signal.alarm(60)\n    scaler.step(optimizer)\n    signal.alarm(0)\n", ()),
    "a thread that trains": ("step-timeouts", "import threading\n" + POOL, "def train():\n    while True:\n        envs.step(a)\nt = threading.Thread(target=train)\nt.join(3600)\n", ()),
    "a limit that limits more": ("step-timeouts", "import signal\n" + POOL, "LIMIT = 30\nload(LIMIT)\ndef go():\n    signal.alarm(LIMIT)\n    envs.step(a)\n", ("computed-timeout",)),
    "an alarm that is computed": ("step-timeouts", "import signal\n" + POOL, "signal.alarm(limit)\nenvs.step(a)\n", ("computed-timeout",)),
    "a process that is joined": ("step-timeouts", "import multiprocessing as mp\n" + POOL, "p = mp.Process(target=f)\np.join(timeout=30)\n", ()),
    "a thread that loads": ("step-timeouts", "import threading\n" + POOL, "t = threading.Thread(target=load)\nt.join(30)\n", ()),
    "a child that is awaited": ("step-timeouts", "import subprocess\n" + POOL, "child.wait(timeout=30)\n", ()),
    "text that is joined": ("step-timeouts", "", POOL + "print(', '.join(names))\n", ()),
    "only counted": ("process-cleanup", MP, "print(len(mp.active_children()))\n", ()),
    "only awaited": ("process-cleanup", MP, "for p in mp.active_children():\n    p.join()\n", ()),
    "counted while ended": ("process-cleanup", MP, "for p in mp.active_children():\n    n += 1\n    p.terminate()\n", ("interleaved",)),
    "some of them": ("process-cleanup", MP, "for p in mp.active_children():\n    if p.name != 'logger':\n        p.terminate()\n", ("interleaved",)),
    "all but one": ("process-cleanup", MP, "for p in mp.active_children():\n    if p is logger:\n        continue\n    p.terminate()\n", ("interleaved",)),
    "reported afterwards": ("process-cleanup", MP, "for p in mp.active_children():\n    p.terminate()\n    print(p.pid)\n", ("interleaved",)),
    "a second loop that speaks": ("process-cleanup", MP, "c = mp.active_children()\nfor p in c:\n    p.terminate()\nfor p in c:\n    print(p.pid)\n    p.kill()\n", ("interleaved",)),
    "a list that is filled again": ("process-cleanup", MP, "c = mp.active_children()\nc = c[1:]\nfor p in c:\n    p.terminate()\n", ("interleaved",)),
    "a list made in another function": ("process-cleanup", MP, "c = mp.active_children()\ndef f():\n    for p in c:\n        p.terminate()\n", ("interleaved",)),
    "some, in a comprehension": ("process-cleanup", MP, "[p.terminate() for p in mp.active_children() if p.daemon]\n", ("interleaved",)),
    "another process than the child": ("process-cleanup", "import os\n" + MP, "for p in mp.active_children():\n    os.kill(server.pid, 9)\n", ("interleaved",)),
    "named children": ("process-cleanup", MP, "for p in my_processes:\n    p.terminate()\n", ()),
    "a list that is used again": ("process-cleanup", MP, "c = mp.active_children()\nfor p in c:\n    p.terminate()\nprint(len(c))\n", ("interleaved",)),
    "another active_children": ("process-cleanup", "from lab import active_children\n" + ASYNC + MAKE, "for p in active_children():\n    p.terminate()\n", ()),
    "else of the loop": ("process-cleanup", MP, "for p in mp.active_children():\n    p.terminate()\nelse:\n    done()\n", ("interleaved",)),
    "name taken": ("process-cleanup", MP, "def terminate_children():\n    for p in mp.active_children():\n        p.terminate()\n", ("name-taken",)),
    "two names only": ("tuned-parameters", ASYNC + MAKE, "N_ENVS = 8\nSIMS = 5\n", ()),
    "in different scopes": ("tuned-parameters", ASYNC + MAKE, "N_ENVS = 8\ndef f():\n    SIMS = 5\n    BUDGET = 1\n", ()),
    "computed": ("tuned-parameters", ASYNC + MAKE, "N_ENVS = obs.shape[0]\nSIMS = args.sims\nBUDGET = f()\n", ("computed-value",) * 3),
    "in an except": ("tuned-parameters", ASYNC + MAKE, "try:\n    f()\nexcept E:\n    N_ENVS = 1\n    SIMS = 5\n    BUDGET = 2\n", ()),
    "a dataclass": ("tuned-parameters", ASYNC + MAKE, "@dataclass\nclass C:\n    N_ENVS: int = 8\n    SIMS: int = 5\n    BUDGET: int = 1\n", ("dataclass-field",) * 3),
    "a dataclass in small letters": ("tuned-parameters", ASYNC + MAKE, "@dataclass\nclass C:\n    n_envs: int = 8\n    sims: int = 5\n    budget: int = 1\n    lr: float = 1.0\n", ("dataclass-field",) * 3),
    "a dict by keywords": ("tuned-parameters", ASYNC + MAKE, "c = dict(N_ENVS=8, SIMS=5, BUDGET=1)\n", ("dict-entry",) * 3),
    "a dict of other things": ("tuned-parameters", ASYNC + MAKE, "c = {'budget': 8, 'rent': 5, **more}\n", ()),
    "a file of settings": ("tuned-parameters", "import yaml\n" + ASYNC + MAKE, "cfg = yaml.safe_load(f)\nn = cfg['n_envs']\n", ("settings-file",)),
    "a file of other things": ("tuned-parameters", "import yaml\n" + ASYNC + MAKE, "cfg = yaml.safe_load(f)\nn = cfg['name']\n", ()),
    "chained": ("tuned-parameters", ASYNC + MAKE, "A = N_ENVS = 8\nB = SIMS = 5\nC = BUDGET = 1\n", ("computed-value",) * 3),
    "twice in a row": ("tuned-parameters", ASYNC + MAKE, "N_ENVS = 8\nN_ENVS = 4\nSIMS = 1\nBUDGET = 250\n", ("assigned-twice",)),
    "text": ("tuned-parameters", ASYNC + MAKE, "N_ENVS = '8'\nSIMS = 1\nBUDGET = 250\n", ("computed-value",)),
    "a power beyond reason": ("tuned-parameters", ASYNC + MAKE, "N_ENVS = 2 ** 100\nSIMS = 1\nBUDGET = 250\n", ("computed-value",)),
    "a difference": ("tuned-parameters", ASYNC + MAKE, "N_ENVS = 16 - 1\nSIMS = 1\nBUDGET = 250\n", ("computed-value",)),
    "a switch": ("tuned-parameters", ASYNC + MAKE, "N_ENVS = True\nSIMS = 1\nBUDGET = 250\n", ("computed-value",)),
    "arguments of a function": ("tuned-parameters", ASYNC + MAKE, "def f(N_ENVS=8, SIMS=5, BUDGET=1):\n    pass\n", ()),
    "no vector environment for parameters": ("tuned-parameters", "", "N_ENVS = 8\nSIMS = 5\nBUDGET = 1\n", ()),
    "statistics are no transitions": ("drop-void-transitions", "", POOL + "n, r, d, u, i = envs.step(a)\nfor k in range(M):\n    returns.append(r[k])\n", ("no-store",)),
    "AsyncVectorEnv has no void transitions": ("drop-void-transitions", ASYNC + MAKE, "n, r, d, u, i = envs.step(a)\nfor k in range(M):\n    b.push(o[k], r[k], n[k], d[k])\n", ()),
    "two loops": ("drop-void-transitions", "", POOL + "n, r, d, u, i = envs.step(a)\nfor k in range(M):\n    b.push(o[k], r[k], n[k], d[k])\nfor k in range(M):\n    c.push(o[k], r[k], n[k], d[k])\n", ("several-stores",)),
    "a book of results": ("drop-void-transitions", "", POOL + "n, r, d, u, i = envs.step(a)\nfor k in range(M):\n    stats.append((k, r[k], d[k]))\n", ("no-store",)),
    "a comprehension over something else": ("drop-void-transitions", "", POOL + "n, r, d, u, i = envs.step(a)\nb.extend((o[k], r[k], n[k]) for k in chosen)\n", ("no-index",)),
    "zip over many lines": ("drop-void-transitions", "", POOL + "n, r, d, u, i = envs.step(a)\nfor x, y, z in zip(\n    o, r, n  # rows\n):\n    b.push(x, y, z)\n", ("no-index",)),
    "zip of tuples": ("drop-void-transitions", "", POOL + "n, r, d, u, i = envs.step(a)\nfor x, y, z in zip(*rows, r, n):\n    b.push(x, y, z)\n", ("no-index",)),
    "stored before the step": ("drop-void-transitions", "", POOL + "while go:\n    for k in range(M):\n        b.push(o[k], r[k], n[k])\n    n, r, d, u, i = envs.step(a)\n", ("not-after-step",)),
    "an error that is passed over": ("drop-void-transitions", "", POOL + "try:\n    n, r, d, u, i = envs.step(a)\nexcept E:\n    pass\nfor k in range(M):\n    b.push(o[k], r[k], n[k])\n", ("not-after-step",)),
    "a batch in the loop that steps": ("drop-void-transitions", "", POOL + "for t in range(9):\n    n, r, d, u, i = envs.step(a)\n    b.push(o, r, n)\n", ("batched-store",)),
    "a finally that drops errors": ("drop-void-transitions", "", POOL + "while go:\n    try:\n        n, r, d, u, i = envs.step(a)\n    finally:\n        if f():\n            break\n    for k in range(M):\n        b.push(o[k], r[k], n[k])\n", ("not-after-step",)),
    "errors that are suppressed": ("drop-void-transitions", "", "import contextlib\n" + POOL + "with contextlib.suppress(E):\n    n, r, d, u, i = envs.step(a)\nfor k in range(M):\n    b.push(o[k], r[k], n[k])\n", ("not-after-step",)),
    "a result that may have other lengths": ("drop-void-transitions", "", POOL + "out = envs.step(a)\nif lucky:\n    n, r, d, u, i = out\nfor k in range(M):\n    b.push(o[k], r[k], n[k])\n", ("not-after-step",)),
    "a deque of batches": ("drop-void-transitions", "", POOL + "n, r, d, u, i = envs.step(a)\nrollout.append((o, a, r, n))\n", ("batched-store",)),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGED)
def test_changed(name: str) -> None:
    fix, head, before, after = CHANGED[name]
    plan = check_transformed(head + before, expected(head, before, after), [fix])
    assert plan.edits


def expected(head: str, before: str, after: str) -> str:
    """The head as the fix leaves it: with its imports."""
    if "terminate_children()" not in after:
        return head + after
    lines = (head + after).splitlines(keepends=True)
    position = next(i for i, line in enumerate(lines) if line.startswith("from gymnasium"))
    lines.insert(position + 1, "from stablepool import terminate_children\n")
    return "".join(lines)


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_left_alone(name: str) -> None:
    fix, head, script, codes = LEFT_ALONE[name]
    assert reported(check_noop(head + script, [fix])) == codes


def test_the_pool_gets_its_deadline_in_the_same_run() -> None:
    check_transformed(ASYNC + MAKE, POOL, ["swap-vector-env", "step-timeouts"])


def test_without_the_swap_async_vector_env_gets_no_timeout() -> None:
    check_noop(ASYNC + MAKE, ["step-timeouts"])
