"""The pool in `AsyncVectorEnv`'s place: what is asked here is asked of both, so that Gymnasium gives the answers."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import AlreadyPendingCallError, ClosedEnvironmentError, NoAsyncCallError
from gymnasium.spaces import Box, Dict, Discrete, Graph, OneOf, Sequence, Space
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv, VectorEnv
from gymnasium.wrappers import vector as wrappers
from pool_envs import Counting, make
from test_equality import Anything, assert_same, rollout

from stablepool import StableProcessPoolEnv


class Pool(StableProcessPoolEnv):
    """As a script would have it that replaces the class and wants the same exceptions."""

    def __init__(self, env_fns: Any, **kwargs: Any) -> None:
        super().__init__(env_fns, max_workers=2, on_failure="raise", **kwargs)


Make = Callable[..., VectorEnv[Any, Any, Any]]
both = pytest.mark.parametrize("cls", [AsyncVectorEnv, Pool])


def spaced(observation_space: Space[Any], action_space: Space[Any] | None = None) -> Callable[[], Anything]:
    return lambda: Anything(observation_space, action_space or Discrete(2))


@both
def test_make_vec_makes_it_and_its_spec_makes_it_again(cls: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gym.vector, "AsyncVectorEnv", cls)
    options: dict[str, Any] = {"vector_kwargs": {"shared_memory": False}, "max_episode_steps": 3}
    envs = gym.make_vec("CartPole-v1", 2, gym.VectorizeMode.ASYNC, **options)
    assert envs.spec is not None
    again = gym.make_vec(envs.spec)
    try:
        assert type(envs) is type(again) is cls
        assert repr(envs) == f"{cls.__name__}(CartPole-v1, num_envs=2)"  # type: ignore[attr-defined]
        assert again.spec == envs.spec
        assert_same(
            rollout(envs, [np.array([0, 1])] * 5, False), rollout(again, [np.array([0, 1])] * 5, False)
        )
    finally:
        envs.close()
        again.close()


def end_of(call: Callable[[], Any]) -> tuple[type[BaseException], str]:
    with pytest.raises(Exception) as caught:
        call()
    return caught.type, str(caught.value).rstrip(".")


def answers(cls: Make) -> list[Any]:
    """How misuse is answered."""
    envs: Any = cls([make(0), make(1)])
    said: list[Any] = [end_of(envs.reset_wait), end_of(envs.step_wait), end_of(envs.call_wait)]
    said += [end_of(lambda: envs.reset(seed=[1])), end_of(lambda: envs.set_attr("index", [1]))]
    for mask in ([True, False], np.array([True]), np.array([1, 0]), np.zeros(2, bool)):
        said.append(end_of(lambda mask=mask: envs.reset(options={"reset_mask": mask})))
    for begin, wait in (
        (envs.reset_async, envs.reset_wait),
        (lambda: envs.step_async([[1] * 4] * 2), envs.step_wait),
    ):
        begin()
        said += [
            end_of(envs.reset_async),
            end_of(lambda: envs.call_async("index")),
            end_of(lambda: envs.set_attr("a", 1)),
        ]
        wait()
    envs.reset_async()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        envs.close(terminate=True)
    said.append([str(warning.message) for warning in caught])
    said += [
        end_of(call) for call in (envs.reset, envs.step_wait, envs.render, lambda: envs.get_attr("index"))
    ]
    return said


def test_misuse_is_answered_in_the_same_words() -> None:
    theirs = [str(answer).replace("AsyncVectorEnv", "Pool") for answer in answers(AsyncVectorEnv)]
    ours = [str(answer) for answer in answers(Pool)]
    assert ours == theirs
    for error in (NoAsyncCallError, AlreadyPendingCallError, ClosedEnvironmentError):
        assert any(error.__name__ in answer for answer in ours)


REFUSED: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "different bounds": ([Box(0, 1), Box(0, 2)], {}),
    "different kinds": ([Box(0, 1), Discrete(2)], {"observation_mode": "different"}),
    "different shapes": ([Box(0, 1), Box(0, 1, (2,))], {"observation_mode": (Box(0, 1, (2, 1)), Box(0, 1))}),
    "no spaces": ([Box(0, 1)], {"observation_mode": (1, 2)}),
    "unknown mode": ([Box(0, 1)], {"observation_mode": "unheard of"}),
    "unknown autoreset": ([Box(0, 1)], {"autoreset_mode": "unheard of"}),
    "concurrency": ([Box(0, 1)], {"max_concurrency": 1.5}),
    "no concurrency": ([Box(0, 1)], {"max_concurrency": 0}),
    "graph": ([Graph(Box(0, 1, (2,)), None)], {}),
    "sequence": ([Sequence(Discrete(3))], {}),
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_cannot_be_made_is_refused_with_the_same_error(why: str) -> None:
    spaces, kwargs = REFUSED[why]
    env_fns = [spaced(space) for space in spaces]
    kind, text = end_of(lambda: AsyncVectorEnv(env_fns, **kwargs))
    with pytest.raises(kind, match=re.escape(text.replace("AsyncVectorEnv(", "Pool("))):
        Pool(env_fns, **kwargs)


def test_different_action_spaces_are_refused() -> None:
    with pytest.raises(RuntimeError, match=re.escape("an action space different from `Discrete(2)`")):
        Pool([spaced(Box(0, 1)), spaced(Box(0, 1), Discrete(3))])


@pytest.mark.parametrize(
    "space",
    [
        Graph(Box(-1, 1, (2,)), Discrete(3)),
        Sequence(Dict(a=Box(0, 1, (2,)))),
        Sequence(Discrete(3), stack=True),
        OneOf([Discrete(2), Box(0, 1, (2,))]),
        Dict({}),
    ],
    ids=lambda space: type(space).__name__,
)
def test_spaces_of_no_fixed_size_are_the_same_as_in_sync_vector_env(space: Space[Any]) -> None:
    env_fns = [spaced(space)] * 3
    theirs = rollout(SyncVectorEnv(env_fns), [np.array([0, 1, 0])] * 3, disabled=False)
    ours = rollout(Pool(env_fns, shared_memory=False), [np.array([0, 1, 0])] * 3, disabled=False)
    assert_same(ours, theirs)


class Talkative(Counting):
    """Infos of every type that Gymnasium merges in its own way, and not from every environment."""

    def step(self, action: np.ndarray) -> Any:
        observation, reward, terminated, truncated, _ = super().step(action)
        info = {
            "int": self.index, "float": 0.5, "flag": self.index == 1, "text": "a", "none": None, "list": [self.index],
            "array": np.full((2, 2), self.index), "number": np.float32(3), "deep": {"a": 1, "b": {"c": "x"}},
        }  # fmt: skip
        return observation, reward, terminated, truncated, info if self.index != 2 else {"other": np.int16(1)}


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_infos_are_merged_in_the_same_way(mode: AutoresetMode) -> None:
    env_fns = [lambda index=index: Talkative(index) for index in range(3)]
    actions = [np.ones((3, 4), np.int8)] * 8
    disabled = mode is AutoresetMode.DISABLED
    theirs = rollout(AsyncVectorEnv(env_fns, autoreset_mode=mode), actions, disabled)
    ours = rollout(Pool(env_fns, autoreset_mode=mode), actions, disabled)
    assert_same(ours, theirs)


@pytest.mark.parametrize("context", ["fork", "spawn", "forkserver", None])
def test_seeds_and_generators_are_those_of_the_environments(context: str | None) -> None:
    envs = Pool([make(index) for index in range(2)], context=context)
    try:
        envs.reset(seed=42)
        assert envs.np_random_seed == (42, 43)
        envs.reset(seed=[9, None])
        assert envs.np_random_seed == (9, 43)
        assert all(isinstance(generator, np.random.Generator) for generator in envs.np_random)
    finally:
        envs.close()


@pytest.mark.parametrize(
    ("space", "actions"),
    [
        (Box(0, 9, (1,)), [1, 2]),
        (Box(0, 9, (1,)), np.array([1.5, 2.5])),
        (Box(0, 9, ()), [1.5, 2.5]),
        (Box(0, 9, (2,)), [[1, 2], [3, 4]]),
        (Box(0, 9, (2,)), np.ones((2, 2))),
        (Box(0, 9, (2,), np.int8), np.ones((2, 2), np.int64)),
        (Discrete(3), [1, 2]),
        (Discrete(3), (np.int32(1), 2)),
    ],
    ids=str,
)
def test_environments_are_given_what_async_vector_env_gives_them(space: Space[Any], actions: Any) -> None:
    given = []
    for cls in (AsyncVectorEnv, Pool):
        envs = cls([spaced(Box(0, 1), space)] * 2)
        envs.reset(seed=1)
        given.append(envs.step(actions)[4]["action"].tolist())
        envs.close()
    assert given[1] == given[0]


WRAPPERS: dict[str, Callable[[Any], Any]] = {
    "NormalizeObservation": wrappers.NormalizeObservation,
    "NormalizeReward": wrappers.NormalizeReward,
    "DictInfoToList": wrappers.DictInfoToList,
    "FlattenObservation": wrappers.FlattenObservation,
    "ClipReward": lambda envs: wrappers.ClipReward(envs, min_reward=0, max_reward=1),
    "RescaleObservation": lambda envs: wrappers.RescaleObservation(
        envs, min_obs=np.float32(-1), max_obs=np.float32(1)
    ),
}


@pytest.mark.parametrize("name", WRAPPERS)
def test_vector_wrappers_give_the_same(name: str) -> None:
    wrap, env_fns = WRAPPERS[name], [lambda: gym.make("MountainCar-v0", max_episode_steps=4)] * 3
    actions = [np.array([0, 1, 2])] * 6
    theirs = rollout(wrap(SyncVectorEnv(env_fns)), actions, disabled=False)
    assert_same(rollout(wrap(Pool(env_fns)), actions, disabled=False), theirs)
