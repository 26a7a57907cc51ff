"""A trained DQN as a plan: k cells a step, those of highest value, until the budget is spent."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from fuelbreak.dqn.agent import greedy_actions
from fuelbreak.dqn.network import QNetwork
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.observation import LAYOUTS, LayoutName, base_observation, with_breaks
from fuelbreak.plans.common import Plan, room_for

__all__ = ["dqn_plan", "learned_plan"]

Breaks = npt.NDArray[np.bool_]


def dqn_plan(state: dict[str, Any], device: torch.device | str) -> Plan:
    """The plan of a checkpoint's network.

    With a budget below that of its training it looks about as often as it did there and places fewer cells each time:
    ten of fifty at once are a fifth of the plan.

    Args:
        state: What the checkpoint holds: ``network``, ``k`` and ``budget`` are read, and ``layout`` where it is not
            legacy.
        device: Where the network shall run.

    Returns:
        A `Plan`; it draws nothing. A network of the legacy layout does not see the weather.

    Raises:
        KeyError: Something is missing, or the layout is not known.
        RuntimeError: The weights are those of another network.
    """
    layout: LayoutName = state.get("layout", "legacy")
    network = QNetwork(LAYOUTS[layout].num_channels).to(device)
    network.load_state_dict(state["network"])
    network.eval()
    k = int(state["k"])
    trained = int(state["budget"])

    def plan(
        landscape: Landscape,
        weather: Weather,
        budget: int,
        *,
        seed: int = 0,  # noqa: ARG001 - the signature of all plans
    ) -> Breaks:
        at_once = k if budget >= trained else max(1, math.ceil(budget / math.ceil(trained / k)))
        return learned_plan(network, landscape, budget, at_once, device, weather=weather, layout=layout)

    return plan


def learned_plan(
    network: torch.nn.Module,
    landscape: Landscape,
    budget: int,
    k: int,
    device: torch.device | str = "cpu",
    *,
    weather: Weather = Weather(),  # noqa: B008 (frozen)
    layout: LayoutName = "legacy",
) -> Breaks:
    """The breaks that a network places greedily, k cells a step.

    Args:
        network: Maps float32 (N, C, H, W) to values (N, H*W).
        landscape: Where.
        budget: Break cells, 0 or more.
        k: Cells in a step, at least 1.
        device: Where the network lives.
        weather: Of the fires to expect; it does not enter the legacy layout.
        layout: Of the network's observations.

    Returns:
        bool (H, W) with `budget` breaks, or every burnable cell where there are fewer.

    Raises:
        ValueError: A negative budget.
    """
    base = base_observation(landscape, weather, layout)
    breaks = np.zeros(landscape.shape, dtype=bool)
    left = room_for(landscape, budget)
    while left > 0:
        observation = with_breaks(base, breaks, budget, layout)[None]
        placed = greedy_actions(network, observation, min(k, left), device, layout=layout)[0].astype(bool)
        breaks |= placed.reshape(landscape.shape)
        left -= int(placed.sum())
    return breaks
