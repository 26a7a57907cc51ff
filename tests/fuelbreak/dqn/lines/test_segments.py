"""Candidate lines: where they may lie, and what they close."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from fuelbreak.dqn.lines.geodesics import SMALLEST, geodesics
from fuelbreak.dqn.lines.segments import SHORTEST, propose_segments
from fuelbreak.dqn.lines.straight import straight_runs
from fuelbreak.plans.separation import Segments, compartments, separation

SIDES = st.tuples(st.integers(4, 16), st.integers(4, 16))
GROUNDS = arrays.arrays(np.bool_, SIDES, elements=st.sampled_from([True] * 5 + [False]))


def naive_squares(free: np.ndarray) -> int:
    """Sum of squared sizes of the 4-connected parts, by repeated spreading."""
    left, total = free.copy(), 0
    while left.any():
        part = np.zeros_like(left)
        part.flat[np.flatnonzero(left)[0]] = True
        while True:
            grown = part.copy()
            grown[1:] |= part[:-1]
            grown[:-1] |= part[1:]
            grown[:, 1:] |= part[:, :-1]
            grown[:, :-1] |= part[:, 1:]
            grown &= left
            if (grown == part).all():
                break
            part = grown
        total += int(part.sum()) ** 2
        left &= ~part
    return total


@settings(max_examples=60, deadline=None)
@given(GROUNDS, st.integers(2, 30))
def test_segments_lie_on_free_cells_within_the_room_and_none_is_offered_twice(
    free: np.ndarray, room: int
) -> None:
    segments = propose_segments(free, room)
    seen = set()
    for number in range(len(segments)):
        cells = segments[number]
        assert free.flat[cells].all()
        assert SHORTEST <= len(set(cells.tolist())) == len(cells) <= room
        seen.add(frozenset(cells.tolist()))
    assert len(seen) == len(segments)


@settings(max_examples=60, deadline=None)
@given(GROUNDS)
def test_the_cells_of_a_straight_run_touch_and_no_barrier_runs_between_them(free: np.ndarray) -> None:
    cells, starts = straight_runs(free, 1, 0)
    for first, last in pairwise(starts):
        places = np.stack(np.divmod(cells[first:last], free.shape[1]), axis=1)
        for (row, column), (other_row, other_column) in pairwise(places.tolist()):
            assert max(abs(row - other_row), abs(column - other_column)) == 1
            assert free[row, other_column] or free[other_row, column]


@settings(max_examples=60, deadline=None)
@given(GROUNDS)
def test_what_a_segment_separates_is_what_counting_the_parts_anew_finds(free: np.ndarray) -> None:
    segments = propose_segments(free, 12)
    saved = separation(free, segments)
    for number in range(0, len(segments), 7):
        closed = free.copy()
        closed.flat[segments[number]] = False
        fewer = (naive_squares(free) - naive_squares(closed)) / free.sum()
        assert saved[number, 1] - saved[number, 2] == pytest.approx(fewer)


@settings(max_examples=30, deadline=None)
@given(GROUNDS)
def test_compartments_are_numbered_and_counted(free: np.ndarray) -> None:
    label, sizes = compartments(free)
    assert ((label >= 0) == free).all()
    assert (np.bincount(label[free], minlength=len(sizes)) == sizes).all()
    assert (sizes.astype(int) ** 2).sum() == naive_squares(free)


def test_on_open_ground_a_geodesic_is_as_short_as_can_be_and_cuts_it_in_two() -> None:
    free = np.ones((20, 20), bool)
    cells, starts = geodesics(free, 12)
    segments = Segments(cells, starts)
    for number in range(len(segments)):
        rows, columns = np.divmod(segments[number][[0, -1]], 20)
        assert len(segments[number]) == 1 + max(abs(rows[0] - rows[1]), abs(columns[0] - columns[1]))
    touched, before, after = separation(free, segments).T
    assert (touched == 400).all()
    assert (after < before).all()


def test_a_geodesic_strings_rocks_together_and_small_compartments_are_left_alone() -> None:
    free = np.ones((11, 30), bool)
    free[5, 3:27] = False
    cells, starts = geodesics(free, 16)
    across = [cells[a:b] for a, b in pairwise(starts) if np.ptp(cells[a:b] % 30) >= 28]
    assert min(map(len, across)) <= 12
    assert len(geodesics(np.ones((4, (SMALLEST - 1) // 4), bool), 16)[0]) == 0


def test_taking_some_segments_keeps_their_cells() -> None:
    segments = propose_segments(np.ones((9, 9), bool), 20)
    some = np.array([5, 0, 3])
    taken = segments.take(some)
    assert [taken[i].tolist() for i in range(3)] == [segments[int(i)].tolist() for i in some]
    assert taken.lengths.tolist() == segments.lengths[some].tolist()
