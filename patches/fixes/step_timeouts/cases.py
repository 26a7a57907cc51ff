"""Examples of step-timeouts: each is a test and a piece of the documentation."""

from __future__ import annotations

from ..model import Case

__all__ = ["CASES"]

CASES = (
    Case(
        "the constructor carries the deadline",
        """\
from gymnasium.vector import AsyncVectorEnv

envs = AsyncVectorEnv(env_fns)
envs.step_async(actions)
obs, rewards, terminated, truncated, infos = envs.step_wait()
""",
        """\
from stablepool import StableProcessPoolEnv

envs = StableProcessPoolEnv(env_fns, timeout=8.0)
envs.step_async(actions)
obs, rewards, terminated, truncated, infos = envs.step_wait()
""",
        only=("swap-vector-env",),
    ),
    Case(
        "an alarm around the step, and the message that names it: the pool's deadline has to act first",
        """\
import signal
from stablepool import StableProcessPoolEnv

N_ENVS = 32
envs = StableProcessPoolEnv([make_env(i) for i in range(N_ENVS)], timeout=8.0)
signal.alarm(30)
try:
    obs, rewards, terminated, truncated, infos = envs.step(actions)
    signal.alarm(0)
except TimeoutError:
    print("step timed out after 30 seconds")
""",
        """\
import signal
from stablepool import StableProcessPoolEnv

N_ENVS = 32
envs = StableProcessPoolEnv([make_env(i) for i in range(N_ENVS)], timeout=8.0)
signal.alarm(60)
try:
    obs, rewards, terminated, truncated, infos = envs.step(actions)
    signal.alarm(0)
except TimeoutError:
    print("step timed out after 60 seconds")
""",
    ),
    Case(
        "a thread that steps, more environments per worker; the join of a process is another matter",
        """\
import threading
from stablepool import StableProcessPoolEnv

N_ENVS = 32
envs = StableProcessPoolEnv([make_env(i) for i in range(N_ENVS)], max_workers=8, timeout=8.0)
stepper = threading.Thread(target=lambda: envs.step(actions))
stepper.start()
stepper.join(timeout=10.0)
logger_process.join(timeout=10.0)
""",
        """\
import threading
from stablepool import StableProcessPoolEnv

N_ENVS = 32
envs = StableProcessPoolEnv([make_env(i) for i in range(N_ENVS)], max_workers=8, timeout=8.0)
stepper = threading.Thread(target=lambda: envs.step(actions))
stepper.start()
stepper.join(timeout=120.0)
logger_process.join(timeout=10.0)
""",
    ),
    Case(
        "a step_wait that gives up: the step would stay pending; unknown numbers of environments count as 4 a worker",
        """\
from stablepool import StableProcessPoolEnv

envs = StableProcessPoolEnv(env_fns, timeout=8.0)
envs.step_async(actions)
obs, rewards, terminated, truncated, infos = envs.step_wait(timeout=10)
""",
        """\
from stablepool import StableProcessPoolEnv

envs = StableProcessPoolEnv(env_fns, timeout=8.0)
envs.step_async(actions)
obs, rewards, terminated, truncated, infos = envs.step_wait(timeout=120)
""",
    ),
    Case(
        "a limit that is long enough stays; one that is computed is reported with the seconds that it needs",
        """\
import signal
from stablepool import StableProcessPoolEnv

def main():
    envs = StableProcessPoolEnv(env_fns, timeout=8.0)
    for step in range(100):
        signal.alarm(300)
        envs.step(actions)
        signal.alarm(args.limit)
        envs.step(actions)
        signal.alarm(0)
""",
        diagnostics=("computed-timeout",),
    ),
    Case(
        "a deadline that is computed: how long the guard has to be is not known",
        """\
import signal
from stablepool import StableProcessPoolEnv

envs = StableProcessPoolEnv(env_fns, timeout=args.timeout)
signal.alarm(30)
envs.step(actions)
signal.alarm(0)
""",
        diagnostics=("unknown-deadline",),
    ),
    Case(
        "an alarm that guards something else, and one around a single environment",
        """\
import signal
from stablepool import StableProcessPoolEnv

def load(path):
    signal.alarm(60)
    return read(path)

def check(path):
    env = FuelBreakEnv(load(path))
    signal.alarm(10)
    env.step(env.action_space.sample())
    signal.alarm(0)

def main():
    envs = StableProcessPoolEnv(env_fns, timeout=8.0)
    envs.step(actions)
""",
    ),
)
