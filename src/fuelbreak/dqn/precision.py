"""How a network is run: in which precision, and compiled or as it stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

__all__ = ["Precision", "forward_of"]

Precision = Literal["auto", "float32", "bfloat16"]


def forward_of(
    network: nn.Module, device: torch.device | str, precision: Precision = "auto", compiled: bool = False
) -> Callable[[Tensor], Tensor]:
    """The network as a function; its weights stay float32 and its own.

    Args:
        network: Where it lives is `device`.
        device: Likewise.
        precision: Of convolutions and matrix products ("mixed precision": Micikevicius et al. 2018; bfloat16 needs no
            scaling of the loss). Auto is bfloat16 on a GPU that computes in it, and float32 anywhere else.
        compiled: Whether `torch.compile` fuses it, at its first call and again for each new size of a batch.

    Returns:
        From what the network takes to what it returns.
    """
    run: Callable[[Tensor], Tensor] = torch.compile(network) if compiled else network
    kind = torch.device(device).type
    if precision == "auto":
        is_fast = kind == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
        precision = "bfloat16" if is_fast else "float32"
    if precision == "float32":
        return run

    def in_bfloat16(observations: Tensor) -> Tensor:
        with torch.autocast(kind, torch.bfloat16):
            return run(observations)

    return in_bfloat16
