"""`Batch`: the results of one vector call while they are being put together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from stablepool.faults import FaultRecord

__all__ = ["Batch"]


@dataclass
class Batch:
    """Results of one vector call while they are being put together.

    Attributes:
        rewards: float64 (num_envs,).
        terminations: bool (num_envs,).
        truncations: bool (num_envs,).
        infos: Gymnasium's vector infos.
        faults: Record by environment.
        env_infos: Info by environment, as the environments returned them.
    """

    rewards: npt.NDArray[np.float64]
    terminations: npt.NDArray[np.bool_]
    truncations: npt.NDArray[np.bool_]
    infos: dict[str, Any] = field(default_factory=dict)
    faults: dict[int, FaultRecord] = field(default_factory=dict)
    env_infos: dict[int, dict[str, Any]] = field(default_factory=dict)

    def end_episodes(self) -> None:
        """Give every environment at fault an end, and every void transition no reward."""
        for index, record in self.faults.items():
            if not record.transition_valid:
                self.rewards[index], self.terminations[index] = 0.0, False
            self.truncations[index] |= not self.terminations[index]

    def add_faults(self) -> None:
        """Put the records into the infos: ``fault`` (object array) and ``_fault`` (mask)."""
        if self.faults:
            records = np.full(len(self.rewards), None, dtype=object)
            for index, record in self.faults.items():
                records[index] = record
            self.infos |= {"fault": records, "_fault": np.array([record is not None for record in records])}
