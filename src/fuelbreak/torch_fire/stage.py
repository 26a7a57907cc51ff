"""Where the episodes of many environments are played: their landscapes, fires and observations on one device."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from fuelbreak.episode_rules import EpisodeRules
from fuelbreak.fire.neighbours import REACH
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.observation import base_observation
from fuelbreak.torch_fire.fires import burn_fires
from fuelbreak.torch_fire.observations import with_breaks as observed
from fuelbreak.torch_fire.observations import with_fires
from fuelbreak.torch_fire.trees import downstream_cells
from fuelbreak.torch_fire.ways import Ways, ways_of, with_breaks

__all__ = ["Stage"]

Mask = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

KEPT_BYTES = 4 * 2**30
"""Device memory for landscapes under weathers that were played on: four thousand of 50 x 50 cells."""

BURNING_BYTES = 4 * 2**30
"""Device memory for fires that burn at once; more environments than fit are burned in turn."""

_BYTES_PER_CELL, _BYTES_PER_CELL_OBSERVED = 20, 100  # of a fire: its times and what is worked out beside them


class _Scene(NamedTuple):
    base: torch.Tensor
    ways: Ways


class Stage:
    """N environments: what fire can do in each, where it starts, and what is seen of it.

    Args:
        num_envs: N.
        landscapes: Of one shape.
        days: Weathers.
        rules: Of the episodes.
        device: Where the tensors live.

    Attributes:
        device: As given.
    """

    def __init__(
        self,
        num_envs: int,
        landscapes: Sequence[Landscape],
        days: Sequence[Weather],
        rules: EpisodeRules,
        device: str | torch.device,
    ) -> None:
        self.device = torch.device(device)
        self._landscapes, self._days, self._rules = tuple(landscapes), tuple(days), rules
        self._shape = height, width = landscapes[0].shape
        first = self._made(0, 0)
        self._ways_bytes = sum(tensor.nbytes for tensor in first.ways.tensors())
        kept = KEPT_BYTES // (first.base.nbytes + self._ways_bytes)
        self._scene = lru_cache(maxsize=max(1, kept))(self._made)
        self._ways = Ways.stacked([first.ways] * num_envs)
        self._bases = torch.stack([first.base] * num_envs)
        self._ignitions: list[IntArray] = [np.zeros((0, 2), np.int64)] * num_envs
        self._packed: tuple[torch.Tensor, torch.Tensor] | None = None
        seen = num_envs if rules.observes_fires else 0
        self._probability = torch.zeros((seen, height, width), dtype=torch.float32, device=self.device)
        self._downstream = torch.zeros((seen, height, width), dtype=torch.float64, device=self.device)

    def play_on(self, number: int, landscape: int, day: int, ignitions: IntArray) -> None:
        """Begin an episode.

        Args:
            number: Of the environment.
            landscape: Number of its landscape.
            day: Number of its weather.
            ignitions: int64 (n, 2), (row, column), on cells that burn.
        """
        scene = self._scene(landscape, day)
        self._ways.put(number, scene.ways)
        self._bases[number] = scene.base
        self._ignitions[number] = ignitions
        self._packed = None

    def burn(self, environments: IntArray, breaks: Mask) -> FloatArray:
        """Burn the fires of some environments.

        Args:
            environments: int64 (n,), their numbers.
            breaks: bool (N, H, W), of all.

        Returns:
            float64 (n,), cells that a fire burns in the mean.
        """
        fires = max(len(self._ignitions[number]) for number in environments)
        height, width = (edge + 2 * REACH for edge in self._shape)
        per_cell = _BYTES_PER_CELL_OBSERVED if self._rules.observes_fires else _BYTES_PER_CELL
        at_once = max(1, BURNING_BYTES // (fires * height * width * per_cell + 2 * self._ways_bytes))
        parts = [environments[at : at + at_once] for at in range(0, len(environments), at_once)]
        return np.concatenate([self._burn_at_once(part, breaks[part]) for part in parts])

    def observations(self, breaks: Mask, burned_at_reset: FloatArray) -> torch.Tensor:
        """What is seen now.

        Args:
            breaks: bool (N, H, W).
            burned_at_reset: float64 (N,), mean cells.

        Returns:
            float32 (N, C, H, W), a tensor of its own on the device.
        """
        standing = torch.tensor(breaks, device=self.device)
        seen = observed(self._bases, standing, self._rules.break_budget, self._rules.layout)
        if self._rules.observes_fires:
            whole = torch.tensor(burned_at_reset, device=self.device)[:, None, None]
            with_fires(seen, self._probability, self._downstream / whole)
        return seen

    def _made(self, landscape: int, day: int) -> _Scene:
        land, weather = self._landscapes[landscape], self._days[day]
        base = torch.tensor(base_observation(land, weather, self._rules.layout), device=self.device)
        return _Scene(base, ways_of(FireSimulator(land, weather), self.device))

    def _burn_at_once(self, environments: IntArray, breaks: Mask) -> FloatArray:
        index = torch.tensor(environments, device=self.device)
        ways = with_breaks(self._ways.at(index), torch.tensor(breaks, device=self.device))
        starts, counts = (packed[index] for packed in self._starts())
        times = burn_fires(ways, starts)
        reached = torch.isfinite(times)
        if self._rules.observes_fires:
            fires = counts[:, None, None].to(torch.float64)
            self._probability[index] = (reached.sum(dim=1) / fires).to(torch.float32)
            self._downstream[index] = downstream_cells(ways, starts, times) / fires
        burned: FloatArray = (reached.sum(dim=(1, 2, 3)) / counts.to(torch.float64)).cpu().numpy()
        return burned

    def _starts(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Ignitions int64 (N, F, 2), filled up with -1, and how many there are, int64 (N,)."""
        if self._packed is None:
            counts = np.array([len(cells) for cells in self._ignitions])
            packed = np.full((len(counts), counts.max(), 2), -1, np.int64)
            for row, cells in zip(packed, self._ignitions, strict=True):
                row[: len(cells)] = cells
            self._packed = torch.tensor(packed, device=self.device), torch.tensor(counts, device=self.device)
        return self._packed
