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
        "an alarm around the step, and the message that names it",
        """\
import signal
from stablepool import StableProcessPoolEnv

envs = StableProcessPoolEnv(env_fns, timeout=8.0)
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

envs = StableProcessPoolEnv(env_fns, timeout=8.0)
signal.alarm(8)
try:
    obs, rewards, terminated, truncated, infos = envs.step(actions)
    signal.alarm(0)
except TimeoutError:
    print("step timed out after 8 seconds")
""",
    ),
    Case(
        "a thread that steps; the join of a process is another matter",
        """\
import threading
from stablepool import StableProcessPoolEnv

envs = StableProcessPoolEnv(env_fns, timeout=5.0)
stepper = threading.Thread(target=lambda: envs.step(actions))
stepper.start()
stepper.join(timeout=10.0)
logger_process.join(timeout=10.0)
""",
        """\
import threading
from stablepool import StableProcessPoolEnv

envs = StableProcessPoolEnv(env_fns, timeout=5.0)
stepper = threading.Thread(target=lambda: envs.step(actions))
stepper.start()
stepper.join(timeout=8.0)
logger_process.join(timeout=10.0)
""",
    ),
    Case(
        "an alarm that guards something else",
        """\
import signal
from stablepool import StableProcessPoolEnv

def load(path):
    signal.alarm(60)
    return read(path)

def main():
    envs = StableProcessPoolEnv(env_fns, timeout=8.0)
    envs.step(actions)
""",
    ),
)
