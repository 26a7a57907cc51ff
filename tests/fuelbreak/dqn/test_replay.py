"""The replay memory against a naive buffer that keeps every float."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fuelbreak.dqn import ReplayMemory
from fuelbreak.env import FuelBreakEnv
from fuelbreak.observation import base_observation, legal_cells
from fuelbreak.synthetic import generate_landscape

LANDSCAPES = [generate_landscape(seed=seed, size=20) for seed in range(3)]
CELLS = LANDSCAPES[0].fuel_model.size


def random_transition(rng: np.random.Generator) -> tuple:
    """A transition as an environment would produce it: (landscape, obs, action, reward, next_obs, terminated)."""
    landscape = int(rng.integers(len(LANDSCAPES)))
    base = base_observation(LANDSCAPES[landscape])
    legal = np.flatnonzero(legal_cells(base))
    placed = rng.permutation(legal)[: rng.integers(2, 30)]
    old, new = np.split(placed, [rng.integers(0, placed.size)])
    obs, next_obs = base.copy(), base.copy()
    obs.reshape(8, -1)[:, old] = 0
    next_obs.reshape(8, -1)[:, placed] = 0
    action = np.zeros(CELLS, dtype=np.int8)
    action[new] = 1
    return landscape, obs, action, float(rng.normal()), next_obs, bool(rng.random() < 0.2)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), capacity=st.integers(1, 40), count=st.integers(1, 90))
def test_every_sample_is_one_of_the_last_transitions_bit_for_bit(
    seed: int, capacity: int, count: int
) -> None:
    rng = np.random.default_rng(seed)
    transitions = [random_transition(rng) for _ in range(count)]
    memory = ReplayMemory(capacity, LANDSCAPES, seed=seed)
    for transition in transitions:
        assert memory.push(*transition)
    kept = transitions[-capacity:]
    assert len(memory) == len(kept)
    naive = {(t[1].tobytes(), t[4].tobytes(), np.float32(t[3])): t for t in kept}

    batch = memory.sample(16)
    for row in range(16):
        key = (
            batch.obs[row].numpy().tobytes(),
            batch.next_obs[row].numpy().tobytes(),
            batch.reward[row].numpy()[()],
        )
        _, _, action, _, next_obs, terminated = naive[key]
        assert np.array_equal(batch.action[row].numpy(), action)
        assert np.array_equal(batch.next_mask[row].numpy(), legal_cells(next_obs))
        assert bool(batch.terminated[row]) is terminated


def test_pushing_a_batch_is_pushing_its_rows_in_order() -> None:
    rng = np.random.default_rng(0)
    rows = [random_transition(rng) for _ in range(12)]
    one_by_one, at_once = (ReplayMemory(7, LANDSCAPES, seed=1) for _ in range(2))
    for row in rows:
        one_by_one.push(*row)
    assert at_once.push_batch(*(np.array(column) for column in zip(*rows, strict=True))) == 7
    for name in ("_scene", "_before", "_after", "_reward", "_terminated"):
        assert set(map(bytes, getattr(one_by_one, name))) == set(map(bytes, getattr(at_once, name)))


def test_a_reset_between_two_observations_is_no_transition() -> None:
    _, _, action, reward, next_obs, terminated = random_transition(np.random.default_rng(3))
    memory = ReplayMemory(10, LANDSCAPES)
    fresh = base_observation(LANDSCAPES[0])
    assert not memory.push(0, next_obs, action, reward, fresh, terminated)
    assert not memory.push(0, fresh, np.zeros_like(action), reward, next_obs, terminated)
    assert (len(memory), memory.rejected) == (0, 2)


def test_the_stored_action_is_what_came_to_stand_not_what_was_wanted() -> None:
    landscape = LANDSCAPES[1]
    env = FuelBreakEnv(landscape, 20, 5, 1)
    obs, _ = env.reset(seed=0)
    wanted = np.ones(CELLS, dtype=np.int8)
    next_obs, reward, terminated, _, _ = env.step(wanted)
    memory = ReplayMemory(4, LANDSCAPES)
    memory.push(1, obs, wanted, reward, next_obs, terminated)
    batch = memory.sample(1)
    assert batch.action.sum() == 5
    assert np.array_equal(batch.next_obs[0].numpy(), next_obs)


def test_200_000_transitions_of_50x50_landscapes_take_less_than_0_3_gb() -> None:
    memory = ReplayMemory(200_000, [generate_landscape(seed=0)])
    assert memory.nbytes < 0.3e9


def test_a_saved_memory_goes_on_with_the_same_samples(tmp_path) -> None:
    rng = np.random.default_rng(5)
    memory = ReplayMemory(6, LANDSCAPES, seed=2)
    for _ in range(9):
        memory.push(*random_transition(rng))
    torch.save(memory.state_dict(), tmp_path / "memory.pt")
    other = ReplayMemory(6, LANDSCAPES, seed=99)
    other.load_state_dict(torch.load(tmp_path / "memory.pt", weights_only=True))
    more = random_transition(rng)
    for each in (memory, other):
        each.push(*more)
    for expected, actual in zip(memory.sample(20), other.sample(20), strict=True):
        assert torch.equal(expected, actual)


def test_what_cannot_work_is_said() -> None:
    with pytest.raises(ValueError, match="capacity"):
        ReplayMemory(0, LANDSCAPES)
    memory = ReplayMemory(3, LANDSCAPES)
    with pytest.raises(ValueError, match="empty"):
        memory.sample(1)
    larger = ReplayMemory(9, LANDSCAPES)
    rng = np.random.default_rng(1)
    for _ in range(9):
        larger.push(*random_transition(rng))
    with pytest.raises(ValueError, match="does not fit"):
        memory.load_state_dict(larger.state_dict())
