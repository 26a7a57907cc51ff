"""What swap-subproc-vec-env does, leaves alone and refuses, by example."""

from __future__ import annotations

from ..model import Case

__all__ = ["CASES"]

CASES = (
    Case(
        "the class called with its functions",
        """\
import gymnasium as gym
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import SubprocVecEnv

envs = SubprocVecEnv([make_env(i) for i in range(8)], start_method="fork")
model = PPO("MlpPolicy", envs)
""",
        """\
import gymnasium as gym
from stable_baselines3 import PPO
from stablepool.sb3 import StableSubprocVecEnv

envs = StableSubprocVecEnv([make_env(i) for i in range(8)], start_method="fork", timeout=8.0)
model = PPO("MlpPolicy", envs)
""",
    ),
    Case(
        "the class given to make_vec_env",
        """\
import gymnasium as gym
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.vec_env import SubprocVecEnv, VecNormalize

envs = make_vec_env("CartPole-v1", n_envs=8, vec_env_cls=SubprocVecEnv)
more = make_vec_env(make, 8, vec_env_cls=SubprocVecEnv, vec_env_kwargs=dict(start_method="fork"))
""",
        """\
import gymnasium as gym
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.vec_env import VecNormalize
from stablepool.sb3 import StableSubprocVecEnv

envs = make_vec_env("CartPole-v1", n_envs=8, vec_env_cls=StableSubprocVecEnv, vec_env_kwargs={"timeout": 8.0})
more = make_vec_env(make, 8, vec_env_cls=StableSubprocVecEnv, vec_env_kwargs=dict(start_method="fork", timeout=8.0))
""",
    ),
    Case(
        "the class chosen at run time",
        """\
import gymnasium as gym
from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv

cls = SubprocVecEnv if n > 1 else DummyVecEnv
envs = cls([make_env(i) for i in range(n)])
""",
        """\
from functools import partial
import gymnasium as gym
from stable_baselines3.common.vec_env import DummyVecEnv
from stablepool.sb3 import StableSubprocVecEnv

cls = partial(StableSubprocVecEnv, timeout=8.0) if n > 1 else DummyVecEnv
envs = cls([make_env(i) for i in range(n)])
""",
    ),
    Case(
        "a script that names neither gym nor gymnasium",
        """\
from stable_baselines3.common.vec_env import SubprocVecEnv

envs = SubprocVecEnv(env_fns)
""",
        """\
from stablepool.sb3 import StableSubprocVecEnv

envs = StableSubprocVecEnv(env_fns, timeout=8.0)
""",
        diagnostics=("unclear-version",),
    ),
    Case(
        "the class of the same name from Stable-Baselines 2, of baselines, of tianshou",
        """\
from stable_baselines.common.vec_env import SubprocVecEnv

envs = SubprocVecEnv(env_fns)
""",
        diagnostics=("other-library",),
    ),
    Case(
        "a file that only speaks of the class",
        """\
from stable_baselines3.common.vec_env import SubprocVecEnv

def show(envs):
    print(isinstance(envs, SubprocVecEnv))
""",
        diagnostics=("type-test",),
    ),
    Case(
        "environments of gym, which Stable-Baselines3 took before 2.0",
        """\
import gym
from stable_baselines3.common.vec_env import SubprocVecEnv

envs = SubprocVecEnv([lambda: gym.make("CartPole-v1")] * 4)
""",
        diagnostics=("gym-spaces",),
    ),
    Case(
        "a subclass",
        """\
from stable_baselines3.common.vec_env import SubprocVecEnv

class MyVecEnv(SubprocVecEnv):
    pass
""",
        diagnostics=("subclass",),
    ),
    Case(
        "the pipes and processes of the class",
        """\
from stable_baselines3.common.vec_env import SubprocVecEnv

envs = SubprocVecEnv(env_fns)
envs.remotes[0].send(("render", None))
""",
        diagnostics=("internals",),
    ),
)
