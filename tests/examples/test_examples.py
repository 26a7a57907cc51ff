"""The examples train, end to end, as a user would start them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def run(root: Path, cwd: Path, script: str, *arguments: object) -> str:
    command = [sys.executable, root / "examples" / script, *map(str, arguments)]
    few_threads = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(root / "src")}
    done = subprocess.run(command, cwd=cwd, env=few_threads, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr, done.stderr
    return done.stdout


def test_a_dqn_in_one_file_learns_and_leaves_events_and_a_network(root: Path, tmp_path: Path) -> None:
    small = ("--size", 16, "--landscapes", 2, "--break-budget", 8, "--break-step", 4, "--num-envs", 2)
    brief = ("--total-timesteps", 160, "--learning-starts", 40, "--batch-size", 8, "--run-dir", tmp_path)
    out = run(root, tmp_path, "cleanrl_dqn.py", *small, *brief)
    (events,) = tmp_path.glob("*/events.*")
    scalars = EventAccumulator(str(events)).Reload()
    assert len(scalars.Scalars("charts/episodic_return")) > 30
    assert scalars.Scalars("losses/td_loss")
    weights = torch.load(events.with_name("network.pt"), weights_only=True)
    assert all(torch.isfinite(weight).all() for weight in weights.values())
    assert str(events.parent) in out


@pytest.mark.parametrize("masked", [(), ("--masked",)], ids=["ppo", "maskable"])
def test_stable_baselines3_trains_on_the_environment_as_it_is(
    root: Path, tmp_path: Path, masked: tuple[str, ...]
) -> None:
    pytest.importorskip("sb3_contrib" if masked else "stable_baselines3", reason="not installed")
    brief = ("--timesteps", 16, "--rollout", 8, "--n-envs", 2, "--size", 36, "--episodes", 1)
    out = run(root, tmp_path, "sb3_ppo.py", *brief, *masked)
    assert re.search(r"policy -?\d+\.\d%, random cells \d+\.\d%", out)
