"""The contract of a vector environment: pending calls, time-outs, masks, actions, calls, attributes, copies."""

from __future__ import annotations

import multiprocessing
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import AlreadyPendingCallError, ClosedEnvironmentError, NoAsyncCallError
from gymnasium.spaces import Box, Discrete, Graph, Space
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.wrappers.vector import RecordEpisodeStatistics
from pool_envs import Plan, make

from stablepool import ActionError, StableProcessPoolEnv, WorkerFaultError
from stablepool.layout import ActionArea

ACTIONS = np.ones((3, 4), np.int8)


@pytest.fixture(scope="module")
def shared_pool() -> Iterator[StableProcessPoolEnv]:
    pool = StableProcessPoolEnv([make(index) for index in range(3)], 2, 5.0)
    yield pool
    pool.close()


@pytest.fixture
def envs(shared_pool: StableProcessPoolEnv) -> StableProcessPoolEnv:
    """A pool that several tests use, one after the other: whoever changes more than episodes makes its own."""
    shared_pool.set_attr("index", [0, 1, 2])
    return shared_pool


def test_it_is_a_vector_env_with_the_default_of_async_vector_env(envs: StableProcessPoolEnv) -> None:
    assert isinstance(envs, VectorEnv)
    assert envs.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    assert (envs.num_envs, envs.num_workers, envs.render_mode) == (3, 2, "rgb_array")
    assert envs.observation_space.shape == (3, 3)
    assert envs.action_space.shape == (3, 4)
    assert repr(envs) == "StableProcessPoolEnv(num_envs=3)"


def test_calls_that_do_not_pair_up_are_refused(envs: StableProcessPoolEnv) -> None:
    for wait in (envs.reset_wait, envs.step_wait, envs.call_wait):
        with pytest.raises(NoAsyncCallError):
            wait()
    envs.reset_async(seed=1)
    for begin in (envs.reset_async, lambda: envs.step_async(ACTIONS), lambda: envs.call_async("work")):
        with pytest.raises(AlreadyPendingCallError, match="waiting for a pending call to `reset`"):
            begin()
    with pytest.raises(AlreadyPendingCallError):
        envs.set_attr("index", 3)
    with pytest.raises(NoAsyncCallError):
        envs.step_wait()
    envs.reset_wait()
    envs.step_async(ACTIONS)
    assert envs.step_wait()[0][:, 1].tolist() == [1, 1, 1]


def test_a_closed_pool_says_so() -> None:
    envs = StableProcessPoolEnv([make(index) for index in range(3)], 2, 5.0)
    envs.close()
    envs.close()
    for call in (envs.reset, lambda: envs.step(ACTIONS), lambda: envs.call("work"), envs.step_wait):
        with pytest.raises(ClosedEnvironmentError):
            call()


def test_a_wait_that_was_cut_short_can_be_taken_up_again(tmp_path: Path) -> None:
    envs = StableProcessPoolEnv([make(0, Plan("step", "pause", tmp_path)), make(1)], 2, 5.0)
    try:
        envs.reset(seed=1)
        envs.step_async(ACTIONS[:2])
        with pytest.raises(multiprocessing.TimeoutError, match=r"`step_wait` has timed out after 0\.05"):
            envs.step_wait(timeout=0.05)
        with pytest.raises(AlreadyPendingCallError):  # a second step now would mix up the two
            envs.step_async(ACTIONS[:2])
        observations, *_, infos = envs.step_wait(timeout=5)
        assert observations[:, 1].tolist() == [1, 1]
        assert "fault" not in infos
        assert envs.step(ACTIONS[:2])[0][:, 1].tolist() == [2, 2]
    finally:
        envs.close()


def test_closing_after_a_wait_that_timed_out_is_silent(tmp_path: Path) -> None:
    envs = StableProcessPoolEnv([make(0, Plan("step", "pause", tmp_path))], 1, 5.0)
    envs.reset(seed=1)
    envs.step_async(ACTIONS[:1])
    with pytest.raises(multiprocessing.TimeoutError):
        envs.step_wait(timeout=0.05)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        envs.close()


@pytest.mark.parametrize("on_failure", ["raise", "restart"])
def test_an_environments_own_timeout_error_is_no_timeout_of_the_wait(on_failure: Any) -> None:
    def fail(env: Any) -> None:
        raise multiprocessing.TimeoutError("of the environment")

    envs = StableProcessPoolEnv([make(0)], 1, 5.0, on_failure=on_failure)
    try:
        envs.reset(seed=1)
        with pytest.raises(multiprocessing.TimeoutError, match="of the environment"):
            envs.call_on([0], fail)
        assert envs.step(ACTIONS[:1])[0][:, 1].tolist() == [1]
    finally:
        envs.close()


def test_step_async_returns_while_environments_step(tmp_path: Path) -> None:
    envs = StableProcessPoolEnv([make(0, Plan("step", "pause", tmp_path))], 1, 5.0)
    try:
        envs.reset(seed=1)
        started = time.monotonic()
        envs.step_async(ACTIONS[:1])
        assert time.monotonic() - started < 0.3
        envs.step_wait()
        assert time.monotonic() - started > 0.3
    finally:
        envs.close()


@pytest.mark.parametrize(
    ("actions", "why"),
    [
        (np.ones((2, 4), np.int8), "shape"),
        (np.ones((4, 4), np.int8), "shape"),
        (np.ones(3, np.int8), "shape"),
        (np.ones((3, 5), np.int8), "shape"),
        (np.ones((3, 4), np.float64), "without loss"),
        (np.full((3, 4), 300), "without loss"),
        ([[1, 0], [1]], "one array"),
        (np.full((3, 4), "a"), "without loss"),
    ],
)
def test_actions_that_do_not_fit_are_refused_before_any_is_sent(
    envs: StableProcessPoolEnv, actions: Any, why: str
) -> None:
    envs.reset(seed=1)
    with pytest.raises(ActionError, match=why):
        envs.step(actions)
    assert envs.step(ACTIONS)[0][:, 1].tolist() == [1, 1, 1]


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint8, np.bool_])
def test_integers_that_convert_without_loss_are_welcome(envs: StableProcessPoolEnv, dtype: type) -> None:
    envs.reset(seed=1)
    actions = np.eye(3, 4).astype(dtype)
    assert envs.step(actions)[1].tolist() == [1.0, 1.0, 1.0]
    assert envs.step(actions.tolist())[1].tolist() == [1.0, 1.0, 1.0]


def test_one_number_per_environment_stands_for_arrays_of_one_number_each() -> None:
    area = ActionArea(Box(0, 1, (1,)), 2)
    assert area.check([1, 0]).tolist() == [[1], [0]]
    assert ActionArea(Discrete(5), 2).check(np.array([[3], [4]])).tolist() == [3, 4]
    for wrong in (np.ones((1, 2)), 1, np.ones((2, 2)), np.ones(1)):
        with pytest.raises(ActionError, match="shape"):
            area.check(wrong)


def test_an_environment_may_write_to_its_action_and_keep_it() -> None:
    class Keeper(gym.Env[Any, Any]):
        observation_space, action_space = Box(0, 9, (2,), np.float32), Box(0, 9, (2,), np.float32)

        def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
            self.kept = np.zeros(2, np.float32)
            return self.kept, {}

        def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
            before, self.kept = self.kept, action
            return before, 0.0, False, False, {}

    envs = StableProcessPoolEnv([Keeper, Keeper], 2)
    try:
        envs.reset()
        envs.step(np.ones((2, 2), np.float32))
        assert envs.step(np.full((2, 2), 5, np.float32))[0].tolist() == [[1, 1], [1, 1]]
    finally:
        envs.close()


def test_reset_by_mask_leaves_the_others_alone(envs: StableProcessPoolEnv) -> None:
    envs.reset(seed=1)
    before = envs.step(ACTIONS)[0]
    observations, infos = envs.reset(seed=7, options={"reset_mask": np.array([False, True, False])})
    assert observations[:, 1].tolist() == [1, 0, 1]
    assert np.array_equal(observations[[0, 2]], before[[0, 2]])
    assert infos["_steps"].tolist() == [False, True, False]
    assert envs.step(ACTIONS)[0][:, 1].tolist() == [2, 1, 2]


@pytest.mark.parametrize(
    ("mask", "error"),
    [
        ([True, False, False], TypeError),
        (np.array([True]), ValueError),
        (np.array([1, 0, 0]), TypeError),
        (np.zeros(3, bool), ValueError),
    ],
)
def test_masks_that_are_none_are_refused(
    envs: StableProcessPoolEnv, mask: Any, error: type[Exception]
) -> None:
    with pytest.raises(error, match="reset_mask"):
        envs.reset(options={"reset_mask": mask})


def test_seeds(envs: StableProcessPoolEnv) -> None:
    one, _ = envs.reset(seed=4)
    several, _ = envs.reset(seed=[4, 5, 6])
    assert np.array_equal(one, several)
    mixed, _ = envs.reset(seed=[4, None, None])
    assert np.array_equal(mixed[0], one[0])
    assert not np.array_equal(mixed[1], one[1])
    with pytest.raises(ValueError, match="num_envs=3"):
        envs.reset(seed=[1, 2])


def test_calls_and_attributes(envs: StableProcessPoolEnv) -> None:
    envs.reset(seed=1)
    assert envs.call("work", 2) == (0, 2, 4)
    assert envs.call("work", number=3) == (0, 3, 6)
    assert envs.get_attr("index") == (0, 1, 2)
    envs.set_attr("index", [5, 6, 7])
    assert envs.get_attr("index") == (5, 6, 7)
    envs.set_attr("index", 9)
    assert envs.call("work") == (9, 9, 9)
    with pytest.raises(ValueError, match="number of environments"):
        envs.set_attr("index", [1, 2])
    frames = envs.render()
    assert frames is not None
    assert [frame.shape for frame in frames] == [(2, 2, 3)] * 3


def test_an_exception_in_a_call_is_raised_and_costs_nobody_an_episode(envs: StableProcessPoolEnv) -> None:
    envs.reset(seed=1)
    with pytest.raises(AttributeError, match="no_such_thing"):
        envs.get_attr("no_such_thing")
    with pytest.raises(ValueError, match="use `reset` directly"):
        envs.call("reset")
    assert envs.step(ACTIONS)[0][:, 1].tolist() == [1, 1, 1]
    assert envs.counters["pool/restarts"] == 0


@pytest.mark.parametrize("shared_memory", [True, False])
def test_copies_are_the_callers_own(shared_memory: bool) -> None:
    envs = StableProcessPoolEnv([make(0), make(1)], 2, shared_memory=shared_memory)
    try:
        first, _ = envs.reset(seed=1)
        kept = first.copy()
        envs.step(ACTIONS[:2])
        envs.step(ACTIONS[:2])
        assert np.array_equal(first, kept)
    finally:
        envs.close()


@pytest.mark.parametrize("shared_memory", [True, False])
def test_without_copy_an_observation_is_a_view_that_outlives_one_more_step(shared_memory: bool) -> None:
    envs = StableProcessPoolEnv([make(0), make(1)], 2, copy=False, shared_memory=shared_memory)
    try:
        first, _ = envs.reset(seed=1)
        kept = first.copy()
        second = envs.step(ACTIONS[:2])[0]
        assert np.array_equal(first, kept)
        assert np.shares_memory(second, envs.observations)
        third = envs.step(ACTIONS[:2])[0]
        assert np.shares_memory(first, third)
    finally:
        envs.close()


def test_spaces_that_differ() -> None:
    def wider(high: float) -> Any:
        def create() -> Any:
            env = make(0)()
            env.observation_space = Box(-high, high, (3,), np.float32)
            return env

        return create

    with pytest.raises(
        RuntimeError, match="however some of the sub-environments observation spaces are not equiv"
    ):
        StableProcessPoolEnv([wider(1), wider(2)], 2)
    different = StableProcessPoolEnv([wider(1), wider(2)], 2, observation_mode="different")
    assert isinstance(different.observation_space, Box)
    assert different.observation_space.high[:, 0].tolist() == [1, 2]
    different.close()
    both = (Box(-9, 9, (2, 3), np.float32), Box(-9, 9, (3,), np.float32))
    custom = StableProcessPoolEnv([wider(1), wider(2)], 2, observation_mode=both)
    assert custom.single_observation_space == both[1]
    custom.close()
    with pytest.raises(ValueError, match="Invalid `observation_mode`"):
        StableProcessPoolEnv([wider(1)], observation_mode="unknown")


class Custom(Space[str]):
    """A space that Gymnasium knows nothing about."""

    def sample(self, mask: Any = None, probability: Any = None) -> str:
        return "observation"

    def contains(self, x: Any) -> bool:
        return isinstance(x, str)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Custom)


class CustomSpaces(gym.Env[Any, Any]):
    observation_space, action_space = Custom(), Custom()

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        return "reset", {}

    def step(self, action: str) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        return f"step({action})", 0.0, False, False, {}


def test_custom_spaces_work_without_shared_memory() -> None:
    with pytest.raises(ValueError, match="shared_memory=False"):
        StableProcessPoolEnv([CustomSpaces], 1)
    envs = StableProcessPoolEnv([CustomSpaces] * 3, 2, shared_memory=False)
    try:
        assert envs.reset() == (("reset",) * 3, {})
        assert envs.step(("a", "b", "c"))[0] == ("step(a)", "step(b)", "step(c)")
        with pytest.raises(ActionError, match="2 actions for 3"):
            envs.step(("a", "b"))
    finally:
        envs.close()


def test_spaces_of_no_fixed_size_need_messages() -> None:
    space = Graph(Box(0, 1, (2,)), Discrete(2), seed=1)

    class Drawn(gym.Env[Any, Any]):
        observation_space, action_space = space, Discrete(2)

        def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
            return self.observation_space.sample(), {}

    with pytest.raises(TypeError, match="shared_memory"):
        StableProcessPoolEnv([Drawn], 1)
    envs = StableProcessPoolEnv([Drawn, Drawn], 2, shared_memory=False)
    assert all(space.contains(graph) for graph in envs.reset()[0])
    envs.close()


@pytest.mark.parametrize(
    "kwargs",
    [
        {"worker": lambda index: None},
        {"context": "teleport"},
        {"max_workers": 0},
        {"max_workers": True},
        {"max_concurrency": 0},
        {"max_concurrency": 1.5},
        {"timeout": 0},
        {"reset_timeout": "soon"},
        {"on_failure": "ignore"},
        {"max_restarts": -1},
    ],
)
def test_arguments_out_of_range_are_refused(kwargs: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(kwargs))):
        StableProcessPoolEnv([make(0)], **kwargs)
    with pytest.raises(ValueError, match="env_fns"):
        StableProcessPoolEnv([])


def test_observations_outside_their_space_are_errors_where_that_is_asked_for() -> None:
    class Stray(gym.Env[Any, Any]):
        observation_space, action_space = Box(0, 1, (1,), np.float32), Discrete(3)

        def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
            return np.zeros(1, np.float32), {}

        def step(self, action: int) -> tuple[Any, float, bool, bool, dict[str, Any]]:
            return np.full(1, action, np.float32), 0.0, False, False, {}

    for check, fault in (({}, False), ({"check_space": True}, True)):
        envs = StableProcessPoolEnv([Stray, Stray], 2, 5.0, **check)
        try:
            envs.reset(seed=1)
            assert "fault" not in envs.step([1, 1])[4]
            observations, *_, infos = envs.step([1, 2])
            assert ("fault" in infos) == fault
            assert observations.tolist() == [[1], [1] if fault else [2]]
            if fault:
                assert "outside its space" in infos["fault"][1].traceback
        finally:
            envs.close()


def test_wrappers_work_on_it() -> None:
    envs = RecordEpisodeStatistics(StableProcessPoolEnv([make(index) for index in range(3)], 2))
    try:
        envs.reset(seed=1)
        for _ in range(6):
            infos = envs.step(ACTIONS)[4]
        assert infos["episode"]["r"].tolist() == [24, 24, 24]
        assert infos["episode"]["l"].tolist() == [6, 6, 6]
    finally:
        envs.close()


def raising(where: str, folder: Path) -> StableProcessPoolEnv:
    """Two environments that raise, each on a worker of its own."""
    env_fns = []
    for index in range(2):
        (folder / str(index)).mkdir()
        env_fns.append(make(index, Plan(where, "raise", folder / str(index))))
    return StableProcessPoolEnv(env_fns, 2, 5.0, on_failure="raise")


@pytest.mark.parametrize("where", ["reset", "step"])
def test_on_failure_raise_is_what_async_vector_env_does(where: str, tmp_path: Path) -> None:
    envs = raising(where, tmp_path)
    try:
        if where == "step":
            envs.reset(seed=1)
        go = {"step": lambda: envs.step(ACTIONS[:2]), "reset": lambda: envs.reset(seed=1)}[where]
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            with pytest.raises(ValueError, match="environment raised"):
                go()
        texts = [str(warning.message) for warning in caught]
        assert len(texts) == 5
        assert "Received the following error from Worker-0 - Shutting it down" in texts[0]
        assert "in _raise" in texts[1]
        assert "Received the following error from Worker-1 - Shutting it down" in texts[2]
        assert "Raising the last exception back to the main process." in texts[4]
        assert envs.reset(seed=1)[0][:, 1].tolist() == [0, 0]
    finally:
        envs.close()


def test_on_failure_raise_tells_of_a_lost_worker(tmp_path: Path) -> None:
    env_fns = [make(0), make(1, Plan("step", "SIGKILL", tmp_path))]
    envs = StableProcessPoolEnv(env_fns, 2, 5.0, on_failure="raise")
    try:
        envs.reset(seed=1)
        with pytest.raises(WorkerFaultError, match=r"environment 1 was lost \(crash in step"):
            envs.step(ACTIONS[:2])
    finally:
        envs.close()
