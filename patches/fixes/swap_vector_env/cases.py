"""What swap-vector-env does, leaves alone and refuses, by example."""

from __future__ import annotations

from ..model import Case

__all__ = ["CASES"]

CASES = (
    Case(
        "the class imported by name",
        """\
from gymnasium.vector import AsyncVectorEnv

def main():
    envs = AsyncVectorEnv([make_env(i) for i in range(8)])
""",
        """\
from stablepool import StableProcessPoolEnv

def main():
    envs = StableProcessPoolEnv([make_env(i) for i in range(8)])
""",
    ),
    Case(
        "one of several imported names; old gym resets within a step, and the pool is told to",
        """\
from gym.vector import AsyncVectorEnv, SyncVectorEnv

def main():
    envs = AsyncVectorEnv(env_fns, shared_memory=False)
""",
        """\
from gym.vector import SyncVectorEnv
from stablepool import StableProcessPoolEnv

def main():
    envs = StableProcessPoolEnv(env_fns, shared_memory=False, autoreset_mode="SameStep")
""",
    ),
    Case(
        "the class reached through its package",
        """\
import gymnasium as gym
import numpy as np

envs = gym.vector.AsyncVectorEnv([lambda: gym.make("CartPole-v1")] * 4)
""",
        """\
import gymnasium as gym
import numpy as np
from stablepool import StableProcessPoolEnv

envs = StableProcessPoolEnv([lambda: gym.make("CartPole-v1")] * 4)
""",
    ),
    Case(
        "`import ... as` keeps the script's own name",
        """\
from gymnasium.vector.async_vector_env import AsyncVectorEnv as VecEnv

envs = VecEnv(env_fns)
""",
        """\
from stablepool import StableProcessPoolEnv as VecEnv

envs = VecEnv(env_fns)
""",
    ),
    Case(
        "the class chosen at run time",
        """\
from gymnasium.vector import AsyncVectorEnv, SyncVectorEnv

cls = AsyncVectorEnv if parallel else SyncVectorEnv
envs = cls(env_fns)
""",
        """\
from gymnasium.vector import SyncVectorEnv
from stablepool import StableProcessPoolEnv

cls = StableProcessPoolEnv if parallel else SyncVectorEnv
envs = cls(env_fns)
""",
    ),
    Case(
        "an environment's id in place of functions",
        """\
import gymnasium as gym

envs = gym.make_vec("CartPole-v1", num_envs=8, vectorization_mode="async", max_episode_steps=100)
""",
        """\
import gymnasium as gym
from stablepool import StableProcessPoolEnv

envs = StableProcessPoolEnv([lambda: gym.make("CartPole-v1", max_episode_steps=100) for _ in range(8)])
""",
    ),
    Case(
        "a class of the same name from another library is none of ours",
        """\
from mylab.vector import AsyncVectorEnv

envs = AsyncVectorEnv(env_fns)
""",
        diagnostics=("other-library",),
    ),
    Case(
        "a worker function that cannot be seen",
        """\
from gymnasium.vector import AsyncVectorEnv

envs = AsyncVectorEnv(env_fns, worker=my_worker)
""",
        diagnostics=("worker-argument",),
    ),
    Case(
        "a subclass leans on internals",
        """\
from gymnasium.vector import AsyncVectorEnv

class MyVectorEnv(AsyncVectorEnv):
    pass
""",
        diagnostics=("subclass",),
    ),
    Case(
        "a test for the class decides what the script does",
        """\
from gymnasium.vector import AsyncVectorEnv

envs = AsyncVectorEnv(env_fns)

def show(envs):
    if isinstance(envs, AsyncVectorEnv):
        print(envs)
""",
        diagnostics=("type-test",),
    ),
    Case(
        "a stand-in for the first environment has no counterpart",
        """\
from gymnasium.vector import AsyncVectorEnv

envs = AsyncVectorEnv(env_fns, dummy_env_fn=make_small)
""",
        diagnostics=("dummy_env_fn-argument",),
    ),
    Case(
        "arguments that cannot be seen",
        """\
from gymnasium.vector import AsyncVectorEnv

envs = AsyncVectorEnv(env_fns, **settings)
""",
        diagnostics=("star-arguments",),
    ),
    Case(
        "arguments by position: Gymnasium 1 has a bool second, all before it have two spaces there",
        """\
from gymnasium.vector import AsyncVectorEnv

envs = AsyncVectorEnv(env_fns, False)
eval_envs = AsyncVectorEnv(env_fns, None, None, False)
""",
        """\
from stablepool import StableProcessPoolEnv

envs = StableProcessPoolEnv(env_fns, shared_memory=False)
eval_envs = StableProcessPoolEnv(env_fns, shared_memory=False)
""",
    ),
    Case(
        "arguments by position that may be either",
        """\
from gymnasium.vector import AsyncVectorEnv

envs = AsyncVectorEnv(env_fns, space)
""",
        diagnostics=("positional-arguments",),
    ),
    Case(
        "a class that is handed on takes its own arguments along",
        """\
from gymnasium.vector import AsyncVectorEnv, SyncVectorEnv

cls = AsyncVectorEnv if parallel else SyncVectorEnv
envs = cls(env_fns)
""",
        """\
from functools import partial
from gymnasium.vector import SyncVectorEnv
from stablepool import StableProcessPoolEnv

cls = partial(StableProcessPoolEnv, timeout=8.0) if parallel else SyncVectorEnv
envs = cls(env_fns)
""",
        only=("step-timeouts",),
    ),
    Case(
        "wrappers and vector_kwargs of make_vec",
        """\
import gymnasium as gym
from gymnasium.wrappers import FlattenObservation

envs = gym.make_vec("CartPole-v1", 8, "async", {"copy": False}, [FlattenObservation])
""",
        """\
import gymnasium as gym
from gymnasium.wrappers import FlattenObservation
from stablepool import StableProcessPoolEnv

envs = StableProcessPoolEnv(
    [lambda: FlattenObservation(gym.make("CartPole-v1")) for _ in range(8)],
    copy=False,
)
""",
    ),
    Case(
        "a file that only speaks of the class",
        """\
from gymnasium.vector import AsyncVectorEnv

def evaluate(envs: AsyncVectorEnv):
    pass
""",
        diagnostics=("only-annotated",),
    ),
    Case(
        "internals of the class",
        """\
from gymnasium.vector import AsyncVectorEnv

envs = AsyncVectorEnv(env_fns)
print(envs._state)
""",
        diagnostics=("internals",),
    ),
    Case(
        "old gym's four values, and infos that are a list",
        """\
import gym

envs = gym.vector.AsyncVectorEnv(env_fns)
obs = envs.reset()
for step in range(1000):
    obs, rewards, dones, infos = envs.step(policy(obs))
    for i, info in enumerate(infos):
        if dones[i]:
            last = info["terminal_observation"]
""",
        """\
import gym
from stablepool import StableProcessPoolEnv, list_infos

envs = StableProcessPoolEnv(env_fns, autoreset_mode="SameStep")
obs = envs.reset()[0]
for step in range(1000):
    obs, rewards, terminated, truncated, infos = envs.step(policy(obs))
    dones = terminated | truncated
    infos = list_infos(infos, envs.num_envs, terminations=terminated, truncations=truncated)
    for i, info in enumerate(infos):
        if dones[i]:
            last = info["terminal_observation"]
""",
        diagnostics=("old-gym",),
    ),
    Case(
        "a script that takes four values or five needs no change of its own",
        """\
from gym.vector import AsyncVectorEnv

envs = AsyncVectorEnv(env_fns)
out = envs.step(actions)
if len(out) == 5:
    obs, rewards, terminated, truncated, infos = out
    done = terminated | truncated
else:
    obs, rewards, done, infos = out
""",
        """\
from stablepool import StableProcessPoolEnv

envs = StableProcessPoolEnv(env_fns, autoreset_mode="SameStep")
out = envs.step(actions)
if len(out) == 5:
    obs, rewards, terminated, truncated, infos = out
    done = terminated | truncated
else:
    obs, rewards, done, infos = out
""",
    ),
    Case(
        "seeds of old gym, and wrappers that Gymnasium 1.0 has moved",
        """\
import gymnasium as gym

envs = gym.vector.AsyncVectorEnv(env_fns)
envs = gym.wrappers.RecordEpisodeStatistics(envs)
envs.seed(7)
obs, infos = envs.reset()
""",
        """\
import gymnasium as gym
from stablepool import StableProcessPoolEnv

envs = StableProcessPoolEnv(env_fns)
envs = gym.wrappers.vector.RecordEpisodeStatistics(envs)
obs, infos = envs.reset(seed=7)
""",
    ),
    Case(
        "a test for a space of old gym",
        """\
import gym

envs = gym.vector.AsyncVectorEnv(env_fns)
assert isinstance(envs.single_action_space, gym.spaces.Discrete)
obs, rewards, terminated, truncated, infos = envs.step(actions)
""",
        """\
import gym
from gymnasium.spaces import Discrete
from stablepool import StableProcessPoolEnv

envs = StableProcessPoolEnv(env_fns, autoreset_mode="SameStep")
assert isinstance(envs.single_action_space, Discrete)
obs, rewards, terminated, truncated, infos = envs.step(actions)
""",
    ),
    Case(
        "infos of episodes that ended, as Gymnasium before 1.0 had them",
        """\
import gymnasium as gym

envs = gym.vector.AsyncVectorEnv(env_fns)
next_obs, rewards, terminations, truncations, infos = envs.step(actions)
if "final_info" in infos:
    for info in infos["final_info"]:
        if info and "episode" in info:
            print(info["episode"]["r"][0])
real_next_obs = next_obs.copy()
for i, truncated in enumerate(truncations):
    if truncated:
        real_next_obs[i] = infos["final_observation"][i]
""",
        """\
import gymnasium as gym
from stablepool import StableProcessPoolEnv, final_infos

envs = StableProcessPoolEnv(env_fns, autoreset_mode="SameStep")
next_obs, rewards, terminations, truncations, infos = envs.step(actions)
if "final_info" in infos:
    for info in final_infos(infos):
        if info and "episode" in info:
            print(info["episode"]["r"])
real_next_obs = next_obs.copy()
for i, truncated in enumerate(truncations):
    if truncated:
        real_next_obs[i] = infos["final_obs"][i]
""",
    ),
    Case(
        "environments in place of functions that make them",
        """\
import gymnasium as gym

envs = gym.vector.AsyncVectorEnv([gym.make("CartPole-v1")] * 4)
""",
        diagnostics=("environments-not-functions",),
    ),
)
