"""Plans that are played through environments, and the losses by which a network is held to them."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
import torch

from fuelbreak.dqn import Demonstrator, likelihood_loss, margin_loss
from fuelbreak.dqn.budgets import EpisodeBudget
from fuelbreak.env import FuelBreakEnv
from fuelbreak.fire.weather import Weather
from fuelbreak.observation import break_mask
from fuelbreak.plans import PLANS
from fuelbreak.synthetic import generate_landscape

LANDSCAPES = [generate_landscape(seed=seed, size=16) for seed in range(2)]
BUDGET, K = 23, 5
BUDGETS = EpisodeBudget(BUDGET, K), EpisodeBudget(9, 2)


def test_the_environments_end_up_with_the_plan_and_nothing_illegal_is_asked_for() -> None:
    demonstrator = Demonstrator(LANDSCAPES, "compartment lines", Weather(), BUDGETS)
    for scene, (budget, landscape) in enumerate(itertools.product(BUDGETS, LANDSCAPES)):
        env = FuelBreakEnv(landscape, *budget, 1, on_illegal="error")
        observation, _ = env.reset(seed=0)
        terminated = False
        while not terminated:
            action = demonstrator.actions(np.array([scene]), break_mask(observation)[None], seed=7)
            observation, _, terminated, _, _ = env.step(action[0])
        expected = PLANS["compartment lines"](landscape, Weather(), budget.breaks)
        assert np.array_equal(break_mask(observation).reshape(landscape.shape), expected)


def test_what_it_does_follows_from_seed_scene_and_breaks_alone() -> None:
    def first_steps(demonstrator: Demonstrator, steps: int) -> np.ndarray:
        breaks = np.zeros((2, 256), dtype=bool)
        for _ in range(steps):
            breaks |= demonstrator.actions(np.array([0, 1]), breaks, seed=3).astype(bool)
        return breaks

    one, other = (Demonstrator(LANDSCAPES, "random", Weather(), BUDGETS) for _ in range(2))
    halfway = first_steps(one, 2)
    assert np.array_equal(
        other.actions(np.array([0, 1]), halfway, seed=3), one.actions(np.array([0, 1]), halfway, seed=3)
    )
    assert not np.array_equal(one.actions(np.array([0]), halfway[:1], seed=4)[0], np.zeros(256))


def test_episodes_differ_in_their_order_and_not_in_their_plan() -> None:
    demonstrator = Demonstrator(LANDSCAPES, "random", Weather(), BUDGETS)

    def played(seed: int) -> list[np.ndarray]:
        breaks = [np.zeros((1, 256), dtype=bool)]
        for _ in range(BUDGET // K + 1):
            breaks.append(
                breaks[-1] | demonstrator.actions(np.array([0]), breaks[-1], seed=seed).astype(bool)
            )
        return breaks

    one, other = played(1), played(2)
    assert np.array_equal(one[-1], other[-1])
    assert not np.array_equal(one[2], other[2])


def test_an_unknown_plan_is_refused() -> None:
    with pytest.raises(ValueError, match="no plan 'ruler'"):
        Demonstrator(LANDSCAPES, "ruler", Weather(), BUDGETS)


def brute_force(values: np.ndarray, legal: np.ndarray, wanted: np.ndarray, k: int, margin: float) -> float:
    """The loss by trying every set."""
    k = min(k, int(wanted.sum()))
    sets = [list(cells) for cells in itertools.combinations(np.flatnonzero(legal), k)]
    rival = max(values[cells].sum() + margin * (~wanted[cells]).sum() for cells in sets)
    shown = max(values[cells].sum() for cells in sets if wanted[cells].all())
    return float(rival - shown)


@pytest.mark.parametrize("seed", range(8))
def test_the_margin_is_that_of_the_best_set_over_the_best_wanted_set(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=9).astype(np.float32)
    legal = rng.random(9) < 0.8
    wanted = legal & (rng.random(9) < 0.5)
    arguments = (torch.from_numpy(each)[None] for each in (values, legal, wanted))
    loss = margin_loss(*arguments, k=3, margin=0.4)
    assert loss.item() == pytest.approx(brute_force(values, legal, wanted, 3, 0.4), abs=1e-5)


def test_there_is_no_loss_where_the_best_cells_are_wanted_and_lead_by_the_margin() -> None:
    values = torch.tensor([[5.0, 4.0, 3.4, 0.0, 9.0]], requires_grad=True)
    legal = torch.tensor([[True, True, True, True, False]])
    wanted = torch.tensor([[True, True, False, False, False]])
    assert margin_loss(values, legal, wanted, k=2, margin=0.5).item() == 0.0
    loss = margin_loss(values, legal, wanted, k=2, margin=0.7)
    assert loss.item() == pytest.approx(0.1)
    loss.backward()
    assert values.grad[0].tolist() == [0.0, -1.0, 1.0, 0.0, 0.0], "only what is in the way moves"


def test_the_likelihood_compares_cells_drawn_by_their_values_with_those_wanted() -> None:
    values = torch.tensor([[0.2, 0.1, 0.0, 5.0], [0.0, 0.0, 0.0, 0.0]])
    legal = torch.tensor([[True, True, True, False], [True, True, True, True]])
    wanted = torch.tensor([[True, False, True, False], [False, True, False, False]])
    odds = np.exp(np.array([2.0, 1.0, 0.0]))
    first = np.log(0.5) - np.log(odds / odds.sum())[[0, 2]].mean()
    loss = likelihood_loss(values, legal, wanted, temperature=0.1)
    assert loss.item() == pytest.approx((first + np.log(4.0)) / 2.0, rel=1e-5)


def test_the_likelihood_moves_every_legal_cell_towards_what_is_wanted() -> None:
    values = torch.zeros(1, 4, requires_grad=True)
    legal = torch.tensor([[True, True, True, False]])
    wanted = torch.tensor([[False, True, False, False]])
    likelihood_loss(values, legal, wanted, temperature=1.0).backward()
    assert values.grad[0].tolist() == pytest.approx([1 / 3, -2 / 3, 1 / 3, 0.0])


@pytest.mark.parametrize(
    "loss_of",
    [lambda *cells: margin_loss(*cells, k=2, margin=1.0), lambda *cells: likelihood_loss(*cells, 1.0)],
    ids=["margin", "likelihood"],
)
def test_a_state_without_anything_wanted_adds_nothing(loss_of: Callable[..., torch.Tensor]) -> None:
    values = torch.ones(1, 4, requires_grad=True)
    loss = loss_of(values, torch.zeros(1, 4, dtype=bool), torch.zeros(1, 4, dtype=bool))
    loss.backward()
    assert loss.item() == 0.0
    assert not values.grad.isnan().any()
