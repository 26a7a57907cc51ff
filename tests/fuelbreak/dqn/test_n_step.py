"""Returns over n steps against a naive record of each environment's episode, whatever ends or interrupts it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fuelbreak.dqn import ReplayMemory
from fuelbreak.observation import base_observation, legal_cells, with_breaks
from fuelbreak.synthetic import generate_landscape

LANDSCAPES = [generate_landscape(seed=seed, size=10) for seed in range(3)]
BASES = [base_observation(landscape) for landscape in LANDSCAPES]
CELLS = 100
GAMMA = 0.9


@dataclass
class Told:
    """A transition as it was told, and the ones that followed it in its episode without a gap."""

    reward: float
    terminated: bool
    next_obs: np.ndarray
    chain: list[Told] = field(default_factory=list)


class Worlds:
    """Environments that end, are cut short, fail and start anew at random; what they do is told to a memory."""

    def __init__(self, count: int, rng: np.random.Generator) -> None:
        self.rng, self.told, self.numbered = rng, dict[int, Told](), 0
        self.landscape = rng.integers(len(LANDSCAPES), size=count)
        self.breaks = np.zeros((count, 10, 10), dtype=bool)
        self.chain: list[list[Told]] = [[] for _ in range(count)]

    def observations(self) -> np.ndarray:
        shown = [BASES[index] for index in self.landscape]
        return np.stack(
            [with_breaks(base, breaks, 1) for base, breaks in zip(shown, self.breaks, strict=True)]
        )

    def restart(self, env: int) -> None:
        self.landscape[env] = self.rng.integers(len(LANDSCAPES))
        self.breaks[env] = False
        self.chain[env] = []

    def step(self, memory: ReplayMemory) -> None:
        count, rng = len(self.breaks), self.rng
        before, landscapes = self.observations(), self.landscape.copy()
        actions = np.zeros((count, CELLS), dtype=np.int8)
        for env in range(count):
            legal = np.flatnonzero(legal_cells(before[env]))
            # Sometimes none: then nothing but what is said about ends tells one episode from the next.
            actions[env, rng.choice(legal, size=min(legal.size, rng.integers(3)), replace=False)] = 1
        self.breaks |= actions.reshape(self.breaks.shape).astype(bool)
        after = self.observations()
        # Numbers as rewards name the transitions; they are exact in float32.
        rewards = self.numbered + np.arange(count, dtype=np.float64)
        self.numbered += count
        valid, terminated, truncated = (rng.random(count) < share for share in (0.85, 0.15, 0.15))
        memory.push_batch(
            landscapes[valid],
            before[valid],
            actions[valid],
            rewards[valid],
            after[valid],
            terminated[valid],
            envs=np.flatnonzero(valid),
            truncated=truncated[valid],
        )
        for env in range(count):
            if valid[env]:
                self.tell(env, Told(float(rewards[env]), bool(terminated[env]), after[env]))
            if not valid[env] or terminated[env] or truncated[env]:
                self.restart(env)

    def tell(self, env: int, told: Told) -> None:
        self.told[int(told.reward)] = told
        for earlier in self.chain[env]:
            earlier.chain.append(told)
        self.chain[env].append(told)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    envs=st.integers(1, 5),
    steps=st.integers(1, 25),
    capacity=st.integers(1, 60),
    n_step=st.integers(1, 6),
    resumed_at=st.integers(0, 25),
)
def test_rewards_add_up_along_the_episode_and_never_across_an_end_or_a_gap(
    seed: int, envs: int, steps: int, capacity: int, n_step: int, resumed_at: int
) -> None:
    worlds = Worlds(envs, np.random.default_rng(seed))
    memory = ReplayMemory(capacity, LANDSCAPES, seed=0, n_step=n_step, gamma=GAMMA)
    for step in range(steps):
        if step == resumed_at:
            saved = memory.state_dict()
            memory = ReplayMemory(capacity, LANDSCAPES, seed=1, n_step=n_step, gamma=GAMMA)
            memory.load_state_dict(saved)
        worlds.step(memory)
    if len(memory) == 0:
        return
    rows = np.arange(len(memory))
    numbers = memory._reward[rows].astype(int)
    batch = memory.batch(rows, look_ahead=True)
    for row, number in enumerate(numbers.tolist()):
        told = worlds.told[number]
        chain = [told, *told.chain][:n_step]
        assert batch.steps[row] == len(chain)
        assert batch.reward[row] == pytest.approx(sum(GAMMA**i * each.reward for i, each in enumerate(chain)))
        assert bool(batch.terminated[row]) is chain[-1].terminated
        assert np.array_equal(batch.next_obs[row].numpy(), chain[-1].next_obs)
        final = ([told, *told.chain])[-1].next_obs
        expected = legal_cells(batch.obs[row].numpy()) & ~legal_cells(final)
        assert np.array_equal(batch.later[row].numpy(), expected)


def test_a_reset_that_nobody_announced_as_an_end_breaks_the_sum() -> None:
    memory = ReplayMemory(10, LANDSCAPES, n_step=3)
    fresh, nothing = BASES[0], np.zeros((1, CELLS), dtype=np.int8)

    def push(reward: float) -> None:
        memory.push_batch(
            np.array([0]),
            fresh[None],
            nothing,
            np.array([reward]),
            fresh[None],
            np.array([False]),
            envs=np.array([0]),
            truncated=np.array([False]),
        )

    push(1.0)
    push(2.0)
    memory.break_links()
    push(4.0)
    push(8.0)
    assert memory.batch(np.arange(4)).reward.tolist() == [3.0, 2.0, 12.0, 8.0]


def test_another_landscape_or_other_breaks_are_no_continuation() -> None:
    """A worker's replacement may be on another map without any word from the environment."""
    memory = ReplayMemory(10, LANDSCAPES, n_step=2)
    nothing = np.zeros((1, CELLS), dtype=np.int8)
    for landscape in (0, 1):
        base = BASES[landscape][None]
        memory.push_batch(
            np.array([landscape]),
            base,
            nothing,
            np.array([1.0]),
            base,
            np.array([False]),
            envs=np.array([3]),
        )
    assert memory.batch(np.arange(2)).reward.tolist() == [1.0, 1.0]


def test_without_environments_every_row_stands_on_its_own() -> None:
    memory = ReplayMemory(10, LANDSCAPES, n_step=5)
    for _ in range(3):
        memory.push(0, BASES[0], np.zeros(CELLS), 1.0, BASES[0], False)
    assert torch.equal(memory.batch(np.arange(3)).steps, torch.ones(3))


def test_no_steps_are_refused() -> None:
    with pytest.raises(ValueError, match="n_step 0"):
        ReplayMemory(10, LANDSCAPES, n_step=0)
