"""Resets of old gym's scripts: observations alone, however the script counts or looks at them."""

import pytest

from tests.patches.tools import check_transformed

BEFORE = """
    import gym

    envs = gym.vector.AsyncVectorEnv(env_fns)
    obs = envs.reset()
    {use}
    while frames < 1000:
        obs, rewards, dones, _ = envs.step(policy(obs))
        frames += len(obs)
"""
AFTER = """
    import gym
    from stablepool import StableProcessPoolEnv

    envs = StableProcessPoolEnv(env_fns, autoreset_mode="SameStep")
    obs = envs.reset(){first}
    {use}
    while frames < 1000:
        obs, rewards, terminated, truncated, _ = envs.step(policy(obs))
        dones = terminated | truncated
        frames += len(obs)
"""


@pytest.mark.parametrize(
    "use",
    ["frames = len(obs)", "assert len(obs) == 4", "for i in range(len(obs)): memory.start(i)", "frames = 0"],
)
def test_a_number_of_rows_does_not_make_a_pair_of_a_reset(use: str) -> None:
    check_transformed(BEFORE.format(use=use), AFTER.format(use=use, first="[0]"), only=["swap-vector-env"])


@pytest.mark.parametrize(
    "use",
    [
        "obs = obs[0] if len(obs) == 2 else obs",
        "obs = first(obs) if isinstance(obs, tuple) else obs",
        "n = len(obs); obs = first(obs) if n == 2 else obs",
    ],
)
def test_a_reset_that_the_script_asks_for_its_shape_stays(use: str) -> None:
    check_transformed(BEFORE.format(use=use), AFTER.format(use=use, first=""), only=["swap-vector-env"])
