"""Fire trees as tensors: what lies downstream of every cell, for all fires at once, as `fuelbreak.plans` counts it.

The same parents are chosen as there (of several moves by which the fire can have come, the first), and all that is
added are whole numbers, so that the outcome is the same to the last bit.
"""

from __future__ import annotations

import torch

from fuelbreak.fire.neighbours import MOVES, REACH, moves
from fuelbreak.plans._trees import crossed_cells
from fuelbreak.torch_fire.ways import Ways, shifted

__all__ = ["downstream_cells"]

_NONE = -1


def downstream_cells(ways: Ways, starts: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
    """How many cells the fires reach through each cell, whether they stop there or cross it.

    Args:
        ways: Of E environments, with their breaks.
        starts: int64 (E, F, 2), as in `burn_fires`.
        times: float32 (E, F, H, W), what that gave.

    Returns:
        int64 (E, H, W), summed over the fires; 0 on breaks and where nothing burns.
    """
    move = _moves_taken(ways, starts, times)
    size = _subtree_sizes(move)
    came = move != _NONE
    total = (size * came).sum(dim=1)
    crossed, rows = crossed_cells()
    for k in range(MOVES):
        beyond = (size * (move == k)).sum(dim=1)
        for _, down, right, sided, line in crossed[rows[k] : rows[k + 1]].tolist():
            share = beyond
            if sided != _NONE:
                share = beyond * (ways.sides[:, sided, line] < ways.sides[:, sided, 1 - line])
            total += shifted(torch.nn.functional.pad(share, (REACH,) * 4), down, right)
    return total


def _moves_taken(ways: Ways, starts: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
    """int8 (E, F, H, W): the move by which each fire came to each cell; -1 at its start and where it never came."""
    environments, fires, height, width = times.shape
    row, column = starts.clamp(min=0).unbind(-1)
    cell = row * width + column
    lead = ways.lead.gather(1, cell[..., None].expand(-1, -1, MOVES))
    is_start = torch.zeros((environments, fires, height * width), dtype=torch.bool, device=times.device)
    is_start.scatter_(2, cell[..., None], True)
    is_start = is_start.view(times.shape)
    padded = torch.nn.functional.pad(times, (REACH,) * 4, value=torch.inf)
    padded_start = torch.nn.functional.pad(is_start, (REACH,) * 4)
    reached = torch.isfinite(times) & ~is_start
    move = torch.full(times.shape, _NONE, dtype=torch.int8, device=times.device)
    for k, (down, right) in reversed(list(enumerate(moves().step.tolist()))):
        cost = ways.costs[:, k, None]
        is_lit = shifted(padded_start, -down, -right) & (times == cost - lead[..., k, None, None])
        came = is_lit | (shifted(padded, -down, -right) + cost == times)
        move.masked_fill_(came & reached & torch.isfinite(cost), k)
    return move


def _subtree_sizes(move: torch.Tensor) -> torch.Tensor:
    """int64 (E, F, H, W): cells of the tree below each cell, itself counted, by doubling the steps towards the root."""
    steps = torch.tensor(moves().step @ (move.shape[-1], 1), device=move.device)
    flat = move.flatten(2).long()
    root = flat.shape[-1]  # one cell more, where all that has no parent hangs
    cells = torch.arange(root, device=move.device)
    parent = torch.where(flat == _NONE, root, cells - steps[flat.clamp(min=0)])
    parent = torch.nn.functional.pad(parent, (0, 1), value=root)
    size = torch.ones_like(parent)
    while not bool((parent == root).all()):
        gained = torch.zeros_like(size).scatter_add_(2, parent, size)
        gained[..., root] = 0
        size = size + gained
        parent = parent.gather(2, parent)
    return size[..., :root].reshape(move.shape)
