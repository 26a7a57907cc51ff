"""Where fire can go, as tensors: the moves of one landscape under one weather, and what breaks take out of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from fuelbreak.fire.neighbours import MOVES, REACH, moves
from fuelbreak.fire.simulator import FireSimulator

__all__ = ["Ways", "shifted", "ways_of", "with_breaks"]


@dataclass(frozen=True, eq=False)
class Ways:
    """The moves of one landscape under one weather, or of several, stacked along a first axis E.

    Attributes:
        costs: float32 (..., K, H, W), minutes of the move k that ends in a cell; inf where it is not possible.
        first: float32 (..., H * W, K), minutes of the move k that starts in a cell where a fire is lit.
        burns: bool (..., H, W), False where nothing burns.
        limit: float32 (...), minutes that a fire burns.
    """

    costs: torch.Tensor
    first: torch.Tensor
    burns: torch.Tensor
    limit: torch.Tensor

    @classmethod
    def stacked(cls, each: Sequence[Ways]) -> Ways:
        """Several as one, in copies of their own."""
        parts = zip(*((one.costs, one.first, one.burns, one.limit) for one in each), strict=True)
        return cls(*(torch.stack(part) for part in parts))

    def at(self, index: torch.Tensor) -> Ways:
        """Some of several, int64 (n,), in copies of their own."""
        return Ways(self.costs[index], self.first[index], self.burns[index], self.limit[index])

    def put(self, number: int, one: Ways) -> None:
        """Replace one of several, in place."""
        for ours, new in zip(
            (self.costs, self.first, self.burns, self.limit),
            (one.costs, one.first, one.burns, one.limit),
            strict=True,
        ):
            ours[number] = new


def ways_of(simulator: FireSimulator, device: str | torch.device = "cpu") -> Ways:
    """The moves of a simulator on a device: 320 kB on 50 x 50 cells, twice.

    Args:
        simulator: Landscape and weather.
        device: Where the tensors live.

    Returns:
        Copies; the simulator shares nothing with them.
    """
    graph = simulator.graph
    return Ways(
        torch.tensor(_by_end(simulator), device=device),
        torch.tensor(graph.first, device=device),
        torch.tensor(graph.burns, device=device),
        torch.tensor(simulator.weather.duration_min, dtype=torch.float32, device=device),
    )


def with_breaks(ways: Ways, breaks: torch.Tensor) -> Ways:
    """Moves that are left where breaks stand.

    Args:
        ways: Of E environments.
        breaks: bool (E, H, W), on the same device.

    Returns:
        Copies of what changed.
    """
    burns = ways.burns & ~breaks
    padded = torch.nn.functional.pad(burns, (REACH,) * 4)
    plan = moves()
    costs = ways.costs.clone()
    for k in range(MOVES):
        down, right = plan.step[k].tolist()
        is_open = torch.ones_like(burns)
        for row, column in plan.cell[k, : plan.pieces[k]].tolist():
            is_open &= shifted(padded, row - down, column - right)
        if down % 2 and right % 2:
            beside = [shifted(padded, row - down, column - right) for row, column in plan.corner[k].tolist()]
            is_open &= beside[0] | beside[1]
        costs[:, k].masked_fill_(~is_open, torch.inf)
    return Ways(costs, ways.first, burns, ways.limit)


def shifted(padded: torch.Tensor, down: int, right: int) -> torch.Tensor:
    """View of a tensor, padded by `REACH`, in which cell (row, column) shows what lies (down, right) of it."""
    height, width = padded.shape[-2] - 2 * REACH, padded.shape[-1] - 2 * REACH
    return padded[..., REACH + down : REACH + down + height, REACH + right : REACH + right + width]


def _by_end(simulator: FireSimulator) -> npt.NDArray[np.float32]:
    """float32 (K, H, W): minutes of move k that ends in a cell."""
    graph = simulator.graph
    by_start = graph.costs[: graph.burns.size * MOVES].reshape(-1, MOVES)
    by_end = np.full((MOVES, graph.burns.size), np.inf, np.float32)
    ends = np.arange(graph.burns.size)
    for k, ahead in enumerate(graph.ahead.tolist()):
        inside = ends[(ends >= ahead) & (ends < graph.burns.size + ahead)]
        by_end[k, inside] = by_start[inside - ahead, k]
    return by_end.reshape(MOVES, *graph.burns.shape)
