"""Examples of main-guard: each is a test and a piece of the documentation."""

from __future__ import annotations

from ..model import Case

__all__ = ["CASES"]

CASES = (
    Case(
        "the entry call at the end",
        """\
from gymnasium.vector import AsyncVectorEnv

def main():
    envs = AsyncVectorEnv(env_fns)

# go
main()
""",
        """\
from gymnasium.vector import AsyncVectorEnv

def main():
    envs = AsyncVectorEnv(env_fns)

# go
if __name__ == "__main__":
    main()
""",
    ),
    Case(
        "guarded already",
        """\
from gymnasium.vector import AsyncVectorEnv

def main():
    envs = AsyncVectorEnv(env_fns)

if __name__ == "__main__":
    main()
""",
    ),
    Case(
        "the script does its work at module level: the pool's workers never import it, so it may",
        """\
from gymnasium.vector import AsyncVectorEnv

envs = AsyncVectorEnv(env_fns)
print(envs.reset())
""",
    ),
    Case(
        "work before the entry call that would have to move with it",
        """\
from gymnasium.vector import AsyncVectorEnv

def main(n):
    return AsyncVectorEnv(env_fns[:n])

envs = AsyncVectorEnv(env_fns)
main(4)
""",
        diagnostics=("not-the-only-work",),
    ),
)
