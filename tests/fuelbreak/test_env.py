"""`FuelBreakEnv`: what it pays for, what it refuses, and that a seed fixes everything."""

from __future__ import annotations

import json
import warnings
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env

from fuelbreak.env import FuelBreakEnv
from fuelbreak.errors import ActionError
from fuelbreak.landscape import Landscape
from fuelbreak.synthetic import generate_landscape

BUDGET, STEP = 30, 10


@pytest.fixture(scope="module")
def landscape() -> Landscape:
    return generate_landscape(seed=3)


@pytest.fixture
def env(landscape: Landscape) -> FuelBreakEnv:
    return FuelBreakEnv(landscape, BUDGET, STEP, num_simulations=8, seed=5)


def action_on(env: FuelBreakEnv, cells: np.ndarray) -> np.ndarray:
    action = np.zeros(env.action_space.n, dtype=np.int8)
    action[cells] = 1
    return action


def some_legal(env: FuelBreakEnv, count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).choice(np.flatnonzero(env.action_masks()), count, replace=False)


def play(env: FuelBreakEnv, seed: int) -> list[object]:
    trace: list[object] = []
    _, info = env.reset(seed=seed)
    trace.append(info["burned"])
    done = False
    while not done:
        observation, reward, terminated, truncated, info = env.step(
            action_on(env, some_legal(env, STEP, seed))
        )
        trace += [observation.tobytes(), reward, info["burned"], info["new_cells"]]
        done = terminated or truncated
    return trace


def test_it_passes_gymnasiums_checker_without_a_warning(landscape: Landscape) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        env = gym.make(
            "fuelbreak:FuelBreak-v1", raster=landscape, break_budget=BUDGET, render_mode="rgb_array"
        )
        check_env(env.unwrapped)


def test_it_can_be_made_by_its_registered_name() -> None:
    env = gym.make("fuelbreak:FuelBreak-v1", break_budget=20, break_step=5)
    observation, info = env.reset(seed=1)
    assert env.observation_space.contains(observation)
    assert info["burned"] > 0


def test_the_return_is_the_share_of_the_burned_area_that_the_plan_saved(env: FuelBreakEnv) -> None:
    _, info = env.reset(seed=1)
    at_reset, total, terminated = info["burned"], 0.0, False
    while not terminated:
        _, reward, terminated, _, info = env.step(action_on(env, some_legal(env, STEP)))
        total += reward
    assert total == pytest.approx((at_reset - info["burned"]) / at_reset)
    assert info["breaks"] == BUDGET


def test_a_break_never_makes_the_episodes_fires_larger(env: FuelBreakEnv) -> None:
    env.reset(seed=2)
    for _ in range(BUDGET // STEP):
        _, reward, _, _, _ = env.step(action_on(env, some_legal(env, STEP)))
        assert reward >= 0.0


def test_breaks_on_every_neighbour_of_the_ignitions_save_nearly_everything(landscape: Landscape) -> None:
    env = FuelBreakEnv(landscape, break_budget=24, break_step=24, num_simulations=1, seed=0)
    env.reset()
    row, column = json.loads(env.snapshot())["ignitions"][0]
    near = [
        r * landscape.shape[1] + c
        for r in range(max(0, row - 2), min(landscape.shape[0], row + 3))
        for c in range(max(0, column - 2), min(landscape.shape[1], column + 3))
        if (r, c) != (row, column) and landscape.burnable[r, c]
    ]
    _, reward, _, _, info = env.step(action_on(env, np.array(near)))
    assert info["burned"] == 1
    assert reward > 0.5


def test_doing_nothing_pays_exactly_nothing(env: FuelBreakEnv) -> None:
    env.reset(seed=1)
    _, reward, terminated, truncated, info = env.step(action_on(env, np.array([], dtype=int)))
    assert (reward, terminated, truncated, info["new_cells"]) == (0.0, False, False, 0)


def test_the_same_seed_gives_the_same_episode_byte_for_byte(landscape: Landscape) -> None:
    make = lambda: FuelBreakEnv(landscape, BUDGET, STEP, num_simulations=4)  # noqa: E731
    assert play(make(), 11) == play(make(), 11)
    assert play(make(), 11) != play(make(), 12)


def test_the_constructors_seed_serves_the_first_reset(landscape: Landscape) -> None:
    burned = [FuelBreakEnv(landscape, seed=4).reset()[1]["burned"] for _ in range(2)]
    assert burned[0] == burned[1]


def test_all_channels_are_zero_where_breaks_stand_and_untouched_elsewhere(env: FuelBreakEnv) -> None:
    before, _ = env.reset(seed=1)
    cells = some_legal(env, STEP)
    after, *_ = env.step(action_on(env, cells))
    flat_before, flat_after = before.reshape(8, -1), after.reshape(8, -1)
    untouched = np.setdiff1d(np.arange(env.action_space.n), cells)
    assert not flat_after[:, cells].any()
    assert np.array_equal(flat_before[:, untouched], flat_after[:, untouched])


def test_illegal_cells_are_left_out_and_counted(env: FuelBreakEnv, landscape: Landscape) -> None:
    env.reset(seed=1)
    rock = np.flatnonzero(~landscape.burnable)[:3]
    assert rock.size == 3
    _, _, _, _, info = env.step(action_on(env, np.concatenate([rock, some_legal(env, 4)])))
    assert (info["new_cells"], info["illegal_cells"], info["clipped_cells"]) == (4, 3, 0)


def test_of_too_many_cells_a_drawn_selection_stands_and_the_rest_is_counted(env: FuelBreakEnv) -> None:
    env.reset(seed=1)
    wanted = np.flatnonzero(env.action_masks())
    observation, _, _, _, info = env.step(action_on(env, wanted))
    placed = np.flatnonzero((observation == 0).all(axis=0).reshape(-1))
    assert (info["new_cells"], info["clipped_cells"]) == (STEP, wanted.size - STEP)
    assert placed.size == STEP
    assert placed.max() > wanted[2 * STEP], "the first cells in scan order must not be favoured"


def test_strict_environments_refuse_illegal_and_surplus_cells(landscape: Landscape) -> None:
    env = FuelBreakEnv(landscape, BUDGET, STEP, on_illegal="error")
    env.reset(seed=1)
    with pytest.raises(ActionError, match="1 cells do not burn"):
        env.step(action_on(env, np.flatnonzero(~landscape.burnable)[:1]))
    with pytest.raises(ActionError, match="more than the 10"):
        env.step(action_on(env, some_legal(env, STEP + 1)))
    assert env.step(action_on(env, some_legal(env, STEP)))[4]["new_cells"] == STEP


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (np.zeros(7, dtype=np.int8), "shape"),
        (np.zeros((50, 50), dtype=np.int8), "shape"),
        (np.full(2500, 2, dtype=np.int8), "other than 0 and 1"),
        (np.full(2500, 0.5), "float64"),
        (np.full(2500, np.nan), "float64"),
        (np.full(2500, -1, dtype=np.int8), "give 1 where a break is wanted"),
        ([[1, 0], [1]], "the action is no array"),
        (7, "one value a cell, row by row"),
    ],
)
def test_an_action_of_the_wrong_size_or_values_is_refused(
    env: FuelBreakEnv, action: Any, message: str
) -> None:
    env.reset(seed=1)
    with pytest.raises(ActionError, match=message):
        env.step(action)


def test_a_float_action_of_zeros_and_ones_is_read_with_a_warning(env: FuelBreakEnv) -> None:
    env.reset(seed=1)
    with pytest.warns(UserWarning, match="float64 read as int8"):
        _, _, _, _, info = env.step(action_on(env, some_legal(env, 2)).astype(float))
    assert info["new_cells"] == 2


def test_stepping_before_reset_or_after_the_end_is_an_error(env: FuelBreakEnv) -> None:
    with pytest.raises(ResetNeeded):
        env.step(action_on(env, np.array([1])))
    env.reset(seed=1)
    for _ in range(BUDGET // STEP):
        env.step(action_on(env, some_legal(env, STEP)))
    with pytest.raises(ResetNeeded):
        env.step(action_on(env, np.array([1])))


def test_it_truncates_after_the_step_limit(landscape: Landscape) -> None:
    env = FuelBreakEnv(landscape, BUDGET, STEP, max_steps=2)
    env.reset(seed=1)
    idle = action_on(env, np.array([], dtype=int))
    assert env.step(idle)[2:4] == (False, False)
    assert env.step(idle)[2:4] == (False, True)


def test_a_snapshot_goes_on_in_another_environment_as_if_nothing_had_happened(landscape: Landscape) -> None:
    original, other = (FuelBreakEnv(landscape, BUDGET, STEP, num_simulations=1) for _ in range(2))
    original.reset(seed=8)
    original.step(action_on(original, some_legal(original, STEP)))
    snapshot = original.snapshot()
    assert len(snapshot) < 1500
    other.restore(snapshot)
    surplus = np.flatnonzero(original.action_masks())
    for _ in range(2):
        expected, actual = (each.step(action_on(each, surplus)) for each in (original, other))
        assert np.array_equal(expected[0], actual[0])
        assert expected[1:4] == actual[1:4]
        assert expected[4]["burned"] == actual[4]["burned"]
    assert original.reset()[1]["burned"] == other.reset()[1]["burned"]


def test_several_landscapes_are_drawn_at_reset_and_named_in_the_info() -> None:
    landscapes = [generate_landscape(seed=seed) for seed in range(3)]
    env = FuelBreakEnv(landscapes, 10, 5, 1)
    env.reset(seed=0)
    assert {env.reset()[1]["landscape"] for _ in range(30)} == {0, 1, 2}
    observation, info = env.reset(options={"landscape": 2})
    assert info["landscape"] == 2
    assert np.array_equal(observation, FuelBreakEnv(landscapes[2]).reset()[0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"break_budget": 0}, "break_budget"),
        ({"break_step": -1}, "break_step"),
        ({"num_simulations": 0}, "num_simulations"),
        ({"max_steps": 0}, "max_steps"),
        ({"on_illegal": "drop"}, "on_illegal"),
        ({"render_mode": "human"}, "render_mode"),
        ({"raster": []}, "at least one landscape"),
    ],
)
def test_arguments_out_of_range_are_named(landscape: Landscape, arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FuelBreakEnv(**({"raster": landscape} | arguments))


def test_render_gives_a_picture_on_which_the_breaks_stand_out(landscape: Landscape) -> None:
    env = FuelBreakEnv(landscape, BUDGET, STEP, render_mode="rgb_array")
    env.reset(seed=1)
    bare = env.render()
    cells = some_legal(env, STEP)
    env.step(action_on(env, cells))
    drawn = env.render()
    assert drawn.dtype == np.uint8
    assert drawn.shape == (400, 400, 3)
    row, column = divmod(int(cells[0]), landscape.shape[1])
    assert not np.array_equal(bare[row * 8, column * 8], drawn[row * 8, column * 8])
