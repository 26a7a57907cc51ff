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
from fuelbreak.fire.neighbours import REACH, moves
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.torch_fire.ways import Ways, shifted, ways_of, with_breaks

__all__ = ["TorchFires", "burn_fires", "sweeps_to_settle"]

IntArray = npt.NDArray[np.int64]

_SWEEPS_PER_CHECK = 4  # a check costs as much as three moves, and on a GPU it waits for the device


class TorchFires:
    """Fires in E environments, each a landscape under a weather, F fires in each.

    Args:
        simulators: E of them, of one grid shape; one may be given several times, with different breaks each.
        device: Where the tensors live.

    Attributes:
        device: As given.
        ways: The moves of all environments, stacked.

    Raises:
        SimulationError: There is no simulator, or their grids differ.
    """

    def __init__(self, simulators: Sequence[FireSimulator], device: str | torch.device = "cpu") -> None:
        shapes = {simulator.landscape.shape for simulator in simulators}
        if len(shapes) != 1:
            raise SimulationError(f"give simulators of one grid shape, not of {sorted(shapes) or 'none'}")
        self.device = torch.device(device)
        self._simulators = tuple(simulators)
        different = {id(simulator): ways_of(simulator, device) for simulator in set(simulators)}
        self.ways = Ways.stacked([different[id(simulator)] for simulator in simulators])

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
        if breaks is None:
            return burn_fires(self.ways, starts)
        if breaks.shape != self.ways.burns.shape or breaks.dtype != torch.bool:
            raise SimulationError(
                f"breaks are {breaks.dtype} {tuple(breaks.shape)}; give bool of {tuple(self.ways.burns.shape)}"
            )
        return burn_fires(with_breaks(self.ways, breaks), starts)

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
        return torch.tensor(cells, dtype=torch.int64, device=self.device)


def burn_fires(ways: Ways, starts: torch.Tensor) -> torch.Tensor:
    """Arrival times of fires; unlike `TorchFires` it checks nothing.

    Args:
        ways: Of E environments.
        starts: int64 (E, F, 2), (row, column), on the same device; a row of -1 stands for no fire.

    Returns:
        float32 (E, F, H, W), minutes; inf where a fire does not come within its duration.
    """
    times = _lit(ways, starts)
    limit = ways.limit[:, None, None, None]
    _relax(times, ways.costs, limit)
    inside = shifted(times, 0, 0)
    return torch.where(inside <= limit, inside, torch.inf)


def sweeps_to_settle(ways: Ways, starts: torch.Tensor) -> float:
    """How often `burn_fires` takes all moves of each cell, in the mean; for a benchmark."""
    return _relax(_lit(ways, starts), ways.costs, ways.limit[:, None, None, None])


def _relax(times: torch.Tensor, costs: torch.Tensor, limit: torch.Tensor) -> float:
    """Take the least over all moves, in place, until nothing changes; how many sweeps an environment took in the mean.

    Most fires settle soon and a few take several times as long: environments that have settled are left out as soon as
    they are half of those that are swept.
    """
    whole, number = times, torch.arange(len(times), device=times.device)
    swept = 0
    while len(number):
        changing = _swept(times, costs, limit)
        swept += _SWEEPS_PER_CHECK * len(number)
        left = int(changing.sum())
        if 2 * left > len(number):
            continue
        if times is not whole:
            whole[number] = times
        number, times, costs, limit = (each[changing] for each in (number, times, costs, limit))
    return swept / len(whole)


def _swept(times: torch.Tensor, costs: torch.Tensor, limit: torch.Tensor) -> torch.Tensor:
    """Some sweeps in place; bool (E,), where they changed something."""
    inside = shifted(times, 0, 0)
    before = inside.clone()
    offer = torch.empty_like(inside)
    for _ in range(_SWEEPS_PER_CHECK):
        for k, (down, right) in enumerate(moves().step.tolist()):
            torch.add(shifted(times, -down, -right), costs[:, k, None], out=offer)
            torch.minimum(inside, offer, out=inside)
    inside.masked_fill_(inside > limit, torch.inf)  # what comes too late spreads no further
    return (before != inside).flatten(1).any(dim=1)


def _lit(ways: Ways, starts: torch.Tensor) -> torch.Tensor:
    """Times as a fire of a disc's size gives them: 0 at the start, the first moves around it; padded."""
    (environments, fires), device = starts.shape[:2], starts.device
    height, width = ways.burns.shape[-2:]
    padded = (environments, fires, height + 2 * REACH, width + 2 * REACH)
    times = torch.full(padded, torch.inf, device=device)
    e = torch.arange(environments, device=device)[:, None].expand(-1, fires)
    f = torch.arange(fires, device=device)[None].expand(environments, -1)
    row, column = starts.clamp(min=0).unbind(-1)
    is_alight = ways.burns[e, row, column] & (starts[..., 0] >= 0)
    never = torch.full(row.shape, torch.inf, device=device)
    times[e, f, row + REACH, column + REACH] = never.masked_fill(is_alight, 0.0)
    for k, (down, right) in enumerate(moves().step.tolist()):
        to_row, to_column = row + down, column + right
        is_inside = (to_row >= 0) & (to_row < height) & (to_column >= 0) & (to_column < width)
        cost = ways.costs[e, k, to_row.clamp(0, height - 1), to_column.clamp(0, width - 1)]
        is_open = is_alight & is_inside & torch.isfinite(cost)
        arrival = torch.where(is_open, cost - ways.lead[e, row * width + column, k], never)
        times[e, f, to_row + REACH, to_column + REACH] = arrival
    return times
