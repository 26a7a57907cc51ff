"""A trained DQN as a plan: k cells a step, those of highest value, until the budget is spent."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from fuelbreak.dqn.agent import greedy_actions
from fuelbreak.dqn.network import QNetwork
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.observation import base_observation
from fuelbreak.plans.common import Plan, room_for

__all__ = ["dqn_plan", "learned_plan"]

Breaks = npt.NDArray[np.bool_]


def dqn_plan(state: dict[str, Any], device: torch.device | str) -> Plan:
    """The plan of a checkpoint's network.

    Args:
        state: What the checkpoint holds: ``network`` and ``k`` are read.
        device: Where the network shall run.

    Returns:
        A `Plan`; this network does not see the weather and draws nothing.

    Raises:
        KeyError: Something is missing.
        RuntimeError: The weights are those of another network.
    """
    network = QNetwork().to(device)
    network.load_state_dict(state["network"])
    network.eval()
    k = int(state["k"])

    def plan(
        landscape: Landscape,
        weather: Weather,  # noqa: ARG001 - the signature of all plans
        budget: int,
        *,
        seed: int = 0,  # noqa: ARG001
    ) -> Breaks:
        return learned_plan(network, landscape, budget, k, device)

    return plan


def learned_plan(
    network: torch.nn.Module, landscape: Landscape, budget: int, k: int, device: torch.device | str = "cpu"
) -> Breaks:
    """The breaks that a network places greedily, k cells a step.

    Args:
        network: Maps float32 (N, 8, H, W) to values (N, H*W).
        landscape: Where.
        budget: Break cells, 0 or more.
        k: Cells in a step, at least 1.
        device: Where the network lives.

    Returns:
        bool (H, W) with `budget` breaks, or every burnable cell where there are fewer.

    Raises:
        ValueError: A negative budget.
    """
    observation = base_observation(landscape)[None]
    breaks = np.zeros(landscape.shape, dtype=bool)
    left = room_for(landscape, budget)
    while left > 0:
        placed = greedy_actions(network, observation, min(k, left), device)[0].astype(bool)
        placed = placed.reshape(landscape.shape)
        observation[0][:, placed] = 0.0
        breaks |= placed
        left -= int(placed.sum())
    return breaks
