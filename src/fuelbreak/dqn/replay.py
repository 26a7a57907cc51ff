"""Replay memory: 200,000 transitions of 8x50x50 observations in about 0.13 GB instead of 32 GB.

An observation is its landscape's base observation with zeros at the breaks, so a landscape index and one bit a cell
rebuild it exactly; the action is the difference of two break masks. Base observations are kept once, on the device
of the learner.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from fuelbreak.landscape import Landscape
from fuelbreak.observation import FUEL_CHANNEL, base_observation, break_mask

__all__ = ["Batch", "ReplayMemory"]

_FIELDS = ("_landscape", "_before", "_after", "_reward", "_terminated")


class Batch(NamedTuple):
    """Transitions on the learner's device.

    Attributes:
        obs: float32 (N, C, H, W).
        action: float32 (N, H*W), 1 where a break was placed.
        reward: float32 (N,).
        next_obs: float32 (N, C, H, W).
        next_mask: bool (N, H*W), legal cells of `next_obs`.
        terminated: float32 (N,), 1 where no value follows.
    """

    obs: Tensor
    action: Tensor
    reward: Tensor
    next_obs: Tensor
    next_mask: Tensor
    terminated: Tensor


class ReplayMemory:
    """A ring of transitions, sampled uniformly.

    Args:
        capacity: Transitions kept; the oldest go first.
        landscapes: All landscapes that transitions may come from, of one shape.
        seed: Of the sampling.

    Attributes:
        rejected: Transitions not stored because their breaks are not those of one episode: a vector
            environment's reset between two observations is no transition.
    """

    def __init__(self, capacity: int, landscapes: Sequence[Landscape], seed: int | None = None) -> None:
        if capacity < 1:
            raise ValueError(f"capacity is {capacity}, must be at least 1")
        self.capacity = capacity
        self.rejected = 0
        self._base = torch.from_numpy(np.stack([base_observation(landscape) for landscape in landscapes]))
        self._cells = int(np.prod(self._base.shape[-2:]))
        row = (self._cells + 7) // 8
        self._landscape = np.zeros(capacity, dtype=np.int32)
        self._before = np.zeros((capacity, row), dtype=np.uint8)
        self._after = np.zeros((capacity, row), dtype=np.uint8)
        self._reward = np.zeros(capacity, dtype=np.float32)
        self._terminated = np.zeros(capacity, dtype=np.bool_)
        self._rng = np.random.default_rng(seed)
        self._next = self._size = 0

    def __len__(self) -> int:
        return self._size

    @property
    def nbytes(self) -> int:
        """Bytes of the stored transitions at full capacity, base observations included."""
        stored: int = sum(getattr(self, name).nbytes for name in _FIELDS)
        return stored + self._base.nbytes

    def push(
        self,
        landscape: int,
        obs: npt.NDArray[np.float32],
        action: npt.NDArray[Any],
        reward: float,
        next_obs: npt.NDArray[np.float32],
        terminated: bool,
    ) -> bool:
        """Store one transition; see `push_batch`.

        Returns:
            False where the transition was rejected.
        """
        stored = self.push_batch(
            np.array([landscape]),
            obs[None],
            np.asarray(action)[None],
            np.array([reward]),
            next_obs[None],
            np.array([terminated]),
        )
        return stored == 1

    def push_batch(
        self,
        landscape: npt.NDArray[np.integer[Any]],
        obs: npt.NDArray[np.float32],
        action: npt.NDArray[Any],
        reward: npt.NDArray[np.floating[Any]],
        next_obs: npt.NDArray[np.float32],
        terminated: npt.NDArray[np.bool_],
    ) -> int:
        """Store valid transitions (leave void ones out: `stablepool.valid_transitions`).

        What is stored as the action are the breaks that came to stand, which differ from the wanted ones where
        the environment left illegal cells out. A row whose old breaks are gone, or whose new ones nobody wanted,
        spans two episodes and is rejected.

        Args:
            landscape: int (N,), indices into `landscapes`.
            obs: float32 (N, C, H, W).
            action: (N, H*W), non-zero where a break was wanted.
            reward: float (N,).
            next_obs: float32 (N, C, H, W).
            terminated: bool (N,), never truncations.

        Returns:
            How many were stored.
        """
        before, after = break_mask(obs), break_mask(next_obs)
        one_episode = ~np.any(before & ~after, axis=1) & ~np.any(after & ~before & (action == 0), axis=1)
        self.rejected += int(np.count_nonzero(~one_episode))
        rows = np.flatnonzero(one_episode)[-self.capacity :]
        slots = (self._next + np.arange(rows.size)) % self.capacity
        self._landscape[slots] = landscape[rows]
        self._before[slots] = np.packbits(before[rows], axis=1)
        self._after[slots] = np.packbits(after[rows], axis=1)
        self._reward[slots] = reward[rows]
        self._terminated[slots] = terminated[rows]
        self._next = int((self._next + rows.size) % self.capacity)
        self._size = min(self.capacity, self._size + rows.size)
        return int(rows.size)

    def sample(self, batch_size: int, device: torch.device | str = "cpu") -> Batch:
        """Draw transitions uniformly with replacement and rebuild their observations on `device`.

        Raises:
            ValueError: The memory is empty.
        """
        if self._size == 0:
            raise ValueError("the replay memory is empty: store transitions before sampling")
        rows = self._rng.integers(self._size, size=batch_size)
        if self._base.device != torch.device(device):
            self._base = self._base.to(device)
        before, after = self._unpack(self._before[rows], device), self._unpack(self._after[rows], device)
        base = self._base[torch.from_numpy(self._landscape[rows].astype(np.int64)).to(device)]
        next_obs = self._with_breaks(base, after)
        return Batch(
            obs=self._with_breaks(base, before),
            action=(after & ~before).float(),
            reward=torch.from_numpy(self._reward[rows]).to(device),
            next_obs=next_obs,
            next_mask=next_obs[:, FUEL_CHANNEL].flatten(1) > 0,
            terminated=torch.from_numpy(self._terminated[rows]).float().to(device),
        )

    def state_dict(self) -> dict[str, Any]:
        """What `load_state_dict` needs: the filled part of the ring and the generator's state."""
        arrays = {name: torch.from_numpy(getattr(self, name)[: self._size].copy()) for name in _FIELDS}
        return arrays | {"next": self._next, "size": self._size, "rng": self._rng.bit_generator.state}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` returned.

        Raises:
            ValueError: The saved ring is larger than this one, or of landscapes of another size.
        """
        size = int(state["size"])
        if size > self.capacity or state["_before"].shape[1:] != self._before.shape[1:]:
            raise ValueError(
                f"the saved replay memory ({size} transitions of {tuple(state['_before'].shape[1:])} bytes) does not "
                f"fit this one ({self.capacity} of {self._before.shape[1:]}); resume with the same settings"
            )
        for name in _FIELDS:
            getattr(self, name)[:size] = state[name].numpy()
        self._size, self._next = size, int(state["next"]) % self.capacity
        self._rng.bit_generator.state = state["rng"]

    def _unpack(self, packed: npt.NDArray[np.uint8], device: torch.device | str) -> Tensor:
        bits = np.unpackbits(packed, axis=1, count=self._cells).astype(bool)
        return torch.from_numpy(bits).to(device)

    @staticmethod
    def _with_breaks(base: Tensor, breaks: Tensor) -> Tensor:
        grid = breaks.reshape(len(breaks), 1, *base.shape[-2:])
        return base.masked_fill(grid, 0.0)
