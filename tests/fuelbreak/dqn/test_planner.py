"""A checkpoint of the DQN as a plan, whatever its network sees."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from fuelbreak.dqn import QNetwork
from fuelbreak.dqn.agent import greedy_actions
from fuelbreak.dqn.planner import dqn_plan
from fuelbreak.fire.weather import Weather
from fuelbreak.observation import LAYOUTS
from fuelbreak.synthetic import generate_landscape

LAND = generate_landscape(seed=3, size=14)


def checkpoint(layout: str | None) -> dict[str, Any]:
    torch.manual_seed(0)
    network = QNetwork(LAYOUTS[layout or "legacy"].num_channels).state_dict()
    state = {"network": network, "k": 6, "budget": 60}
    return state if layout is None else state | {"layout": layout}


@pytest.mark.parametrize("layout", ["full", "legacy", None])
@pytest.mark.parametrize("budget", [0, 5, 20, 10_000])
def test_the_budget_is_spent_on_cells_that_burn(layout: str | None, budget: int) -> None:
    breaks = dqn_plan(checkpoint(layout), "cpu")(LAND, Weather(), budget)
    assert not (breaks & ~LAND.burnable).any()
    assert breaks.sum() == min(budget, LAND.burnable.sum())


@pytest.mark.parametrize(
    ("budget", "placed"), [(0, []), (7, [1] * 7), (25, [3] * 8 + [1]), (60, [6] * 10), (100, [6] * 16 + [4])]
)
def test_a_smaller_budget_is_placed_in_as_many_looks_as_that_of_the_training(
    budget: int, placed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = []

    def counting(*arguments: Any, **keywords: Any) -> npt.NDArray[np.int8]:
        actions = greedy_actions(*arguments, **keywords)
        counts.append(int(actions.sum()))
        return actions

    monkeypatch.setattr("fuelbreak.dqn.planner.greedy_actions", counting)
    dqn_plan(checkpoint("full"), "cpu")(LAND, Weather(), budget)
    assert counts == placed


@pytest.mark.parametrize(("layout", "sees_wind"), [("full", True), ("legacy", False)])
def test_only_the_full_layout_sees_the_wind(layout: str, sees_wind: bool) -> None:
    plan = dqn_plan(checkpoint(layout), "cpu")
    winds = (Weather(upwind_direction_deg=direction) for direction in (0.0, 180.0))
    north, south = (plan(LAND, weather, 20) for weather in winds)
    assert np.array_equal(north, south) is not sees_wind


def test_a_layout_of_another_time_is_no_checkpoint_of_this_agent() -> None:
    with pytest.raises(KeyError, match="infrared"):
        dqn_plan(checkpoint("full") | {"layout": "infrared"}, "cpu")
