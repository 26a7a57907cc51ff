"""Prioritized replay against sums and draws done one by one."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fuelbreak.dqn import Priorities
from fuelbreak.dqn.priorities import SumTree

numbers = st.lists(st.floats(0.0, 1e6, allow_subnormal=False), min_size=1, max_size=70)


@settings(deadline=None)
@given(values=numbers, masses=st.lists(st.floats(0.0, 1.0, exclude_max=True), min_size=1, max_size=20))
def test_a_mass_is_found_where_the_running_sum_comes_to_exceed_it(
    values: list[float], masses: list[float]
) -> None:
    tree = SumTree(len(values))
    tree[np.arange(len(values))] = np.array(values)
    assert tree.total == pytest.approx(sum(values))
    if tree.total == 0.0:
        return
    found = tree.find(np.array(masses) * tree.total)
    edges = np.concatenate([[0.0], np.cumsum(values)])
    slack = 1e-9 * tree.total
    for place, mass in zip(found.tolist(), np.array(masses) * tree.total, strict=True):
        assert values[place] > 0.0, "what has no priority is never drawn"
        assert edges[place] - slack <= mass <= edges[place + 1] + slack


@settings(deadline=None)
@given(data=st.data(), size=st.integers(1, 40))
def test_a_tree_that_is_built_again_from_its_leaves_is_the_same_to_the_last_bit(
    data: st.DataObject, size: int
) -> None:
    tree = SumTree(size)
    for _ in range(5):
        places = data.draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=8, unique=True))
        values = data.draw(st.lists(st.floats(0.0, 1.0), min_size=len(places), max_size=len(places)))
        tree[np.array(places)] = np.array(values)
    again = SumTree(size)
    again[np.arange(size)] = tree[np.arange(size)]
    assert np.array_equal(again._nodes, tree._nodes)


def test_rows_are_drawn_in_proportion_and_weighted_against_it() -> None:
    priorities = Priorities(4, seed=0, alpha=1.0, beta=1.0)
    priorities.add(np.arange(3))
    priorities.update(np.arange(3), np.array([1.0, 2.0, 5.0]))
    rows, weights = priorities.draw(8000, size=3)
    assert np.bincount(rows, minlength=4) / 8000 == pytest.approx([1 / 8, 2 / 8, 5 / 8, 0.0], abs=0.01)
    by_row = [float(weights[rows == row][0]) for row in range(3)]
    assert by_row == pytest.approx([1.0, 1 / 2, 1 / 5], rel=1e-3), "what comes often counts less"


def test_a_new_row_counts_as_much_as_the_most_surprising_one() -> None:
    priorities = Priorities(3, seed=0, alpha=1.0)
    priorities.add(np.array([0]))
    priorities.update(np.array([0]), np.array([-7.0]))
    priorities.add(np.array([1]))
    rows, _ = priorities.draw(4000, size=2)
    assert np.bincount(rows) / 4000 == pytest.approx([0.5, 0.5], abs=0.01)


def test_with_alpha_0_draws_are_even_and_weights_are_1() -> None:
    priorities = Priorities(2, seed=0, alpha=0.0)
    priorities.add(np.arange(2))
    priorities.update(np.arange(2), np.array([0.0, 9.0]))
    rows, weights = priorities.draw(1000, size=2)
    assert np.bincount(rows).tolist() == [500, 500], "one from each of the equal parts"
    assert (weights == 1.0).all()


def test_saved_priorities_go_on_with_the_same_draws(tmp_path) -> None:
    priorities = Priorities(6, seed=3)
    priorities.add(np.arange(5))
    priorities.update(np.array([1, 4]), np.array([0.5, 3.0]))
    torch.save(priorities.state_dict(5), tmp_path / "priorities.pt")
    other = Priorities(6, seed=99)
    other.load_state_dict(torch.load(tmp_path / "priorities.pt", weights_only=True))
    for each in (priorities, other):
        each.add(np.array([5]))
    for expected, actual in zip(priorities.draw(50, 6), other.draw(50, 6), strict=True):
        assert np.array_equal(expected, actual)


def test_nothing_to_draw_is_said() -> None:
    with pytest.raises(ValueError, match="no row has a priority"):
        Priorities(3).draw(1, 0)
