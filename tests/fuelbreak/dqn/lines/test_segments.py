"""Candidate lines: where they may lie, and where they stop."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from fuelbreak.dqn.lines.segments import propose_segments
from fuelbreak.plans.segments import candidate_segments

SIDES = st.tuples(st.integers(4, 16), st.integers(4, 16))
GROUNDS = arrays.arrays(np.bool_, SIDES, elements=st.sampled_from([True] * 5 + [False]))


@settings(max_examples=60, deadline=None)
@given(GROUNDS, st.integers(1, 30), st.integers(0, 3))
def test_segments_lie_on_free_cells_within_the_room_and_none_is_offered_twice(
    free: np.ndarray, room: int, seed: int
) -> None:
    free[0, 0] = True
    segments = propose_segments(free, room, np.random.default_rng(seed).integers(9, size=free.size))
    seen = set()
    for number in range(len(segments)):
        cells = segments[number]
        assert free.flat[cells].all()
        assert 1 <= len(set(cells.tolist())) == len(cells) <= room
        seen.add(frozenset(cells.tolist()))
    assert len(seen) == len(segments)


def test_lines_stop_where_fire_hardly_comes() -> None:
    free = np.ones((40, 40), bool)
    often = np.where(np.arange(1600) % 40 < 30, 50, 1)
    across = set(range(30))
    spans = [
        [len(segments[i]) for i in range(len(segments)) if set(segments[i] % 40) == across]
        for segments in (propose_segments(free, 40, often), candidate_segments(free))
    ]
    assert set(spans[0]) == {30}
    assert len(spans[0]) > 2 * len(spans[1])
    assert len(propose_segments(free, 40, np.ones(1600, np.int64))) == len(
        candidate_segments(free, longest=40)
    )


def test_a_large_landscape_has_about_as_many_candidates_as_a_small_one() -> None:
    small, large = (
        len(propose_segments(np.ones((side, side), bool), 4 * side, np.ones(side * side, np.int64)))
        for side in (50, 150)
    )
    assert 0.5 * small < large < 2 * small


def test_taking_some_segments_keeps_their_cells() -> None:
    segments = propose_segments(np.ones((9, 9), bool), 20, np.ones(81, np.int64))
    some = np.array([5, 0, 3])
    taken = segments.take(some)
    assert [taken[i].tolist() for i in range(3)] == [segments[int(i)].tolist() for i in some]
    assert taken.lengths.tolist() == segments.lengths[some].tolist()
