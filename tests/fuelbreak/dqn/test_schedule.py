"""What follows from an episode's number."""

from __future__ import annotations

import pytest

from fuelbreak.dqn import ScheduleSettings


def test_progress_counts_optimizer_steps_those_on_demonstrations_among_them() -> None:
    settings = ScheduleSettings(episodes=12, demonstrations=2, pretrain_updates=500, steps_per_ep=25)
    assert [settings.progress(0, episode) for episode in range(3)] == [0.0, 0.0, 0.0]
    assert settings.progress(250, 2) == pytest.approx(250 / 750)
    assert settings.progress(500, 7) == pytest.approx(625 / 750)
    assert settings.progress(500, 12) == 1.0


def test_progress_ends_where_a_resumed_run_is_asked_for_less_pre_training_than_it_has_had() -> None:
    settings = ScheduleSettings(episodes=12, demonstrations=2, pretrain_updates=100)
    assert settings.progress(500, 12) == 1.0


def test_without_demonstrations_every_episode_is_as_long() -> None:
    settings = ScheduleSettings(episodes=8, demonstrations=0, pretrain_updates=500)
    assert [settings.progress(0, episode) for episode in (0, 2, 8)] == [0.0, 0.25, 1.0]


def test_at_least_one_episode_is_left_to_the_network() -> None:
    settings = ScheduleSettings(episodes=2, demonstrations=5)
    assert [settings.is_shown(episode) for episode in range(2)] == [True, False]
    assert settings.epsilon(0) == 1.0
    assert settings.epsilon(1) == settings.start_epsilon
