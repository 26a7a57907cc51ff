"""An environment that can be snapshot survives its worker: the trainer sees latency and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers import RecordEpisodeStatistics
from pool_envs import EPISODE_STEPS, Bulky, Counting, Pickled, Plan, Saved
from test_equality import assert_same

from stablepool import StableProcessPoolEnv

ACTIONS = np.ones((4, 4), np.int8)
STEPS = EPISODE_STEPS + 4
FAULTY = 2


def play(envs: Any, disabled: bool = False) -> list[Any]:
    """Two episodes' worth of everything that the environments return."""
    try:
        seen = [envs.reset(seed=5)]
        for _ in range(STEPS):
            seen.append(envs.step(ACTIONS))
            ended = seen[-1][2] | seen[-1][3]
            if disabled and ended.any():
                seen.append(envs.reset(options={"reset_mask": ended}))
        return seen
    finally:
        envs.close()


def pool(kind: type[Counting], plan: Plan, **kwargs: Any) -> StableProcessPoolEnv:
    env_fns = [lambda index=index: kind(index, plan if index == FAULTY else None) for index in range(4)]
    return StableProcessPoolEnv(env_fns, kwargs.pop("workers", 2), 0.6, **kwargs)


@pytest.mark.parametrize("kind", [Saved, Pickled])
@pytest.mark.parametrize("how", ["SIGKILL", "sleep", "raise", "unpicklable-info"])
def test_a_lost_step_is_repeated_and_nothing_differs(kind: type[Counting], how: str, tmp_path: Path) -> None:
    envs = pool(kind, Plan("step", how, tmp_path, at=3))
    assert_same(play(envs), play(SyncVectorEnv([lambda i=i: Counting(i) for i in range(4)])))
    assert (envs.counters["pool/recoveries"], envs.counters["pool/void_transitions"]) == (1, 0)
    assert len(list(tmp_path.glob("fired-*"))) == 1


def registered(kind: type[Counting], index: int, plan: Plan | None) -> Any:
    """As `gymnasium.make` makes it, with a time limit in the midst of its episodes."""
    spec = EnvSpec("Snapshot-v0", entry_point=lambda: kind(index, plan), max_episode_steps=EPISODE_STEPS - 2)
    return gym.make(spec)


@pytest.mark.parametrize("kind", [Saved, Pickled])
@pytest.mark.parametrize("at", [1, 3, EPISODE_STEPS - 2])
def test_it_is_found_behind_what_make_puts_around_it(kind: type[Counting], at: int, tmp_path: Path) -> None:
    plan = Plan("step", "SIGKILL", tmp_path, at=at)
    envs = StableProcessPoolEnv(
        [lambda i=i: registered(kind, i, plan if i == FAULTY else None) for i in range(4)], 2, 5.0
    )
    plain = SyncVectorEnv([lambda i=i: registered(Counting, i, None) for i in range(4)])
    assert_same(play(envs), play(plain))
    assert (envs.counters["pool/recoveries"], envs.counters["pool/void_transitions"]) == (1, 0)


def test_behind_other_wrappers_it_is_not_for_their_state_is_unknown(tmp_path: Path) -> None:
    plan = Plan("step", "SIGKILL", tmp_path, at=2)
    envs = StableProcessPoolEnv([lambda: RecordEpisodeStatistics(Saved(0, plan))], 1, 5.0)
    try:
        envs.reset(seed=5)
        envs.step(ACTIONS[:1])
        assert envs.step(ACTIONS[:1])[4]["fault"][0].kind == "crash"
    finally:
        envs.close()


@pytest.mark.parametrize(
    ("mode", "where", "at"),
    [(mode, "step", EPISODE_STEPS) for mode in AutoresetMode]
    + [(mode, "reset", 2) for mode in (AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP)],
)
def test_also_at_the_end_of_an_episode(mode: AutoresetMode, where: str, at: int, tmp_path: Path) -> None:
    envs = pool(Saved, Plan(where, "SIGKILL", tmp_path, at=at), autoreset_mode=mode, workers=1)
    disabled = mode is AutoresetMode.DISABLED
    plain = SyncVectorEnv([lambda i=i: Counting(i) for i in range(4)], autoreset_mode=mode)
    assert_same(play(envs, disabled), play(plain, disabled))
    assert envs.counters["pool/recoveries"] == 1


def test_a_worker_killed_between_steps_costs_nothing_either(tmp_path: Path) -> None:
    import psutil

    envs = pool(Saved, Plan("step", "raise", tmp_path, times=0))
    try:
        envs.reset(seed=5)
        envs.step(ACTIONS)
        psutil.Process(envs.worker_pids[0]).kill()
        observations, *_, infos = envs.step(ACTIONS)
        assert "fault" not in infos
        assert observations[:, 1].tolist() == [2] * 4
    finally:
        envs.close()


def test_a_poison_state_does_not_loop(tmp_path: Path) -> None:
    class Poisoned(Saved):
        def step(self, action: np.ndarray) -> Any:
            if self.index == FAULTY and self.steps == 2:
                raise ValueError("this state is poison")
            return super().step(action)

    envs = pool(Poisoned, Plan("step", "raise", tmp_path, times=0))
    try:
        envs.reset(seed=5)
        envs.step(ACTIONS)
        envs.step(ACTIONS)
        observations, _, _, truncations, infos = envs.step(ACTIONS)
        record = infos["fault"][FAULTY]
        assert (record.kind, record.generation, record.restarts) == ("error", 1, 2)
        assert truncations.tolist() == [False, False, True, True]
        assert observations[FAULTY][1] == 2
        assert envs.step(ACTIONS)[0][FAULTY][1] == 0
        assert envs.counters["pool/restarts"] == 2
    finally:
        envs.close()


@pytest.mark.parametrize(("kind", "kwargs"), [(Bulky, {}), (Saved, {"snapshot_bytes": 0})])
def test_without_a_snapshot_the_transition_is_void(
    kind: type[Counting], kwargs: dict, tmp_path: Path
) -> None:
    envs = pool(kind, Plan("step", "SIGKILL", tmp_path, at=2), **kwargs)
    try:
        envs.reset(seed=5)
        envs.step(ACTIONS)
        infos = envs.step(ACTIONS)[4]
        assert infos["fault"][FAULTY].kind == "crash"
        assert envs.counters["pool/recoveries"] == 0
    finally:
        envs.close()
