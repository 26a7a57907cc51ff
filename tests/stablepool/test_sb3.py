"""The adapter to Stable-Baselines3, where that is installed (`peer_sb3.py` runs their own tests on it)."""

from __future__ import annotations

from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from pool_envs import EPISODE_STEPS, Plan, make

pytest.importorskip("stable_baselines3", reason="stable-baselines3 is not installed")
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
