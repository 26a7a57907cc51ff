"""Episodes that are put into a pool from outside, as a resumed run does, survive the death of a worker at once."""

from __future__ import annotations

import os
import signal

import numpy as np

from fuelbreak.env import FuelBreakEnv
from fuelbreak.observation import legal_cells
from fuelbreak.synthetic import generate_landscape
from stablepool import StableProcessPoolEnv, valid_transitions


def test_a_restored_episode_outlives_its_worker() -> None:
    landscape = generate_landscape(seed=3, size=20)
    pool = StableProcessPoolEnv([lambda: FuelBreakEnv(landscape, 40, 4, 1)] * 2, max_workers=1, timeout=20.0)
    try:
        observations, _ = pool.reset(seed=1)
        actions = np.zeros((2, 400), dtype=np.int8)
        actions[:, np.flatnonzero(legal_cells(observations[0]))[:4]] = 1
        observations, *_ = pool.step(actions)
        states = pool.get_attr("episode_state")
        more = np.zeros_like(actions)
        more[:, np.flatnonzero(legal_cells(observations[0]))[:4]] = 1
        expected, expected_rewards, *_ = pool.step(more)

        pool.reset(seed=9)
        pool.set_attr("episode_state", list(states))
        os.kill(pool.worker_pids[0], signal.SIGKILL)
        actual, rewards, _, _, infos = pool.step(more)
        assert valid_transitions(infos, 2).all()
        assert np.array_equal(actual, expected)
        assert np.array_equal(rewards, expected_rewards)
    finally:
        pool.close()
