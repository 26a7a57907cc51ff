"""Where fire can go, as tensors: the moves of one landscape under one weather, and what breaks take out of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from fuelbreak.fire.neighbours import MOVES, REACH, moves
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.travel_time import Graph

__all__ = ["Ways", "shifted", "ways_of", "with_breaks"]


@dataclass(frozen=True, eq=False)
class Ways:
    """The moves of one landscape under one weather, or of several, stacked along a first axis E.

    Attributes:
        costs: float32 (..., K, H, W), minutes of the move k that ends in a cell; inf where it is not possible.
        sides: float32 (..., C, 2, H, W), minutes along each line of the C moves past a corner, by the cell of the end.
        lead: float32 (..., H * W, K), minutes that move k takes less where a fire is lit in the cell.
        burns: bool (..., H, W), False where nothing burns.
        limit: float32 (...), minutes that a fire burns.
    """

    costs: torch.Tensor
    sides: torch.Tensor
    lead: torch.Tensor
    burns: torch.Tensor
    limit: torch.Tensor

    @classmethod
    def stacked(cls, each: Sequence[Ways]) -> Ways:
        """Several as one, in copies of their own."""
        parts = zip(*(one.tensors() for one in each), strict=True)
        return cls(*(torch.stack(part) for part in parts))

    def at(self, index: torch.Tensor) -> Ways:
        """Some of several, int64 (n,), in copies of their own."""
        return Ways(*(tensor[index] for tensor in self.tensors()))

    def put(self, number: int, one: Ways) -> None:
        """Replace one of several, in place."""
        for ours, new in zip(self.tensors(), one.tensors(), strict=True):
            ours[number] = new

    def tensors(self) -> tuple[torch.Tensor, ...]:
        """The attributes, in their order."""
        return (self.costs, self.sides, self.lead, self.burns, self.limit)


def ways_of(simulator: FireSimulator, device: str | torch.device = "cpu") -> Ways:
    """The moves of a simulator on a device: 0.9 MB on 50 x 50 cells.

    Args:
        simulator: Landscape and weather.
        device: Where the tensors live.

    Returns:
        Copies; the simulator shares nothing with them.
    """
    graph = simulator.graph
    by_start = graph.costs[: graph.burns.size * MOVES].reshape(-1, MOVES)
    sides = graph.sides.reshape(graph.burns.size, -1)
    ahead = graph.ahead[moves().sided >= 0].repeat(2)
    return Ways(
        torch.tensor(_by_end(graph, by_start, graph.ahead), device=device),
        torch.tensor(_by_end(graph, sides, ahead).reshape(-1, 2, *graph.burns.shape), device=device),
        torch.tensor(graph.lead, device=device),
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
    costs, sides = ways.costs.clone(), ways.sides.clone()
    for k in range(MOVES):
        down, right = plan.step[k].tolist()
        if plan.sided[k] >= 0:
            lines = sides[:, plan.sided[k]]
            for i, (row, column) in enumerate(plan.corner[k].tolist()):
                lines[:, i].masked_fill_(~shifted(padded, row - down, column - right), torch.inf)
            costs[:, k] = lines.amin(dim=1)
        is_open = torch.ones_like(burns)
        for row, column in plan.cell[k, : plan.pieces[k]].tolist():
            is_open &= shifted(padded, row - down, column - right)
        costs[:, k].masked_fill_(~is_open, torch.inf)
    return Ways(costs, sides, ways.lead, burns, ways.limit)


def shifted(padded: torch.Tensor, down: int, right: int) -> torch.Tensor:
    """View of a tensor, padded by `REACH`, in which cell (row, column) shows what lies (down, right) of it."""
    height, width = padded.shape[-2] - 2 * REACH, padded.shape[-1] - 2 * REACH
    return padded[..., REACH + down : REACH + down + height, REACH + right : REACH + right + width]


def _by_end(
    graph: Graph, by_start: npt.NDArray[np.float32], ahead: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    """float32 (n, H, W) by the cell where moves end, of float32 (cells, n) by the cell where they start."""
    by_end = np.full((len(ahead), graph.burns.size), np.inf, np.float32)
    ends = np.arange(graph.burns.size)
    for k, cells in enumerate(ahead.tolist()):
        inside = ends[(ends >= cells) & (ends < graph.burns.size + cells)]
        by_end[k, inside] = by_start[inside - cells, k]
    return by_end.reshape(-1, *graph.burns.shape)
