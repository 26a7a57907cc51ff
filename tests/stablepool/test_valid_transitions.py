"""`valid_transitions`: one line is all that a learner needs to leave out what never happened."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from pool_envs import GO, RAISE, Counter

from stablepool import StableProcessPoolEnv, list_infos, valid_transitions


def steps(mode: AutoresetMode, *actions: list[int]) -> list[tuple[list[float], list[bool]]]:
    """(observations, validity) after each vector step; environments 0 and 1 share a worker, 2 has its own."""
    pool = StableProcessPoolEnv([Counter] * 3, max_workers=2, timeout=10.0, autoreset_mode=mode)
    try:
        pool.reset(seed=0)
        shown = []
        for action in actions:
            observations, *_, infos = pool.step(np.array(action))
            valid = valid_transitions(infos, 3).tolist()
            assert valid_transitions(list_infos(infos, 3), 3).tolist() == valid
            shown.append((observations.ravel().tolist(), valid))
        return shown
    finally:
        pool.close()


def test_under_next_step_the_replacements_reset_is_no_transition_either() -> None:
    assert steps(AutoresetMode.NEXT_STEP, [GO] * 3, [GO, RAISE, GO], [GO] * 3, [GO] * 3) == [
        ([1, 1, 1], [True, True, True]),
        ([2, 1, 2], [True, False, True]),
        ([0, 0, 3], [False, False, True]),
        ([1, 1, 4], [True, True, True]),
    ]


def test_under_same_step_the_next_step_is_a_transition_again() -> None:
    assert steps(AutoresetMode.SAME_STEP, [GO] * 3, [GO, RAISE, GO], [GO] * 3) == [
        ([1, 1, 1], [True, True, True]),
        ([0, 0, 2], [True, False, True]),
        ([1, 1, 3], [True, True, True]),
    ]


def test_a_reset_by_the_learner_takes_the_replacements_place() -> None:
    pool = StableProcessPoolEnv([Counter] * 2, max_workers=2, timeout=10.0)
    try:
        pool.reset(seed=0)
        pool.step(np.array([GO, RAISE]))
        pool.reset()
        observations, *_, infos = pool.step(np.array([GO, GO]))
        assert observations.ravel().tolist() == [1, 1]
        assert valid_transitions(infos, 2).all()
    finally:
        pool.close()


@pytest.mark.parametrize("infos", [{}, {"fault": np.array([None, None]), "_fault": np.zeros(2, bool)}])
def test_without_a_fault_everything_is_valid(infos: dict[str, Any]) -> None:
    assert valid_transitions(infos, 2).tolist() == [True, True]
