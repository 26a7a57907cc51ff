"""The network that values lines: a landscape is looked at once, hundreds of candidate lines are read off it."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from fuelbreak.dqn.lines.scene import CHANNELS
from fuelbreak.dqn.network import ContextBlock

__all__ = ["CLOSED", "FACTS", "LOG_ROOM", "PER_CELLS", "LineBatch", "LineNetwork"]

FACTS = 17
"""Numbers that describe a segment beside its cells; see `fuelbreak.dqn.lines.states`."""

CLOSED = 8
"""Which of them says what a segment saves per cell where no fire goes around it."""

LOG_ROOM = 6.0
"""Scale of the logarithm of the room among the facts."""

PER_CELLS = 50.0
"""Values, lengths and facts are per so many cells of a line."""


class LineBatch(NamedTuple):
    """Several states, and candidate segments of each.

    Attributes:
        grids: float32 (N, 16, H, W), what `Scene.observe` returns.
        cells: int64 (n,), cell numbers of all segments, plus H * W times the state's number.
        segment: int64 (n,), which segment each cell belongs to, ascending.
        state: int64 (M,), which state each segment belongs to, ascending.
        facts: float32 (M, FACTS).
    """

    grids: Tensor
    cells: Tensor
    segment: Tensor
    state: Tensor
    facts: Tensor


class LineNetwork(nn.Module):
    """Values of line segments: per-cell features along each and at its ends, and what is known of it, by a small head.

    Cell detail comes from a stem at full resolution, neighbourhoods from dilated residual blocks at half of it,
    the landscape as a whole from a global mean that every block adds to each of its cells.

    Args:
        width: Feature maps of the trunk.
        dilations: One residual block each.
    """

    def __init__(self, width: int = 32, dilations: tuple[int, ...] = (1, 2, 4, 2)) -> None:
        super().__init__()
        self.stem = nn.Conv2d(CHANNELS, width // 2, 3, padding=1)
        self.down = nn.Conv2d(width // 2, width, 3, stride=2, padding=1)
        self.blocks = nn.ModuleList(ContextBlock(width, dilation) for dilation in dilations)
        self.fine = nn.Conv2d(width // 2, width, 1)
        self.coarse = nn.Conv2d(width, width, 1)
        last = nn.Linear(64, 2)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        inputs = 4 * width + FACTS
        self.head = nn.Sequential(nn.Linear(inputs, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), last)
        self.rest = nn.Sequential(nn.Linear(width + 2, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, batch: LineBatch) -> tuple[Tensor, Tensor]:
        """Value the segments of a batch.

        Args:
            batch: States and segments.

        Returns:
            float32 (M,) twice: what each segment saves at once, and in the end if the rest of the budget is spent
            as well as the network knows how; both as the fall of the logarithm of the expected burned area.
        """
        stem = functional.relu(self.stem(batch.grids))
        coarse = functional.relu(self.down(stem))
        for block in self.blocks:
            coarse = block(coarse)
        up = functional.interpolate(self.coarse(coarse), size=stem.shape[-2:], mode="nearest")
        features = functional.relu(self.fine(stem) + up).permute(0, 2, 3, 1).flatten(0, 2)
        count = torch.bincount(batch.segment, minlength=len(batch.state)).to(features.dtype).unsqueeze(1)
        total = features.new_zeros(len(batch.state), features.shape[1])
        total = total.index_add(0, batch.segment, features[batch.cells])
        last = count.long().cumsum(0)[:, 0] - 1
        first = torch.cat([last.new_zeros(1), last[:-1] + 1])
        ends = 0.5 * (features[batch.cells[first]] + features[batch.cells[last]])
        context = coarse.mean(dim=(2, 3))[batch.state]
        values = self.head(torch.cat([total / count, total / PER_CELLS, ends, context, batch.facts], dim=1))
        # Values are per cell, since lines compete by what their cells are worth: an error of the network must not
        # weigh more the shorter a line is.
        # What is learned is how much more or less they are than what a line closes: under long fires nothing.
        at_once = (batch.facts[:, CLOSED] + values[:, 0]) * batch.facts[:, 0]
        return at_once, at_once.detach() + self._of_rest(context, batch.facts) + values[:, 1]

    def _of_rest(self, context: Tensor, facts: Tensor) -> Tensor:
        """What the budget that a segment leaves is worth in this landscape, float32 (M,)."""
        left = torch.exp(facts[:, 2] * LOG_ROOM) * (1.0 - facts[:, 1])
        known = torch.stack([torch.log1p(left) / LOG_ROOM, left / (2.0 * PER_CELLS)], dim=1)
        rest: Tensor = self.rest(torch.cat([context, known], dim=1))
        return rest[:, 0]
