"""What the graph of moves allows, and what breaks take out of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from fuelbreak.fire.fuel_models import fuel_models
from fuelbreak.fire.neighbours import LEEWAY_CELLS, MOVES, moves
from fuelbreak.fire.room import allocate_room
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.spread import arrival_times
from fuelbreak.fire.travel_time import IGNITION_RADIUS_CELLS, Graph, block_cells, graph_of_moves
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape

SIZE = 9


def graph(burns: np.ndarray, slowness: np.ndarray | None = None) -> Graph:
    slow = np.ones(burns.shape) if slowness is None else slowness
    slow = np.where(burns, slow, np.inf)
    return graph_of_moves(np.repeat(slow[None].astype(np.float32), MOVES, axis=0), burns, 30.0)


def costs(of: Graph) -> np.ndarray:
    """float32 (H, W, K), by the cell where a move starts."""
    return of.costs[: of.burns.size * MOVES].reshape(*of.burns.shape, MOVES)


def cost(of: Graph, start: tuple[int, int], step: tuple[int, int]) -> float:
    k = int(np.flatnonzero((moves().step == step).all(axis=1))[0])
    return float(costs(of)[start[0], start[1], k])


def open_ground() -> np.ndarray:
    return np.ones((SIZE, SIZE), bool)


def test_even_ground_costs_its_length() -> None:
    for step in [(0, 1), (-1, 1), (2, 1), (-3, 2)]:
        assert cost(graph(open_ground()), (4, 4), step) == pytest.approx(30.0 * np.hypot(*step))


def test_a_move_takes_the_time_of_each_cell_that_it_crosses() -> None:
    slowness = np.ones((SIZE, SIZE))
    slowness[4, 5] = 3.0
    assert cost(graph(open_ground(), slowness), (4, 4), (0, 1)) == pytest.approx(15.0 + 45.0)


def test_a_fire_is_lit_as_a_disc() -> None:
    disc = IGNITION_RADIUS_CELLS * 30.0
    assert 5.0 <= disc <= 7.0
    even = graph(open_ground())
    k = int(np.flatnonzero((moves().step == (0, 1)).all(axis=1))[0])
    assert even.lead[4 * SIZE + 4, k] == pytest.approx(disc)


def test_no_move_leaves_the_grid() -> None:
    of = graph(open_ground())
    rows, columns = np.indices((SIZE, SIZE))
    for k, (down, right) in enumerate(moves().step):
        inside = (rows + down >= 0) & (rows + down < SIZE) & (columns + right >= 0) & (columns + right < SIZE)
        assert np.array_equal(np.isfinite(costs(of)[:, :, k]), inside)


def test_no_move_crosses_a_cell_that_does_not_burn() -> None:
    burns = open_ground()
    burns[4, 5] = False
    of = graph(burns)
    assert np.isinf(cost(of, (4, 4), (0, 1)))
    assert np.isinf(cost(of, (4, 4), (1, 2)))
    assert np.isfinite(cost(of, (4, 4), (1, 1)))


def test_diagonals_pass_one_cell_but_not_between_two() -> None:
    burns = open_ground()
    burns[4, 5] = False
    assert np.isfinite(cost(graph(burns), (4, 4), (1, 1)))
    burns[5, 4] = False
    assert np.isinf(cost(graph(burns), (4, 4), (1, 1)))
    assert np.isinf(cost(graph(burns), (5, 5), (-1, -1)))
    assert np.isfinite(cost(graph(burns), (4, 6), (1, -1)))


def test_fire_burns_into_the_faster_cell_beside_a_corner() -> None:
    """A tenth of a cell beside the diagonal a line cuts two tenths of a cell off the one cell or the other."""
    cut = 2.0 * LEEWAY_CELLS * 30.0
    straight = 30.0 * np.sqrt(2.0)
    slowness = np.ones((SIZE, SIZE))
    slowness[4, 5], slowness[5, 4] = 7.0, 3.0
    of = graph(open_ground(), slowness)
    for start, step in [((4, 4), (1, 1)), ((5, 5), (-1, -1))]:
        assert cost(of, start, step) == pytest.approx(straight + 2.0 * cut)
    slowness[5, 4] = 0.5
    assert cost(graph(open_ground(), slowness), (4, 4), (1, 1)) == pytest.approx(straight - 0.5 * cut)


def test_a_move_keeps_to_the_faster_side_where_two_cells_meet() -> None:
    """A knight's move to the right passes the edge between the two cells on its way two tenths later or earlier, and
    one to the next column half a tenth later or earlier."""
    slowness = np.ones((SIZE, SIZE))
    slowness[5, 5] = 3.0
    straight = 30.0 * np.sqrt(5.0) * (1.0 + 1.0 + 3.0 + 1.0) / 4.0
    faster = straight - (3.0 - 1.0) * 30.0 * (2.0 + 0.5) * LEEWAY_CELLS
    assert cost(graph(open_ground(), slowness), (4, 4), (1, 2)) == pytest.approx(faster)


def test_a_break_beside_a_corner_makes_the_way_past_it_dearer() -> None:
    slowness = np.ones((SIZE, SIZE))
    slowness[5, 4] = 3.0
    of = graph(open_ground(), slowness)
    before = cost(of, (4, 4), (1, 1))
    block_cells(of, np.array([5 * SIZE + 4]))
    assert cost(of, (4, 4), (1, 1)) == before
    block_cells(of, np.array([4 * SIZE + 5]))
    assert np.isinf(cost(of, (4, 4), (1, 1)))
    of = graph(open_ground(), slowness)
    lost = block_cells(of, np.array([4 * SIZE + 5]))
    assert before < cost(of, (4, 4), (1, 1)) < np.inf
    assert before in lost.minutes.tolist()


def refracted(ratio: float, size: int, start: int, edge: int) -> np.ndarray:
    """Least times from (size // 2, start) where slowness is 1 in columns before `edge` and `ratio` from there on.

    Snell's law by search: the way crosses the edge where that is fastest. Where it is faster beyond, the start's own
    half may be reached sooner by a way along the edge, which it meets and leaves at the critical angle.
    """
    rows, columns = np.indices((size, size)) - np.array([size // 2, 0])[:, None, None]
    crossing = np.linspace(-size, size, 4001)
    before, beyond = edge - 0.5 - start, columns - (edge - 0.5)
    across = np.hypot(before, crossing) + ratio * np.hypot(beyond[..., None], rows[..., None] - crossing)
    direct = np.hypot(rows, columns - start)
    if ratio < 1.0:
        steepness = np.sqrt(1.0 - ratio**2)
        along = steepness * (before - beyond) + ratio * abs(rows)
        is_possible = abs(rows) * steepness >= ratio * (before - beyond)
        direct = np.where(is_possible, np.minimum(direct, along), direct)
    return 30.0 * np.where(beyond > 0.0, across.min(axis=-1), direct)


@pytest.mark.parametrize("ratio", [0.2, 0.5, 2.0, 5.0])
def test_fire_is_refracted_where_fast_fuel_meets_slow(ratio: float) -> None:
    size, start, edge = 31, 9, 15
    slowness = np.ones((size, size))
    slowness[:, edge:] = ratio
    of = graph(np.ones((size, size), bool), slowness)
    of = of._replace(lead=np.zeros_like(of.lead))
    times = arrival_times(of, allocate_room(of), size // 2 * size + start, np.inf)
    exact = refracted(ratio, size, start, edge)
    away = exact > 60.0
    error = times[away] / exact[away] - 1.0
    assert abs(error.mean()) < 0.01
    assert abs(error).max() < 0.03


def test_long_moves_do_not_slip_through_a_diagonal_wall() -> None:
    burns = open_ground()
    burns[4, 6] = burns[5, 5] = False
    assert np.isinf(cost(graph(burns), (4, 4), (1, 3)))


def test_blocking_cells_one_by_one_equals_a_graph_made_without_them() -> None:
    rng = np.random.default_rng(3)
    slowness = rng.uniform(0.5, 2.0, (SIZE, SIZE))
    burns = rng.random((SIZE, SIZE)) > 0.2
    changed = graph(burns, slowness)
    for cell in rng.permutation(np.flatnonzero(burns))[:20]:
        before = changed.costs.copy()
        lost = block_cells(changed, np.array([cell]))
        burns.flat[cell] = False
        made_anew = graph(burns, slowness)
        assert np.array_equal(changed.costs, made_anew.costs)
        assert np.array_equal(changed.burns, burns)
        assert sorted(lost.moves) == np.flatnonzero(before != changed.costs).tolist()
        assert np.array_equal(lost.minutes, before[lost.moves])


@pytest.mark.parametrize("wind_km_h", [0.0, 5.0, 60.0, 150.0])
@pytest.mark.parametrize("dryness", [0.001, 0.05, 0.3, 3.0])
def test_extreme_slopes_winds_and_moistures_still_cost_time(
    make_landscape: Callable[..., Landscape], wind_km_h: float, dryness: float
) -> None:
    """Every fuel, slopes to 89 degrees, canopies of all kinds: costs are positive numbers or inf, never NaN."""
    rng = np.random.default_rng(4)
    shape = (30, 30)
    height = rng.uniform(0.1, 60.0, shape)
    landscape = make_landscape(
        shape,
        fuel_model=rng.choice([*fuel_models().code, 91, 99], size=shape),
        slope_deg=rng.choice([0.0, 5.0, 45.0, 80.0, 89.0], size=shape),
        aspect_deg=rng.choice([-1.0, 0.0, 33.0, 359.0], size=shape),
        canopy_cover=rng.uniform(0.0, 1.0, shape),
        canopy_height_m=height,
        canopy_base_height_m=height * rng.uniform(0.0, 1.0, shape),
        canopy_bulk_density_kg_m3=rng.uniform(0.0, 0.5, shape),
    )
    weather = Weather(wind_km_h, 213.0, dryness, dryness, dryness, dryness, dryness, max(dryness, 0.3))
    of = FireSimulator(landscape, weather).graph
    for minutes in (of.costs, of.lead):
        assert not np.isnan(minutes).any()
    assert of.costs.min() > 1e-4
    possible = np.isfinite(costs(of).reshape(of.lead.shape))
    assert (of.lead[possible] > 0.0).all()
    assert (of.lead[possible] < costs(of).reshape(of.lead.shape)[possible]).all()
    assert np.isfinite(of.costs).any() == (dryness < 0.3) or dryness == 0.3
