"""Segments: each closes a barrier, rock on the way is free, and gains are those of fires that burn what they reach."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plans import judge
from fuelbreak.plans.segments import candidate_segments, separation_gains
from fuelbreak.plans.separation import Segments


def mask_of(cells: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    mask = np.zeros(shape, bool)
    mask.flat[cells] = True
    return mask


def chains(segments: Segments) -> list[list[int]]:
    return [segments[number].tolist() for number in range(len(segments))]


def test_an_even_square_is_cut_along_rows_columns_and_diagonals() -> None:
    found = [frozenset(chain) for chain in chains(candidate_segments(np.ones((9, 9), bool), spacing=1))]
    assert frozenset(range(4 * 9, 5 * 9)) in found
    assert frozenset(range(4, 81, 9)) in found
    assert frozenset(range(0, 81, 10)) in found
    assert len(found) == len(set(found))


def test_neighbours_in_a_chain_touch_at_sides_or_corners() -> None:
    for chain in chains(candidate_segments(np.ones((12, 17), bool))):
        rows, columns = np.divmod(chain, 17)
        assert (np.maximum(abs(np.diff(rows)), abs(np.diff(columns))) == 1).all()


def test_gains_are_what_the_judge_says_of_fires_without_an_end(
    landscapes: list[Landscape], flat: Callable[..., Landscape], calm_day: Weather
) -> None:
    for landscape in landscapes:
        fuel = landscape.burnable
        simulator = FireSimulator(flat(fuel), calm_day)
        segments = candidate_segments(fuel, spacing=8)
        gains = separation_gains(fuel, segments)
        for number in range(0, len(segments), 5):
            verdict = judge(simulator, mask_of(segments[number], fuel.shape))
            assert gains[number] == pytest.approx(verdict.burned_before - verdict.burned_after)


def test_a_segment_leads_through_rock_and_pays_for_fuel_alone() -> None:
    fuel = np.ones((11, 21), bool)
    fuel[3:8, 4:17] = False
    fuel[:, 10] = True
    fuel[5, 10] = False
    segments = candidate_segments(fuel, spacing=1)
    gains = separation_gains(fuel, segments)
    across = [number for number, chain in enumerate(chains(segments)) if len(set(np.array(chain) // 21)) == 1]
    best = max(across, key=lambda number: gains[number] / segments.lengths[number])
    assert segments.lengths[best] < 21 - 13 + 2


def test_rock_that_reaches_no_edge_does_not_end_a_segment() -> None:
    """A chain from the edge to a lone rock would leave a way around it."""
    fuel = np.ones((15, 15), bool)
    fuel[7, 7] = False
    segments = candidate_segments(fuel, spacing=1)
    assert segments.lengths.max() >= 14
    middle_row = frozenset(range(7 * 15, 8 * 15)) - {7 * 15 + 7}
    assert middle_row in [frozenset(chain) for chain in chains(segments)]
    assert frozenset(range(7 * 15, 7 * 15 + 7)) not in [frozenset(chain) for chain in chains(segments)]


def test_a_break_that_stands_ends_a_segment() -> None:
    fuel = np.ones((15, 15), bool)
    fuel[:, 7] = False
    found = [frozenset(chain) for chain in chains(candidate_segments(fuel, spacing=1))]
    assert frozenset(range(7 * 15, 7 * 15 + 7)) in found
    assert all(len({cell % 15 < 7 for cell in chain}) == 1 for chain in found)


def test_the_longest_can_be_limited() -> None:
    fuel = np.ones((20, 20), bool)
    segments = candidate_segments(fuel, longest=6)
    assert len(segments) > 0
    assert segments.lengths.max() == 6


def test_where_nothing_burns_there_is_no_segment() -> None:
    fuel = np.zeros((5, 5), bool)
    segments = candidate_segments(fuel)
    assert len(segments) == 0
    assert separation_gains(fuel, segments).shape == (0,)


@pytest.mark.parametrize("fuel", [np.ones(9, bool), np.ones((3, 3), int)])
def test_fuel_that_is_no_mask_is_refused(fuel: np.ndarray) -> None:
    with pytest.raises(ValueError, match="give a bool array"):
        candidate_segments(fuel)


def test_a_spacing_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="spacing is 0 cells; give 1 or more"):
        candidate_segments(np.ones((3, 3), bool), spacing=0)
