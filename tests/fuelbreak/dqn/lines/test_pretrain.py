"""The command that makes the weights, in little."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from fuelbreak.agents import load_agent
from fuelbreak.dqn.lines.pretrain import main
from fuelbreak.dqn.lines.training_ground import BUDGETS, SIZE, TrainingGround
from fuelbreak.fire.weather import Weather
from fuelbreak.synthetic import generate_landscape


def test_the_command_writes_weights_that_plan_and_says_what_they_were_made_by(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "made" / "lines.pt"
    counts = ("taught-episodes", "fit-updates", "drawn-episodes", "updates-per-episode")
    assert main(["--out", str(out), "--batch-size", "4", *(f"--{name}=1" for name in counts)]) == 0
    assert str(out) in capsys.readouterr().out
    facts = json.loads(out.with_suffix(".json").read_text())
    assert facts["settings"]["seed"] == 0
    assert facts["simulated_lines"] > facts["simulated_states"] > 0
    agent = load_agent(out)
    landscape = generate_landscape(1, 20)
    assert (agent.kind, agent.episodes) == ("lines", 2)
    assert agent.plan(landscape, Weather(), 30).sum() == 30


def test_tasks_differ_in_landscape_weather_and_budget_and_windows_are_cut_from_the_rasters() -> None:
    whole = generate_landscape(3, 64)
    ground = TrainingGround([whole], np.random.default_rng(0))
    tasks = [ground.draw() for _ in range(30)]
    assert {task.landscape.shape for task in tasks} == {(SIZE, SIZE)}
    assert all(BUDGETS[0] <= task.budget <= BUDGETS[1] for task in tasks)
    assert len({task.weather.upwind_direction_deg for task in tasks}) > 10
    assert {180.0, 1440.0} < {task.weather.duration_min for task in tasks}
    assert {task.landscape.name.startswith("synthetic") for task in tasks} == {True}
    assert any("[" in task.landscape.name for task in tasks)
