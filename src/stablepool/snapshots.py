"""Snapshots of environments in shared memory, so that an episode survives the worker that it was played in.

An environment takes part by having ``snapshot()`` (anything that pickles) and ``restore(snapshot)``, or by an attribute
``pickle_snapshots = True``, where the whole environment is pickled, wrappers and all. ``snapshot()`` is looked for
behind the wrappers that `gymnasium.make` adds, whose state is known and kept beside it; behind others it is not, for a
snapshot without their state would be none. Two places per environment take turns, each with the number of the command
after which it was taken, so that the state before a failed command is still whole.
"""

from __future__ import annotations

import mmap
import pickle
from typing import Any

import cloudpickle
import numpy as np
import numpy.typing as npt

__all__ = ["SnapshotArea", "keeps_snapshots", "restore", "take"]

_LINE = 64

_WRAPPERS: dict[str, tuple[str, ...]] = {
    "gymnasium.wrappers.common.OrderEnforcing": ("_has_reset",),
    "gymnasium.wrappers.common.PassiveEnvChecker": (),
    "gymnasium.wrappers.common.TimeLimit": ("_elapsed_steps",),
}
"""What `gymnasium.make` puts around an environment, and the attributes that change in an episode."""

_CHECKED = ("checked_reset", "checked_step", "checked_data_reuse")
"""`PassiveEnvChecker` looks at the first reset and two steps; a restored environment is past them."""


class SnapshotArea:
    """Two snapshots per environment in shared memory.

    Args:
        num_envs: Number of environments.
        capacity: Bytes that one snapshot may have.
    """

    def __init__(self, num_envs: int, capacity: int) -> None:
        self.capacity = capacity
        self._num_envs = num_envs
        self._header = -(-num_envs * 2 * 3 * 8 // _LINE) * _LINE
        self.size = self._header + num_envs * 2 * capacity

    def map(self, buffer: mmap.mmap, start: int) -> None:
        """Lay the area over ``buffer``."""
        count = self._num_envs * 2 * 3
        header: npt.NDArray[np.int64] = np.frombuffer(buffer, np.int64, count, start).reshape(
            3, self._num_envs, 2
        )
        self._sequence, self._length, self._needs_reset = header
        data = np.frombuffer(buffer, np.uint8, self._num_envs * 2 * self.capacity, start + self._header)
        self._data = data.reshape(self._num_envs, 2, self.capacity)

    def store(self, index: int, sequence: int, data: bytes, *, needs_reset: bool) -> bool:
        """Keep a snapshot in the older of the two places (the worker's side); False where it is too large."""
        if len(data) > self.capacity:
            return False
        which = 0 if self._sequence[index, 0] <= self._sequence[index, 1] else 1
        self._sequence[index, which] = 0  # nothing is to be read here until all of it is written
        self._data[index, which, : len(data)] = np.frombuffer(data, np.uint8)
        self._length[index, which], self._needs_reset[index, which] = len(data), needs_reset
        self._sequence[index, which] = sequence
        return True

    def newest_before(self, index: int, sequence: int) -> int | None:
        """Which place holds the state before a command, or None (the parent's side, once the worker is dead)."""
        known = [which for which in (0, 1) if 0 < self._sequence[index, which] < sequence]
        return max(known, key=lambda which: int(self._sequence[index, which]), default=None)

    def load(self, index: int, which: int) -> tuple[bytes, bool]:
        """Return a snapshot and whether the environment is due for its autoreset."""
        data = self._data[index, which, : self._length[index, which]].tobytes()
        return data, bool(self._needs_reset[index, which])

    def forget(self, index: int) -> None:
        """Invalidate both snapshots: the environment starts anew."""
        self._sequence[index] = 0


def keeps_snapshots(env: Any) -> bool:
    """Tell whether an environment takes part."""
    core = _layers(env)[-1]
    return _is_pickled_whole(env) or (callable(getattr(core, "snapshot", None)) and hasattr(core, "restore"))


def take(env: Any) -> bytes:
    """Snapshot an environment."""
    if _is_pickled_whole(env):
        whole: bytes = cloudpickle.dumps(env)
        return whole
    *wrappers, core = _layers(env)
    carried = [{name: getattr(layer, name) for name in _WRAPPERS[_name(layer)]} for layer in wrappers]
    return pickle.dumps((core.snapshot(), carried))


def restore(env: Any, data: bytes) -> Any:
    """Return the environment in the state that it was snapshot in: the same object, or another where it was pickled."""
    state = pickle.loads(data)  # noqa: S301 - written by the worker before this one
    if _is_pickled_whole(env):
        return state
    *wrappers, core = _layers(env)
    snapshot, carried = state
    core.restore(snapshot)
    for layer, attributes in zip(wrappers, carried, strict=True):
        seen = dict.fromkeys((name for name in _CHECKED if hasattr(layer, name)), True)
        vars(layer).update(attributes | seen)
    return env


def _layers(env: Any) -> list[Any]:
    """The environment's known wrappers, from the outside, and what they are around."""
    layers = [env]
    while _name(layers[-1]) in _WRAPPERS:
        layers.append(layers[-1].env)
    return layers


def _name(layer: Any) -> str:
    return f"{type(layer).__module__}.{type(layer).__qualname__}"


def _is_pickled_whole(env: Any) -> bool:
    return getattr(getattr(env, "unwrapped", env), "pickle_snapshots", False) is True
