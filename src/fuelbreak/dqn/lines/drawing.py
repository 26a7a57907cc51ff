"""Drawing by the network: it looks at the landscape, the best of some thousand lines is built, and it looks again.

At one look more than one line is built where they do not get into each other's way: lines nearly as good as the best
in compartments that the others leave whole, or far from the others where no compartment is closed. With fires at hand,
what is best is decided by them, among the few lines that the network thinks best.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from fuelbreak.dqn.lines.fires import LineFires
from fuelbreak.dqn.lines.network import CLOSED, PER_CELLS, LineNetwork
from fuelbreak.dqn.lines.states import SEPARATED, LineState, Lookout, collate
from fuelbreak.plans.common import highest_cells
from fuelbreak.plans.separation import compartments

__all__ = [
    "Valuation",
    "best_lines",
    "built",
    "closed_values",
    "distance",
    "drawn_lines",
    "load_network",
    "network_values",
]

BoolGrid = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

Valuation = Callable[[LineState], FloatArray]
"""How good each candidate of a state is: the fall of the logarithm of the expected burned area, per cell."""

NEARLY = 0.8

LOOKS = 6
"""About how many looks are taken at most, however many breaks there are to build."""

TRUST = 0.7
"""How much counts of the difference between a network's values and what lines close.

Of some hundred candidates the highest is mostly one that the network overrates.
"""

MOST_CANDIDATES = 600
"""Of those that are valued at one look."""

TRIED, TRIED_CELLS = 8, 700_000
"""Candidates that fires try at one look, and the cells that burn in all trials together; then values decide alone."""

_APART, _FAR_APART, _MOST_AT_ONCE, _LOOKED_AT, _FAIRLY = 6, 12, 10, 200, 0.5
_CLOSES = 0.02
_LEAST = 1e-3


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


def drawn_lines(
    values: Valuation,
    lookout: Lookout,
    room: int,
    nearly: float = NEARLY,
    fires: LineFires | None = None,
) -> list[IntArray]:
    """The lines that are drawn one after the other.

    Args:
        values: Of the candidates.
        lookout: Where.
        room: Breaks altogether.
        nearly: How good a further line of one look has to be, as a share of the best; above 1 = one line a look.
        fires: Try the best candidates; None = their values decide alone.

    Returns:
        Each int64 (n,), cell numbers; no cell twice.
    """
    breaks = np.zeros(lookout.scene.fuel.shape, np.bool_)
    lines: list[IntArray] = []
    cells = TRIED_CELLS if fires is not None else 0
    while (left := room - int(breaks.sum())) > 0:
        state = LineState.of(lookout, breaks.copy(), left, MOST_CANDIDATES)
        if len(state.segments) == 0:
            break
        worth = values(state)
        if fires is not None and cells > 0:
            cells -= TRIED * fires.alight
            worth = _tried(fires, state, worth)
        for line in best_lines(state, worth, nearly, room // LOOKS):
            lines.append(line)
            breaks.flat[line] = True
            if fires is not None and cells > 0:
                fires.build(line)
    return lines


def _tried(fires: LineFires, state: LineState, values: FloatArray) -> FloatArray:
    """Values, those of the best candidates as fires find them; the others are as much too high as these were."""
    best = np.argsort(-values, kind="stable")[:TRIED]
    found = fires.log_savings([state.segments[int(number)] for number in best]) / state.segments.lengths[best]
    worth = values * min(1.0, float(found.sum()) / max(float(values[best].sum()), _LEAST))
    worth[best] = found
    return worth.astype(np.float32)


def best_lines(state: LineState, values: FloatArray, nearly: float, enough: int = 0) -> list[IntArray]:
    """The candidate of highest value, and others nearly as good that do not get into its way.

    Args:
        state: With at least one candidate.
        values: float32 (M,).
        nearly: As in `drawn_lines`.
        enough: Cells; until the lines have as many, those half as good are taken as well, where there are no better.

    Returns:
        Lines that are together no longer than the room.
    """
    label, _ = compartments(state.scene.fuel & ~state.breaks)
    closed: set[int] = set()
    taken: list[IntArray] = []
    close, near = (np.zeros(label.shape, np.bool_) for _ in (_APART, _FAR_APART))
    room = state.room
    order = np.argsort(-values, kind="stable")
    best = values[order[0]]
    good, fair = (best - (1.0 - share) * abs(best) for share in (nearly, _FAIRLY))
    for index in order[:1] if nearly > 1.0 else order[:_LOOKED_AT]:
        line = state.segments[int(index)]
        if taken and values[index] < (good if state.room - room >= enough else fair):
            break
        touched = set(label.flat[line].tolist())
        in_the_way = touched & closed and (state.room - room >= enough or near.flat[line].any())
        if len(line) > room or close.flat[line].any() or in_the_way:
            continue
        taken.append(line)
        room -= len(line)
        _mark_around(close, line, _APART)
        _mark_around(near, line, _FAR_APART)
        if state.facts[index, SEPARATED] > _CLOSES:
            closed |= touched
        if len(taken) == _MOST_AT_ONCE:
            break
    return taken


def _mark_around(mask: BoolGrid, line: IntArray, apart: int) -> None:
    """Mark what lies less than so many king's moves from a line."""
    for row, column in zip(*np.divmod(line, mask.shape[1]), strict=True):
        mask[max(0, row - apart + 1) : row + apart, max(0, column - apart + 1) : column + apart] = True


def distance(line: IntArray, other: IntArray, width: int) -> int:
    """Least number of king's moves between two lines."""
    down = np.abs(line[:, None] // width - other[None] // width)
    right = np.abs(line[:, None] % width - other[None] % width)
    return int(np.maximum(down, right).min())


def closed_values(state: LineState) -> FloatArray:
    """What each candidate of a state saves per cell where no fire goes around it: values without a network."""
    return np.asarray(state.facts[:, CLOSED] / np.float32(PER_CELLS))


def network_values(network: LineNetwork, trust: float = TRUST) -> Valuation:
    """What a network thinks of the candidates of a state, with as much `trust` in what it has learned."""

    def values(state: LineState) -> FloatArray:
        with torch.inference_mode():
            at_once, _ = network(collate([state], device=next(network.parameters()).device))
        learned = at_once.float().cpu().numpy() / state.segments.lengths.astype(np.float32)
        known = closed_values(state)
        return np.asarray(known + np.float32(trust) * (learned - known))

    return values


def built(lookout: Lookout, lines: Sequence[IntArray], room: int) -> BoolGrid:
    """Lines as breaks; a rest of the budget that is too short for any line goes where most of a fire comes through.

    Args:
        lookout: Where.
        lines: Each int64 (n,), free cell numbers.
        room: Breaks altogether, no more than cells that burn.

    Returns:
        bool (H, W), `room` of them.
    """
    fuel = lookout.scene.fuel
    breaks = np.zeros(fuel.shape, np.bool_)
    for line in lines:
        breaks.flat[line] = True
    left = room - int(breaks.sum())
    if left > 0:
        passing = lookout.fires.burn(breaks).passing.reshape(fuel.shape).astype(np.float64)
        places = highest_cells(passing, fuel & ~breaks, left)
        breaks[tuple(places.T)] = True
    return breaks
