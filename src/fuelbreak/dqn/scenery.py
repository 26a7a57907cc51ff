"""`Scenery`: what all observations of some landscapes have in common, kept once, on the device of the learner."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from fuelbreak.landscape import Landscape
from fuelbreak.observation import LayoutName, base_observation, break_mask, layout_of, legal_cells

__all__ = ["NO_LIMIT", "Scenery"]

NO_LIMIT = 2**31
"""A budget that is never spent."""


class Scenery:
    """Rebuilds observations from a landscape's number and its breaks, to the last bit.

    Args:
        landscapes: All that observations may come from, of one shape.
        layout: Of the observations; none with channels that do not follow from landscape and breaks.
        break_budget: Breaks in an episode; None = not known, which only the legacy layout allows.

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
        break_budget: int | None = None,
    ) -> None:
        if layout_of(layout).fire_channels is not None:
            raise ValueError(f"layout {layout!r} shows fires, which cannot be rebuilt; use 'full'")
        if break_budget is None and layout_of(layout).budget_channel is not None:
            raise ValueError(f"layout {layout!r} shows the budget: give break_budget")
        self.layout: LayoutName = layout
        self.shape = landscapes[0].shape
        self._budget = NO_LIMIT if break_budget is None else break_budget
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

    def breaks_in(self, observations: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
        """Where breaks stand, bool (N, H*W), in float32 (N, C, H, W)."""
        return break_mask(observations, self.layout)

    def observations(self, landscape: Tensor, breaks: Tensor) -> Tensor:
        """`fuelbreak.observation.with_breaks`, on the device.

        Args:
            landscape: int64 (N,).
            breaks: bool (N, H*W).

        Returns:
            float32 (N, C, H, W).
        """
        layout, base = layout_of(self.layout), self._base[landscape]
        grid = breaks.reshape(len(breaks), *self.shape)
        if layout.break_channel is None or layout.budget_channel is None:
            return base.masked_fill_(grid.unsqueeze(1), 0.0)
        base[:, layout.break_channel] = grid.float()
        left = (self._budget - breaks.sum(dim=1)).double() / self._budget
        base[:, layout.budget_channel] = left.float()[:, None, None]
        return base

    def legal(self, landscape: Tensor, breaks: Tensor) -> Tensor:
        """Cells where a break may be placed, bool (N, H*W); arguments as above."""
        return self._legal[landscape] & ~breaks

    def room(self, breaks: Tensor) -> Tensor:
        """Breaks that the budget has left, int64 (N,), at bool (N, H*W)."""
        return (self._budget - breaks.sum(dim=1)).clamp(min=0)
