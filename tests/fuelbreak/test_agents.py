"""Agents by their checkpoints: what was saved is what plans, and what cannot plan is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from fuelbreak.agents import load_agent
from fuelbreak.dqn import QNetwork
from fuelbreak.dqn.planner import learned_plan
from fuelbreak.errors import CheckpointError
from fuelbreak.fire.weather import Weather
from fuelbreak.runs import RunFolder, write_checkpoint
from fuelbreak.synthetic import generate_landscape


@pytest.fixture
def network() -> QNetwork:
    torch.manual_seed(3)
    return QNetwork()


@pytest.mark.parametrize("name", ["run", "file"])
def test_a_checkpoints_network_places_the_breaks(tmp_path: Path, network: QNetwork, name: str) -> None:
    with RunFolder.create("train", {}, root=tmp_path) as run:
        file = run.save_checkpoint(6, network, k=7, budget=40, weather={"duration_min": 60.0})
    agent = load_agent(run.path if name == "run" else file)
    assert (agent.kind, agent.budget, agent.cells_per_step, agent.episodes) == ("dqn", 40, 7, 7)
    assert agent.weather == Weather(duration_min=60.0)
    landscape = generate_landscape(seed=1, size=24)
    expected = learned_plan(network, landscape, 40, 7)
    assert np.array_equal(agent.plan(landscape, Weather(), 40), expected)
    assert expected.sum() == 40


def test_a_budget_is_never_negative(network: QNetwork) -> None:
    with pytest.raises(ValueError, match="budget is -1"):
        learned_plan(network, generate_landscape(seed=1, size=24), -1, 7)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"agent": "oracle"}, "kind 'oracle'; known are dqn"),
        ({"network": {}, "k": 1}, "no checkpoint of a dqn agent"),
        ({}, "no checkpoint of a dqn agent: 'network'"),
    ],
)
def test_what_is_no_agent_is_named(tmp_path: Path, state: dict[str, object], message: str) -> None:
    write_checkpoint(tmp_path / "other.pt", state)
    with pytest.raises(CheckpointError, match=message):
        load_agent(tmp_path / "other.pt")


@pytest.mark.parametrize("damage", ["text", "empty", "cut", "another value"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, damage: str) -> None:
    file = tmp_path / "broken.pt"
    torch.save([1, 2] if damage == "another value" else {"k": torch.zeros(1000)}, file)
    content = {"text": b"# Read me", "empty": b"", "cut": file.read_bytes()[:2000]}
    file.write_bytes(content.get(damage, file.read_bytes()))
    with pytest.raises(CheckpointError, match=r"broken\.pt (is another kind of file, damaged|holds a list)"):
        load_agent(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no checkpoint at"):
        load_agent(tmp_path / "none.pt")
