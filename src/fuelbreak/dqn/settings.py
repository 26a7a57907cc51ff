"""What a `Learner` has to know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
    margin: float = 0.02
    """By which a demonstrated cell's value shall lie above every other's."""
    margin_weight: float = 10.0
    """Weight of the margin loss beside the TD loss, whose returns of few fires are noisy."""
    seed: int = 1
    """Of everything that is random."""
