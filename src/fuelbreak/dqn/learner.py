"""`Learner`: everything that changes while the agent learns, in one place that can be saved and taken up again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from fuelbreak.dqn.agent import double_dqn_loss, epsilon_greedy
from fuelbreak.dqn.network import QNetwork
from fuelbreak.dqn.replay import ReplayMemory
from fuelbreak.landscape import Landscape

__all__ = ["Learner", "LearnerSettings"]


@dataclass(frozen=True)
class LearnerSettings:
    """What a `Learner` has to know; a script's settings extend it."""

    break_step: int = 10
    """Breaks in a step."""
    buffer_cap: int = 200_000
    """Transitions in the replay memory."""
    batch_size: int = 64
    """Transitions in a batch."""
    gradient_accumulation_steps: int = 1
    """Batches per optimizer step: larger effective batches in the same memory."""
    learning_starts: int = 1_000
    """Transitions in memory before learning starts."""
    updates_per_step: int = 1
    """Optimizer steps per vector step, made while the environments work."""
    target_network_frequency: int = 250
    """Optimizer steps between copies of the network to its target."""
    learning_rate: float = 3e-4
    """Of Adam."""
    gamma: float = 1.0
    """Discount; with 1 the return is the share of the burned area saved."""
    seed: int = 1
    """Of everything that is random."""


class Learner:
    """The network, its target and its optimizer, and the memory that they learn from.

    Args:
        settings: As `LearnerSettings` says.
        landscapes: All that transitions may come from.
        device: Where the networks live.
    """

    def __init__(self, settings: LearnerSettings, landscapes: Sequence[Landscape], device: str) -> None:
        self.settings, self.device = settings, device
        self.network = QNetwork().to(device)
        self.target = QNetwork().to(device)
        self.target.load_state_dict(self.network.state_dict())
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=settings.learning_rate)
        self.memory = ReplayMemory(settings.buffer_cap, landscapes, seed=settings.seed)
        self.rng = np.random.default_rng(settings.seed)
        self.updates = 0

    def choose(self, observations: npt.NDArray[np.float32], epsilon: float) -> npt.NDArray[np.int8]:
        """int8 actions (N, H*W) for float32 observations (N, 8, H, W)."""
        return epsilon_greedy(
            self.network, observations, self.settings.break_step, epsilon, self.rng, self.device
        )

    def learn(self) -> list[float]:
        """Make the optimizer steps that belong to one vector step; their losses."""
        if len(self.memory) < self.settings.learning_starts:
            return []
        return [self._update() for _ in range(self.settings.updates_per_step)]

    def _update(self) -> float:
        settings = self.settings
        total = 0.0
        self.optimizer.zero_grad()
        for _ in range(settings.gradient_accumulation_steps):
            batch = self.memory.sample(settings.batch_size, self.device)
            loss = double_dqn_loss(self.network, self.target, batch, settings.break_step, settings.gamma)
            (loss / settings.gradient_accumulation_steps).backward()  # type: ignore[no-untyped-call]
            total += float(loss.detach()) / settings.gradient_accumulation_steps
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 10.0)
        self.optimizer.step()
        self.updates += 1
        if self.updates % settings.target_network_frequency == 0:
            self.target.load_state_dict(self.network.state_dict())
        return total

    def state_dict(self) -> dict[str, Any]:
        """Everything that a resumed run needs besides the network's weights."""
        return {
            "target": self.target.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "memory": self.memory.state_dict(),
            "rng": self.rng.bit_generator.state,
            "torch_rng": torch.get_rng_state(),
            "updates": self.updates,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over a checkpoint."""
        self.network.load_state_dict(state["network"])
        self.target.load_state_dict(state["target"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.memory.load_state_dict(state["memory"])
        self.rng.bit_generator.state = state["rng"]
        torch.set_rng_state(state["torch_rng"].cpu())
        self.updates = state["updates"]
