"""Examples of int8-actions: each is a test and a piece of the documentation."""

from __future__ import annotations

from ..model import Case

__all__ = ["CASES"]

CASES = (
    Case(
        "the empty test action of a factory, and the masks of a policy",
        """\
import numpy as np
from gymnasium.vector import AsyncVectorEnv

def make_env(raster):
    def _init():
        env = FuelBreakEnv(raster)
        HxW = env.action_space.n
        test_action = np.zeros(HxW)
        env.step(test_action)
        return env
    return _init

def choose(n, HxW, cells):
    actions = np.zeros((n, HxW))
    for i in range(n):
        actions[i, cells[i]] = 1
    return actions

envs = AsyncVectorEnv([make_env(r) for r in rasters])
""",
        """\
import numpy as np
from gymnasium.vector import AsyncVectorEnv

def make_env(raster):
    def _init():
        env = FuelBreakEnv(raster)
        HxW = env.action_space.n
        test_action = np.zeros(HxW, dtype=np.int8)
        env.step(test_action)
        return env
    return _init

def choose(n, HxW, cells):
    actions = np.zeros((n, HxW), dtype=np.int8)
    for i in range(n):
        actions[i, cells[i]] = 1
    return actions

envs = AsyncVectorEnv([make_env(r) for r in rasters])
""",
    ),
    Case(
        "another dtype",
        """\
import numpy as np
from gymnasium.vector import AsyncVectorEnv

envs = AsyncVectorEnv(env_fns)
action = np.zeros(H * W, dtype=np.float32)
action[cell] = 1.0
""",
        """\
import numpy as np
from gymnasium.vector import AsyncVectorEnv

envs = AsyncVectorEnv(env_fns)
action = np.zeros(H * W, dtype=np.int8)
action[cell] = 1.0
""",
    ),
    Case(
        "continuous control, discrete actions and torch are left alone",
        """\
import numpy as np
import torch
from gymnasium.vector import AsyncVectorEnv

envs = AsyncVectorEnv(env_fns)
action = np.zeros(envs.single_action_space.shape)
forces = np.zeros(n_joints * 2)
forces[0] = 0.5
envs.step(forces)
actions = torch.zeros(n_cells)
choices = np.zeros(n_envs, dtype=np.int64)
envs.step(choices)
""",
    ),
    Case(
        "environments with binary actions, whose actions are made in other ways: reported",
        """\
import numpy as np
from fuelbreak import FuelBreakEnv
from gymnasium.vector import AsyncVectorEnv

envs = AsyncVectorEnv([lambda: FuelBreakEnv(r) for r in rasters])
action = [0] * n_cells
action[cell] = 1
env.step(action)
envs.step(actions.astype(np.float32))
""",
        diagnostics=("other-array", "other-array"),
    ),
)
