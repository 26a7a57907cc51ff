"""Results in the forms that older training loops expect, held to Gymnasium's own vector environments."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv, VectorEnv
from gymnasium.wrappers import RecordEpisodeStatistics
from gymnasium.wrappers.vector import RecordEpisodeStatistics as VectorStatistics
from pool_envs import EPISODE_STEPS, Plan, make

from stablepool import (
    StableProcessPoolEnv,
    final_infos,
    first_observations,
    list_infos,
    valid_transitions,
)

MERGER: VectorEnv[Any, Any, Any] = VectorEnv()
SPACES = [
    spaces.Box(-1.0, 1.0, (2,), np.float32),
    spaces.Discrete(3),
    spaces.Dict({"a": spaces.Box(-1.0, 1.0, (2,), np.float64), "b": spaces.Discrete(2)}),
    spaces.Tuple((spaces.Box(-1.0, 1.0, (2,), np.float32), spaces.Discrete(3))),
]


def merged(*env_infos: dict[str, Any] | None) -> dict[str, Any]:
    """Vector infos as Gymnasium makes them from these; None: an environment with nothing to say."""
    MERGER.num_envs = len(env_infos)
    infos: dict[str, Any] = {}
    for index, info in enumerate(env_infos):
        if info is not None:
            infos = MERGER._add_info(infos, info, index)
    return infos


def showing(space: spaces.Space[Any]) -> Callable[[], Any]:
    """An environment that samples its space, and says something nested in its infos."""

    class Sampled(gym.Env[Any, Any]):
        observation_space, action_space = space, spaces.Discrete(2)
        steps = 0

        def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
            self.observation_space.seed(seed)
            return self.observation_space.sample(), {"where": {"row": 1, "name": "start"}}

        def step(self, action: Any) -> Any:
            self.steps += 1
            ends = self.steps % 3 == 0
            info = {"where": {"row": self.steps, "name": "middle"}, "one": np.ones(1), "late": ends}
            return self.observation_space.sample(), 1.0, False, ends, info if ends else {"steps": self.steps}

    return Sampled


# first_observations


@pytest.mark.parametrize("space", SPACES, ids=lambda space: type(space).__name__)
@pytest.mark.parametrize("kind", [SyncVectorEnv, StableProcessPoolEnv])
def test_observations_are_found_in_any_result_of_reset(kind: Any, space: spaces.Space[Any]) -> None:
    envs = kind([showing(space)] * 2)
    try:
        result = envs.reset(seed=1)
        assert first_observations(result) is result[0]
        assert first_observations(result[0]) is result[0]  # as old gym returns them
        assert first_observations((result[0], [{}, {"a": 1}])) is result[0]  # gym 0.22 to 0.25
    finally:
        envs.close()


def test_a_tuple_of_arrays_is_an_observation() -> None:
    for observations in (
        (np.zeros((2, 3)), np.ones(2)),
        (np.zeros((2, 3)), np.ones(2), {"a": np.ones(2)}),
        ({"a": np.ones(2)}, np.ones(2)),
        [np.ones(2), {}],
        np.ones((2, 2)),
    ):
        assert first_observations(observations) is observations


# final_infos


def cleanrl_episodes(envs: Any, steps: int) -> list[tuple[float, int]]:
    """What CleanRL's loop prints."""
    first_observations(envs.reset(seed=3))
    envs.action_space.seed(3)
    printed = []
    for _ in range(steps):
        infos = envs.step(envs.action_space.sample())[4]
        for info in final_infos(infos):
            if info and "episode" in info:
                assert np.ndim(info["episode"]["r"]) == 0
                printed.append((float(info["episode"]["r"]), int(info["episode"]["l"])))
    return printed


def recorded() -> Any:
    return RecordEpisodeStatistics(gym.make("CartPole-v1"))


def in_lists(make_envs: Callable[[], Any], steps: int = 150) -> list[tuple[float, int]]:
    envs = make_envs()
    try:
        return cleanrl_episodes(envs, steps)
    finally:
        envs.close()


def test_cleanrls_loop_prints_the_same_episodes_on_gymnasiums_environments_and_on_the_pool() -> None:
    mode = AutoresetMode.SAME_STEP
    plain = [lambda: gym.make("CartPole-v1")] * 4
    theirs = in_lists(lambda: AsyncVectorEnv([recorded] * 4, autoreset_mode=mode))
    assert len(theirs) > 10
    assert in_lists(lambda: StableProcessPoolEnv([recorded] * 4, 2, autoreset_mode=mode)) == theirs
    assert in_lists(lambda: SyncVectorEnv([recorded] * 4, autoreset_mode=mode)) == theirs
    assert in_lists(lambda: VectorStatistics(AsyncVectorEnv(plain, autoreset_mode=mode))) == theirs
    assert in_lists(lambda: VectorStatistics(StableProcessPoolEnv(plain, 2, autoreset_mode=mode))) == theirs


def test_statistics_are_found_where_the_reset_is_a_step_of_its_own() -> None:
    theirs = in_lists(lambda: VectorStatistics(AsyncVectorEnv([lambda: gym.make("CartPole-v1")] * 2)))
    assert len(theirs) > 5
    assert in_lists(lambda: StableProcessPoolEnv([recorded] * 2, 2)) == theirs


def test_final_infos_are_the_environments_own() -> None:
    said = {
        "episode": {"r": 3.0, "l": 2, "t": np.float32(0.5)},
        "name": "b",
        "array": np.arange(2),
        "one": np.ones(1),
        "nested": {"deep": {"deeper": 1}, "empty": {}},
        "_own": 4,
    }
    infos = merged(
        {"final_info": {"episode": {"r": 1.0, "l": 1, "t": np.float32(0.1)}}, "final_obs": 1},
        {"steps": 4},
        {"final_info": said, "final_obs": 2},
        {"final_info": {}, "final_obs": 3},
    )
    first, second, third, fourth = final_infos(infos)
    assert first == {"episode": {"r": 1.0, "l": 1, "t": np.float32(0.1)}}
    assert second is None
    assert third is not None
    np.testing.assert_equal(third, said)
    assert third["one"].shape == (1,)
    assert np.ndim(third["episode"]["r"]) == 0
    assert fourth == {}


def test_final_infos_without_the_mask_over_all_of_them_go_by_the_masks_inside() -> None:
    infos = merged({"final_info": {"a": {"b": 1}}}, {"x": 1}, {"final_info": {"c": 2}})
    del infos["_final_info"]
    assert list(final_infos(infos)) == [{"a": {"b": 1}}, None, {"c": 2}]


def test_nothing_is_read_that_no_mask_marks() -> None:
    infos = merged({"final_info": {"a": 1}}, {"final_info": {"b": 2}})
    infos["final_info"]["_a"][:] = False
    assert list(final_infos(infos)) == [{}, {"b": 2}]


def test_a_step_without_an_end_has_no_final_infos() -> None:
    assert list(final_infos({})) == []
    assert list(final_infos(merged({"steps": 1, "episode": 4}, {"steps": 2, "episode": 5}))) == []
    assert list(final_infos(merged({"episode": {"number": 4}}))) == []


def test_the_list_of_gymnasium_before_1_comes_back_as_it_is() -> None:
    told = np.array([None, {"episode": {"r": np.array([1.0])}}], dtype=object)
    found = final_infos({"final_info": told, "_final_info": np.array([False, True])})
    assert found[0] is None
    assert found[1] is told[1]
    assert list(final_infos({"final_info": list(told)})) == list(told)


@pytest.mark.parametrize("wrap", [lambda envs: envs, VectorStatistics], ids=["plain", "statistics"])
def test_an_episode_that_a_fault_ended_has_no_final_info(wrap: Callable[[Any], Any], tmp_path: Path) -> None:
    pool = StableProcessPoolEnv(
        [make(0, Plan("step", "SIGKILL", tmp_path, at=2)), make(1)], 2, autoreset_mode=AutoresetMode.SAME_STEP
    )
    envs = wrap(pool)
    try:
        envs.reset(seed=1)
        for step in range(1, EPISODE_STEPS + 1):
            infos = envs.step(np.ones((2, 4), np.int8))[4]
            if step == 2:
                assert valid_transitions(infos, 2).tolist() == [False, True]
                assert list(final_infos(infos)) == [None, None]
                row = list_infos(infos, 2)[0]
                assert set(row) == {"fault", "terminal_observation"}
                assert row["fault"].kind == "crash"
        first, second = final_infos(infos)
        assert first is None
        assert second is not None
        assert second["steps"] == EPISODE_STEPS
    finally:
        envs.close()


# list_infos


@pytest.mark.parametrize("space", SPACES, ids=lambda space: type(space).__name__)
def test_the_list_has_what_the_environments_said(space: spaces.Space[Any]) -> None:
    envs = StableProcessPoolEnv([showing(space)] * 3, 2, autoreset_mode=AutoresetMode.SAME_STEP)
    try:
        infos = envs.reset(seed=1)[1]
        assert list_infos(infos, 3) == [{"where": {"row": 1, "name": "start"}}] * 3
        for step in range(1, 4):
            _, _, terminations, truncations, infos = envs.step([0, 0, 0])
            assert valid_transitions(infos, 3).all()
            rows = list_infos(infos, 3, terminations=terminations, truncations=truncations)
            told = envs.env_infos
            if step < 3:
                assert rows == told
        for row, env_info in zip(rows, told, strict=True):
            final = {**env_info["final_info"], "terminal_observation": env_info["final_obs"]}
            np.testing.assert_equal(row, {**final, "TimeLimit.truncated": True})
    finally:
        envs.close()


def test_time_limits_are_told_only_where_the_end_was_one() -> None:
    infos = merged({"a": 1}, {"a": 2}, {"a": 3})
    before = {key: value.copy() for key, value in infos.items()}
    rows = list_infos(infos, 3, terminations=[False, True, False], truncations=np.array([True, True, False]))
    assert rows == [{"a": 1, "TimeLimit.truncated": True}, {"a": 2}, {"a": 3}]
    np.testing.assert_equal(infos, before)
    assert list_infos({}, 2) == [{}, {}]
    with pytest.raises(TypeError, match="both"):
        list_infos(infos, 3, truncations=[True] * 3)


def test_the_list_tells_of_restarts(tmp_path: Path) -> None:
    envs = StableProcessPoolEnv([make(0, Plan("step", "SIGKILL", tmp_path)), make(1)], 2)
    try:
        envs.reset(seed=1)
        rows = list_infos(envs.step(np.ones((2, 4), np.int8))[4], 2)
        assert (rows[0]["fault"].kind, "fault" in rows[1]) == ("crash", False)
        rows = list_infos(envs.step(np.ones((2, 4), np.int8))[4], 2)
        assert (rows[0]["restarted"], "restarted" in rows[1]) == (True, False)
    finally:
        envs.close()


def test_a_script_that_converts_results_needs_no_gymnasium_for_it() -> None:
    code = (
        "import sys; from stablepool import final_infos, first_observations, list_infos, valid_transitions; "
    )
    code += "sys.exit('gymnasium' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
