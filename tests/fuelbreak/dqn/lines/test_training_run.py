"""A training in its run's folder: what it writes, which checkpoint is the best, and what a full disk does."""

from __future__ import annotations

import dataclasses
import errno
import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from fuelbreak.dqn.lines import training_run
from fuelbreak.dqn.lines.training import LineTraining, LineTrainingSettings, Round
from fuelbreak.dqn.lines.training_run import (
    LineRun,
    LineRunSettings,
    line_of,
    saved_share,
    scalars_of,
    train_lines,
)
from fuelbreak.errors import CheckpointError
from fuelbreak.landscape import Landscape
from fuelbreak.runs import RunFolder, load_checkpoint
from fuelbreak.signals import StopRequest
from fuelbreak.synthetic import generate_landscape

SETTINGS = LineTrainingSettings(
    taught_episodes=2,
    fit_updates=1,
    drawn_episodes=3,
    episodes_at_once=1,
    updates_per_episode=1,
    batch_size=2,
)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[RunFolder]:
    with RunFolder.create("lines", dataclasses.asdict(SETTINGS), root=tmp_path) as folder:
        yield folder


@pytest.fixture
def stop() -> Iterator[StopRequest]:
    request = StopRequest()
    yield request
    request.restore()


@pytest.fixture(scope="module")
def landscapes() -> list[Landscape]:
    return [generate_landscape(3, 10)]


def test_the_best_checkpoint_is_that_of_the_highest_mean_over_its_last_own_episodes(
    run: RunFolder, stop: StopRequest, landscapes: list[Landscape], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_run, "SCORED_EPISODES", 2)
    training = LineTraining(SETTINGS, landscapes)
    LineRun(training, run, budget=20, checkpoint_every=1).go_on(stop)
    shares = [saved_share(steps) for steps in training.drawn.episodes]
    scores = {3: (shares[0] + shares[1]) / 2, 4: (shares[1] + shares[2]) / 2}
    best = json.loads((run.checkpoints / "best.json").read_text())
    assert best["score"] == pytest.approx(max(scores.values()))
    assert best["episode"] == max(scores, key=lambda episode: scores[episode])
    assert load_checkpoint(run.checkpoints / "best.pt")["episode"] == best["episode"]
    assert load_checkpoint(run.path)["episode"] == 4
    assert len(list(run.checkpoints.glob("episode_*.pt"))) == 2


def test_a_full_disk_is_said_and_training_goes_on(
    run: RunFolder,
    stop: StopRequest,
    landscapes: list[Landscape],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    training = LineTraining(SETTINGS, landscapes)
    going = LineRun(training, run, budget=20, checkpoint_every=1)

    def full(*_: Any, **__: Any) -> Path:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(run, "save_checkpoint", full)
    going.go_on(stop)
    assert training.work == training.total_work
    assert not going.is_saved
    assert (
        "Not written: checkpoint; the last good one stays ([Errno 28] No space left"
        in capsys.readouterr().out
    )
    monkeypatch.undo()
    going.save()
    assert going.is_saved


def test_a_checkpoint_of_another_version_is_refused_in_words(
    run: RunFolder, stop: StopRequest, landscapes: list[Landscape]
) -> None:
    settings = LineRunSettings(taught_episodes=1, fit_updates=0, drawn_episodes=0)
    run.save_checkpoint(0, torch.nn.Linear(2, 3), **LineTraining(settings, landscapes).state_dict())
    with pytest.raises(CheckpointError, match="another version"):
        train_lines(settings, run, landscapes, "cpu", stop, is_resumed=True)


def test_what_a_round_showed_is_left_out_where_it_had_none_of_it() -> None:
    fitted = Round("fit", 4, 10, [], [(0.5, 0.25), (0.25, 0.75)], 1e-3)
    assert line_of(fitted) == "[fit 4/10] Loss: 0.3750 of rewards, 0.5000 of returns"
    known = {tag: value for tag, value in scalars_of(fitted).items() if not math.isnan(value)}
    assert known == {"charts/learning_rate": 1e-3, "losses/reward_loss": 0.375, "losses/return_loss": 0.5}


def test_rewards_are_said_as_the_share_of_the_burned_area_that_they_save(landscapes: list[Landscape]) -> None:
    (first,) = [next(LineTraining(SETTINGS, landscapes).rounds())]
    (steps,) = first.episodes
    rest = math.prod(math.exp(-float(step.rewards[step.chosen])) for step in steps)
    assert scalars_of(first)["charts/episodic_return"] == saved_share(steps) == pytest.approx(1.0 - rest)
    assert scalars_of(first)["charts/episodic_length"] == len(steps)
    assert line_of(first).startswith(f"[teach 1/2] Saved: {1.0 - rest:.3f} Lines: {len(steps)}.0 Breaks: ")
