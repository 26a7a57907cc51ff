"""Two small landscapes and an untrained agent in a run's folder."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from fuelbreak.agents import Agent, load_agent
from fuelbreak.dqn import QNetwork
from fuelbreak.landscape import Landscape
from fuelbreak.runs import RunFolder
from fuelbreak.synthetic import generate_landscape


@pytest.fixture(scope="session")
def landscapes() -> list[Landscape]:
    return [generate_landscape(seed=seed, size=24) for seed in (1, 2)]


@pytest.fixture
def run(tmp_path: Path, one_thread: None) -> Path:
    torch.manual_seed(5)
    with RunFolder.create("train", {}, root=tmp_path / "runs") as run:
        for episode in range(4):
            values = {"charts/episodic_return": episode / 10, "charts/burned": 100.0 - episode}
            run.log(episode, values | {"time/learn_ms": 5.0 + episode})
        run.save_checkpoint(3, QNetwork(), k=10, budget=30)
    return run.path


@pytest.fixture
def agent(run: Path) -> Agent:
    return load_agent(run)
