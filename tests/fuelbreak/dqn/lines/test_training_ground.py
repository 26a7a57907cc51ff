"""What the episodes of an agent that draws lines are about."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from fuelbreak.dqn.lines.training_ground import BUDGETS, SIZE, TrainingGround
from fuelbreak.errors import LandscapeError
from fuelbreak.landscape import Landscape
from fuelbreak.synthetic import generate_landscape


def test_tasks_differ_in_landscape_weather_and_budget_and_windows_are_cut_from_the_rasters(
    rng: np.random.Generator,
) -> None:
    ground = TrainingGround([generate_landscape(3, 64)])
    tasks = [ground.draw(rng) for _ in range(30)]
    assert {task.landscape.shape for task in tasks} == {(SIZE, SIZE)}
    assert all(BUDGETS[0] <= task.budget <= BUDGETS[1] for task in tasks)
    assert len({task.weather.upwind_direction_deg for task in tasks}) > 10
    assert {180.0, 1440.0} < {task.weather.duration_min for task in tasks}
    assert {task.landscape.name.startswith("synthetic") for task in tasks} == {True}
    assert any("[" in task.landscape.name for task in tasks)


def test_all_tasks_are_of_the_size_of_the_smallest_landscape(rng: np.random.Generator) -> None:
    ground = TrainingGround([generate_landscape(3, 24), generate_landscape(4, 30)])
    assert ground.size == 24
    assert {ground.draw(rng).landscape.shape for _ in range(10)} == {(24, 24)}


def test_landscapes_that_hardly_burn_are_refused_not_searched_for_ever(
    grass: Callable[[np.ndarray], Landscape], rng: np.random.Generator
) -> None:
    ground = TrainingGround([grass(np.eye(20, dtype=bool))])
    with pytest.raises(LandscapeError, match="give landscapes with more fuel"):
        [ground.draw(rng) for _ in range(20)]
