"""The vector environment of tensors does what as many single environments do."""

from __future__ import annotations

import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from fuelbreak.env import FuelBreakEnv
from fuelbreak.errors import ActionError
from fuelbreak.landscape import Landscape
from fuelbreak.synthetic import generate_landscape
from fuelbreak.torch_fire import FuelBreakVectorEnv

ENVS, SIZE = 3, 16
SETTINGS = {"break_budget": 12, "break_step": 5, "num_simulations": 4, "max_steps": 3}


@pytest.fixture(scope="module")
def landscapes() -> list[Landscape]:
    return [generate_landscape(seed, SIZE) for seed in range(4)]


@pytest.fixture
def tensors(landscapes: list[Landscape]) -> FuelBreakVectorEnv:
    return FuelBreakVectorEnv(landscapes, ENVS, **SETTINGS)


@pytest.fixture
def singles(landscapes: list[Landscape]) -> SyncVectorEnv:
    return SyncVectorEnv(
        [lambda: FuelBreakEnv(landscapes, **SETTINGS) for _ in range(ENVS)],
        autoreset_mode=AutoresetMode.NEXT_STEP,
    )


def assert_same_infos(ours: dict[str, np.ndarray], theirs: dict[str, np.ndarray]) -> None:
    for name, values in theirs.items():
        if not name.startswith("_"):
            np.testing.assert_allclose(np.asarray(ours[name], float), np.asarray(values, float), err_msg=name)


def test_spaces_are_those_of_a_gymnasium_vector_env(
    tensors: FuelBreakVectorEnv, singles: SyncVectorEnv
) -> None:
    assert tensors.single_observation_space == singles.single_observation_space
    assert tensors.single_action_space == singles.single_action_space
    assert tensors.observation_space == singles.observation_space
    assert tensors.num_envs == ENVS
    assert tensors.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP


def test_same_seeds_and_actions_give_the_same_episodes(
    tensors: FuelBreakVectorEnv, singles: SyncVectorEnv
) -> None:
    """Over several episodes: with illegal cells, with more cells than a step may place, and across resets."""
    rng = np.random.default_rng(0)
    (ours, our_infos), (theirs, their_infos) = tensors.reset(seed=5), singles.reset(seed=5)
    assert np.array_equal(ours, theirs)
    assert_same_infos(our_infos, their_infos)
    ends = 0
    for step in range(14):
        actions = (rng.random((ENVS, SIZE * SIZE)) < (0.01 if step % 2 else 0.04)).astype(np.int8)
        mine, yours = tensors.step(actions), singles.step(actions)
        assert np.array_equal(mine[0], yours[0])
        np.testing.assert_allclose(mine[1], yours[1])
        assert np.array_equal(mine[2], yours[2])
        assert np.array_equal(mine[3], yours[3])
        assert_same_infos(mine[4], yours[4])
        assert tensors.observation_space.contains(mine[0])
        ends += int((mine[2] | mine[3]).sum())
    assert ends > ENVS


def test_wrong_actions_are_refused(tensors: FuelBreakVectorEnv) -> None:
    tensors.reset(seed=0)
    with pytest.raises(ActionError, match=r"give 0 and 1 of \(3, 256\)"):
        tensors.step(np.zeros((2, SIZE * SIZE), np.int8))
    with pytest.raises(ActionError, match="give 0 and 1"):
        tensors.step(np.full((ENVS, SIZE * SIZE), 2, np.int8))
