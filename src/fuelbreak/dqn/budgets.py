"""`EpisodeBudget`: what an episode may spend. A network that learns for one budget alone is lost with others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["EpisodeBudget", "episode_budgets"]


class EpisodeBudget(NamedTuple):
    """What an episode may spend.

    Attributes:
        breaks: In the whole of it.
        step: In a step.
    """

    breaks: int
    step: int


def episode_budgets(budget: int, break_step: int, shares: Sequence[float]) -> tuple[EpisodeBudget, ...]:
    """Some shares of a budget, each spent in about as many steps as the whole of it, and in no more.

    Args:
        budget: Breaks in an episode, at least 1.
        break_step: Breaks in a step, at least 1.
        shares: Each more than 0, at most 1.
    """
    steps = math.ceil(budget / break_step)
    spent = (max(1, round(share * budget)) for share in shares)
    return tuple(
        EpisodeBudget(breaks, break_step if breaks == budget else math.ceil(breaks / steps))
        for breaks in spent
    )
