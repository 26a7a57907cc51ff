"""``python -m fuelbreak.dqn.lines.pretrain``: train the agent that draws lines, and write its weights.

The same training as `python src/Train_stable.py --agent lines`, in one go, on whole layers: what comes of it is a file
that can be shipped, not a run's folder.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tyro

from fuelbreak.atomic import write_atomically
from fuelbreak.console import run_command, say
from fuelbreak.dqn.lines.training import LineTraining, LineTrainingSettings, Losses
from fuelbreak.dqn.lines.training_run import line_of
from fuelbreak.rasters import read_folder
from fuelbreak.runs import write_checkpoint

__all__ = ["PretrainSettings", "main"]

_SAID_EVERY = 10
_RECENT = 100


@dataclass(frozen=True)
class PretrainSettings(LineTrainingSettings):
    """What the weights are made by."""

    out: Path = Path("runs/pretrained/lines.pt")
    """Where the weights go; settings and losses go beside them, as .json."""
    rasters: tuple[Path, ...] = ()
    """Folders of whole layers to cut training windows from, besides the synthetic landscapes."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code."""
    settings = tyro.cli(PretrainSettings, args=arguments, description=__doc__)
    return run_command(lambda: _pretrain(settings))


def _pretrain(settings: PretrainSettings) -> None:
    started = time.process_time()
    training = LineTraining(settings, [read_folder(folder) for folder in settings.rasters])
    losses: dict[str, list[Losses]] = {}
    for number, done in enumerate(training.rounds(), start=1):
        losses.setdefault(done.part, []).extend(done.losses)
        if number % _SAID_EVERY == 0 or done.done == done.total:
            say(line_of(done))
        if done.done == done.total:
            facts = _facts(training, losses, time.process_time() - started)
            _save(settings.out, training, facts)
    say(f"Weights: {settings.out}", "ok")


def _facts(training: LineTraining, losses: dict[str, list[Losses]], seconds: float) -> dict[str, Any]:
    settings = dataclasses.asdict(training.settings)
    return {
        "settings": settings | {"rasters": [path.name for path in settings["rasters"]]},
        "simulated_states": len(training.steps),
        "simulated_lines": sum(len(step.rewards) for step in training.steps),
        "losses": {part: _recent(each) for part, each in losses.items() if each},
        "process_seconds": round(seconds),
    }


def _save(out: Path, training: LineTraining, facts: dict[str, Any]) -> None:
    """Write the weights, and beside them what they were made by."""
    out.parent.mkdir(parents=True, exist_ok=True)
    state = training.description | {
        "network": training.network.state_dict(),
        "episode": training.episodes - 1,
    }
    write_checkpoint(out, state)
    write_atomically(out.with_suffix(".json"), json.dumps(facts, indent=2, default=str).encode())


def _recent(losses: Sequence[Losses]) -> Losses:
    at_once, returns = np.mean(losses[-_RECENT:], axis=0)
    return float(at_once), float(returns)


if __name__ == "__main__":
    sys.exit(main())
