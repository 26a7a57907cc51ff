"""What make_vec stands for behaves as make_vec does: the same observations, rewards and ends for the same seeds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.patches.tools import patched

SETUP = """\
from functools import partial

import gymnasium as gym
from gymnasium.vector.async_vector_env import _async_worker
from gymnasium.wrappers import FlattenObservation, RescaleObservation, TimeLimit

ENV = "CartPole-v1"
KEPT = {"copy": False, "autoreset_mode": "SameStep"}


def loop(index, env_fn, pipe, parent_pipe, shared_memory, errors, mode, permits):
    _async_worker(index, env_fn, pipe, parent_pipe, shared_memory, errors, mode, permits)


"""
MADE = {
    "an id": "gym.make_vec(ENV, 3, 'async', max_episode_steps=13)",
    "wrappers": "gym.make_vec(ENV, 3, 'async', KEPT, [lambda e: TimeLimit(e, 9), FlattenObservation])",
    "arguments that are computed": "gym.make_vec(ENV.strip(), num_envs=2, vectorization_mode='async', "
    "wrappers=[partial(TimeLimit, max_episode_steps=7)], sutton_barto_reward=bool(1))",
    "a specification": "gym.make_vec(gym.spec(ENV), vectorization_mode=gym.VectorizeMode.ASYNC)",
    "arguments by position": "gym.vector.AsyncVectorEnv([lambda: gym.make(ENV)] * 2, False, True)",
    "a worker loop": "gym.vector.AsyncVectorEnv([lambda: gym.make(ENV)] * 2, worker=loop)",
    "a class that is chosen": "{'a': gym.vector.AsyncVectorEnv, 's': gym.vector.SyncVectorEnv}['a']("
    "[lambda: gym.make(ENV)])",
}


def played(script: str) -> list[Any]:
    """Everything that 50 random steps show."""
    names: dict[str, Any] = {"__name__": "script"}
    exec(script, names)
    envs = names["envs"]
    seen = [envs.reset(seed=7)[0].copy()]
    envs.action_space.seed(3)
    for _ in range(50):
        *step, infos = envs.step(envs.action_space.sample())
        seen += [np.copy(part) for part in step]
        seen += [last for last in infos.get("final_obs", []) if last is not None]
    envs.close()
    return seen


@pytest.mark.parametrize("name", MADE)
def test_the_pool_shows_what_the_original_shows(name: str) -> None:
    before = f"{SETUP}envs = {MADE[name]}\n"
    after, plan = patched(before, ["swap-vector-env", "step-timeouts"])
    assert not plan.refusals
    assert "StableProcessPoolEnv" in after
    expected, found = played(before), played(after)
    assert len(expected) == len(found)
    assert all(np.array_equal(left, right) for left, right in zip(expected, found, strict=True))
