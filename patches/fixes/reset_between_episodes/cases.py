"""Examples of reset-between-episodes: each is a test and a piece of the documentation."""

from __future__ import annotations

from ..model import Case

__all__ = ["CASES"]

CASES = (
    Case(
        "the reset comes at the end of each episode, in the script's own words",
        """\
from gymnasium.vector import AsyncVectorEnv

envs = AsyncVectorEnv(env_fns)
obs, infos = envs.reset(seed=1)
for episode in range(100):
    for step in range(25):
        next_obs, rewards, terminated, truncated, infos = envs.step(policy(obs))
        obs = next_obs
    print(episode)
""",
        """\
from gymnasium.vector import AsyncVectorEnv

envs = AsyncVectorEnv(env_fns)
obs, infos = envs.reset(seed=1)
for episode in range(100):
    for step in range(25):
        next_obs, rewards, terminated, truncated, infos = envs.step(policy(obs))
        obs = next_obs
    print(episode)
    # Reset environments for next episode (CRITICAL FIX)
    obs, infos = envs.reset()
""",
    ),
    Case(
        "where a `continue` could skip the end, the reset comes first; a conditional one does not count",
        """\
from gymnasium.vector import AsyncVectorEnv

envs = AsyncVectorEnv(env_fns)
obs = envs.reset()
if isinstance(obs, tuple):
    obs = obs[0]
for ep in range(100):
    if ep % 10 == 0:
        obs = envs.reset()[0]
    for step in range(25):
        obs, rewards, terminated, truncated, infos = envs.step(policy(obs))
    if not losses:
        continue
    print(ep, losses)
""",
        """\
from gymnasium.vector import AsyncVectorEnv

envs = AsyncVectorEnv(env_fns)
obs = envs.reset()
if isinstance(obs, tuple):
    obs = obs[0]
for ep in range(100):
    # Reset environments for next episode (CRITICAL FIX)
    obs = envs.reset()
    if isinstance(obs, tuple):
        obs = obs[0]
    if ep % 10 == 0:
        obs = envs.reset()[0]
    for step in range(25):
        obs, rewards, terminated, truncated, infos = envs.step(policy(obs))
    if not losses:
        continue
    print(ep, losses)
""",
    ),
    Case(
        "rollouts that go on where the last one stopped",
        """\
from gymnasium.vector import AsyncVectorEnv

envs = AsyncVectorEnv(env_fns)
next_obs, _ = envs.reset(seed=1)
for update in range(1, num_updates + 1):
    for step in range(num_steps):
        next_obs, reward, terminations, truncations, infos = envs.step(act(next_obs))
""",
    ),
    Case(
        "a loop until done that resets already",
        """\
from gymnasium.vector import AsyncVectorEnv

envs = AsyncVectorEnv(env_fns)
for episode in range(100):
    obs, _ = envs.reset()
    done = False
    while not done:
        obs, rewards, terminated, truncated, infos = envs.step(policy(obs))
        done = terminated.all()
""",
    ),
    Case(
        "nothing tells episodes from rollouts",
        """\
from gymnasium.vector import AsyncVectorEnv

envs = AsyncVectorEnv(env_fns)
obs, infos = envs.reset()
for i in range(100):
    for t in range(25):
        obs, rewards, terminated, truncated, infos = envs.step(policy(obs))
""",
        diagnostics=("unclear-loop",),
    ),
)
