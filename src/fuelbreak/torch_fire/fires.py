"""Fires as tensors: many landscapes, plans and fires relaxed at once, on CPU or GPU.

The same graph as `fuelbreak.fire`: for every cell the time of arrival is the least over 32 moves of the time where
the move starts plus its cost. Here each move is one shifted tensor operation over all fires, repeated until nothing
changes. The fixed point is unique and every sum is the same float32 sum, so that arrival times equal those of the
compiled simulator to the last bit, on any device.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from fuelbreak.errors import SimulationError
from fuelbreak.fire.neighbours import MOVES, REACH, moves
from fuelbreak.fire.simulator import FireSimulator

__all__ = ["TorchFires"]

IntArray = npt.NDArray[np.int64]

_SWEEPS_PER_CHECK = 8  # comparing costs as much as a move or two, and on a GPU it waits for the device


class TorchFires:
    """Fires in E environments, each a landscape under a weather, F fires in each.

    Args:
        simulators: E of them, of one grid shape; one may be given several times, with different breaks each.
        device: Where the tensors live.

    Attributes:
        device: As given.

    Raises:
        SimulationError: There is no simulator, or their grids differ.
    """

    def __init__(self, simulators: Sequence[FireSimulator], device: str | torch.device = "cpu") -> None:
        shapes = {simulator.landscape.shape for simulator in simulators}
        if len(shapes) != 1:
            raise SimulationError(f"give simulators of one grid shape, not of {sorted(shapes) or 'none'}")
        self.device = torch.device(device)
        self._simulators = tuple(simulators)
        self._shape = shapes.pop()
        self._costs = self._stack([_by_move(simulator) for simulator in simulators])
        self._first = self._stack([simulator.graph.first for simulator in simulators])
        self._burns = self._stack([simulator.graph.burns for simulator in simulators])
        self._limit = self._stack([np.float32(s.weather.duration_min) for s in simulators])[
            :, None, None, None
        ]

    def select(self, environments: Sequence[int] | IntArray) -> TorchFires:
        """Environments in another choice and order, some perhaps several times.

        Args:
            environments: int (N,), numbers of environments here.

        Returns:
            Fires in those N environments, on the same device.
        """
        chosen = TorchFires.__new__(TorchFires)
        index = torch.as_tensor(np.asarray(environments), dtype=torch.int64, device=self.device)
        chosen.device, chosen._shape = self.device, self._shape
        chosen._simulators = tuple(self._simulators[number] for number in index.tolist())
        chosen._costs, chosen._first = self._costs[index], self._first[index]
        chosen._burns, chosen._limit = self._burns[index], self._limit[index]
        return chosen

    def arrival_time_min(
        self, ignitions: IntArray | torch.Tensor, breaks: torch.Tensor | None = None
    ) -> torch.Tensor:
        """When each fire reaches each cell.

        Args:
            ignitions: int (E, F, 2), (row, column), row 0 = north; or what `starts` made of them, checked once.
            breaks: bool (E, H, W) on the device, True at fuel breaks.

        Returns:
            float32 (E, F, H, W), minutes; inf where a fire does not come within its duration, everywhere for a fire
            that would start on a break.

        Raises:
            SimulationError: An ignition is off the grid or on a non-burnable cell, or the arrays do not fit.
        """
        starts = ignitions if isinstance(ignitions, torch.Tensor) else self.starts(ignitions)
        burns, costs = self._burns, self._costs
        if breaks is not None:
            burns, costs = self._with_breaks(breaks)
        times = self._lit(starts, burns, costs)
        self._relax(times, costs)
        inside = times[..., REACH:-REACH, REACH:-REACH]
        return torch.where(inside <= self._limit, inside, torch.inf)

    def burned_cells(
        self, ignitions: IntArray | torch.Tensor, breaks: torch.Tensor | None = None
    ) -> torch.Tensor:
        """How many cells each fire burns within its duration.

        Args:
            ignitions: As in `arrival_time_min`.
            breaks: bool (E, H, W) on the device.

        Returns:
            int64 (E, F).

        Raises:
            SimulationError: As `arrival_time_min`.
        """
        return torch.isfinite(self.arrival_time_min(ignitions, breaks)).sum(dim=(2, 3))

    def starts(self, ignitions: IntArray) -> torch.Tensor:
        """Ignitions on the device, after checking them.

        Args:
            ignitions: int (E, F, 2), (row, column).

        Returns:
            int64 (E, F, 2).

        Raises:
            SimulationError: An ignition is off the grid or on a non-burnable cell, or the array does not fit.
        """
        cells = np.asarray(ignitions)
        if cells.ndim != 3 or len(cells) != len(self._simulators):
            raise SimulationError(f"ignitions are {cells.shape}; give ({len(self._simulators)}, fires, 2)")
        for simulator, own in zip(self._simulators, cells, strict=True):
            simulator.starts(own)
        return torch.as_tensor(cells, dtype=torch.int64, device=self.device)

    def _relax(self, times: torch.Tensor, costs: torch.Tensor) -> None:
        """Take the least over all moves, in place, until nothing changes."""
        inside = _shifted(times, 0, 0)
        offer = torch.empty_like(inside)
        before = torch.empty_like(inside)
        while True:
            before.copy_(inside)
            for _ in range(_SWEEPS_PER_CHECK):
                for k, (down, right) in enumerate(moves().step.tolist()):
                    torch.add(_shifted(times, -down, -right), costs[:, k, None], out=offer)
                    torch.minimum(inside, offer, out=inside)
            offer.copy_(torch.where(inside <= self._limit, inside, torch.inf))
            inside.copy_(offer)  # what comes too late spreads no further
            if torch.equal(before, inside):
                return

    def _lit(self, starts: torch.Tensor, burns: torch.Tensor, costs: torch.Tensor) -> torch.Tensor:
        """Times as a fire of a disc's size gives them: 0 at the start, the first moves around it; padded."""
        environments, fires = starts.shape[:2]
        height, width = self._shape
        padded = (environments, fires, height + 2 * REACH, width + 2 * REACH)
        times = torch.full(padded, torch.inf, device=self.device)
        e = torch.arange(environments, device=self.device)[:, None].expand(-1, fires)
        f = torch.arange(fires, device=self.device)[None].expand(environments, -1)
        row, column = starts.unbind(-1)
        is_alight = burns[e, row, column]
        never = torch.full(row.shape, torch.inf, device=self.device)
        times[e, f, row + REACH, column + REACH] = torch.where(is_alight, torch.zeros_like(never), never)
        for k, (down, right) in enumerate(moves().step.tolist()):
            to_row, to_column = row + down, column + right
            is_inside = (to_row >= 0) & (to_row < height) & (to_column >= 0) & (to_column < width)
            cost = costs[e, k, to_row.clamp(0, height - 1), to_column.clamp(0, width - 1)]
            is_open = is_alight & is_inside & torch.isfinite(cost)
            arrival = torch.where(is_open, self._first[e, row * width + column, k], never)
            times[e, f, to_row + REACH, to_column + REACH] = arrival
        return times

    def _with_breaks(self, breaks: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Burnable cells, and costs without the moves that breaks block."""
        if breaks.shape != self._burns.shape or breaks.dtype != torch.bool:
            raise SimulationError(
                f"breaks are {breaks.dtype} {tuple(breaks.shape)}; give bool of {tuple(self._burns.shape)}"
            )
        burns = self._burns & ~breaks
        padded = torch.nn.functional.pad(burns, (REACH,) * 4)
        plan = moves()
        costs = self._costs.clone()
        for k in range(MOVES):
            down, right = plan.step[k].tolist()
            is_open = torch.ones_like(burns)
            for row, column in plan.cell[k, : plan.pieces[k]].tolist():
                is_open &= _shifted(padded, row - down, column - right)
            if down % 2 and right % 2:
                beside = [
                    _shifted(padded, row - down, column - right) for row, column in plan.corner[k].tolist()
                ]
                is_open &= beside[0] | beside[1]
            costs[:, k].masked_fill_(~is_open, torch.inf)
        return burns, costs

    def _stack(self, arrays: Sequence[npt.NDArray[np.generic] | np.generic]) -> torch.Tensor:
        return torch.as_tensor(np.stack(arrays), device=self.device)


def _by_move(simulator: FireSimulator) -> npt.NDArray[np.float32]:
    """float32 (K, H, W): minutes of move k that ends in a cell."""
    graph = simulator.graph
    by_start = graph.costs[: graph.burns.size * MOVES].reshape(-1, MOVES)
    by_end = np.full((MOVES, graph.burns.size), np.inf, np.float32)
    ends = np.arange(graph.burns.size)
    for k, ahead in enumerate(graph.ahead.tolist()):
        inside = ends[(ends >= ahead) & (ends < graph.burns.size + ahead)]
        by_end[k, inside] = by_start[inside - ahead, k]
    return by_end.reshape(MOVES, *graph.burns.shape)


def _shifted(padded: torch.Tensor, down: int, right: int) -> torch.Tensor:
    """View of a padded tensor in which cell (row, column) shows what lies (down, right) of it."""
    height, width = padded.shape[-2] - 2 * REACH, padded.shape[-1] - 2 * REACH
    return padded[..., REACH + down : REACH + down + height, REACH + right : REACH + right + width]
