"""Compartments, and what segments separate of them, against counting cell by cell."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from fuelbreak.plans.segments import candidate_segments
from fuelbreak.plans.separation import compartments, separation

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
@given(GROUNDS)
def test_what_a_segment_separates_is_what_counting_the_parts_anew_finds(free: np.ndarray) -> None:
    segments = candidate_segments(free, longest=12)
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
