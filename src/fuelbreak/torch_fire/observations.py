"""Observations as tensors: what `fuelbreak.observation` writes, for many environments and where their fires burn."""

from __future__ import annotations

import torch

from fuelbreak.observation import LayoutName, layout_of

__all__ = ["remaining_budget", "with_breaks", "with_fires"]

_MOST_DOWNSTREAM = 2.0


def with_breaks(
    base: torch.Tensor, breaks: torch.Tensor, break_budget: int, layout: LayoutName
) -> torch.Tensor:
    """As `fuelbreak.observation.with_breaks`, to the same bits.

    Args:
        base: float32 (N, C, H, W), from `base_observation`.
        breaks: bool (N, H, W).
        break_budget: Breaks in an episode.
        layout: That of `base`.

    Returns:
        float32 (N, C, H, W), new.
    """
    chosen = layout_of(layout)
    if chosen.break_channel is None or chosen.budget_channel is None:
        return base.masked_fill(breaks[:, None], 0.0)
    out = base.clone()
    out[:, chosen.break_channel] = breaks.to(base.dtype)
    left = break_budget - breaks.sum(dim=(1, 2), keepdim=True)
    out[:, chosen.budget_channel] = remaining_budget(left, breaks[0].numel())
    return out


def remaining_budget(left: torch.Tensor, cells: int) -> torch.Tensor:
    """Values of that channel, float32, for the breaks that are left on a map of so many cells."""
    return (left.double() / cells).clamp(0.0, 1.0).sqrt().float()


def with_fires(observations: torch.Tensor, burn_probability: torch.Tensor, downstream: torch.Tensor) -> None:
    """Fill in the channels of the present fires of layout "full+fires", in place, as `fuelbreak.observation` does.

    Args:
        observations: float32 (N, C, H, W).
        burn_probability: (N, H, W).
        downstream: (N, H, W), as a share of the burned area at reset.
    """
    channels = layout_of("full+fires").fire_channels
    planes = torch.stack([burn_probability, downstream.clamp(max=_MOST_DOWNSTREAM)], dim=1)
    observations[:, channels] = planes.to(observations.dtype)
