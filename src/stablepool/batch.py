"""`Batch`: the results of one vector call while they are being put together."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium.vector import VectorEnv

from stablepool.faults import FaultRecord
from stablepool.info_table import InfoTable
from stablepool.messages import Reply

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
    """

    rewards: npt.NDArray[np.float64]
    terminations: npt.NDArray[np.bool_]
    truncations: npt.NDArray[np.bool_]
    infos: dict[str, Any] = field(default_factory=dict)
    faults: dict[int, FaultRecord] = field(default_factory=dict)
    _rows: dict[int, dict[str, Any]] = field(default_factory=dict)
    _tables: list[InfoTable] = field(default_factory=list)

    @property
    def env_infos(self) -> dict[int, dict[str, Any]]:
        """Info by environment, as the environments returned them."""
        for table in self._tables:
            self._rows |= table.rows()
        self._tables = []
        return self._rows

    def take_infos(self, reply: Reply) -> None:
        """Add the infos of a worker's environments."""
        if reply.table is not None and reply.table.merge_into(self.infos, len(self.rewards)):
            self._tables.append(reply.table)
            return
        rows = reply.infos if reply.table is None else reply.table.rows()
        for index, info in rows.items():
            self.add_info(index, info)

    def add_info(self, index: int, info: dict[str, Any]) -> None:
        """Add to the info of an environment."""
        rows = self.env_infos
        rows[index] = {**rows[index], **info} if index in rows else info
        merger: VectorEnv[Any, Any, Any] = VectorEnv()  # only for its way of merging infos
        merger.num_envs = len(self.rewards)
        self.infos = merger._add_info(self.infos, info, index)

    def end_episodes(self) -> None:
        """Give every environment at fault an end, and every void transition no reward."""
        for index, record in self.faults.items():
            if not record.transition_valid:
                self.rewards[index], self.terminations[index] = 0.0, False
            self.truncations[index] |= not self.terminations[index]

    def mark(self, name: str, indices: Collection[int]) -> None:
        """Put a mask of some environments into the infos, if there are any."""
        if indices:
            mask = np.zeros(len(self.rewards), dtype=np.bool_)
            mask[list(indices)] = True
            self.infos |= {name: mask, f"_{name}": mask.copy()}

    def add_faults(self) -> None:
        """Put the records into the infos: ``fault`` (object array) and ``_fault`` (mask)."""
        if self.faults:
            records = np.full(len(self.rewards), None, dtype=object)
            for index, record in self.faults.items():
                records[index] = record
            self.infos |= {"fault": records, "_fault": np.array([record is not None for record in records])}
