"""The agent that draws lines: one look at the landscape, the best of a few hundred lines, until the budget is spent."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from fuelbreak.dqn.lines.network import LineNetwork
from fuelbreak.dqn.lines.scene import Scene
from fuelbreak.dqn.lines.segments import SHORTEST
from fuelbreak.dqn.lines.states import LineState, collate
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plans.common import Plan, room_for

__all__ = ["best_line", "drawn_lines", "line_plan", "line_values", "load_network", "spend"]

BoolGrid = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]


def load_network(state: dict[str, Any], device: torch.device | str = "cpu") -> LineNetwork:
    """The network of a checkpoint, ready to plan.

    Args:
        state: ``network`` is read.
        device: Where it shall run.

    Raises:
        KeyError: There is none.
        RuntimeError: The weights are those of another network.
    """
    network = LineNetwork()
    network.load_state_dict(state["network"])
    return network.to(device).eval()


def line_plan(state: dict[str, Any], device: torch.device | str) -> Plan:
    """The plan of a checkpoint's network, for any weather; it draws nothing and burns nothing.

    Args:
        state: As in `load_network`.
        device: Likewise.

    Returns:
        A `Plan`.
    """
    network = load_network(state, device)

    def plan(landscape: Landscape, weather: Weather, budget: int, *, seed: int = 0) -> BoolGrid:  # noqa: ARG001
        room = room_for(landscape, budget)
        scene = Scene(landscape, weather)
        breaks = np.zeros(landscape.shape, np.bool_)
        for line in drawn_lines(network, scene, room):
            breaks.flat[line] = True
        return spend(scene, breaks, room)

    return plan


def drawn_lines(network: LineNetwork, scene: Scene, room: int) -> list[IntArray]:
    """The lines that the network draws one after the other, each int64 (n,), cell numbers."""
    breaks = np.zeros(scene.fuel.shape, np.bool_)
    lines: list[IntArray] = []
    while (left := room - sum(map(len, lines))) >= SHORTEST:
        line = best_line(network, LineState.of(scene, breaks, left))
        if line is None:
            break
        lines.append(line)
        breaks.flat[line] = True
    return lines


def best_line(network: LineNetwork, state: LineState) -> IntArray | None:
    """The cells of the candidate of highest value; None where there is no candidate."""
    if len(state.segments) == 0:
        return None
    return state.segments[int(np.argmax(line_values(network, state)))]


def line_values(network: LineNetwork, state: LineState) -> FloatArray:
    """float32 (M,), how good each candidate of a state is."""
    with torch.inference_mode():
        at_once, _ = network(collate([state], device=next(network.parameters()).device))
    values: FloatArray = at_once.float().cpu().numpy() / state.segments.lengths.astype(np.float32)
    return values


def spend(scene: Scene, breaks: BoolGrid, room: int) -> BoolGrid:
    """Place what too short a rest of the budget for any line leaves: where fire is fastest, next to breaks first.

    Args:
        scene: Where.
        breaks: bool (H, W), changed.
        room: Breaks altogether.

    Returns:
        The same breaks, `room` of them.
    """
    left = room - int(breaks.sum())
    if left > 0:
        free = np.flatnonzero(scene.fuel & ~breaks)
        fastest = scene.observe(breaks)[:8].max(axis=0).flat[free]
        breaks.flat[free[np.argsort(-fastest, kind="stable")[:left]]] = True
    return breaks
