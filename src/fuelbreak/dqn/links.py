"""`Links`: which stored transition follows which, in a ring whose oldest rows are overwritten."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

__all__ = ["Links"]

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_NONE = -1


class Links:
    """For each row of a ring the row of the transition that follows it in its episode.

    What follows is stored later and overwritten later, so that a link never leads to a row of another time.

    Args:
        capacity: Rows of the ring.

    Attributes:
        following: int64 (capacity,), -1 where nothing follows (yet).
    """

    def __init__(self, capacity: int) -> None:
        self.following = np.full(capacity, _NONE, dtype=np.int64)
        self._newest: dict[int, int] = {}

    @property
    def nbytes(self) -> int:
        """Bytes of all links."""
        return self.following.nbytes

    def add(
        self,
        rows: IntArray,
        envs: IntArray | None,
        ended: BoolArray,
        goes_on: Callable[[IntArray, IntArray], BoolArray],
    ) -> None:
        """Link rows that have just been written to those that the same environments wrote in the call before.

        Args:
            rows: int64 (N,), in the order in which they were written, each once.
            envs: int64 (N,), which environment each is of, each once; None = of none, nothing is linked.
            ended: bool (N,), where an episode ended with this transition.
            goes_on: Whether the second rows begin where the first ones end.
        """
        overwritten = set(rows.tolist())
        self.following[rows] = _NONE
        if envs is None:
            self._newest = {}
            return
        pairs = [
            (earlier, row)
            for env, row in zip(envs.tolist(), rows.tolist(), strict=True)
            if (earlier := self._newest.get(env, _NONE)) >= 0 and earlier not in overwritten
        ]
        if pairs:
            earlier, later = np.array(pairs, dtype=np.int64).T
            self.following[earlier] = np.where(goes_on(earlier, later), later, _NONE)
        self._newest = dict(zip(envs[~ended].tolist(), rows[~ended].tolist(), strict=True))

    def forget(self) -> None:
        """Nothing that comes follows what is there."""
        self._newest = {}

    def last(self, rows: IntArray) -> IntArray:
        """The rows with which the episodes of some rows end, as far as they are stored, int64 (N,)."""
        last = rows
        while True:
            following = self.following[last]
            if np.all(following < 0):
                return last
            last = np.where(following >= 0, following, last)

    def state_dict(self, size: int) -> dict[str, Any]:
        """What `load_state_dict` needs; the first `size` rows are filled."""
        return {"following": torch.from_numpy(self.following[:size].copy()), "newest": dict(self._newest)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` returned; a state without links has none."""
        self.following[:] = _NONE
        if "following" in state:
            saved = state["following"].numpy()
            self.following[: len(saved)] = saved
        self._newest = dict(state.get("newest", {}))
