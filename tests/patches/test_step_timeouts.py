"""Hand-made limits around a step: longer than the pool's deadline, or reported; and the patched scripts run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from tests.patches.tools import check_noop, check_transformed, patched, reported

POOL = """\
from stablepool import StableProcessPoolEnv
N_ENVS = 32
envs = StableProcessPoolEnv(fns(N_ENVS), timeout=8.0)
"""
IMPORTS = (
    "import asyncio\nimport concurrent.futures as cf\nimport queue\nimport signal\nimport threading\n" + POOL
)

# name: (before, after)
RAISED = {
    "step_wait": (
        "envs.step_async(a)\nout = envs.step_wait(timeout=10)\n",
        "envs.step_async(a)\nout = envs.step_wait(timeout=60)\n",
    ),
    "reset_wait by position": (
        "envs.reset_async()\nout = envs.reset_wait(5.0)\n",
        "envs.reset_async()\nout = envs.reset_wait(60.0)\n",
    ),
    "call_wait": (
        "envs.call_async('x')\nout = envs.call_wait(timeout=5)\n",
        "envs.call_async('x')\nout = envs.call_wait(timeout=60)\n",
    ),
    "a constant for step_wait": (
        "LIMIT = 10\nenvs.step_async(a)\nout = envs.step_wait(LIMIT)\n",
        "LIMIT = 60\nenvs.step_async(a)\nout = envs.step_wait(LIMIT)\n",
    ),
    "a queue that a thread fills": (
        """\
        results = queue.Queue()
        def work():
            results.put(envs.step(a))
        threading.Thread(target=work).start()
        out = results.get(timeout=10)
        """,
        """\
        results = queue.Queue()
        def work():
            results.put(envs.step(a))
        threading.Thread(target=work).start()
        out = results.get(timeout=60)
        """,
    ),
    "an event that a thread sets": (
        """\
        done = threading.Event()
        def work():
            envs.step(a)
            done.set()
        threading.Thread(target=work).start()
        if not done.wait(10):
            raise TimeoutError("no step in 10 s")
        """,
        """\
        done = threading.Event()
        def work():
            envs.step(a)
            done.set()
        threading.Thread(target=work).start()
        if not done.wait(60):
            raise TimeoutError("no step in 60 s")
        """,
    ),
    "asyncio": (
        "async def go():\n    return await asyncio.wait_for(asyncio.to_thread(envs.step, a), timeout=10)\n",
        "async def go():\n    return await asyncio.wait_for(asyncio.to_thread(envs.step, a), timeout=60)\n",
    ),
    "an executor of an event loop": (
        "async def go(loop):\n    return await asyncio.wait_for(loop.run_in_executor(None, envs.step, a), 10)\n",
        "async def go(loop):\n    return await asyncio.wait_for(loop.run_in_executor(None, envs.step, a), 60)\n",
    ),
    "several futures": (
        "f = pool.submit(envs.step, a)\ndone, late = cf.wait([f], timeout=10)\n",
        "f = pool.submit(envs.step, a)\ndone, late = cf.wait([f], timeout=60)\n",
    ),
    "futures as they end": (
        "fs = [pool.submit(envs.step, a)]\nfor f in cf.as_completed(fs, 10):\n    use(f)\n",
        "fs = [pool.submit(envs.step, a)]\nfor f in cf.as_completed(fs, 60):\n    use(f)\n",
    ),
    "a pool of threads": (
        "r = pool.apply_async(envs.step, (a,))\nout = r.get(timeout=10)\n",
        "r = pool.apply_async(envs.step, (a,))\nout = r.get(timeout=60)\n",
    ),
    "threads of a list": (
        """\
        threads = [threading.Thread(target=envs.step, args=(a,))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=10)
        """,
        """\
        threads = [threading.Thread(target=envs.step, args=(a,))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        """,
    ),
    "futures that are appended": (
        "fs = []\nfs.append(pool.submit(envs.step, a))\nfor f in fs:\n    out = f.result(timeout=10)\n",
        "fs = []\nfs.append(pool.submit(envs.step, a))\nfor f in fs:\n    out = f.result(timeout=60)\n",
    ),
    "a coroutine": (
        "async def go():\n    return envs.step(a)\nasync def main():\n    await asyncio.wait_for(go(), timeout=10)\n",
        "async def go():\n    return envs.step(a)\nasync def main():\n    await asyncio.wait_for(go(), timeout=60)\n",
    ),
    "func_timeout": (
        "from func_timeout import func_timeout\nout = func_timeout(10, envs.step, args=(a,))\n",
        "from func_timeout import func_timeout\nout = func_timeout(60, envs.step, args=(a,))\n",
    ),
    "a timer": (
        "for _ in range(9):\n    t = threading.Timer(10, stop)\n    t.start()\n    envs.step(a)\n    t.cancel()\n",
        "for _ in range(9):\n    t = threading.Timer(60, stop)\n    t.start()\n    envs.step(a)\n    t.cancel()\n",
    ),
    "a decorator of the script": (
        """\
        def limit(seconds):
            def decorate(function):
                def wrapped(*arguments):
                    signal.alarm(seconds)
                    return function(*arguments)
                return wrapped
            return decorate
        @limit(10)
        def go(a):
            return envs.step(a)
        """,
        """\
        def limit(seconds):
            def decorate(function):
                def wrapped(*arguments):
                    signal.alarm(seconds)
                    return function(*arguments)
                return wrapped
            return decorate
        @limit(60)
        def go(a):
            return envs.step(a)
        """,
    ),
    "a decorator of a library": (
        "import timeout_decorator\n@timeout_decorator.timeout(10)\ndef go(a):\n    return envs.step(a)\n",
        "import timeout_decorator\n@timeout_decorator.timeout(60)\ndef go(a):\n    return envs.step(a)\n",
    ),
    "a block of a library": (
        "async def go():\n    async with asyncio.timeout(10):\n        envs.step(a)\n",
        "async def go():\n    async with asyncio.timeout(60):\n        envs.step(a)\n",
    ),
    "an interval timer that repeats": (
        "signal.setitimer(signal.ITIMER_REAL, 10, 1)\nenvs.step(a)\nsignal.setitimer(signal.ITIMER_REAL, 0)\n",
        "signal.setitimer(signal.ITIMER_REAL, 60, 1)\nenvs.step(a)\nsignal.setitimer(signal.ITIMER_REAL, 0)\n",
    ),
}

# name: (script, reported)
LEFT_ALONE: dict[str, tuple[str, tuple[str, ...]]] = {
    "long enough": ("envs.step_async(a)\nenvs.step_wait(timeout=60)\n", ()),
    "no limit": ("envs.step_async(a)\nenvs.step_wait(timeout=None)\n", ()),
    "from the command line": ("envs.step_async(a)\nenvs.step_wait(timeout=args.t)\n", ("computed-timeout",)),
    "a parameter that nobody gives": (
        "def go(t):\n    envs.step_async(a)\n    return envs.step_wait(t)\n",
        ("computed-timeout",),
    ),
    "a step that is waited for again": (
        "envs.step_async(a)\nwhile True:\n    out = envs.step_wait(timeout=1)\n",
        ("polled-wait",),
    ),
    "a thread that is joined again": (
        "t = threading.Thread(target=envs.step)\nt.start()\nwhile t.is_alive():\n    t.join(0.5)\n",
        ("polled-wait",),
    ),
    "a queue that a sampler fills": (
        """\
        rows = queue.Queue()
        def sample():
            while True:
                rows.put(envs.step(a))
        threading.Thread(target=sample).start()
        row = rows.get(timeout=1)
        """,
        ("polled-wait",),
    ),
    "a limit that shall be missed": (
        "import pytest\nenvs.step_async(a)\nwith pytest.raises(TimeoutError):\n    envs.step_wait(timeout=0.1)\n",
        ("expected-timeout",),
    ),
    "a limit for an episode": (
        "def go():\n    signal.alarm(30)\n    for _ in range(9):\n        envs.step(a)\n    signal.alarm(0)\n",
        ("unclear-guard",),
    ),
    "a limit for the whole run": (
        "def go():\n    signal.alarm(3600)\n    for _ in range(9):\n        envs.step(a)\n",
        (),
    ),
    "a queue of something else": ("tasks = queue.Queue()\ntasks.get(timeout=1)\n", ()),
    "an environment that the script does not make": (
        "def check(env):\n    signal.alarm(5)\n    env.step(a)\n    signal.alarm(0)\n",
        ("unclear-guard",),
    ),
    "an environment that the script makes": (
        "env = FuelBreakEnv(r)\nsignal.alarm(5)\nenv.step(a)\nsignal.alarm(0)\n",
        (),
    ),
}


@pytest.mark.parametrize("name", RAISED)
def test_short_limits_are_raised(name: str) -> None:
    before, after = (IMPORTS + dedent(text) for text in RAISED[name])
    check_transformed(before, after, ["step-timeouts"])


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_limits_that_stay(name: str) -> None:
    script, codes = LEFT_ALONE[name]
    plan = check_noop(IMPORTS + dedent(script), ["step-timeouts"])
    assert reported(plan) == codes
    assert all("at least 60 s" in d.hint for d in plan.diagnostics if d.kind == "notice")


def guard_after(head: str, preset: str = "balanced") -> str:
    """The seconds that an alarm of one second gets."""
    script = f"import signal\n{head}signal.alarm(1)\nenvs.step(a)\nsignal.alarm(0)\n"
    after, _ = patched(script, preset=preset)
    return after.partition("signal.alarm(")[2].partition(")")[0]


def test_the_guard_is_computed_from_what_the_pool_has_or_will_have() -> None:
    made = "from gymnasium.vector import AsyncVectorEnv\n{}envs = AsyncVectorEnv(fns)\n"
    pool = "from stablepool import StableProcessPoolEnv\n{}envs = StableProcessPoolEnv(fns{})\n"
    tuned = "N_ENVS = 4\nSIMS = 10\nBUDGET = 3\nBATCH_SIZE = 1\n"
    assert guard_after(made.format(tuned)) == "60"
    assert guard_after(made.format(tuned), "many-core") == "120"
    assert guard_after(made.format("")) == "120"
    assert guard_after(pool.format("N_ENVS = 64\n", ", timeout=1.0")) == "60"
    assert guard_after(pool.format("N_ENVS = 64\n", ", 4, 8.0")) == "300"
    assert guard_after(pool.format("N_ENVS = 16\n", ", timeout=8.0, reset_timeout=60.0")) == "270"
    assert guard_after(pool.format("N_ENVS = 16\n", ", timeout=8.0, reset_timeout='timeout'")) == "60"
    assert guard_after(pool.format("", ", timeout=None")) == "1"


def test_a_script_that_is_not_swapped_keeps_its_only_limit() -> None:
    script = """\
        import signal
        from gymnasium.vector import AsyncVectorEnv
        envs = AsyncVectorEnv(fns)
        signal.alarm(30)
        envs.step(a)
        signal.alarm(0)
        """
    plan = check_noop(script, ["step-timeouts"])
    assert [d.code for d in plan.diagnostics] == ["not-the-pool"]


def test_a_class_that_is_chosen_at_run_time_takes_its_deadline_along() -> None:
    before = """\
        import signal
        from gymnasium.vector import SyncVectorEnv
        from stablepool import StableProcessPoolEnv
        N_ENVS = 32
        make = StableProcessPoolEnv if parallel else SyncVectorEnv
        envs = make(fns(N_ENVS))
        signal.alarm(30)
        envs.step(a)
        signal.alarm(0)
        """
    after = """\
        import signal
        from functools import partial
        from gymnasium.vector import SyncVectorEnv
        from stablepool import StableProcessPoolEnv
        N_ENVS = 32
        make = partial(StableProcessPoolEnv, timeout=8.0) if parallel else SyncVectorEnv
        envs = make(fns(N_ENVS))
        signal.alarm(60)
        envs.step(a)
        signal.alarm(0)
        """
    check_transformed(before, after, ["step-timeouts"])


def test_arguments_that_are_unpacked_may_hold_a_timeout() -> None:
    script = "from stablepool import StableProcessPoolEnv\nenvs = StableProcessPoolEnv(fns, **settings)\n"
    assert reported(check_noop(script, ["step-timeouts"])) == ("hidden-arguments",)


HANGING = """\
import signal
import threading
import time

from gymnasium.envs.classic_control.cartpole import CartPoleEnv
from stablepool import StableProcessPoolEnv


class Hanging(CartPoleEnv):
    steps = 0

    def step(self, action):
        Hanging.steps += 1
        if Hanging.steps == 3:
            time.sleep(1000)
        return super().step(action)


def on_alarm(*_):
    raise TimeoutError("step timed out after 1 second")


def main():
    envs = StableProcessPoolEnv([Hanging, CartPoleEnv], timeout=1.5)
    envs.reset(seed=0)
    signal.signal(signal.SIGALRM, on_alarm)
    for step in range(5):
        try:
            {body}
            print("ok", infos.get("fault", [None])[0] is not None, flush=True)
        except Exception as error:
            print("raised", type(error).__name__, flush=True)
    envs.close()


if __name__ == "__main__":
    main()
"""
BODIES = {
    "alarm": """\
signal.alarm(1)
envs.step_async(envs.action_space.sample())
infos = envs.step_wait()[4]
signal.alarm(0)
""",
    "thread": """\
envs.step_async(envs.action_space.sample())
got = []
waiter = threading.Thread(target=lambda: got.append(envs.step_wait()), daemon=True)
waiter.start()
waiter.join(timeout=1.0)
infos = got[0][4]
""",
    "step_wait": """\
envs.step_async(envs.action_space.sample())
infos = envs.step_wait(timeout=1)[4]
""",
}


@pytest.mark.slow
@pytest.mark.parametrize("guard", BODIES)
def test_the_pool_acts_first_and_every_step_finishes(guard: str, tmp_path: Path) -> None:
    body = BODIES[guard].rstrip().replace("\n", "\n            ")
    after, _ = patched(HANGING.replace("{body}", body), ["step-timeouts"])
    script = tmp_path / "script.py"
    script.write_text(after, "utf-8")
    run = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=120, check=True
    )
    lines = run.stdout.splitlines()
    assert lines == ["ok False", "ok False", "ok True", "ok False", "ok False"], run.stdout + run.stderr
