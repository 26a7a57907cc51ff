"""Training an agent that draws lines: its three parts, and that any of them can be left and taken up again."""

from __future__ import annotations

import contextlib
import io
from itertools import islice
from typing import Any

import numpy as np
import pytest
import torch

from fuelbreak.dqn.lines import numbered
from fuelbreak.dqn.lines import training as module
from fuelbreak.dqn.lines.episodes import Step
from fuelbreak.dqn.lines.training import LineTraining, LineTrainingSettings, Round
from fuelbreak.errors import CheckpointError
from fuelbreak.fire.threads import usable_cores
from fuelbreak.landscape import Landscape
from fuelbreak.synthetic import generate_landscape

SETTINGS = LineTrainingSettings(
    taught_episodes=3,
    fit_updates=5,
    drawn_episodes=3,
    episodes_at_once=2,
    updates_per_episode=2,
    batch_size=4,
)
ROUNDS = 2 + 2 + 2


@pytest.fixture(scope="module")
def landscapes() -> list[Landscape]:
    return [generate_landscape(3, 10), generate_landscape(5, 12)]


def on_disk_and_back(training: LineTraining) -> dict[str, Any]:
    file = io.BytesIO()
    torch.save(training.state_dict() | {"network": training.network.state_dict()}, file)
    file.seek(0)
    state: dict[str, Any] = torch.load(file, weights_only=True)
    return state


def run(training: LineTraining, rounds: int = ROUNDS) -> list[Round]:
    with contextlib.closing(training.rounds()) as going:
        return list(islice(going, rounds))


def assert_equal(one: Any, other: Any) -> None:
    """Nested dicts, lists and tensors are the same to the last bit."""
    assert type(one) is type(other)
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            assert_equal(one[key], other[key])
    elif isinstance(one, list | tuple):
        assert len(one) == len(other)
        for left, right in zip(one, other, strict=True):
            assert_equal(left, right)
    elif isinstance(one, torch.Tensor):
        assert one.dtype == other.dtype
        assert torch.equal(one, other)
    else:
        assert one == other


@pytest.fixture(scope="module")
def uninterrupted(landscapes: list[Landscape]) -> tuple[LineTraining, list[Round]]:
    training = LineTraining(SETTINGS, landscapes)
    return training, run(training)


def test_the_parts_follow_each_other_and_each_does_what_was_asked(
    uninterrupted: tuple[LineTraining, list[Round]],
) -> None:
    training, rounds = uninterrupted
    assert [(each.part, each.done, each.total) for each in rounds] == [
        *(("teach", 2, 3), ("teach", 3, 3), ("fit", 4, 5), ("fit", 5, 5)),
        *(("draw", 2, 3), ("draw", 3, 3)),
    ]
    assert [len(each.episodes) for each in rounds] == [2, 1, 0, 0, 2, 1]
    assert [len(each.losses) for each in rounds] == [0, 0, 4, 1, 4, 2]
    assert training.episodes == 6
    assert len(training.steps) == sum(len(steps) for each in rounds for steps in each.episodes) > 6
    assert len(training.drawn.transitions) == sum(len(steps) for steps in training.drawn.episodes)
    assert list(training.rounds()) == []


def test_training_changes_the_network(
    uninterrupted: tuple[LineTraining, list[Round]], landscapes: list[Landscape]
) -> None:
    before = LineTraining(SETTINGS, landscapes).network.state_dict()
    after = uninterrupted[0].network.state_dict()
    assert all(not torch.equal(before[name], weight) for name, weight in after.items())


@pytest.mark.parametrize("stop", [1, 3, 4, 5], ids=["in teach", "in fit", "between fit and draw", "in draw"])
def test_left_between_two_rounds_and_taken_up_it_learns_the_same_to_the_last_bit(
    uninterrupted: tuple[LineTraining, list[Round]], landscapes: list[Landscape], stop: int
) -> None:
    left = LineTraining(SETTINGS, landscapes)
    run(left, stop)
    state = on_disk_and_back(left)
    torch.manual_seed(99)

    resumed = LineTraining(SETTINGS, landscapes)
    resumed.load_state_dict(state)
    assert_equal(resumed.state_dict(), left.state_dict())
    rounds = run(resumed)
    assert [each.losses for each in rounds] == [each.losses for each in uninterrupted[1][stop:]]
    assert_equal(resumed.state_dict(), uninterrupted[0].state_dict())
    assert_equal(resumed.network.state_dict(), uninterrupted[0].network.state_dict())


def test_what_is_learned_does_not_depend_on_the_number_of_cores(
    uninterrupted: tuple[LineTraining, list[Round]],
    landscapes: list[Landscape],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    others = 1 if usable_cores() > 1 else 3
    monkeypatch.setattr(numbered, "usable_cores", lambda: others)
    training = LineTraining(SETTINGS, landscapes)
    run(training)
    assert_equal(training.state_dict(), uninterrupted[0].state_dict())


def test_torch_is_shared_with_the_episodes_that_are_drawn_meanwhile_and_given_back(
    landscapes: list[Landscape], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def watched(*_: Any) -> list[Step]:
        seen.append(torch.get_num_threads())
        return []

    monkeypatch.setattr(module, "explored_episode", watched)
    before = torch.get_num_threads()
    torch.set_num_threads(9)
    try:
        run(
            LineTraining(LineTrainingSettings(taught_episodes=0, fit_updates=0, drawn_episodes=2), landscapes)
        )
        assert seen == [3, 3]
        assert torch.get_num_threads() == 9
    finally:
        torch.set_num_threads(before)


def test_other_landscapes_than_those_of_the_run_are_refused(
    uninterrupted: tuple[LineTraining, list[Round]],
) -> None:
    state = on_disk_and_back(uninterrupted[0])
    other = LineTraining(SETTINGS, [generate_landscape(seed, 10) for seed in (30, 31)])
    with pytest.raises(CheckpointError, match="give it the same --rasters"):
        other.load_state_dict(state)


def test_a_seed_makes_its_own_episodes(
    uninterrupted: tuple[LineTraining, list[Round]], landscapes: list[Landscape]
) -> None:
    (first,) = run(LineTraining(LineTrainingSettings(taught_episodes=1, seed=1), landscapes), 1)
    rewards = [np.concatenate([step.rewards for step in steps]) for steps in first.episodes]
    assert not np.array_equal(
        rewards[0], np.concatenate([step.rewards for step in uninterrupted[1][0].episodes[0]])
    )
