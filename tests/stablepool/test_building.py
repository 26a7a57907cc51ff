"""Environments are made in workers as they would be in the script: by name, if the script has registered it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import gymnasium as gym
import pytest
from pool_envs import Counting

from stablepool import StableProcessPoolEnv

NAME = "StablepoolTest/Counting-v3"


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    gym.register(NAME, lambda **kwargs: Counting(**kwargs), max_episode_steps=2, kwargs={"index": 7})
    yield
    del gym.registry[NAME]


def test_what_the_script_has_registered_can_be_made_by_its_name() -> None:
    envs = StableProcessPoolEnv([lambda: gym.make(NAME)] * 2, 2)
    try:
        assert envs.reset(seed=1)[0][:, 0].tolist() == [7, 7]
        envs.step([[1] * 4] * 2)
        assert envs.step([[1] * 4] * 2)[3].all()  # its limit on steps came along
    finally:
        envs.close()


def test_a_registration_that_cannot_travel_is_left_out_and_keeps_nobody_from_starting() -> None:
    gym.register("StablepoolTest/Locked-v0", Counting, kwargs={"lock": threading.Lock()})
    try:
        envs = StableProcessPoolEnv([lambda: gym.make(NAME)], 1)
        try:
            assert envs.reset(seed=1)[0].shape[0] == 1
        finally:
            envs.close()
    finally:
        del gym.registry["StablepoolTest/Locked-v0"]
