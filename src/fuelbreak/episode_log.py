"""`EpisodeLog`: what one episode of all environments showed, for the console and for TensorBoard."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

__all__ = ["EpisodeLog", "LearnedStep"]


class LearnedStep(Protocol):
    """What an optimizer step showed; NaN where there was nothing to see."""

    @property
    def td_loss(self) -> float:
        """Of the values."""
        ...

    @property
    def q_value(self) -> float:
        """Mean value of the actions in the batch."""
        ...

    @property
    def imitation_loss(self) -> float:
        """Of what was demonstrated."""
        ...


@dataclass
class EpisodeLog:
    """What one episode showed; only what environments really reported enters it.

    Attributes:
        n_envs: Environments.
        rewards: Sum over all environments and steps.
        losses: One per optimizer step, as the next two.
        q_values: Mean value of the actions in its batch.
        imitation_losses: Of the demonstrated ones, where there were any.
        burned: Cells burned in the end, by environment that completed the episode.
        completed_at: The vector step at which it did, counted from 1.
        breaks: Breaks placed in all environments.
        transitions: Valid ones.
        seconds: Spent in vector steps.
    """

    n_envs: int
    rewards: float = 0.0
    losses: list[float] = field(default_factory=list)
    q_values: list[float] = field(default_factory=list)
    imitation_losses: list[float] = field(default_factory=list)
    burned: dict[int, float] = field(default_factory=dict)
    completed_at: dict[int, int] = field(default_factory=dict)
    breaks: int = 0
    transitions: int = 0
    seconds: float = 0.0

    @property
    def mean_reward(self) -> float:
        """Mean return of an environment over the episode's valid transitions."""
        return self.rewards / self.n_envs

    def observe(
        self,
        step: int,
        valid: npt.NDArray[np.bool_],
        rewards: npt.NDArray[np.float64],
        terminated: npt.NDArray[np.bool_],
        infos: dict[str, Any],
    ) -> None:
        """Add one vector step.

        Args:
            step: Its number, from 1.
            valid: bool (n_envs,), rows that are transitions.
            rewards: float (n_envs,).
            terminated: bool (n_envs,).
            infos: The environments' own, with ``new_cells`` and ``burned``.
        """
        self.rewards += float(rewards[valid].sum())
        self.transitions += int(valid.sum())
        for env in np.flatnonzero(valid).tolist():
            self.breaks += int(infos["new_cells"][env])
            if terminated[env]:
                self.burned[env] = float(infos["burned"][env])
                self.completed_at[env] = step

    def learned(self, steps: Iterable[LearnedStep]) -> None:
        """Add optimizer steps."""
        for step in steps:
            self.losses.append(step.td_loss)
            self.q_values.append(step.q_value)
            if not math.isnan(step.imitation_loss):
                self.imitation_losses.append(step.imitation_loss)

    def line(self, episode: int, epsilon: float) -> str:
        """The console line."""
        return (
            f"[Episode {episode}] Reward: {self.mean_reward:.3f} Loss: {_mean(self.losses):.5f} "
            f"Burned: {_mean(self.burned.values()):.1f} Eps: {epsilon:.3f} "
            f"Completed: {len(self.burned)}/{self.n_envs}"
        )

    def scalars(self, epsilon: float) -> dict[str, float]:
        """Values for TensorBoard and metrics.jsonl."""
        return {
            "charts/episodic_return": self.mean_reward,
            "charts/episodic_length": _mean(self.completed_at.values()),
            "charts/burned": _mean(self.burned.values()),
            "charts/completed": len(self.burned),
            "charts/breaks": self.breaks / self.n_envs,
            "charts/epsilon": epsilon,
            "charts/SPS": self.transitions / self.seconds,
            "losses/td_loss": _mean(self.losses),
            "losses/q_values": _mean(self.q_values),
            "losses/imitation_loss": _mean(self.imitation_losses),
        }


def _mean(values: Collection[float]) -> float:
    return float(np.mean(list(values))) if values else float("nan")
