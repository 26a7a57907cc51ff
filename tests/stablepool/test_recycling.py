"""Memory is bounded: a worker that has grown too large or too old is replaced where that costs least."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from pool_envs import EPISODE_STEPS, Counting, Saved
from test_equality import assert_same

from stablepool import StableProcessPoolEnv, valid_transitions
from stablepool.recycling import resident_bytes

ACTIONS = np.ones((2, 4), np.int8)
MEGABYTE = 1 << 20


class Leaky(Saved):
    """Leaks 40 MB a step."""

    def step(self, action: np.ndarray) -> Any:
        self.leak = [*getattr(self, "leak", []), np.ones(40 * MEGABYTE, np.uint8)]
        return super().step(action)


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_workers_that_play_one_environment_each_are_replaced_between_episodes(mode: AutoresetMode) -> None:
    envs = StableProcessPoolEnv([Counting, Counting], 2, recycle_after_episodes=1, autoreset_mode=mode)
    try:
        envs.reset(seed=5)
        first = envs.worker_pids
        for _ in range(EPISODE_STEPS):
            observations, _, terminations, truncations, infos = envs.step(ACTIONS)
            assert "fault" not in infos
        assert terminations.all()
        assert not truncations.any()
        if mode is AutoresetMode.SAME_STEP:
            assert [final[1] for final in infos["final_obs"]] == [EPISODE_STEPS] * 2
            assert observations[:, 1].tolist() == [0, 0]
        if mode is AutoresetMode.DISABLED:
            observations, infos = envs.reset(options={"reset_mask": terminations})
            assert observations[:, 1].tolist() == [0, 0]
        observations, *_, infos = envs.step(ACTIONS)
        assert "fault" not in infos
        assert observations[:, 1].tolist() == [0 if mode is AutoresetMode.NEXT_STEP else 1] * 2
        assert not set(first) & set(envs.worker_pids)
        assert envs.counters["pool/recycled"] == 2
    finally:
        envs.close()


def test_a_neighbour_whose_episode_is_cut_short_is_told_so() -> None:
    class Longer(Counting):
        def step(self, action: np.ndarray) -> Any:
            observation, reward, _, truncated, info = super().step(action)
            return observation, reward, False, truncated, info

    envs = StableProcessPoolEnv([Counting, Longer], 1, recycle_after_episodes=1)
    try:
        envs.reset(seed=5)
        for _ in range(EPISODE_STEPS):
            observations, rewards, terminations, truncations, infos = envs.step(ACTIONS)
        assert (terminations.tolist(), truncations.tolist()) == ([True, False], [False, True])
        assert infos["_fault"].tolist() == [False, True]
        assert (infos["fault"][1].kind, infos["fault"][1].phase) == ("collateral", "recycle")
        assert valid_transitions(infos, 2).all()
        assert observations[:, 1].tolist() == [EPISODE_STEPS] * 2
        assert rewards.tolist() == [4, 4]
        assert envs.step(ACTIONS)[0][:, 1].tolist() == [0, 0]
    finally:
        envs.close()


def test_with_snapshots_a_large_worker_is_replaced_at_once_and_nothing_differs() -> None:
    envs = StableProcessPoolEnv([Leaky, Leaky], 1, worker_memory_limit=200 * MEGABYTE)
    plain = SyncVectorEnv([Counting, Counting])
    try:
        assert_same(envs.reset(seed=5), plain.reset(seed=5))
        largest = 0
        for _ in range(8):
            assert_same(envs.step(ACTIONS), plain.step(ACTIONS))
            envs._conductor._recycler._next_look = 0.0  # look after every step
            largest = max(largest, *map(resident_bytes, envs.worker_pids))
        assert envs.counters["pool/recycled"] >= 2
        assert largest < 450 * MEGABYTE  # eight steps would have leaked 640
    finally:
        envs.close()
        plain.close()
