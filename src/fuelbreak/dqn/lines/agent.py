"""The agent that draws lines: it looks at the landscape, draws the best of some thousand lines, and looks again.

At one look it draws more than one line where they do not get into each other's way: lines nearly as good as the best
in compartments that the others leave whole, or far from the others where no compartment is closed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from fuelbreak.dqn.lines.network import LineNetwork
from fuelbreak.dqn.lines.scene import DIRECTIONS, Scene
from fuelbreak.dqn.lines.segments import SHORTEST
from fuelbreak.dqn.lines.states import LineState, collate
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plans.common import Plan, room_for
from fuelbreak.plans.separation import compartments

__all__ = ["best_lines", "built", "distance", "drawn_lines", "line_plan", "line_values", "load_network"]

BoolGrid = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

NEARLY = 0.8

_APART, _MOST_AT_ONCE, _LOOKED_AT = 6, 6, 200
_SAVED_SHARE, _CLOSES = 5, 0.02


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
        room, scene = room_for(landscape, budget), Scene(landscape, weather)
        return built(scene, drawn_lines(network, scene, room), room)

    return plan


def drawn_lines(network: LineNetwork, scene: Scene, room: int, nearly: float = NEARLY) -> list[IntArray]:
    """The lines that the network draws one after the other.

    Args:
        network: Values the candidates.
        scene: Where.
        room: Breaks altogether.
        nearly: How good a further line of one look has to be, as a share of the best; above 1 = one line a look.

    Returns:
        Each int64 (n,), cell numbers; no cell twice.
    """
    breaks = np.zeros(scene.fuel.shape, np.bool_)
    lines: list[IntArray] = []
    while (left := room - int(breaks.sum())) >= SHORTEST:
        state = LineState.of(scene, breaks, left)
        if len(state.segments) == 0:
            break
        for line in best_lines(state, line_values(network, state), nearly):
            lines.append(line)
            breaks.flat[line] = True
    return lines


def best_lines(state: LineState, values: FloatArray, nearly: float) -> list[IntArray]:
    """The candidate of highest value, and others nearly as good that do not get into its way.

    Args:
        state: With at least one candidate.
        values: float32 (M,).
        nearly: As in `drawn_lines`.

    Returns:
        Lines that are together no longer than the room.
    """
    width = state.breaks.shape[1]
    label, _ = compartments(state.scene.fuel & ~state.breaks)
    closed: set[int] = set()
    taken: list[IntArray] = []
    room = state.room
    order = np.argsort(-values, kind="stable")
    best = values[order[0]]
    good = order[values[order] >= best - (1.0 - nearly) * abs(best)] if nearly <= 1.0 else order[:1]
    for index in good[:_LOOKED_AT]:
        line = state.segments[int(index)]
        touched = set(label.flat[line].tolist())
        near = any(distance(line, other, width) < _APART for other in taken)
        if len(line) > room or near or touched & closed:
            continue
        taken.append(line)
        room -= len(line)
        if state.facts[index, _SAVED_SHARE] > _CLOSES:
            closed |= touched
        if len(taken) == _MOST_AT_ONCE:
            break
    return taken


def distance(line: IntArray, other: IntArray, width: int) -> int:
    """Least number of king's moves between two lines."""
    down = np.abs(line[:, None] // width - other[None] // width)
    right = np.abs(line[:, None] % width - other[None] % width)
    return int(np.maximum(down, right).min())


def line_values(network: LineNetwork, state: LineState) -> FloatArray:
    """float32 (M,), how good each candidate of a state is."""
    with torch.inference_mode():
        at_once, _ = network(collate([state], device=next(network.parameters()).device))
    values: FloatArray = at_once.float().cpu().numpy() / state.segments.lengths.astype(np.float32)
    return values


def built(scene: Scene, lines: Sequence[IntArray], room: int) -> BoolGrid:
    """Lines as breaks; a rest of the budget that is too short for any line goes where fire is fastest.

    Args:
        scene: Where.
        lines: Each int64 (n,), free cell numbers.
        room: Breaks altogether, no more than cells that burn.

    Returns:
        bool (H, W), `room` of them.
    """
    breaks = np.zeros(scene.fuel.shape, np.bool_)
    for line in lines:
        breaks.flat[line] = True
    left = room - int(breaks.sum())
    if left > 0:
        free = np.flatnonzero(scene.fuel & ~breaks)
        fastest = scene.observe(breaks)[:DIRECTIONS].max(axis=0).flat[free]
        breaks.flat[free[np.argsort(-fastest, kind="stable")[:left]]] = True
    return breaks
