"""The lines that an agent chooses among: a few hundred segments for a landscape with the breaks that stand on it.

A segment is a list of free cells. Straight runs between barriers (`straight`) and shortest ways between barriers
(`geodesics`) are offered, each also on the ground that fire crosses quickly alone: slow fuel is taken for a barrier
there, so that a line stops where a fire would not arrive in time.
"""

# mypy: allow-untyped-decorators
# numba.njit has no types

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from fuelbreak.dqn.lines.geodesics import compartments, geodesics
from fuelbreak.dqn.lines.straight import straight_runs

__all__ = ["Segments", "compartments_squared", "propose_segments", "separation"]

BoolGrid = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

LINES_APART = 3
ENDS, FEWER_ENDS = 20, 10
SHORTEST = 2
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


def propose_segments(
    free: BoolGrid,
    room: int,
    *,
    grounds: tuple[BoolGrid, ...] = (),
    rng: np.random.Generator | None = None,
) -> Segments:
    """Candidate lines that a budget pays for.

    Args:
        free: bool (H, W), True where a break may be built.
        room: Breaks that may still be built; longer segments are left out.
        grounds: Each bool (H, W), the free cells within one of which lines are drawn as well.
        rng: Draws which parallel lines are offered; without it always the same.

    Returns:
        Segments of `SHORTEST` to `room` cells, no two of them of the same cells.
    """
    phase = 0 if rng is None else int(rng.integers(LINES_APART))
    parts = []
    for number, ground in enumerate((free, *(free & ground for ground in grounds))):
        parts.append(straight_runs(ground, LINES_APART, phase))
        parts.append(geodesics(ground, ENDS if number == 0 else FEWER_ENDS))
    cells = np.concatenate([part[0] for part in parts])
    lengths = np.concatenate([np.diff(part[1]) for part in parts])
    found = Segments(cells, np.concatenate([[0], np.cumsum(lengths)]))
    fits = np.flatnonzero((lengths >= SHORTEST) & (lengths <= room))
    return _distinct(found.take(fits), free.size)


def _distinct(segments: Segments, cells: int) -> Segments:
    """Without repetitions: a segment is known by the sum of random numbers that belong to its cells."""
    if len(segments) == 0:
        return segments
    signs = np.random.default_rng(_SIGNATURE_SEED).integers(1 << 62, size=cells)
    sums = np.concatenate(
        [[0], np.cumsum(signs[segments.cells])]
    )  # wraps around, and is none the worse for it
    signature = sums[segments.starts[1:]] - sums[segments.starts[:-1]]
    return segments.take(np.sort(np.unique(signature, return_index=True)[1]))


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
    label, sizes = compartments(free)
    out = np.zeros((len(segments), 3))
    _separate(free, label, sizes, segments.cells, segments.starts, out)
    out[:, 1:] /= max(int(free.sum()), 1)
    return out


def compartments_squared(free: BoolGrid) -> float:
    """Sum of squares of the compartments' cells; over the free cells, what a fire burns that knows no end."""
    return float((compartments(free)[1].astype(np.float64) ** 2).sum())


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
