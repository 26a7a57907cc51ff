"""`Scenery`: what all observations of some landscapes have in common, kept once, on the device of the learner."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from fuelbreak.dqn.budgets import EpisodeBudget
from fuelbreak.landscape import Landscape
from fuelbreak.observation import LayoutName, base_observation, break_mask, layout_of, legal_cells
from fuelbreak.torch_fire.observations import remaining_budget

__all__ = ["NO_LIMIT", "Scenery"]

NO_LIMIT = 2**31
"""A budget that is never spent."""


class Scenery:
    """Rebuilds observations from a scene's number and its breaks, to the last bit.

    A scene is a landscape with what an episode may spend on it: with N landscapes the number of the l-th one under the
    b-th budget is l + b N.

    Args:
        landscapes: All that observations may come from, of one shape.
        layout: Of the observations; none with channels that do not follow from landscape and breaks.
        budgets: Of the episodes; None = one that is not known, which only the legacy layout allows.

    Attributes:
        shape: (H, W) of the landscapes.
        layout: As given.

    Raises:
        ValueError: A layout that shows fires, or the budget where that is not given.
    """

    def __init__(
        self,
        landscapes: Sequence[Landscape],
        layout: LayoutName = "legacy",
        budgets: Sequence[EpisodeBudget] | None = None,
    ) -> None:
        if layout_of(layout).fire_channels is not None:
            raise ValueError(f"layout {layout!r} shows fires, which cannot be rebuilt; use 'full'")
        if budgets is None and layout_of(layout).budget_channel is not None:
            raise ValueError(f"layout {layout!r} shows the budget: give budgets")
        self.layout: LayoutName = layout
        self.shape = landscapes[0].shape
        self._budgets = torch.tensor([EpisodeBudget(NO_LIMIT, NO_LIMIT)] if budgets is None else budgets)
        bases = np.stack([base_observation(landscape, layout=layout) for landscape in landscapes])
        self._base, self._legal = torch.from_numpy(bases), torch.from_numpy(legal_cells(bases, layout))

    @property
    def nbytes(self) -> int:
        """Bytes of what is kept."""
        return self._base.nbytes + self._legal.nbytes

    def to(self, device: torch.device | str) -> None:
        """Move to a device; nothing happens where it is there."""
        if self._base.device != torch.device(device):
            self._base, self._legal = self._base.to(device), self._legal.to(device)
            self._budgets = self._budgets.to(device)

    def breaks_in(self, observations: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
        """Where breaks stand, bool (N, H*W), in float32 (N, C, H, W)."""
        return break_mask(observations, self.layout)

    def observations(self, scene: Tensor, breaks: Tensor) -> Tensor:
        """`fuelbreak.observation.with_breaks`, on the device.

        Args:
            scene: int64 (N,).
            breaks: bool (N, H*W).

        Returns:
            float32 (N, C, H, W).
        """
        layout, base = layout_of(self.layout), self._base[scene % len(self._base)]
        grid = breaks.reshape(len(breaks), *self.shape)
        if layout.break_channel is None or layout.budget_channel is None:
            return base.masked_fill_(grid.unsqueeze(1), 0.0)
        base[:, layout.break_channel] = grid.float()
        left = remaining_budget(self._left(scene, breaks), breaks.shape[1])
        base[:, layout.budget_channel] = left[:, None, None]
        return base

    def legal(self, scene: Tensor, breaks: Tensor) -> Tensor:
        """Cells where a break may be placed, bool (N, H*W); arguments as above."""
        return self._legal[scene % len(self._legal)] & ~breaks

    def room(self, scene: Tensor, breaks: Tensor) -> Tensor:
        """Breaks that the next step may place, as far as the budget goes, int64 (N,); arguments as above."""
        return self._left(scene, breaks).clamp(min=0).minimum(self._budgets[scene // len(self._base), 1])

    def _left(self, scene: Tensor, breaks: Tensor) -> Tensor:
        return self._budgets[scene // len(self._base), 0] - breaks.sum(dim=1)
