"""Shares of a budget, and the scenes of a replay memory that they make of landscapes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from fuelbreak.dqn import LearnerSettings, ReplayMemory, Scenery
from fuelbreak.dqn.budgets import EpisodeBudget, episode_budgets
from fuelbreak.env import FuelBreakEnv
from fuelbreak.observation import break_mask, legal_cells
from fuelbreak.synthetic import generate_landscape

LANDSCAPES = [generate_landscape(seed=seed, size=14) for seed in range(2)]


@pytest.mark.parametrize(
    ("budget", "step", "shares", "expected"),
    [
        (250, 10, (1.0, 0.5, 0.2), [(250, 10), (125, 5), (50, 2)]),
        (23, 5, (1.0, 0.5), [(23, 5), (12, 3)]),
        (250, 100, (1.0, 0.5), [(250, 100), (125, 42)]),
        (3, 1, (0.1,), [(1, 1)]),
    ],
)
def test_a_share_is_spent_in_no_more_steps_than_the_whole(
    budget: int, step: int, shares: tuple[float, ...], expected: list[tuple[int, int]]
) -> None:
    assert list(episode_budgets(budget, step, shares)) == expected


def test_where_the_budget_is_not_seen_there_is_one() -> None:
    settings = LearnerSettings(budget=20, break_step=4, budget_shares=(1.0, 0.5))
    assert settings.budgets == ((20, 4), (10, 2))
    assert dataclasses.replace(settings, layout="legacy").budgets == ((20, 4),)


def test_what_environments_show_under_each_budget_is_rebuilt_to_the_last_bit() -> None:
    budgets = EpisodeBudget(20, 6), EpisodeBudget(7, 2)
    memory = ReplayMemory(20, Scenery(LANDSCAPES, "full", budgets), seed=0)
    rng = np.random.default_rng(1)
    for number, budget in enumerate(budgets):
        for index, landscape in enumerate(LANDSCAPES):
            env = FuelBreakEnv(landscape, *budget, 1, layout="full")
            observation, _ = env.reset(seed=0)
            terminated, scene = False, index + number * len(LANDSCAPES)
            while not terminated:
                action = np.zeros(landscape.burnable.size, np.int8)
                action[rng.choice(np.flatnonzero(env.action_masks()), budget.step, replace=False)] = 1
                after, reward, terminated, _, _ = env.step(action)
                assert memory.push(scene, observation, action, float(reward), after, terminated)
                batch = memory.batch(memory.newest(1))
                assert torch.equal(batch.obs[0], torch.from_numpy(observation))
                assert torch.equal(batch.next_obs[0], torch.from_numpy(after))
                assert torch.equal(batch.next_mask[0], torch.from_numpy(legal_cells(after[None], "full")[0]))
                left = budget.breaks - int(break_mask(after[None], "full").sum())
                assert batch.room.tolist() == [min(budget.step, left)]
                observation = after
    assert len(memory) == 2 * (4 + 4)
