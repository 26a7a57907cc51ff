"""`LandscapeShares`: which landscapes each environment of a vector environment draws from, and what it may spend."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["LandscapeShares"]


class LandscapeShares:
    """Which landscapes each environment draws from, and which one it is on.

    Environment i draws from every n-th landscape starting at i, so that each is sent to one worker only; where there
    are fewer landscapes than environments, several share one. Budgets go round: each environment has another one in the
    next episode.

    Args:
        n_envs: Environments.
        landscapes: How many there are.
        budgets: How many there are.

    Attributes:
        current: int64 (n_envs,), the landscape that each environment is on.
        budgets: int64 (n_envs,), which of the budgets each one has.
    """

    def __init__(self, n_envs: int, landscapes: int, budgets: int = 1) -> None:
        self._counts = landscapes, budgets
        self._shares = [list(range(i, landscapes, n_envs)) or [i % landscapes] for i in range(n_envs)]
        self.current = np.array([share[0] for share in self._shares])
        self.begin(0)

    def of(self, env: int) -> list[int]:
        """Indices of the landscapes of one environment."""
        return self._shares[env]

    @property
    def scenes(self) -> npt.NDArray[np.int64]:
        """Number of the scene (`fuelbreak.dqn.Scenery`) that each environment is in, int64 (n_envs,)."""
        return self.current + self._counts[0] * self.budgets

    def begin(self, episode: int) -> None:
        """Deal out the budgets of an episode."""
        self.budgets = (np.arange(len(self._shares)) + episode) % self._counts[1]

    def note(self, infos: dict[str, Any]) -> None:
        """Take over what the environments say about the landscape that they are on."""
        for env in np.flatnonzero(infos.get("_landscape", ())):
            self.current[env] = self._shares[env][infos["landscape"][env]]
