"""Torch's own threads, where others have work to do beside it.

Torch starts as many as there are cores, and waits for all of them at every step: where one has to share its core with
another thread, a network of milliseconds takes many times as long.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["torch_shared_by"]


@contextmanager
def torch_shared_by(users: int) -> Iterator[None]:
    """Let each of several threads have its share of torch's own.

    Args:
        users: How many there are.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(max(1, threads // users))
    try:
        yield
    finally:
        torch.set_num_threads(threads)
