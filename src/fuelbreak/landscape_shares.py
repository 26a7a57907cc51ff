"""`LandscapeShares`: which landscapes each environment of a vector environment draws from."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["LandscapeShares"]


class LandscapeShares:
    """Which landscapes each environment draws from, and which one it is on.

    Environment i draws from every n-th landscape starting at i, so that each is sent to one worker only; where there
    are fewer landscapes than environments, several share one.
    """

    def __init__(self, n_envs: int, landscapes: int) -> None:
        self._shares = [list(range(i, landscapes, n_envs)) or [i % landscapes] for i in range(n_envs)]
        self.current = np.array([share[0] for share in self._shares])

    def of(self, env: int) -> list[int]:
        """Indices of the landscapes of one environment."""
        return self._shares[env]

    def note(self, infos: dict[str, Any]) -> None:
        """Take over what the environments say about the landscape that they are on."""
        for env in np.flatnonzero(infos.get("_landscape", ())):
            self.current[env] = self._shares[env][infos["landscape"][env]]
