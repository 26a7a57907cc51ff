"""The command that makes the weights, in little."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fuelbreak.agents import load_agent
from fuelbreak.dqn.lines.pretrain import main
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
