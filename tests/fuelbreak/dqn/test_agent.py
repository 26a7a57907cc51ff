"""Choosing k cells at once, and the loss that matches that choice."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from fuelbreak.dqn import (
    Batch,
    QNetwork,
    double_dqn_loss,
    epsilon_greedy,
    exploration_rate,
    greedy_actions,
    select_cells,
)


class FixedValues(nn.Module):
    """A "network" whose values are given, whatever it sees."""

    def __init__(self, values: list[float]) -> None:
        super().__init__()
        self.values = nn.Parameter(torch.tensor(values))

    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        return self.values.expand(len(observations), -1)


def observation(legal: list[int], size: int = 2) -> np.ndarray:
    obs = np.zeros((1, 8, size, size), dtype=np.float32)
    obs[0, 3].flat[legal] = 0.5
    return obs


def test_the_best_legal_cells_are_chosen() -> None:
    values = np.array([5.0, 1.0, 4.0, 3.0], dtype=np.float32)
    legal = np.array([False, True, True, True])
    assert set(select_cells(values, legal, 2)) == {2, 3}


def test_where_fewer_cells_are_legal_all_of_them_are_chosen() -> None:
    values = np.zeros(4, dtype=np.float32)
    assert list(select_cells(values, np.array([False, True, False, True]), 3)) == [1, 3]
    assert select_cells(values, np.zeros(4, dtype=bool), 3).size == 0


def test_greedy_actions_are_int8_masks_of_the_best_cells() -> None:
    actions = greedy_actions(FixedValues([1.0, 9.0, 3.0, 2.0]), observation([0, 2, 3]), 2, "cpu")
    assert actions.dtype == np.int8
    assert actions.tolist() == [[0, 0, 1, 1]]


def test_exploring_draws_only_legal_cells_and_all_of_them_in_time() -> None:
    rng = np.random.default_rng(0)
    drawn = sum(
        epsilon_greedy(FixedValues([9.0, 9.0, 0.0, 0.0]), observation([0, 2, 3]), 1, 1.0, rng, "cpu")
        for _ in range(60)
    )
    assert drawn[0, 1] == 0
    assert (drawn[0, [0, 2, 3]] > 5).all()


def test_without_exploration_the_choice_is_greedy() -> None:
    rng = np.random.default_rng(0)
    network = FixedValues([1.0, 2.0, 3.0, 4.0])
    assert epsilon_greedy(network, observation([0, 1, 2, 3]), 1, 0.0, rng, "cpu").tolist() == [[0, 0, 0, 1]]


def test_the_target_sums_the_target_networks_values_of_the_online_networks_choice() -> None:
    online, target = FixedValues([0.0, 1.0, 2.0, 9.0]), FixedValues([0.5, 0.25, 0.125, 100.0])
    legal = torch.tensor([[True, True, True, False]])
    batch = Batch(
        obs=torch.zeros(1, 8, 2, 2),
        action=torch.tensor([[0.0, 0.0, 0.0, 1.0]]),
        reward=torch.tensor([0.5]),
        next_obs=torch.zeros(1, 8, 2, 2),
        next_mask=legal,
        terminated=torch.tensor([0.0]),
    )
    wanted = 0.5 + 0.9 * (0.25 + 0.125)
    expected = nn.functional.smooth_l1_loss(torch.tensor(9.0), torch.tensor(wanted))
    assert double_dqn_loss(online, target, batch, k=2, gamma=0.9).item() == pytest.approx(expected.item())

    ended = batch._replace(terminated=torch.tensor([1.0]))
    expected = nn.functional.smooth_l1_loss(torch.tensor(9.0), torch.tensor(0.5))
    assert double_dqn_loss(online, target, ended, k=2, gamma=0.9).item() == pytest.approx(expected.item())

    one_left = batch._replace(next_mask=torch.tensor([[True, False, False, False]]))
    expected = nn.functional.smooth_l1_loss(torch.tensor(9.0), torch.tensor(0.5 + 0.9 * 0.5))
    assert double_dqn_loss(online, target, one_left, k=2, gamma=0.9).item() == pytest.approx(expected.item())


def test_the_loss_teaches_only_the_online_network() -> None:
    online, target = FixedValues([0.1, 0.2, 0.3, 0.4]), FixedValues([0.1, 0.2, 0.3, 0.4])
    batch = Batch(
        torch.zeros(1, 8, 2, 2),
        torch.tensor([[1.0, 0.0, 0.0, 0.0]]),
        torch.tensor([1.0]),
        torch.zeros(1, 8, 2, 2),
        torch.ones(1, 4, dtype=torch.bool),
        torch.tensor([0.0]),
    )
    double_dqn_loss(online, target, batch, k=1, gamma=1.0).backward()
    assert online.values.grad is not None
    assert online.values.grad[0] < 0
    assert target.values.grad is None


def test_exploration_falls_linearly_and_then_stays() -> None:
    rates = [exploration_rate(step, 100, 1.0, 0.1, 0.5) for step in (0, 25, 50, 99)]
    assert rates == pytest.approx([1.0, 0.55, 0.1, 0.1])


@pytest.mark.parametrize("shape", [(50, 50), (20, 33), (8, 8)])
def test_the_network_gives_one_value_a_cell_for_any_size(shape: tuple[int, int]) -> None:
    values = QNetwork()(torch.randn(2, 8, *shape))
    assert values.shape == (2, shape[0] * shape[1])


def test_each_value_depends_on_the_whole_landscape() -> None:
    torch.manual_seed(0)
    network = QNetwork()
    observations = torch.randn(1, 8, 50, 50, requires_grad=True)
    network(observations)[0, 0].backward()
    assert observations.grad[0, :, -1, -1].abs().sum() > 0


def test_it_learns_a_task_with_a_known_answer() -> None:
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    network = QNetwork(width=8, dilations=(1,))
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    for _ in range(400):
        obs = torch.from_numpy(rng.uniform(0.1, 1.0, (16, 8, 10, 10)).astype(np.float32))
        action = torch.nn.functional.one_hot(torch.from_numpy(rng.integers(0, 100, 16)), 100).float()
        reward = (obs[:, 2].flatten(1) * action).sum(1)
        batch = Batch(obs, action, reward, obs, torch.ones(16, 100, dtype=torch.bool), torch.ones(16))
        loss = double_dqn_loss(network, network, batch, k=1, gamma=1.0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    obs = rng.uniform(0.1, 1.0, (8, 8, 10, 10)).astype(np.float32)
    chosen = greedy_actions(network, obs, 5, "cpu").astype(bool)
    rewards = obs[:, 2].reshape(8, -1)
    assert rewards[chosen].mean() > 0.85
