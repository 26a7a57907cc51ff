"""The Q network: one value a cell, each computed with the whole landscape in view."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from fuelbreak.observation import NUM_CHANNELS

__all__ = ["ContextBlock", "QNetwork"]


class QNetwork(nn.Module):
    """Per-cell values from a convolutional network with global context, split as in a dueling network.

    Cell detail comes from a stem at full resolution, neighbourhoods from dilated residual blocks at half of it,
    and the landscape as a whole from a global mean that every block adds to each of its cells. Any H and W from
    8 up are accepted.

    The value of a set of cells is the sum of its per-cell values (Q(s, A) = sum over a in A of q(s, a)), the
    form in which the best k cells are the k with the highest values. What a state is worth whatever is done next
    is a number of its own that all cells share (Wang et al. 2016, "Dueling network architectures"): returns to go
    fall from a half to nothing in an episode, while cells differ by thousandths.

    Args:
        channels: Channels of the observation.
        width: Feature maps of the trunk.
        dilations: One residual block each.
    """

    def __init__(
        self, channels: int = NUM_CHANNELS, width: int = 32, dilations: tuple[int, ...] = (1, 2, 4, 8, 1)
    ) -> None:
        super().__init__()
        self.stem = nn.Conv2d(channels, width // 2, 3, padding=1)
        self.down = nn.Conv2d(width // 2, width, 3, stride=2, padding=1)
        self.blocks = nn.ModuleList(ContextBlock(width, dilation) for dilation in dilations)
        self.fine = nn.Conv2d(channels + width // 2, width, 1)
        self.coarse = nn.Conv2d(width, 4 * width, 1)
        self.advantage = nn.Conv2d(width, 1, 1)
        self.state_value = nn.Linear(width, 1)
        # Rewards are shares of the burned area: start from values near zero, not from noise of order one.
        for parameter in (*self.advantage.parameters(), *self.state_value.parameters()):
            nn.init.normal_(parameter, std=1e-2)
        # A quarter faster on the CPU.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, observations: Tensor) -> Tensor:
        """Values of all cells.

        Args:
            observations: float32 (N, C, H, W).

        Returns:
            float32 (N, H*W), row by row.
        """
        height, width = observations.shape[-2:]
        observations = observations.contiguous(memory_format=torch.channels_last)
        fine = functional.relu(self.stem(observations))
        coarse = functional.relu(self.down(fine))
        for block in self.blocks:
            coarse = block(coarse)
        # Each coarse cell says something else about each of its four cells (Shi et al. 2016), at a quarter of the
        # cost of a convolution at full resolution.
        up = functional.pixel_shuffle(self.coarse(coarse), 2)[..., :height, :width]
        features = functional.relu(self.fine(torch.cat([observations, fine], dim=1)) + up)
        # Cells differ by thousandths of a state's value: in bfloat16 the sum would round them away.
        advantages = self.advantage(features).flatten(1).float()
        state_values = self.state_value(coarse.mean(dim=(2, 3))).float()
        values: Tensor = state_values + advantages - advantages.mean(dim=1, keepdim=True)
        return values


class ContextBlock(nn.Module):
    """Residual block: a dilated convolution plus a term from the global mean.

    Args:
        width: Feature maps in and out.
        dilation: Of the convolution.
    """

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.local = nn.Conv2d(width, width, 3, padding=dilation, dilation=dilation)
        self.context = nn.Linear(width, width)
        self.out = nn.Conv2d(width, width, 1)

    def forward(self, features: Tensor) -> Tensor:
        """float32 (N, width, H, W) for as many."""
        context = self.context(features.mean(dim=(2, 3)))[..., None, None]
        residual: Tensor = self.out(functional.relu(self.local(features) + context))
        return functional.relu(features + residual)
