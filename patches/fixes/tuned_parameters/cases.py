"""Examples of tuned-parameters: each is a test and a piece of the documentation."""

from __future__ import annotations

from ..model import Case

__all__ = ["CASES"]

CASES = (
    Case(
        "values change, comments stay",
        """\
from gymnasium.vector import AsyncVectorEnv

N_ENVS = 16
STEPS_PER_EP = 10  # steps
BUFFER_CAP = int(2e4)  # transitions
BATCH_SIZE = (32)
BUDGET = 100
SIMS = 10
envs = AsyncVectorEnv([make_env(i) for i in range(N_ENVS)])
""",
        """\
from gymnasium.vector import AsyncVectorEnv

N_ENVS = 32
STEPS_PER_EP = 25  # steps
BUFFER_CAP = 200_000  # transitions
BATCH_SIZE = (64)
BUDGET = 250
SIMS = 1
envs = AsyncVectorEnv([make_env(i) for i in range(N_ENVS)])
""",
    ),
    Case(
        "two of the names are not enough to know the script by",
        """\
from gymnasium.vector import AsyncVectorEnv

N_ENVS = 16
BATCH_SIZE = 32
envs = AsyncVectorEnv([make_env(i) for i in range(N_ENVS)])
""",
    ),
    Case(
        "a value that is computed is left alone, and so is a fallback",
        """\
from gymnasium.vector import AsyncVectorEnv

N_ENVS = os.cpu_count()
BATCH_SIZE = 32
BUDGET = 100
try:
    envs = AsyncVectorEnv([make_env(i) for i in range(N_ENVS)])
except MemoryError:
    BATCH_SIZE = 8
""",
        """\
from gymnasium.vector import AsyncVectorEnv

N_ENVS = os.cpu_count()
BATCH_SIZE = 64
BUDGET = 250
try:
    envs = AsyncVectorEnv([make_env(i) for i in range(N_ENVS)])
except MemoryError:
    BATCH_SIZE = 8
""",
        diagnostics=("computed-value",),
    ),
    Case(
        "settings in a dict are reported",
        """\
from gymnasium.vector import AsyncVectorEnv

CONFIG = {"n_envs": 16, "batch_size": 32, "sims": 10, "lr": 3e-4}
envs = AsyncVectorEnv([make_env(i) for i in range(CONFIG["n_envs"])])
""",
        diagnostics=("dict-entry", "dict-entry", "dict-entry"),
    ),
    Case(
        "defaults of command-line flags are reported",
        """\
from gymnasium.vector import AsyncVectorEnv

parser.add_argument("--batch-size", type=int, default=32)
envs = AsyncVectorEnv(env_fns)
""",
        diagnostics=("argparse-default",),
    ),
)
