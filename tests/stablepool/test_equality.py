"""The same seeds give the same results as `AsyncVectorEnv`, bit for bit, with any number of workers."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Text, Tuple
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv, VectorEnv
from gymnasium.vector.utils import batch_space

from stablepool import StableProcessPoolEnv

MODES = list(AutoresetMode)
NUM_ENVS, STEPS = 5, 60


def cartpole() -> gym.Env[Any, Any]:
    return gym.make("CartPole-v1", max_episode_steps=25)


def rollout(envs: VectorEnv[Any, Any, Any], actions: list[Any], disabled: bool) -> list[Any]:
    """Everything that reset and step return, closing the environments."""
    try:
        seen: list[Any] = [envs.reset(seed=11)]
        for action in actions:
            result = envs.step(action)
            seen.append(result)
            ended = result[2] | result[3]
            if disabled and ended.any():
                seen.append(envs.reset(options={"reset_mask": ended}))
        return seen
    finally:
        envs.close()


def assert_same(ours: Any, theirs: Any) -> None:
    """Equal in type, dtype, keys and every bit; object arrays element by element."""
    assert type(ours) is type(theirs)
    if isinstance(ours, dict):
        assert ours.keys() == theirs.keys()
        for key in ours:
            assert_same(ours[key], theirs[key])
    elif isinstance(ours, (list, tuple)):
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            assert_same(one, other)
    elif isinstance(ours, np.ndarray):
        assert ours.dtype == theirs.dtype
        assert ours.shape == theirs.shape
        if ours.dtype == object:
            assert_same(ours.tolist(), theirs.tolist())
        else:
            assert ours.tobytes() == theirs.tobytes()
    else:
        assert ours == theirs


@pytest.mark.parametrize("mode", MODES)
def test_cartpole_is_the_same_as_async_vector_env(mode: AutoresetMode) -> None:
    space = batch_space(cartpole().action_space, NUM_ENVS)
    space.seed(3)
    actions = [space.sample() for _ in range(STEPS)]
    disabled = mode is AutoresetMode.DISABLED
    theirs = rollout(AsyncVectorEnv([cartpole] * NUM_ENVS, autoreset_mode=mode), actions, disabled)
    for workers in (1, 2, 5):
        ours = rollout(
            StableProcessPoolEnv([cartpole] * NUM_ENVS, workers, autoreset_mode=mode), actions, disabled
        )
        assert_same(ours, theirs)


class Anything(gym.Env[Any, Any]):
    """Samples from any space, and remembers its actions in the info."""

    def __init__(self, observation_space: gym.Space[Any], action_space: gym.Space[Any]) -> None:
        self.observation_space, self.action_space = deepcopy(observation_space), deepcopy(action_space)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.observation_space.seed(int(self.np_random.integers(1 << 30)))
        return self.observation_space.sample(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        ended = bool(self.np_random.random() < 0.2)
        return (
            self.observation_space.sample(),
            float(self.np_random.random()),
            ended,
            False,
            {"action": repr(action)},
        )


ARRAYS = {
    "float32": Box(-1, 1, (2, 3), np.float32),
    "uint8": Box(0, 255, (4,), np.uint8),
    "bool": Box(0, 1, (3,), np.bool_),
    "scalar": Box(0, 1, (), np.float64),
    "discrete": Discrete(4, start=-1),
    "multibinary": MultiBinary((2, 5)),
    "multidiscrete": MultiDiscrete([2, 7, 4]),
}
SPACES = {
    "float32": ARRAYS["float32"],
    "scalar": ARRAYS["scalar"],
    "discrete": ARRAYS["discrete"],
    "tuple": Tuple(tuple(ARRAYS.values())),
    "dict": Dict(**ARRAYS, nested=Tuple((Discrete(2), Dict(a=MultiBinary(3))))),
}


@pytest.mark.parametrize("shared_memory", [True, False])
@pytest.mark.parametrize("kind", SPACES)
def test_every_kind_of_space_is_the_same_as_in_sync_vector_env(kind: str, shared_memory: bool) -> None:
    space = SPACES[kind]
    env_fns = [lambda: Anything(space, space)] * 3
    batched = batch_space(space, 3)
    batched.seed(1)
    actions = [batched.sample() for _ in range(8)]
    theirs = rollout(SyncVectorEnv(env_fns), actions, disabled=False)
    ours = rollout(StableProcessPoolEnv(env_fns, 2, shared_memory=shared_memory), actions, disabled=False)
    assert_same(ours, theirs)


@pytest.mark.parametrize("shared_memory", [True, False])
def test_text_is_read_anew_in_every_step(shared_memory: bool) -> None:
    env_fns = [lambda: Anything(Text(8, min_length=8), Discrete(2))] * 3
    actions = [np.zeros(3, np.int64)] * 4
    theirs = rollout(SyncVectorEnv(env_fns), actions, disabled=False)
    ours = rollout(StableProcessPoolEnv(env_fns, 2, shared_memory=shared_memory), actions, disabled=False)
    assert_same(ours, theirs)
