"""A sick environment cannot eat the run: restarts back off, then the pool gives up what keeps failing, and says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pool_envs import Plan, make

from stablepool import RestartLimitError, StableProcessPoolEnv, valid_transitions
from stablepool.options import backoff_s

ACTIONS = np.ones((2, 4), np.int8)


def sick(folder: Path, where: str = "step", **kwargs) -> StableProcessPoolEnv:
    """Environment 1 of 2, alone on its worker, fails in every life."""
    env_fns = [make(0), make(1, Plan(where, "raise", folder, times=99))]
    return StableProcessPoolEnv(env_fns, 2, 10.0, max_restarts=2, **kwargs)


def step_often(envs: StableProcessPoolEnv, times: int) -> None:
    for _ in range(times):
        envs.step(ACTIONS[: envs.num_envs])


def test_pauses_grow_and_are_bounded() -> None:
    pauses = [backoff_s(failures) for failures in range(1, 12)]
    assert pauses[:4] == [0.0, 0.05, 0.1, 0.2]
    assert pauses == sorted(pauses)
    assert pauses[-1] == 2.0


def test_too_many_restarts_raise_and_go_on_raising(tmp_path: Path) -> None:
    envs = sick(tmp_path)
    try:
        envs.reset(seed=1)
        with pytest.raises(RestartLimitError, match="failed more than 2 times within 60 s") as caught:
            step_often(envs, 9)
        assert "the environment raised" in caught.value.fault.traceback
        assert len(list(tmp_path.glob("fired-*"))) == 3
        with pytest.raises(RestartLimitError):
            envs.step(ACTIONS)
    finally:
        envs.close()


def test_failures_outside_the_window_are_forgiven(tmp_path: Path) -> None:
    envs = sick(tmp_path, restart_window=0.001)
    try:
        envs.reset(seed=1)
        step_often(envs, 8)
        assert envs.counters["pool/restarts"] == 4
    finally:
        envs.close()


def test_a_quarantined_environment_stays_void_and_the_others_go_on(tmp_path: Path) -> None:
    envs = sick(tmp_path, on_failure="quarantine")
    try:
        first, _ = envs.reset(seed=1)
        for _ in range(12):
            observations, rewards, terminations, truncations, infos = envs.step(ACTIONS)
        assert envs.counters["pool/quarantined"] == 1
        record = infos["fault"][1]
        assert (record.phase, record.transition_valid) == ("quarantine", False)
        assert valid_transitions(infos, 2).tolist() == [True, False]
        assert (rewards[1], terminations[1], truncations[1]) == (0.0, False, True)
        assert observations[1][:2].tolist() == [1, 0]  # a reset observation, the last that was real
        assert envs.call("work", 2) == (0, None)
        observations, infos = envs.reset(seed=1)
        assert np.array_equal(observations[0], first[0])
        assert infos["_fault"].tolist() == [False, True]
        assert envs.step(ACTIONS)[0][0][1] == 1
    finally:
        envs.close()


def test_when_every_environment_is_sick_quarantine_raises(tmp_path: Path) -> None:
    plan = Plan("step", "raise", tmp_path, times=99)
    envs = StableProcessPoolEnv([make(0, plan)], 1, 10.0, max_restarts=1, on_failure="quarantine")
    try:
        envs.reset(seed=1)
        with pytest.raises(RestartLimitError):
            step_often(envs, 6)
    finally:
        envs.close()


def test_a_reset_that_keeps_failing_ends_in_the_limit(tmp_path: Path) -> None:
    envs = sick(tmp_path, "reset")
    try:
        with pytest.raises((RestartLimitError, RuntimeError), match="the environment raised"):
            [envs.reset(seed=1) for _ in range(5)]
    finally:
        envs.close()
