"""The environments of one worker, without a process: who is dealt with, how each is timed, and what is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cloudpickle
import gymnasium as gym
import numpy as np
import pytest
from pool_envs import EPISODE_STEPS, Counting, Saved

from stablepool.layout import attach_data
from stablepool.memory import Cells, ControlBlock, SharedFile
from stablepool.messages import AttachRequest, CallRequest, Phase, ResetRequest
from stablepool.residents import Residents

ENVS = 3


class Growing(Saved):
    """Its snapshot outgrows its place after two steps."""

    def snapshot(self) -> dict[str, Any]:
        return {**super().snapshot(), "ballast": bytes(4096 if self.steps > 2 else 0)}


class Household:
    """Residents with everything that a worker and its pool would set up around them."""

    def __init__(self, kind: Callable[[int], gym.Env[Any, Any]] = Counting, mode: str = "NextStep") -> None:
        file = SharedFile()
        self.block = ControlBlock.create(file, 1, ENVS)
        self.residents = Residents(
            Cells(self.block), range(ENVS), mode, check_finite=False, check_space=False
        )
        assert not self.residents.build([cloudpickle.dumps(lambda i=i: kind(i)) for i in range(ENVS)])
        request = AttachRequest(Counting.observation_space, Counting.action_space, True, 2048)
        self.data = attach_data(file, self.block.size, request, ENVS, shared_observations=True, create=True)
        self.residents.settle_in(self.data.actions, self.data.observations, self.data.snapshots)
        file.close()
        self.block.involved[:] = True
        self.reset(1)

    def reset(self, sequence: int) -> None:
        self.residents.sequence = sequence
        assert not self.residents.reset(ResetRequest(dict.fromkeys(range(ENVS), 7))).errors

    def step(self, sequence: int) -> Any:
        self.residents.sequence = sequence
        return self.residents.step(None)

    def shown(self) -> list[list[float]]:
        return self.data.observations.batch(0, copy=True)[:, :2].tolist()


def test_each_is_timed_from_where_the_one_before_it_ended() -> None:
    home = Household()
    home.step(2)
    block = home.block
    assert block.finished.tolist() == [2] * ENVS
    assert (block.started_ns <= block.finished_ns).all()
    assert (block.started_ns[1:] == block.finished_ns[:-1]).all()
    assert (block.phase == Phase.STEP).all()
    assert home.shown() == [[0, 1], [1, 1], [2, 1]]


def test_only_those_that_are_involved_are_dealt_with() -> None:
    home = Household()
    home.block.involved[1] = False
    home.step(2)
    assert home.block.finished.tolist() == [2, 1, 2]
    assert home.shown() == [[0, 1], [1, 0], [2, 1]]


def test_one_that_raises_keeps_no_other_from_its_step_and_has_not_finished() -> None:
    def fail(env: Counting) -> None:
        if env.index == 1:
            raise SystemExit("enough")

    home = Household()
    home.residents.sequence = 2
    reply = home.residents.call(CallRequest(fail))
    assert list(reply.errors) == [1]
    assert reply.errors[1].type_name == "SystemExit"
    assert home.block.finished.tolist() == [2, 1, 2]
    assert home.block.started_ns[1] <= home.block.finished_ns[1]


@pytest.mark.parametrize(
    ("mode", "after"), [("NextStep", EPISODE_STEPS), ("SameStep", 0), ("Disabled", EPISODE_STEPS)]
)
def test_the_end_of_an_episode_under_each_mode(mode: str, after: int) -> None:
    home = Household(mode=mode)
    for number in range(EPISODE_STEPS):
        reply = home.step(2 + number)
    assert home.block.terminations.all()
    assert [row[1] for row in home.shown()] == [after] * ENVS
    assert ("final_obs" in reply.infos[0]) == (mode == "SameStep")
    if mode == "NextStep":
        home.step(99)
        assert [row[1] for row in home.shown()] == [0] * ENVS
        assert not home.block.terminations.any()


def test_actions_are_the_environments_own_to_keep() -> None:
    home = Household()
    home.data.actions.store(np.ones((ENVS, 4), np.int8))
    kept = home.data.actions.readers(0)[1]()
    home.data.actions.store(np.zeros((ENVS, 4), np.int8))
    assert kept.tolist() == [1, 1, 1, 1]


def test_a_snapshot_that_has_outgrown_its_place_leaves_no_older_one_to_go_back_to(
    capfd: pytest.CaptureFixture[str],
) -> None:
    home = Household(Growing)
    places = []
    for number in range(2, 6):
        home.step(number)
        places.append(home.data.snapshots.newest_before(0, number + 1) is not None)
    assert places == [True, True, False, False]
    assert capfd.readouterr().err.count("environment 0 has") == 1
