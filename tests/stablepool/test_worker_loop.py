"""A worker loop of the caller's own, as `AsyncVectorEnv` takes one: it decides what a step is, the pool keeps time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gymnasium.vector.async_vector_env import _async_worker
from pool_envs import make

from stablepool import EnvironmentStartError, StableProcessPoolEnv

ACTIONS = np.ones((3, 4), np.int8)


def counting_loop(
    index: int,
    env_fn: Any,
    pipe: Any,
    parent_pipe: Any,
    shared_memory: Any,
    error_queue: Any,
    mode: Any,
    semaphore: Any,
) -> None:
    """A worker loop as `AsyncVectorEnv` takes one: never resets by itself, pays 7, and raises on action sum 0."""
    parent_pipe.close()
    env = env_fn()
    try:
        while True:
            command, data = pipe.recv()
            if command == "reset":
                pipe.send((env.reset(**data), True))
            elif command == "step":
                if not data.any():
                    raise KeyError("no action")
                observation, _, _, truncated, info = env.step(data)
                pipe.send(((observation, 7.0, False, truncated, {**info, "mode": mode.value}), True))
            elif command == "_call":
                name, args, kwargs = data
                value = env.get_wrapper_attr(name)
                pipe.send((value(*args, **kwargs) if callable(value) else value, True))
            elif command == "_setattr":
                env.set_wrapper_attr(*data)
                pipe.send((None, True))
            else:
                pipe.send((None, True))
                return
    except Exception as error:
        error_queue.put((index, type(error), error, "the loop's traceback"))
        pipe.send((None, False))


@pytest.mark.parametrize("shared_memory", [True, False])
def test_a_worker_loop_of_the_callers_own_decides_what_a_step_is(shared_memory: bool) -> None:
    envs = StableProcessPoolEnv(
        [make(index) for index in range(3)], 2, 5.0, worker=counting_loop, shared_memory=shared_memory
    )
    try:
        assert envs.reset(seed=1)[0][:, :2].tolist() == [[0, 0], [1, 0], [2, 0]]
        for _ in range(8):
            observations, rewards, _, _, infos = envs.step(ACTIONS)
        assert observations[:, 1].tolist() == [8, 8, 8]  # beyond the episode's end: the loop does not reset
        assert rewards.tolist() == [7, 7, 7]
        assert infos["mode"].tolist() == ["NextStep"] * 3
        assert envs.call("work", number=3) == (0, 3, 6)
        envs.set_attr("index", [4, 5, 6])
        assert envs.get_attr("index") == (4, 5, 6)
        infos = envs.step(ACTIONS * np.array([[0], [1], [1]], np.int8))[4]
        assert [record and record.kind for record in infos["fault"]] == ["error", "collateral", None]
        assert "KeyError: 'no action'" in infos["fault"][0].traceback
        assert envs.step(ACTIONS)[0][:, 1].tolist() == [0, 0, 10]
    finally:
        envs.close()


def test_a_worker_loop_that_ends_says_why() -> None:
    def loop(index: int, env_fn: Any, *_: Any) -> None:
        raise ArithmeticError("a loop with a mistake")

    with pytest.raises(EnvironmentStartError, match=r"ArithmeticError.*a loop with a mistake"):
        StableProcessPoolEnv([make(0)], 1, worker=lambda a, b, c, d, e, f, g, h: loop(a, b))


@pytest.mark.parametrize("max_concurrency", [None, 2])
def test_a_worker_loop_is_given_a_semaphore_where_concurrency_is_bounded(max_concurrency: int | None) -> None:
    def loop(*arguments: Any) -> None:
        assert (arguments[-1] is None) == (max_concurrency is None)
        _async_worker(*arguments)

    envs = StableProcessPoolEnv(
        [make(index) for index in range(3)], worker=loop, max_concurrency=max_concurrency
    )
    try:
        envs.reset(seed=1)
        assert envs.step(ACTIONS)[0][:, 1].tolist() == [1, 1, 1]
    finally:
        envs.close()
