"""The adapter to Stable-Baselines3, where that is installed (`peer_sb3.py` runs their own tests on it)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from pool_envs import EPISODE_STEPS, Plan, make

pytest.importorskip("stable_baselines3", reason="stable-baselines3 is not installed")
from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import SubprocVecEnv, VecEnv, VecMonitor, VecNormalize

from stablepool.sb3 import StableSubprocVecEnv

ACTIONS = np.ones((2, 4), np.int8)


def test_an_episode_ends_with_its_last_observation_in_the_info() -> None:
    envs = StableSubprocVecEnv([make(0), make(1)], max_workers=2)
    try:
        envs.reset()
        for _ in range(EPISODE_STEPS):
            observations, _, dones, infos = envs.step(ACTIONS)
        assert dones.all()
        assert observations[:, 1].tolist() == [0, 0]
        assert [info["terminal_observation"][1] for info in infos] == [EPISODE_STEPS] * 2
        assert [info["TimeLimit.truncated"] for info in infos] == [False, False]
    finally:
        envs.close()


def test_a_lost_transition_ends_its_episode_as_a_time_limit_does(tmp_path: Path) -> None:
    envs = StableSubprocVecEnv([make(0), make(1, Plan("step", "SIGKILL", tmp_path, at=2))], max_workers=2)
    try:
        envs.reset()
        before = envs.step(ACTIONS)[0]
        observations, rewards, dones, infos = envs.step(ACTIONS)
        assert (dones.tolist(), rewards.tolist()) == ([False, True], [4.0, 0.0])
        assert infos[1]["fault"].kind == "crash"
        assert infos[1]["TimeLimit.truncated"]
        assert np.array_equal(infos[1]["terminal_observation"], before[1])
        assert observations[1][1] == 0
    finally:
        envs.close()


def test_switches_may_come_as_floats_as_their_policies_give_them() -> None:
    envs = StableSubprocVecEnv([lambda: gym.make("fuelbreak:FuelBreak-v1", num_simulations=1)], max_workers=1)
    try:
        envs.reset()
        legal = np.flatnonzero(envs.env_method("action_masks")[0])
        actions = np.zeros((1, 2500), np.float32)
        actions[0, legal[:4]] = 1.0
        assert envs.step(actions)[3][0]["new_cells"] == 4
    finally:
        envs.close()


class Pictured(gym.Wrapper[Any, Any, Any, Any]):
    """CartPole with a picture that needs no display."""

    render_mode = "rgb_array"

    def __init__(self) -> None:
        super().__init__(gym.make("CartPole-v1"))

    def render(self) -> Any:
        return np.full((2, 3, 3), 7, np.uint8)


def use(envs: Any) -> list[Any]:
    """What scripts do with a `SubprocVecEnv`."""
    seeds = envs.seed(7)
    first = envs.reset().tolist()
    envs.set_attr("note", 3, indices=[0, 1])
    envs.set_attr("note", 4, indices=2)
    seen = [
        isinstance(envs, VecEnv), envs.closed, envs.num_envs, seeds, first,
        envs.env_method("has_wrapper_attr", "gravity"), envs.env_method("has_wrapper_attr", "x", indices=[0, 2]),
        envs.get_attr("gravity"), envs.get_attr("note"), envs.has_attr("gravity"), envs.has_attr("nothing"),
        [image.shape for image in envs.get_images()], envs.render("rgb_array").tolist(),
        envs.env_is_wrapped(Monitor), envs.env_is_wrapped(VecNormalize, 1),
    ]  # fmt: skip
    model = PPO("MlpPolicy", VecNormalize(VecMonitor(envs)), n_steps=32, batch_size=32, seed=3, device="cpu")
    model.learn(192)
    seen += [model.num_timesteps, *(float(weights.detach().sum()) for weights in model.policy.parameters())]
    envs.close()
    envs.close()
    return [*seen, envs.closed]


def test_scripts_see_what_they_see_of_their_own_class() -> None:
    seen = [
        use(make_vec_env(Pictured, 3, seed=5, vec_env_cls=kind, vec_env_kwargs={"start_method": "fork"}))
        for kind in (SubprocVecEnv, StableSubprocVecEnv)
    ]
    assert seen[1] == seen[0]


@pytest.mark.parametrize(
    "arguments", [None, {}, {"start_method": "spawn"}, {"timeout": 5.0, "max_workers": 1}]
)
def test_it_is_made_as_their_class_is(arguments: dict[str, Any] | None, tmp_path: Path) -> None:
    envs = make_vec_env(
        "CartPole-v1",
        2,
        monitor_dir=str(tmp_path),
        vec_env_cls=StableSubprocVecEnv,
        vec_env_kwargs=arguments,
    )
    assert envs.reset().shape == (2, 4)
    envs.close()
