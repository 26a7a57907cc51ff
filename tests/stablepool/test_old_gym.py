"""Environments of the `gym` package before Gymnasium: spaces, resets and steps are brought to Gymnasium's terms.

`gym` itself is not installed: the classes here have what its own have, under the names that it gave them.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import gymnasium.spaces
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from stablepool import EnvironmentStartError, StableProcessPoolEnv
from stablepool.old_gym import OldGymEnv, modern_space, modernized


class Box:
    def __init__(self, low: float, high: float, shape: tuple[int, ...], dtype: Any = np.float32) -> None:
        self.low, self.high = np.full(shape, low, dtype), np.full(shape, high, dtype)
        self.shape, self.dtype = shape, np.dtype(dtype)


class Discrete:
    def __init__(self, n: int) -> None:
        self.n = n


class Tuple:
    def __init__(self, parts: list[Any]) -> None:
        self.spaces = parts


class Dict:
    def __init__(self, parts: dict[str, Any]) -> None:
        self.spaces = parts


class Classic:
    """gym 0.21: ``seed()``, a reset that returns the observation, a step that returns four values."""

    metadata = {"render.modes": ["rgb_array"]}  # noqa: RUF012 - as it was
    observation_space, action_space = Box(-1, 9, (3,)), Discrete(3)
    speed = 1

    def __init__(self) -> None:
        self.draw = 0.0

    def seed(self, seed: int) -> list[int]:
        self.draw = seed / 10
        return [seed]

    def reset(self) -> np.ndarray:
        self.steps = 0
        return np.array([0, self.draw, 0], np.float64)

    def step(self, action: int) -> tuple[np.ndarray, float, bool, dict[str, Any]]:
        self.steps += self.speed
        info = {"TimeLimit.truncated": True} if self.steps >= 3 and action == 0 else {}
        return np.array([self.steps, self.draw, action]), 1.0, self.steps >= 3, info

    def render(self, mode: str = "human") -> str:
        return f"a frame for {mode}"


class Wrapped:
    """One of gym's wrappers: everything unknown is the wrapped environment's."""

    def __init__(self, env: Any) -> None:
        self.env = env

    def __getattr__(self, name: str) -> Any:
        return getattr(self.env, name)

    def reset(self, **kwargs: Any) -> Any:
        return self.env.reset(**kwargs)

    @property
    def unwrapped(self) -> Any:
        return self.env


class Late(Classic):
    """gym 0.26: seeds with the reset, five values."""

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict]:
        return np.array([0, (seed or 0) / 10, 0]), {"options": str(options)}

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        return np.array([1, 0, action]), 1.0, False, True, {}


@pytest.mark.parametrize("make", [Classic, lambda: Wrapped(Classic())])
def test_a_classic_environment_is_reset_seeded_and_stepped(make: Any) -> None:
    envs = StableProcessPoolEnv([make] * 3, 2, 10.0)
    try:
        assert envs.single_observation_space == gymnasium.spaces.Box(-1, 9, (3,), np.float32)
        assert envs.single_action_space == gymnasium.spaces.Discrete(3)
        observations, infos = envs.reset(seed=5, options={"ignored": True})
        assert observations.dtype == np.float32
        assert np.allclose(observations, [[0, 0.5, 0], [0, 0.6, 0], [0, 0.7, 0]])
        assert infos == {}
        for _ in range(3):
            observations, rewards, terminations, truncations, infos = envs.step([0, 1, 2])
        assert np.allclose(observations[:, 0], 3)
        assert rewards.tolist() == [1, 1, 1]
        assert truncations.tolist() == [True, False, False]
        assert terminations.tolist() == [False, True, True]
        assert envs.step([0, 1, 2])[0][:, 0].tolist() == [0, 0, 0]  # the autoreset
        assert envs.call("render", mode="rgb_array") == ("a frame for rgb_array",) * 3
        envs.set_attr("speed", [1, 2, 3])
        assert envs.get_attr("speed") == (1, 2, 3)
        assert envs.step([0, 0, 0])[0][:, 0].tolist() == [1, 2, 3]
    finally:
        envs.close()


def test_an_old_environment_may_reset_within_the_step_as_old_vector_environments_did() -> None:
    envs = StableProcessPoolEnv([Classic] * 2, 2, 10.0, autoreset_mode=AutoresetMode.SAME_STEP)
    try:
        envs.reset(seed=5)
        for _ in range(3):
            observations, _, terminations, truncations, infos = envs.step([0, 1])
        assert (terminations | truncations).all()
        assert observations[:, 0].tolist() == [0, 0]
        assert [last[0] for last in infos["final_obs"]] == [3, 3]
    finally:
        envs.close()


def test_the_last_gym_is_understood_as_well() -> None:
    env = modernized(Late())
    observation, info = env.reset(seed=5, options={"a": 1})
    assert (observation[1], info["options"]) == (0.5, "{'a': 1}")
    assert env.step(2)[1:4] == (1.0, False, True)


def test_an_observation_that_is_a_pair_is_not_taken_for_one_with_an_info() -> None:
    class Pair(Classic):
        observation_space = Tuple([Discrete(2), Dict({"a": Discrete(2)})])

        def reset(self) -> Any:
            return 1, {"a": 0}

    assert modernized(Pair()).reset() == ((1, {"a": 0}), {})


def test_spaces_are_converted_with_their_parts() -> None:
    modern = gymnasium.spaces
    old = Tuple(
        [Discrete(3), Dict({"b": Box(0, 255, (2, 2), np.uint8), "s": type("MultiBinary", (), {"n": 4})()})]
    )
    expected = modern.Dict({"b": modern.Box(0, 255, (2, 2), np.uint8), "s": modern.MultiBinary(4)})
    assert modern_space(old) == modern.Tuple([modern.Discrete(3), expected])
    assert modern_space(SubBox(0, 1, (2,))) == modern.Box(0, 1, (2,))
    assert modern_space(expected) is expected
    assert modern_space(MultiDiscrete([2, 3])) == modern.MultiDiscrete([2, 3])


class MultiDiscrete:
    def __init__(self, sizes: list[int]) -> None:
        self.nvec, self.dtype = np.array(sizes), np.int64


class SubBox(Box):
    """A space that somebody derived."""


def test_a_space_of_no_known_kind_is_named() -> None:
    class Strange(Classic):
        observation_space = SimpleNamespace()

    with pytest.raises(
        EnvironmentStartError, match=r"types\.SimpleNamespace, which is neither Gymnasium's nor"
    ):
        StableProcessPoolEnv([Strange], 1)


def test_a_step_with_another_number_of_values_is_an_error_of_the_environment() -> None:
    class Three(Classic):
        def step(self, action: int) -> Any:
            return np.zeros(3), 0.0, False

    with pytest.raises(ValueError, match="3 values"):
        OldGymEnv(Three()).step(0)
