"""Prioritized replay: rows are drawn the more often the more wrong the network was about them.

Schaul, Quan, Antonoglou and Silver (2016), "Prioritized experience replay": the probability of row i is
p_i^alpha / sum over j of p_j^alpha with p_i = |TD error| + a little, and its loss is weighted by
(rows * probability)^-beta over the largest such weight of the batch, which undoes the bias of drawing unevenly. New
rows get the highest priority so far, so that each is seen.

Sums of priorities stand in a complete binary tree, so that a whole batch is drawn, or given new priorities, by one
array operation a level. Each node is the sum of its two children, computed anew whenever one changes: a tree that is
built again from saved leaves is the same to the last bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

__all__ = ["Priorities", "SumTree"]

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

_LEAST_ERROR = 1e-4
"""Added to every error, lest a row be never drawn again."""


class SumTree:
    """Sums over ranges of non-negative numbers, in a complete binary tree.

    Args:
        size: How many numbers, at least 1; all are 0 at first.
    """

    def __init__(self, size: int) -> None:
        self._leaves = 1 << max(0, (size - 1).bit_length())
        self._nodes = np.zeros(2 * self._leaves)

    @property
    def total(self) -> float:
        """Sum of all."""
        return float(self._nodes[1])

    @property
    def nbytes(self) -> int:
        """Bytes of the tree."""
        return self._nodes.nbytes

    def __getitem__(self, places: IntArray) -> FloatArray:
        return self._nodes[self._leaves + places]

    def __setitem__(self, places: IntArray, values: FloatArray | float) -> None:
        nodes = self._leaves + np.asarray(places)
        self._nodes[nodes] = values
        while nodes.size and nodes[0] > 1:
            nodes = np.unique(nodes // 2)
            self._nodes[nodes] = self._nodes[2 * nodes] + self._nodes[2 * nodes + 1]

    def find(self, masses: FloatArray) -> IntArray:
        """For each mass, 0 <= mass < total, the place at which the running sum comes to exceed it, int64 (N,)."""
        nodes, left = np.ones(len(masses), dtype=np.int64), np.array(masses)
        for _ in range(self._leaves.bit_length() - 1):
            nodes *= 2
            # Rounding may carry a mass past the last number above 0: a side that holds nothing is never entered.
            goes_right = (left >= self._nodes[nodes]) & (self._nodes[nodes + 1] > 0.0)
            left -= np.where(goes_right, self._nodes[nodes], 0.0)
            nodes += goes_right
        return nodes - self._leaves


class Priorities:
    """How often each row of a ring is drawn.

    Args:
        capacity: Rows of the ring.
        seed: Of the drawing.
        alpha: 0 draws evenly, 1 in proportion to the error.
        beta: How much of the bias is undone by the weights, 0 to 1.
    """

    def __init__(
        self, capacity: int, seed: int | None = None, *, alpha: float = 0.6, beta: float = 0.4
    ) -> None:
        self._tree = SumTree(capacity)
        self._rng = np.random.default_rng(seed)
        self._alpha, self._beta, self._highest = alpha, beta, 1.0

    @property
    def nbytes(self) -> int:
        """Bytes of all priorities."""
        return self._tree.nbytes

    def add(self, rows: IntArray) -> None:
        """Rows that have just been written: they count as much as the most surprising one so far."""
        self._tree[rows] = self._highest

    def draw(self, count: int, size: int) -> tuple[IntArray, npt.NDArray[np.float32]]:
        """Rows drawn by their priorities, one from each of `count` equal parts of the whole.

        Args:
            count: How many.
            size: Rows that are filled.

        Returns:
            int64 (count,) rows; float32 (count,) weights of their losses, the largest 1.

        Raises:
            ValueError: There is none.
        """
        total = self._tree.total
        if total <= 0.0:
            raise ValueError("no row has a priority: store transitions before sampling")
        rows = self._tree.find((np.arange(count) + self._rng.random(count)) * (total / count))
        weights = (size * self._tree[rows] / total) ** -self._beta
        return rows, (weights / weights.max()).astype(np.float32)

    def update(self, rows: IntArray, errors: npt.NDArray[np.floating]) -> None:
        """Take over TD errors, float (N,), of rows; of a row that is there twice, the last."""
        values = (np.abs(errors.astype(np.float64)) + _LEAST_ERROR) ** self._alpha
        self._tree[rows] = values
        self._highest = max(self._highest, float(values.max(initial=0.0)))

    def state_dict(self, size: int) -> dict[str, Any]:
        """What `load_state_dict` needs; the first `size` rows are filled."""
        return {
            "priorities": torch.from_numpy(self._tree[np.arange(size)]),
            "highest": self._highest,
            "rng": self._rng.bit_generator.state,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        saved = state["priorities"].numpy()
        self._tree[np.arange(len(saved))] = saved
        self._highest = float(state["highest"])
        self._rng.bit_generator.state = state["rng"]
