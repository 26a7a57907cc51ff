"""Lines of cells, the compartments of the fuel, and what each line would separate of them."""

# mypy: allow-untyped-decorators
# numba.njit has no types

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

__all__ = ["Segments", "compartments", "separated_squares", "separation"]

BoolGrid = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

_SIGNATURE_SEED = 7


@dataclass(frozen=True, eq=False)
class Segments:
    """Candidate lines.

    Attributes:
        cells: int64 (n,), cell numbers row by row, segment after segment; none twice in a segment.
        starts: int64 (M + 1,), where each segment begins in `cells`, and where the last ends.
    """

    cells: IntArray
    starts: IntArray

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, index: int) -> IntArray:
        return self.cells[self.starts[index] : self.starts[index + 1]]

    @property
    def lengths(self) -> IntArray:
        """int64 (M,), cells of each segment."""
        return np.diff(self.starts)

    def take(self, indices: IntArray) -> Segments:
        """Some of the segments, in the order of `indices`."""
        lengths = self.lengths[indices]
        starts = np.concatenate([[0], np.cumsum(lengths)])
        at = np.arange(starts[-1]) - np.repeat(starts[:-1] - self.starts[indices], lengths)
        return Segments(self.cells[at], starts)

    def distinct(self) -> Segments:
        """Without repetitions: the first of several of the same cells, whatever their order.

        A segment is known by the sum of random numbers that belong to its cells (Zobrist 1970).
        """
        if len(self) == 0:
            return self
        signs = np.random.default_rng(_SIGNATURE_SEED).integers(
            1 << 62, size=int(self.cells.max(initial=0)) + 1
        )
        sums = np.concatenate(
            [[0], np.cumsum(signs[self.cells])]
        )  # wraps around, and is none the worse for it
        signatures = sums[self.starts[1:]] - sums[self.starts[:-1]]
        return self.take(np.sort(np.unique(signatures, return_index=True)[1]))


@numba.njit(cache=True, nogil=True)
def compartments(free: BoolGrid) -> tuple[IntArray, IntArray]:
    """Which cells a fire can go between: those that share a side.

    Args:
        free: bool (H, W), True where fire burns and no break stands.

    Returns:
        int64 (H, W), the number of each cell's compartment, -1 at barriers; and int64 (n,), their cells.
    """
    height, width = free.shape
    label = np.full((height, width), -1, np.int64)
    sizes, queue, found = np.zeros(height * width, np.int64), np.empty(height * width, np.int64), 0
    for seed in range(height * width):
        if not free.flat[seed] or label.flat[seed] >= 0:
            continue
        label.flat[seed] = found
        queue[0], waiting = seed, 1
        while waiting > 0:
            waiting -= 1
            row, column = queue[waiting] // width, queue[waiting] % width
            sizes[found] += 1
            for down, right in ((0, 1), (1, 0), (0, -1), (-1, 0)):
                r, c = row + down, column + right
                if 0 <= r < height and 0 <= c < width and free[r, c] and label[r, c] < 0:
                    label[r, c] = found
                    queue[waiting] = r * width + c
                    waiting += 1
        found += 1
    return label, sizes[:found].copy()


def separation(free: BoolGrid, segments: Segments) -> npt.NDArray[np.float64]:
    """What each segment would separate, were every fire to burn all that it can reach.

    Args:
        free: bool (H, W), True where fire burns and no break stands.
        segments: Of free cells.

    Returns:
        float64 (M, 3): cells of the compartments that it touches; the expected cells of a fire there, before and
        after, each weighted by the share of the free cells (sum of squares of the compartments' cells, over the
        free cells).
    """
    out = separated_squares(free, segments)
    out[:, 1:] /= max(int(free.sum()), 1)
    return out


def separated_squares(free: BoolGrid, segments: Segments) -> npt.NDArray[np.float64]:
    """`separation` before it is divided by the free cells: whole numbers, so that differences are exact."""
    label, sizes = compartments(free)
    out = np.zeros((len(segments), 3))
    _separate(free, label, sizes, segments.cells, segments.starts, out)
    return out


@numba.njit(cache=True, nogil=True)
def _separate(
    free: BoolGrid,
    label: IntArray,
    sizes: IntArray,
    cells: IntArray,
    starts: IntArray,
    out: npt.NDArray[np.float64],
) -> None:
    height, width = free.shape
    stride = width + 2
    # A mark per cell of a grid with a frame: what a segment has seen carries its number, what never burns the highest.
    seen = np.full((height + 2) * stride, len(starts), np.int32)
    for row in range(height):
        for column in range(width):
            if free[row, column]:
                seen[(row + 1) * stride + column + 1] = -1
    queue = np.empty(height * width, np.int32)
    touched = np.full(len(sizes), -1, np.int64)
    for m in range(len(starts) - 1):
        line = cells[starts[m] : starts[m + 1]]
        for cell in line:
            seen[(cell // width + 1) * stride + cell % width + 1] = m
            number = label.flat[cell]
            if touched[number] != m:
                touched[number] = m
                out[m, 0] += sizes[number]
                out[m, 1] += float(sizes[number]) ** 2
        for cell in line:
            at = (cell // width + 1) * stride + cell % width + 1
            for step in (1, stride, -1, -stride):
                if seen[at + step] < m:
                    out[m, 2] += float(_flood(seen, queue, at + step, stride, m)) ** 2


@numba.njit(cache=True, nogil=True)
def _flood(seen: IntArray, queue: IntArray, seed: int, stride: int, mark: int) -> int:
    """Cells that a fire from `seed` can reach and that carry a lower mark; marks them."""
    seen[seed] = mark
    queue[0], waiting, found = seed, 1, 0
    while waiting > 0:
        waiting -= 1
        found += 1
        cell = queue[waiting]
        for step in (1, stride, -1, -stride):
            if seen[cell + step] < mark:
                seen[cell + step] = mark
                queue[waiting] = cell + step
                waiting += 1
    return found
