"""The moves, and the cells that they cross."""

from __future__ import annotations

import numpy as np
import pytest

from fuelbreak.fire.neighbours import LEEWAY_CELLS, MOVES, REACH, Moves, moves


@pytest.fixture
def plan() -> Moves:
    return moves()


def index_of(plan: Moves, step: tuple[int, int]) -> int:
    return int(np.flatnonzero((plan.step == step).all(axis=1))[0])


def test_all_directions_within_reach_once_each(plan: Moves) -> None:
    assert plan.step.shape == (MOVES, 2)
    assert np.abs(plan.step).max() == REACH
    angles = np.round(np.arctan2(plan.direction[:, 1], plan.direction[:, 0]), 9)
    assert len(set(angles)) == MOVES
    np.testing.assert_allclose(np.linalg.norm(plan.direction, axis=1), 1.0)


def test_a_step_up_the_rows_goes_north_and_a_step_along_a_row_goes_east(plan: Moves) -> None:
    np.testing.assert_allclose(plan.direction[index_of(plan, (-1, 0))], [0.0, 1.0])
    np.testing.assert_allclose(plan.direction[index_of(plan, (0, 1))], [1.0, 0.0])


def test_lengths_add_up_to_the_move(plan: Moves) -> None:
    whole = np.hypot(*plan.step.T)
    for line in range(2):
        np.testing.assert_allclose(plan.length[:, line].sum(axis=1) + plan.cut, whole)


def test_every_piece_lies_in_the_cell_that_it_is_said_to_cross(plan: Moves) -> None:
    """Sampled along both lines, a cell's share of the samples is its share of the length."""
    t = (np.arange(6000) + 0.5) / 6000.0
    for k in range(MOVES):
        whole = np.hypot(*plan.step[k])
        across = np.array([-plan.step[k, 1], plan.step[k, 0]]) / whole
        for line, aside in enumerate((-LEEWAY_CELLS, LEEWAY_CELLS)):
            cells = np.floor(t[:, None] * plan.step[k] + aside * across + 0.5).astype(int)
            pieces = [(plan.cell[k, p], plan.length[k, line, p]) for p in range(plan.pieces[k])]
            for cell, metres in [*pieces, (plan.corner[k, line], plan.cut[k])] if plan.cut[k] else pieces:
                assert (cells == cell).all(axis=1).mean() == pytest.approx(metres / whole, abs=2e-3)


def test_both_lines_of_a_move_cross_the_cells_of_the_straight_line(plan: Moves) -> None:
    """Else a break beside a move would block one of its lines, which only corners reckon with."""
    for k in range(MOVES):
        assert (plan.length[k, :, : plan.pieces[k]] > 0.0).all()
        assert (plan.length[k, :, plan.pieces[k] :] == 0.0).all()


def test_moves_odd_both_ways_pass_a_corner_and_are_numbered(plan: Moves) -> None:
    odd = (plan.step % 2 == 1).all(axis=1)
    assert np.array_equal(plan.sided >= 0, odd)
    assert plan.sided[odd].tolist() == list(range(odd.sum()))
    assert (plan.cut[odd] > 0.0).all()
    assert not plan.cut[~odd].any()


@pytest.mark.parametrize(
    ("step", "corner"),
    [
        ((1, 1), {(1, 0), (0, 1)}),
        ((-1, 1), {(-1, 0), (0, 1)}),
        ((1, 3), {(1, 1), (0, 2)}),
        ((3, -1), {(2, 0), (1, -1)}),
    ],
)
def test_moves_that_pass_a_corner_know_the_cells_beside_it(
    plan: Moves, step: tuple[int, int], corner: set[tuple[int, int]]
) -> None:
    assert {tuple(cell) for cell in plan.corner[index_of(plan, step)]} == corner
