"""The learner: what it learns from, and that a saved one goes on exactly, whatever its options."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from fuelbreak.dqn import Demonstrator, Learner, LearnerSettings
from fuelbreak.dqn.planner import dqn_plan
from fuelbreak.env import FuelBreakEnv
from fuelbreak.errors import CheckpointError
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape_shares import LandscapeShares
from fuelbreak.observation import break_mask
from fuelbreak.synthetic import generate_landscape

LANDSCAPES = [generate_landscape(seed=seed, size=12) for seed in (0, 2)]
BUDGET, K = 18, 4
SMALL = LearnerSettings(
    budget=BUDGET,
    break_step=K,
    budget_shares=(1.0, 0.5),
    buffer_cap=40,
    batch_size=6,
    learning_starts=5,
    target_network_frequency=3,
)
OPTIONS = {
    "defaults": {},
    "prioritized, in bfloat16": {"prioritized": True, "precision": "bfloat16"},
    "margins": {"imitation": "margin", "imitation_weight": 10.0},
    "one step, legacy, no symmetries": {"n_step": 1, "layout": "legacy", "symmetries": False},
    "prioritized and accumulated, updated twice": {
        "prioritized": True,
        "gradient_accumulation_steps": 2,
        "updates_per_step": 2,
    },
}


class Play:
    """A learner in two environments; what it needs to go on is saved and loaded as a run does."""

    def __init__(self, settings: LearnerSettings, *, demonstrated: int = 20) -> None:
        torch.manual_seed(settings.seed)
        self.learner = Learner(settings, LANDSCAPES, "cpu", demonstrated=demonstrated)
        self.teacher = Demonstrator(LANDSCAPES, "burn probability", Weather(), settings.budgets)
        self.shares = LandscapeShares(2, len(LANDSCAPES), len(settings.budgets))
        self.envs = [FuelBreakEnv(each, BUDGET, K, 2, layout=settings.layout) for each in LANDSCAPES]
        self.layout = settings.layout

    def episode(self, seed: int, *, is_shown: bool = False) -> list[float]:
        """Play one, learning as it goes; the losses."""
        self.learner.end_episodes()
        self.shares.begin(seed)
        for env, number in zip(self.envs, self.shares.budgets, strict=True):
            env.episode_budget = self.learner.settings.budgets[number]
        observations = np.stack([env.reset(seed=seed)[0] for env in self.envs])
        losses, ended, places = [], False, np.arange(2)
        while not ended:
            if is_shown:
                actions = self.teacher.actions(
                    self.shares.scenes, break_mask(observations, self.layout), seed
                )
            else:
                actions = self.learner.choose(observations, 0.3, self.shares.budgets)
            steps = [env.step(action) for env, action in zip(self.envs, actions, strict=True)]
            after, rewards, terminated, truncated, _ = map(np.array, zip(*steps, strict=True))
            self.learner.remember(
                self.shares.scenes,
                observations,
                actions,
                rewards,
                after,
                terminated,
                envs=places,
                truncated=truncated,
                is_shown=is_shown,
            )
            losses += [] if is_shown else [update.td_loss for update in self.learner.learn(0.5)]
            observations, ended = after, bool((terminated | truncated).any())
        return losses


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_a_saved_learner_goes_on_to_the_last_bit(tmp_path: Path, options: dict[str, object]) -> None:
    settings = dataclasses.replace(SMALL, **options)
    play = Play(settings)
    play.episode(0, is_shown=True)
    play.episode(1)
    torch.save(
        play.learner.state_dict() | {"network": play.learner.network.state_dict()}, tmp_path / "saved.pt"
    )

    resumed = Play(settings)
    resumed.learner.load_state_dict(torch.load(tmp_path / "saved.pt", weights_only=True))
    for seed in range(2, 5):
        assert resumed.episode(seed) == play.episode(seed)
    for name, weight in play.learner.network.state_dict().items():
        assert torch.equal(resumed.learner.network.state_dict()[name], weight), name


@pytest.mark.parametrize("change", [{"budget_shares": (1.0,)}, {"budget": 17}, {"break_step": 3}], ids=str)
def test_transitions_of_other_budgets_are_not_gone_on_with(change: dict[str, Any]) -> None:
    learner = Play(SMALL).learner
    state = learner.state_dict() | {"network": learner.network.state_dict()}
    with pytest.raises(
        CheckpointError, match=r"episodes with \[\[18, 4\], \[9, 2\]\] breaks.*--budget-shares"
    ):
        Play(dataclasses.replace(SMALL, **change)).learner.load_state_dict(state)


def test_a_learner_imitates_what_it_was_shown() -> None:
    """Pre-training alone makes the network's own plan more like the demonstrator's than an untrained one's."""
    play = Play(dataclasses.replace(SMALL, batch_size=16, learning_rate=5e-3))
    for seed in range(2):
        play.episode(seed, is_shown=True)

    def agreement() -> float:
        network = {"network": play.learner.network.state_dict(), "k": K, "budget": BUDGET}
        plan = dqn_plan(play.learner.state_dict() | network, "cpu")
        shared = 0
        for landscape in LANDSCAPES:
            shown = np.zeros((1, landscape.burnable.size), dtype=bool)
            for _ in range(5):
                actions = play.teacher.actions(np.array([LANDSCAPES.index(landscape)]), shown, seed=0)
                shown |= actions.astype(bool)
            shared += int((plan(landscape, Weather(), BUDGET).ravel() & shown[0]).sum())
        return shared / (2 * BUDGET)

    untrained = agreement()
    margins = [play.learner.update(shown_share=1.0).imitation_loss for _ in range(80)]
    assert np.mean(margins[-10:]) < 0.5 * np.mean(margins[:10])
    assert agreement() > max(0.5, untrained)


def test_demonstrations_are_kept_apart_and_take_their_share_of_a_batch() -> None:
    play = Play(SMALL)
    play.episode(0, is_shown=True)
    assert (len(play.learner.memory), len(play.learner.shown)) == (0, 10)
    assert play.learner._shown_count(0.0) == SMALL.batch_size, "there is nothing else yet"
    play.episode(1)
    assert (len(play.learner.memory), len(play.learner.shown)) == (10, 10)
    assert [play.learner._shown_count(share) for share in (0.0, 0.5, 1.0)] == [0, 3, 6]
    assert math.isnan(play.learner.update(0.0).imitation_loss)
    assert play.learner.update(0.5).imitation_loss >= 0.0


def test_the_returns_of_demonstrations_are_known_to_the_end() -> None:
    play = Play(SMALL)
    play.episode(0, is_shown=True)
    batch = play.learner.shown.batch(np.arange(10), look_ahead=True)
    assert batch.terminated.tolist() == [1.0] * 10
    assert batch.steps.tolist() == [5.0, 5.0, 4.0, 4.0, 3.0, 3.0, 2.0, 2.0, 1.0, 1.0]
    assert batch.later.sum(dim=1).tolist() == [18, 9, 14, 7, 10, 5, 6, 3, 2, 1]


def test_nothing_is_learned_before_there_is_enough_to_learn_from() -> None:
    play = Play(dataclasses.replace(SMALL, learning_starts=15))
    assert play.episode(0) == []
    assert len(play.episode(1)) > 0


def test_no_more_is_asked_for_than_the_budget_has_left() -> None:
    learner = Play(SMALL).learner
    env = FuelBreakEnv(LANDSCAPES[0], BUDGET, K, 1, layout="full", on_illegal="error")
    observation, _ = env.reset(seed=0)
    placed = []
    terminated = False
    while not terminated:
        action = learner.choose(observation[None], epsilon=0.5)[0]
        placed.append(int(action.sum()))
        observation, _, terminated, _, _ = env.step(action)
    assert placed == [4, 4, 4, 4, 2]
