"""What a `Learner` has to know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fuelbreak.dqn.budgets import EpisodeBudget, episode_budgets
from fuelbreak.dqn.precision import Precision
from fuelbreak.observation import layout_of

__all__ = ["LearnerSettings"]


@dataclass(frozen=True)
class LearnerSettings:
    """What a `Learner` has to know; a script's settings extend it."""

    layout: Literal["full", "legacy"] = "full"
    """What the network sees: 20 channels with wind, spread potential and budget, or the original's 8."""
    budget: int = 250
    """Breaks in an episode."""
    break_step: int = 10
    """Breaks in a step."""
    budget_shares: tuple[float, ...] = (1.0, 0.5, 0.2)
    """Shares of the budget that environments have in turn, in as many steps; layout full only: it shows them."""
    buffer_cap: int = 200_000
    """Transitions in the replay memory."""
    batch_size: int = 64
    """Transitions in a batch."""
    gradient_accumulation_steps: int = 1
    """Batches per optimizer step: larger effective batches in the same memory."""
    learning_starts: int = 1_000
    """Transitions in memory, those demonstrated included, before learning starts."""
    updates_per_step: int = 1
    """Optimizer steps per vector step, made while the environments work."""
    target_network_frequency: int = 100
    """Optimizer steps between copies of the network to its target."""
    learning_rate: float = 2e-3
    """Of Adam at the start; it falls to a twentieth of that along a cosine."""
    gamma: float = 1.0
    """Discount; with 1 the return is the share of the burned area saved."""
    n_step: int = 3
    """Steps whose rewards are added up before a target takes over."""
    prioritized: bool = False
    """Draw transitions by their TD errors, not evenly."""
    symmetries: bool = True
    """Look at each transition from a side drawn among eight (layout full only: it knows where the wind blows)."""
    imitation: Literal["likelihood", "margin"] = "likelihood"
    """How values are held to what was demonstrated (`fuelbreak.dqn.demonstrations`)."""
    imitation_weight: float = 0.2
    """Weight of that loss beside the TD loss, whose returns of few fires are noisy; of margins, 10 is right."""
    temperature: float = 0.002
    """Of the likelihood, in values of a cell."""
    margin: float = 0.02
    """By which a demonstrated cell's value shall lie above every other's, where margins are asked for."""
    precision: Precision = "auto"
    """Of the convolutions; auto is bfloat16 on a GPU that knows it, and float32 anywhere else."""
    compile_network: bool = False
    """Compile the network (torch.compile): minutes at the start, for long runs on a GPU."""
    seed: int = 1
    """Of everything that is random."""

    @property
    def budgets(self) -> tuple[EpisodeBudget, ...]:
        """What episodes may spend, in turn; only the whole budget where the layout does not show what is left of it."""
        shares = (1.0,) if layout_of(self.layout).budget_channel is None else self.budget_shares
        return episode_budgets(self.budget, self.break_step, shares)
