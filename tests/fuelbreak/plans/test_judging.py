"""A verdict is what the simulator says, over all burnable ignitions unless others are given."""

from __future__ import annotations

import numpy as np
import pytest

from fuelbreak.errors import SimulationError
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plans import judge


def test_closing_the_door_leaves_each_fire_its_room(two_rooms: Landscape, calm_day: Weather) -> None:
    door = np.zeros(two_rooms.shape, bool)
    door[4, 7] = True
    verdict = judge(FireSimulator(two_rooms, calm_day), door)
    cells = 2 * 63 + 1
    assert verdict.breaks == 1
    assert verdict.burned_before == cells
    assert verdict.burned_after == pytest.approx((126 * 63 + 0) / cells)
    assert verdict.reduction == pytest.approx(1 - 126 * 63 / cells**2)


def test_given_ignitions_are_the_judge(two_rooms: Landscape, calm_day: Weather) -> None:
    door = np.zeros(two_rooms.shape, bool)
    door[4, 7] = True
    assert judge(FireSimulator(two_rooms, calm_day), door, np.array([[0, 0]])).burned_after == 63.0


def test_breaks_where_nothing_burns_do_not_count(two_rooms: Landscape) -> None:
    wall = ~two_rooms.burnable
    verdict = judge(FireSimulator(two_rooms), wall)
    assert (verdict.breaks, verdict.reduction) == (0, 0.0)


def test_breaks_of_another_shape_are_refused(two_rooms: Landscape) -> None:
    with pytest.raises(SimulationError, match="give a bool array"):
        judge(FireSimulator(two_rooms), np.zeros((2, 2), bool))
