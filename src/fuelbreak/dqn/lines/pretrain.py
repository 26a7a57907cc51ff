"""``python -m fuelbreak.dqn.lines.pretrain``: train the agent that draws lines, and write its weights.

teach  a teacher simulates two dozen lines at each step and builds the one that saves most per cell
fit    the network learns what each simulated line saved, and the returns of the teacher's lines
draw   it draws lines itself, and learns their returns by double DQN and what its own best candidates save
"""

from __future__ import annotations

import copy
import dataclasses
import json
import math
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
import tyro

from fuelbreak.atomic import write_atomically
from fuelbreak.console import say
from fuelbreak.dqn.lines.episodes import Step
from fuelbreak.dqn.lines.explorer import explored_episode, taught_episode
from fuelbreak.dqn.lines.learning import Transition, return_loss, reward_loss, transitions
from fuelbreak.dqn.lines.network import LineNetwork
from fuelbreak.dqn.lines.training_ground import TrainingGround
from fuelbreak.fire.weather import Weather
from fuelbreak.rasters import read_folder
from fuelbreak.runs import write_checkpoint

__all__ = ["PretrainSettings", "Pretraining", "main"]


@dataclass(frozen=True)
class PretrainSettings:
    """What the weights are made by."""

    out: Path = Path("runs/pretrained/lines.pt")
    """Where the weights go; settings and losses go beside them, as .json."""
    rasters: tuple[Path, ...] = ()
    """Folders of whole layers to cut training windows from, besides the synthetic landscapes."""
    taught_episodes: int = 1000
    """Of the teacher."""
    fit_updates: int = 1500
    """Optimizer steps on what the teacher left."""
    drawn_episodes: int = 425
    """Of the network's own."""
    updates_per_episode: int = 4
    """Optimizer steps after each of these."""
    batch_size: int = 48
    """States in a batch."""
    n_step: int = 3
    """Rewards before a target takes over."""
    learning_rate: float = 2e-3
    """Of AdamW at its height; falls to nothing along a cosine, twice: while fitting, and from a quarter of it after."""
    target_rate: float = 0.01
    """Share of the network that its target takes over at every step."""
    seed: int = 0
    """Of everything that is random."""


@dataclass
class Pretraining:
    """Weights in the making.

    Attributes:
        settings: As given.
        steps: What has been simulated.
        taught: Whole-episode transitions of the teacher.
        drawn: n-step transitions of the network's own.
        losses: Mean losses by part: rewards, returns.
    """

    settings: PretrainSettings
    steps: list[Step] = field(default_factory=list)
    taught: list[Transition] = field(default_factory=list)
    drawn: list[Transition] = field(default_factory=list)
    losses: dict[str, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        settings = self.settings
        torch.manual_seed(settings.seed)
        self.rng = np.random.default_rng(settings.seed)
        self._shuffle = random.Random(settings.seed)
        self.ground = TrainingGround([read_folder(folder) for folder in settings.rasters], self.rng)
        self.network = LineNetwork()
        self.target = copy.deepcopy(self.network)

    def teach(self) -> None:
        """Burn the teacher's episodes."""
        for _ in range(self.settings.taught_episodes):
            self.learn_from_teacher(taught_episode(self.ground.draw(), self.rng))

    def learn_from_teacher(self, steps: Sequence[Step]) -> None:
        """Take in one of its episodes."""
        self.steps += steps
        self.taught += transitions(steps, len(steps))

    def fit(self) -> None:
        """Learn from the teacher."""
        count = self.settings.fit_updates
        optimizer = torch.optim.AdamW(self.network.parameters(), weight_decay=1e-4)
        losses = []
        for update in range(count):
            _set_rate(optimizer, self.settings.learning_rate, update / count)
            losses.append(self._update(optimizer, self.taught))
            _report("fit", losses, count)
        self.losses["fit"] = _recent(losses)
        self.target.load_state_dict(self.network.state_dict())

    def draw(self) -> None:
        """Learn from its own episodes, every other of which goes by returns, the others by rewards per cell."""
        settings = self.settings
        optimizer = torch.optim.AdamW(self.network.parameters(), weight_decay=1e-4)
        losses: list[tuple[float, float]] = []
        for episode in range(settings.drawn_episodes):
            steps = explored_episode(self.network, self.ground.draw(), episode % 2 == 0, self.rng)
            self.steps += steps
            self.drawn += transitions(steps, settings.n_step)
            _set_rate(optimizer, settings.learning_rate / 4.0, episode / settings.drawn_episodes)
            losses += [self._update(optimizer, self.drawn) for _ in range(settings.updates_per_episode)]
            _report("draw", losses, settings.drawn_episodes * settings.updates_per_episode)
        self.losses["draw"] = _recent(losses)

    def _update(self, optimizer: torch.optim.Optimizer, pool: list[Transition]) -> tuple[float, float]:
        size = self.settings.batch_size
        at_once = reward_loss(self.network, self._shuffle.choices(self.steps, k=size), self.rng)
        returns = return_loss(self.network, self.target, self._shuffle.choices(pool, k=size // 2), self.rng)
        optimizer.zero_grad()
        (at_once + 0.2 * returns).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        optimizer.step()
        with torch.no_grad():
            for slow, fast in zip(self.target.parameters(), self.network.parameters(), strict=True):
                slow.lerp_(fast, self.settings.target_rate)
        return float(at_once.detach()), float(returns.detach())

    def save(self, seconds: float) -> None:
        """Write the weights as a checkpoint of kind "lines", and what they were made by."""
        settings = self.settings
        facts = {
            "settings": dataclasses.asdict(settings) | {"rasters": [path.name for path in settings.rasters]},
            "simulated_states": len(self.steps),
            "simulated_lines": sum(len(step.rewards) for step in self.steps),
            "losses": self.losses,
            "process_seconds": round(seconds),
        }
        state = {
            "agent": "lines",
            "network": self.network.state_dict(),
            "episode": settings.taught_episodes + settings.drawn_episodes - 1,
            "budget": 250,
            "k": 25,
            "size": 50,
            "weather": dataclasses.asdict(Weather()),
        }
        settings.out.parent.mkdir(parents=True, exist_ok=True)
        write_checkpoint(settings.out, state)
        described = json.dumps(facts, indent=2, default=str).encode()
        write_atomically(settings.out.with_suffix(".json"), described)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code."""
    settings = tyro.cli(PretrainSettings, args=arguments, description=__doc__)
    started = time.process_time()
    training = Pretraining(settings)
    for part in (training.teach, training.fit, training.draw):
        say(f"{part.__name__}: {' '.join((part.__doc__ or '').split())}")
        part()
        training.save(time.process_time() - started)
    say(f"Weights: {settings.out}", "ok")
    return 0


def _set_rate(optimizer: torch.optim.Optimizer, highest: float, progress: float) -> None:
    """Warm up over the first twentieth, then fall along a cosine (Loshchilov and Hutter 2017)."""
    rate = highest * min(1.0, 0.02 + 20.0 * progress) * 0.5 * (1.0 + math.cos(math.pi * progress))
    for group in optimizer.param_groups:
        group["lr"] = rate


def _recent(losses: Sequence[tuple[float, float]]) -> tuple[float, float]:
    at_once, returns = np.mean(losses[-100:], axis=0) if losses else (math.nan, math.nan)
    return float(at_once), float(returns)


def _report(part: str, losses: Sequence[tuple[float, float]], count: int) -> None:
    if len(losses) % 100 == 0:
        at_once, returns = _recent(losses)
        say(f"{part} {len(losses)}/{count}: loss of rewards {at_once:.4f}, of returns {returns:.4f}")


if __name__ == "__main__":
    sys.exit(main())
