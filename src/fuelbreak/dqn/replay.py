"""Replay memory: 200,000 transitions of 8x50x50 observations in about 0.13 GB instead of 32 GB.

An observation is its landscape's base observation with breaks in it, so a scene's number and one bit a cell rebuild
it exactly (`Scenery`); the action is the difference of two break masks.

Transitions of one environment that follow each other are linked, newest to next, as they are stored:

    row     7        8        9       10       11       12
    env     0        1        0        1        0        1
    link    9       10       11      -1 (fault)  -1       -1       -> n-step return of row 7: rows 7, 9, 11

so that returns over any number of steps (Sutton and Barto 2018, chapter 7) are added up when they are sampled. An
episode's end, a void transition and a restart leave the link open: a sum never crosses them, it is shorter there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from fuelbreak.dqn.links import Links
from fuelbreak.dqn.scenery import NO_LIMIT, Scenery
from fuelbreak.landscape import Landscape

__all__ = ["Batch", "ReplayMemory"]

IntArray = npt.NDArray[np.int64]

_FIELDS = ("_scene", "_before", "_after", "_reward", "_terminated")


class Batch(NamedTuple):
    """Transitions on the learner's device.

    Attributes:
        obs: float32 (N, C, H, W).
        action: float32 (N, H*W), 1 where a break was placed.
        reward: float32 (N,), discounted sum of the n steps' rewards.
        next_obs: float32 (N, C, H, W), n steps on.
        next_mask: bool (N, H*W), legal cells of `next_obs`.
        terminated: float32 (N,), 1 where no value follows.
        steps: float32 (N,), how many steps there were: n, or fewer where an episode or its record ended.
        room: int64 (N,), breaks that a step may place at `next_obs`.
        mask: bool (N, H*W), legal cells of `obs`.
        later: bool (N, H*W), breaks placed from `obs` on until the end of what is stored of the episode.
    """

    obs: Tensor
    action: Tensor
    reward: Tensor
    next_obs: Tensor
    next_mask: Tensor
    terminated: Tensor
    steps: Tensor = torch.ones(())
    room: Tensor = torch.tensor(NO_LIMIT)
    mask: Tensor = torch.ones((), dtype=torch.bool)
    later: Tensor = torch.zeros((), dtype=torch.bool)


class ReplayMemory:
    """A ring of transitions, sampled uniformly.

    Args:
        capacity: Transitions kept; the oldest go first.
        scenery: Of the landscapes that transitions may come from, or these, of one shape, in the legacy layout.
        seed: Of the sampling.
        n_step: Steps whose rewards are added up.
        gamma: Discount of each.

    Attributes:
        rejected: Transitions not stored because their breaks are not those of one episode: a vector
            environment's reset between two observations is no transition.
    """

    def __init__(
        self,
        capacity: int,
        scenery: Scenery | Sequence[Landscape],
        seed: int | None = None,
        *,
        n_step: int = 1,
        gamma: float = 1.0,
    ) -> None:
        if capacity < 1 or n_step < 1:
            raise ValueError(f"capacity is {capacity} and n_step {n_step}, both must be at least 1")
        self.capacity = capacity
        self.rejected = 0
        self._scenery = scenery if isinstance(scenery, Scenery) else Scenery(scenery)
        self._n_step, self._gamma = n_step, gamma
        self._cells = int(np.prod(self._scenery.shape))
        row = (self._cells + 7) // 8
        self._scene = np.zeros(capacity, dtype=np.int32)
        self._before = np.zeros((capacity, row), dtype=np.uint8)
        self._after = np.zeros((capacity, row), dtype=np.uint8)
        self._reward = np.zeros(capacity, dtype=np.float32)
        self._terminated = np.zeros(capacity, dtype=np.bool_)
        self._links = Links(capacity)
        self._rng = np.random.default_rng(seed)
        self._next = self._size = 0

    def __len__(self) -> int:
        return self._size

    @property
    def nbytes(self) -> int:
        """Bytes of the stored transitions at full capacity, the scenery included."""
        stored: int = sum(getattr(self, name).nbytes for name in _FIELDS)
        return stored + self._links.nbytes + self._scenery.nbytes

    def push(
        self,
        scene: int,
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
            np.array([scene]),
            obs[None],
            np.asarray(action)[None],
            np.array([reward]),
            next_obs[None],
            np.array([terminated]),
        )
        return stored == 1

    def push_batch(
        self,
        scene: npt.NDArray[np.integer[Any]],
        obs: npt.NDArray[np.float32],
        action: npt.NDArray[Any],
        reward: npt.NDArray[np.floating[Any]],
        next_obs: npt.NDArray[np.float32],
        terminated: npt.NDArray[np.bool_],
        *,
        envs: IntArray | None = None,
        truncated: npt.NDArray[np.bool_] | None = None,
    ) -> int:
        """Store valid transitions (leave void ones out: `stablepool.valid_transitions`).

        What is stored as the action are the breaks that came to stand, which differ from the wanted ones where
        the environment left illegal cells out. A row whose old breaks are gone, or whose new ones nobody wanted,
        spans two episodes and is rejected.

        Args:
            scene: int (N,), numbers of the scenery's: indices into `landscapes` where one budget is all.
            obs: float32 (N, C, H, W).
            action: (N, H*W), non-zero where a break was wanted.
            reward: float (N,).
            next_obs: float32 (N, C, H, W).
            terminated: bool (N,), never truncations.
            envs: int64 (N,), which environment each row is of, each once: a row goes on with what its environment
                stored in the call before, or begins anew where that stored nothing. None = every row on its own.
            truncated: bool (N,), where an episode ended without a value's end; None = nowhere.

        Returns:
            How many were stored.
        """
        if len(obs) == 0:  # every environment failed in this step: whatever comes next goes on from nothing
            self.break_links()
            return 0
        before, after = self._scenery.breaks_in(obs), self._scenery.breaks_in(next_obs)
        one_episode = ~np.any(before & ~after, axis=1) & ~np.any(after & ~before & (action == 0), axis=1)
        self.rejected += int(np.count_nonzero(~one_episode))
        rows = np.flatnonzero(one_episode)[-self.capacity :]
        slots = (self._next + np.arange(rows.size)) % self.capacity
        self._scene[slots] = scene[rows]
        self._before[slots] = np.packbits(before[rows], axis=1)
        self._after[slots] = np.packbits(after[rows], axis=1)
        self._reward[slots] = reward[rows]
        self._terminated[slots] = terminated[rows]
        ended = terminated if truncated is None else terminated | truncated
        self._links.add(slots, None if envs is None else envs[rows], ended[rows], self._goes_on)
        self._next = int((self._next + rows.size) % self.capacity)
        self._size = min(self.capacity, self._size + rows.size)
        return int(rows.size)

    def break_links(self) -> None:
        """What comes next is another episode: environments were reset, or are not those of before."""
        self._links.forget()

    def newest(self, count: int) -> IntArray:
        """Rows of the last `count` transitions, the oldest of them first."""
        return (self._next - count + np.arange(count)) % self.capacity

    def sample(self, batch_size: int, device: torch.device | str = "cpu") -> Batch:
        """Draw transitions uniformly with replacement and rebuild their observations on `device`.

        Raises:
            ValueError: The memory is empty.
        """
        return self.batch(self.draw(batch_size), device)

    def draw(self, count: int) -> IntArray:
        """Rows drawn uniformly with replacement.

        Raises:
            ValueError: The memory is empty.
        """
        if self._size == 0:
            raise ValueError("the replay memory is empty: store transitions before sampling")
        return self._rng.integers(self._size, size=count)

    def batch(self, rows: IntArray, device: torch.device | str = "cpu", *, look_ahead: bool = False) -> Batch:
        """The transitions of some rows, over n steps, with their observations rebuilt on `device`.

        Args:
            rows: int64 (N,), as `draw` returns them.
            device: Of the learner.
            look_ahead: Whether to follow each episode to its end for ``later``; else it holds the action.
        """
        scenery = self._scenery
        scenery.to(device)
        last, reward, steps = self._over_n_steps(rows)
        final = self._links.last(rows) if look_ahead else rows
        before, placed, after, later = (
            self._unpack(packed, device)
            for packed in (self._before[rows], self._after[rows], self._after[last], self._after[final])
        )
        scene = torch.from_numpy(self._scene[rows].astype(np.int64)).to(device)
        return Batch(
            obs=scenery.observations(scene, before),
            action=(placed & ~before).float(),
            reward=torch.from_numpy(reward).to(device),
            next_obs=scenery.observations(scene, after),
            next_mask=scenery.legal(scene, after),
            terminated=torch.from_numpy(self._terminated[last]).float().to(device),
            steps=torch.from_numpy(steps).to(device),
            room=scenery.room(scene, after),
            mask=scenery.legal(scene, before),
            later=later & ~before,
        )

    def state_dict(self) -> dict[str, Any]:
        """What `load_state_dict` needs: the filled part of the ring and the generator's state."""
        arrays = {name: torch.from_numpy(getattr(self, name)[: self._size].copy()) for name in _FIELDS}
        links = self._links.state_dict(self._size)
        return arrays | {
            **links,
            "next": self._next,
            "size": self._size,
            "rng": self._rng.bit_generator.state,
        }

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
        self._links.load_state_dict(state)
        self._size, self._next = size, int(state["next"]) % self.capacity
        self._rng.bit_generator.state = state["rng"]

    def _goes_on(self, earlier: IntArray, later: IntArray) -> npt.NDArray[np.bool_]:
        """Whether rows begin where others end: the same scene with the same breaks, bool (N,)."""
        same: npt.NDArray[np.bool_] = self._scene[earlier] == self._scene[later]
        same &= np.all(self._after[earlier] == self._before[later], axis=1)
        return same

    def _over_n_steps(
        self, rows: IntArray
    ) -> tuple[IntArray, npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """The row in which n steps from each row end, the sum of their rewards, and how many they are."""
        last, reward, steps = rows.copy(), self._reward[rows].astype(np.float64), np.ones(len(rows))
        for _ in range(self._n_step - 1):
            following = self._links.following[last]
            goes_on = following >= 0
            last = np.where(goes_on, following, last)
            reward += np.where(goes_on, self._gamma**steps * self._reward[last], 0.0)
            steps += goes_on
        return last, reward.astype(np.float32), steps.astype(np.float32)

    def _unpack(self, packed: npt.NDArray[np.uint8], device: torch.device | str) -> Tensor:
        """Bits as bool (N, H*W) on `device`: what travels there is an eighth of that."""
        sent = torch.from_numpy(packed).to(device)
        bits = (sent.unsqueeze(-1) >> torch.arange(7, -1, -1, dtype=torch.uint8, device=sent.device)) & 1
        return bits.flatten(1)[:, : self._cells].bool()
