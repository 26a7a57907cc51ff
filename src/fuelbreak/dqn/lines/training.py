"""`LineTraining`: everything that changes while an agent learns to draw lines, in rounds between which it can be saved.

teach  a teacher simulates two dozen lines at each step and builds the one that saves most per cell
fit    the network learns what each simulated line saved, and the returns of the teacher's lines
draw   it draws lines itself, and learns their returns by double DQN and what its own best candidates save

Episodes are burned on all cores, and those of *draw* while the network learns from the ones before. What is learned
does not depend on how many cores burn them; on torch's threads it does, in the last bits.
"""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch

from fuelbreak.dqn.lines.episodes import Step
from fuelbreak.dqn.lines.explorer import explored_episode, taught_episode
from fuelbreak.dqn.lines.keeping import pack, unpack
from fuelbreak.dqn.lines.learning import Transition, return_loss, reward_loss, transitions
from fuelbreak.dqn.lines.network import LineNetwork
from fuelbreak.dqn.lines.numbered import NumberedEpisodes, Play
from fuelbreak.dqn.lines.training_ground import Task, TrainingGround
from fuelbreak.dqn.torch_threads import torch_shared_by
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.phases import PhaseClock

__all__ = ["LineTraining", "LineTrainingSettings", "Losses", "Round"]

_T = TypeVar("_T")

_TEACH, _DRAW = 0, 1
_BUDGET, _CELLS_A_LINE = 250, 25
_LATER_RATE = 0.25
_RETURN_WEIGHT = 0.2

Losses = tuple[float, float]
"""Of rewards, of returns."""


@dataclass(frozen=True)
class LineTrainingSettings:
    """What the agent that draws lines is trained by."""

    taught_episodes: int = 300
    """Episodes of the teacher."""
    fit_updates: int = 1000
    """Optimizer steps on what the teacher left."""
    drawn_episodes: int = 100
    """Episodes of the network's own."""
    episodes_at_once: int = 4
    """Of its own, drawn by one state of the network, while it learns from those before."""
    updates_per_episode: int = 6
    """Optimizer steps for each of its own."""
    batch_size: int = 32
    """States in a batch."""
    n_step: int = 3
    """Rewards before a target takes over."""
    learning_rate: float = 2e-3
    """Of AdamW at its height; falls to nothing along a cosine, twice: while fitting, and from a quarter of it after."""
    target_rate: float = 0.01
    """Share of the network that its target takes over at every step."""
    seed: int = 0
    """Of everything that is random."""


class Round(NamedTuple):
    """What has just been done.

    Attributes:
        part: teach, fit or draw.
        done: Episodes of the part so far, or updates of *fit*.
        total: What there will be.
        episodes: Those of this round.
        losses: Of each of its updates.
        learning_rate: Of the last one; NaN where there was none.
    """

    part: str
    done: int
    total: int
    episodes: list[list[Step]]
    losses: list[Losses]
    learning_rate: float


@dataclass
class Experience:
    """Episodes of one kind.

    Attributes:
        source: Where they come from.
        n_step: Rewards that a transition adds up; 0 = all to the end of its episode.
        episodes: In the order of their numbers.
        transitions: Of them all.
    """

    source: NumberedEpisodes
    n_step: int
    episodes: list[list[Step]] = field(default_factory=list)
    transitions: list[Transition] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.episodes)

    def add(self, steps: list[Step]) -> None:
        """Take in the next episode."""
        self.episodes.append(steps)
        self.transitions += transitions(steps, self.n_step or max(len(steps), 1))


class LineTraining:
    """Weights in the making.

    Args:
        settings: As they say.
        landscapes: To cut training windows from, besides synthetic ones.
        device: Where the networks live.

    Attributes:
        taught: Episodes of the teacher.
        drawn: Of the network's own.
        fitted: Optimizer steps of *fit* so far.
        clock: Where the time of a round goes.
    """

    def __init__(
        self, settings: LineTrainingSettings, landscapes: list[Landscape], device: str = "cpu"
    ) -> None:
        torch.manual_seed(settings.seed)
        self.settings = settings
        self.ground = TrainingGround(landscapes)
        self.network = LineNetwork().to(device)
        self.target = copy.deepcopy(self.network)
        self.optimizer = self._new_optimizer()
        self.rng = np.random.default_rng(settings.seed)
        self.taught = Experience(NumberedEpisodes(self.ground, settings.seed, _TEACH), n_step=0)
        self.drawn = Experience(NumberedEpisodes(self.ground, settings.seed, _DRAW), settings.n_step)
        self.fitted = 0
        self.clock = PhaseClock()

    def rounds(self) -> Generator[Round]:
        """Go on to the end; between two rounds everything may be saved, and the iterator be closed."""
        yield from self._teach()
        yield from self._fit()
        yield from self._draw()

    @property
    def episodes(self) -> int:
        """Episodes so far, the teacher's and its own."""
        return len(self.taught) + len(self.drawn)

    @property
    def updates(self) -> int:
        """Optimizer steps so far."""
        return self.fitted + self.settings.updates_per_episode * len(self.drawn)

    @property
    def work(self) -> int:
        """Episodes and optimizer steps so far."""
        return self.episodes + self.updates

    @property
    def total_work(self) -> int:
        """What `work` will be in the end."""
        each = self.settings
        return each.taught_episodes + each.fit_updates + (1 + each.updates_per_episode) * each.drawn_episodes

    @property
    def steps(self) -> list[Step]:
        """All that was simulated."""
        return [step for each in (self.taught, self.drawn) for steps in each.episodes for step in steps]

    @property
    def description(self) -> dict[str, Any]:
        """What a checkpoint says to those who load it as an agent."""
        return {
            "agent": "lines",
            "budget": _BUDGET,
            "k": _CELLS_A_LINE,
            "size": self.ground.size,
            "weather": dataclasses.asdict(Weather()),
        }

    def _teach(self) -> Iterator[Round]:
        total, at_once = self.settings.taught_episodes, self.settings.episodes_at_once
        with self.taught.source.burned(range(len(self.taught), total), _be_taught) as burned:
            while episodes := self._taken(burned, at_once):
                for steps in episodes:
                    self.taught.add(steps)
                yield Round("teach", len(self.taught), total, episodes, [], math.nan)

    def _fit(self) -> Iterator[Round]:
        total = self.settings.fit_updates
        at_once = self.settings.episodes_at_once * self.settings.updates_per_episode
        while self.fitted < total:
            count = min(at_once, total - self.fitted)
            done = range(self.fitted, self.fitted + count)
            rates = [_rate(self.settings.learning_rate, number / total) for number in done]
            losses = self._learn(self.taught.transitions, rates)
            self.fitted += count
            if self.fitted == total:
                self.target.load_state_dict(self.network.state_dict())
                self.optimizer = self._new_optimizer()
            yield Round("fit", self.fitted, total, [], losses, rates[-1])

    def _draw(self) -> Iterator[Round]:
        settings = self.settings
        total = settings.drawn_episodes
        while (first := len(self.drawn)) < total:
            numbers = range(first, min(first + settings.episodes_at_once, total))
            done = np.linspace(
                first, numbers.stop, len(numbers) * settings.updates_per_episode, endpoint=False
            )
            rates = [_rate(_LATER_RATE * settings.learning_rate, number / total) for number in done.tolist()]
            play = _drawing(copy.deepcopy(self.network))
            with torch_shared_by(len(numbers) + 1), self.drawn.source.burned(numbers, play) as burned:
                losses = self._learn(self.drawn.transitions or self.taught.transitions, rates)
                episodes = self._taken(burned, len(numbers))
            for steps in episodes:
                self.drawn.add(steps)
            yield Round("draw", len(self.drawn), total, episodes, losses, rates[-1])

    def _taken(self, burned: Iterator[list[Step]], count: int) -> list[list[Step]]:
        with self.clock("wait_for_fires"):
            return list(islice(burned, count))

    def _learn(self, pool: list[Transition], rates: list[float]) -> list[Losses]:
        """An optimizer step at each of some learning rates; none where no step was ever simulated."""
        with self.clock("learn"):
            steps = self.steps
            return [self._update(steps, pool, rate) for rate in rates] if steps else []

    def _update(self, steps: list[Step], pool: list[Transition], rate: float) -> Losses:
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        size = self.settings.batch_size
        at_once = reward_loss(self.network, self._some(steps, size), self.rng)
        returns = return_loss(self.network, self.target, self._some(pool, size // 2), self.rng)
        self.optimizer.zero_grad()
        (at_once + _RETURN_WEIGHT * returns).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimizer.step()
        with torch.no_grad():
            for slow, fast in zip(self.target.parameters(), self.network.parameters(), strict=True):
                slow.lerp_(fast, self.settings.target_rate)
        return float(at_once.detach()), float(returns.detach())

    def _some(self, things: list[_T], count: int) -> list[_T]:
        return [things[number] for number in self.rng.integers(len(things), size=max(count, 1))]

    def _new_optimizer(self) -> torch.optim.Optimizer:
        return torch.optim.AdamW(self.network.parameters(), weight_decay=1e-4)

    def state_dict(self) -> dict[str, Any]:
        """Everything that a resumed run needs besides the network's weights."""
        return {
            "target": self.target.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "fitted": self.fitted,
            "rng": self.rng.bit_generator.state,
            "torch_rng": torch.get_rng_state(),
            "taught": pack(self.taught.episodes),
            "drawn": pack(self.drawn.episodes),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over a checkpoint.

        Args:
            state: What `state_dict` returned, and ``network``.

        Raises:
            CheckpointError: It was made on other landscapes.
        """
        self.network.load_state_dict(state["network"])
        self.target.load_state_dict(state["target"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.fitted = state["fitted"]
        self.rng.bit_generator.state = state["rng"]
        torch.set_rng_state(state["torch_rng"].cpu())
        for experience, packed in ((self.taught, state["taught"]), (self.drawn, state["drawn"])):
            for steps in unpack(packed, experience.source.scenes(len(packed["steps"]))):
                experience.add(steps)


def _rate(highest: float, progress: float) -> float:
    """Warm up over the first twentieth, then fall along a cosine (Loshchilov and Hutter 2017)."""
    return highest * min(1.0, 0.02 + 20.0 * progress) * 0.5 * (1.0 + math.cos(math.pi * progress))


def _be_taught(task: Task, _: int, rng: np.random.Generator) -> list[Step]:
    return taught_episode(task, rng)


def _drawing(network: LineNetwork) -> Play:
    """Its own episodes, every other of which goes by returns, the others by rewards per cell."""
    return lambda task, number, rng: explored_episode(network, task, number % 2 == 0, rng)
