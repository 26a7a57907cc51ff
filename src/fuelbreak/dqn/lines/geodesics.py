"""Shortest ways from barrier to barrier: the cheapest lines that split what a fire can reach.

Rock, water and standing breaks cost nothing, so that a way strings them together; between equally cheap ways the
straighter one is taken. Ends are spread evenly over the rim of each large compartment (farthest point sampling:
Gonzalez 1985), a way is found for every pair of them (Dijkstra 1959).
"""

# mypy: allow-untyped-decorators
# numba.njit has no types

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from fuelbreak.plans.separation import compartments

__all__ = ["geodesics"]

BoolGrid = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

SMALLEST = 24
"""Compartments of fewer cells are left alone."""

_CELL, _STRAIGHT, _DIAGONAL = 100, 10, 14  # cost of a break, and of the way itself, which decides ties
_FAR = 1 << 30


def geodesics(free: BoolGrid, ends: int) -> tuple[IntArray, IntArray]:
    """Shortest ways between barriers within each large compartment.

    Args:
        free: bool (H, W), True where a break may be built.
        ends: How many ends to spread over all compartments, in parts of the square root of their cells.

    Returns:
        As `fuelbreak.dqn.lines.straight.straight_runs`: the free cells of each way, and where each begins.
    """
    label, sizes = compartments(free)
    large = np.flatnonzero(sizes >= SMALLEST)
    if len(large) == 0:
        return np.empty(0, np.int64), np.zeros(1, np.int64)
    shares = np.sqrt(sizes[large].astype(np.float64))
    counts = np.clip(np.rint(ends * shares / shares.sum()), 4, ends).astype(np.int64)
    pairs = int((counts * (counts - 1) // 2).sum())
    room = pairs * 2 * (free.shape[0] + free.shape[1])
    cells, starts = np.empty(room, np.int64), np.empty(pairs + 1, np.int64)
    runs, used = 0, 0
    for number, count in zip(large, counts, strict=True):
        anchors = _spread(_rim(label, number), int(count), free.shape[1])
        for index, anchor in enumerate(anchors[:-1]):
            runs, used = _ways(free, anchor, anchors[index + 1 :], cells, starts, runs, used)
    starts[runs] = used
    return cells[:used].copy(), starts[: runs + 1].copy()


@numba.njit(cache=True, nogil=True)
def _rim(label: IntArray, number: int) -> IntArray:
    """Cells of a compartment that touch a barrier or the edge, be it at a corner."""
    height, width = label.shape
    rim, count = np.empty(height * width, np.int64), 0
    for row in range(height):
        for column in range(width):
            if label[row, column] != number:
                continue
            touches = row in (0, height - 1) or column in (0, width - 1)
            for r in range(max(0, row - 1), min(height, row + 2)):
                for c in range(max(0, column - 1), min(width, column + 2)):
                    touches = touches or label[r, c] != number
            if touches:
                rim[count] = row * width + column
                count += 1
    return rim[:count].copy()


@numba.njit(cache=True, nogil=True)
def _spread(cells: IntArray, count: int, width: int) -> IntArray:
    """Some of the cells, each as far as can be from those before; the first is the northernmost."""
    count = min(count, len(cells))
    chosen = np.empty(count, np.int64)
    distance = np.full(len(cells), _FAR, np.int64)
    at = 0
    for i in range(count):
        chosen[i] = cells[at]
        for j in range(len(cells)):
            down, right = cells[j] // width - cells[at] // width, cells[j] % width - cells[at] % width
            distance[j] = min(distance[j], down * down + right * right)
        at = int(np.argmax(distance))
    return chosen


@numba.njit(cache=True, nogil=True)
def _ways(
    free: BoolGrid,
    source: int,
    targets: IntArray,
    cells: IntArray,
    starts: IntArray,
    runs: int,
    used: int,
) -> tuple[int, int]:
    """Append the way from one end to each of the others."""
    width = free.shape[1]
    parent = _tree(free, source, targets)
    for target in targets:
        starts[runs] = used
        at = _framed(target, width)
        while at >= 0 and used < len(cells):
            cell = (at // (width + 2) - 1) * width + at % (width + 2) - 1
            if free.flat[cell]:
                cells[used] = cell
                used += 1
            at = parent[at]
        runs += 1
    return runs, used


@numba.njit(cache=True, nogil=True)
def _tree(free: BoolGrid, source: int, targets: IntArray) -> npt.NDArray[np.int32]:
    """Where the cheapest way from `source` to each cell comes from, by a queue of buckets (Dial 1969).

    Cells are numbered in a grid with a frame of one cell, which no way enters, so that no neighbour is out of
    bounds. Only what lies on ways to the targets is sure to be final.
    """
    height, width = free.shape
    stride, span = width + 2, _CELL + _DIAGONAL + 1
    framed = (height + 2) * stride
    cost, price = np.full(framed, -1, np.int32), np.zeros(framed, np.int32)
    awaited = np.zeros(framed, np.bool_)
    for row in range(height):
        for column in range(width):
            at = (row + 1) * stride + column + 1
            cost[at], price[at] = _FAR, _CELL if free[row, column] else 0
    for target in targets:
        awaited[_framed(target, width)] = True
    parent = np.full(framed, -1, np.int32)
    after, head = np.empty(8 * framed + 1, np.int32), np.full(span, -1, np.int32)
    entry_cell, entries = np.empty(8 * framed + 1, np.int32), 1
    start = _framed(source, width)
    cost[start], entry_cell[0], head[0], after[0], waiting, now = 0, start, 0, -1, 1, 0
    missing = int(awaited.sum())
    while waiting > 0 and missing > 0:
        entry = head[now % span]
        if entry < 0:
            now += 1
            continue
        head[now % span] = after[entry]
        waiting -= 1
        cell = entry_cell[entry]
        if cost[cell] != now:
            continue
        missing -= awaited[cell]
        for down in (-stride, 0, stride):
            for right in (-1, 0, 1):
                other = cell + down + right
                offered = now + price[other] + (_DIAGONAL if down != 0 and right != 0 else _STRAIGHT)
                if offered < cost[other]:
                    cost[other], parent[other] = offered, cell
                    entry_cell[entries], after[entries] = other, head[offered % span]
                    head[offered % span] = entries
                    entries += 1
                    waiting += 1
    return parent


@numba.njit(cache=True, nogil=True)
def _framed(cell: int, width: int) -> int:
    """Number of a cell in a grid with a frame of one cell."""
    return (cell // width + 1) * (width + 2) + cell % width + 1
