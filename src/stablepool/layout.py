"""How actions and observations lie in the shared memory, for every kind of space, on both sides of it."""

from __future__ import annotations

import functools
import mmap
from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from gymnasium import Space
from gymnasium.spaces import (
    Box,
    Dict,
    Discrete,
    Graph,
    MultiBinary,
    MultiDiscrete,
    OneOf,
    Sequence,
    Text,
    Tuple,
)
from gymnasium.vector.utils import (
    concatenate,
    create_empty_array,
    create_shared_memory,
    iterate,
    read_from_shared_memory,
    write_to_shared_memory,
)

from stablepool.errors import ActionError
from stablepool.memory import Arena, SharedFile
from stablepool.messages import AttachRequest
from stablepool.snapshots import SnapshotArea

__all__ = [
    "ActionArea",
    "DataPart",
    "MessageObservations",
    "Observations",
    "SharedObservations",
    "attach_data",
]

_ARRAY_SPACES = (Box, Discrete, MultiBinary, MultiDiscrete)
_FLOATS = (np.dtype(np.float16), np.dtype(np.float32), np.dtype(np.float64))


class ActionArea:
    """The batch of actions in shared memory, for spaces whose batch is one array.

    Args:
        space: Action space of one environment.
        num_envs: Number of environments.

    Attributes:
        dtypes: Dtypes that a batch may have here. Floats travel in the dtype they were given in, as through
            `AsyncVectorEnv`; integers are converted to the space's dtype where that loses nothing.
    """

    def __init__(self, space: Space[Any], num_envs: int) -> None:
        assert space.shape is not None
        assert space.dtype is not None
        self.dtype = np.dtype(space.dtype)
        self.shape = (num_envs, *space.shape)
        self.dtypes = _FLOATS if self.dtype in _FLOATS else (self.dtype,)
        width = max(dtype.itemsize for dtype in self.dtypes)
        self.size = max(1, int(np.prod(self.shape))) * width
        self._views: list[npt.NDArray[Any]] = []
        self._readers: list[list[Callable[[], Any]]] = []

    @staticmethod
    def fits(space: Space[Any]) -> bool:
        """Tell whether batches of this space are one array."""
        return isinstance(space, _ARRAY_SPACES)

    def map(self, buffer: mmap.mmap, start: int) -> None:
        """Lay the views over ``buffer``."""
        count = int(np.prod(self.shape))
        self._views = [
            np.frombuffer(buffer, dtype=dtype, count=count, offset=start).reshape(self.shape)
            for dtype in self.dtypes
        ]
        self._readers = [[_reader(view[index, ...]) for index in range(len(view))] for view in self._views]

    def check(self, actions: Any) -> npt.NDArray[Any]:
        """Return the batch as an array that can be stored without losing anything.

        One number per environment may stand for one array of one number each, and the other way round.

        Raises:
            ActionError: Count, shape or dtype do not fit.
        """
        try:
            batch = np.asarray(actions)
        except ValueError as error:
            raise ActionError(f"actions must form one array of shape {self.shape}: {error}") from error
        if batch.shape != self.shape and _without_unit_axes(batch.shape) == _without_unit_axes(self.shape):
            batch = batch.reshape(self.shape)
        if batch.shape != self.shape:
            raise ActionError(
                f"actions must have shape {self.shape} (environments first), got {batch.shape}; nothing was sent"
            )
        return batch if batch.dtype in self.dtypes else self._convert(batch)

    def store(self, batch: npt.NDArray[Any]) -> int:
        """Copy a checked batch into shared memory; return its dtype's position in ``dtypes``."""
        code = self.dtypes.index(batch.dtype)
        np.copyto(self._views[code], batch)
        return code

    def readers(self, code: int) -> list[Callable[[], Any]]:
        """By environment, what returns its action as its own copy: an environment may keep it or write to it."""
        return self._readers[code]

    def _convert(self, batch: npt.NDArray[Any]) -> npt.NDArray[Any]:
        if batch.dtype.kind in "iub":
            converted = batch.astype(self.dtype)
            if np.array_equal(converted, batch):
                return converted
        raise ActionError(
            f"actions of dtype {batch.dtype} do not convert to {self.dtype} without loss; "
            f"make them with dtype=np.{self.dtype}; nothing was sent"
        )


def _reader(row: npt.NDArray[Any]) -> Callable[[], Any]:
    return row.copy if row.ndim else functools.partial(row.__getitem__, ())


def _without_unit_axes(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape less what does not change the order of its elements; the first axis counts the environments."""
    return (*shape[:1], *(length for length in shape[1:] if length != 1))


class Observations(Protocol):
    """Where the parent keeps the batch of observations; ``which`` names one of two turns."""

    def take(self, which: int, index: int, value: Any) -> None:
        """Accept an observation that came in a message."""

    def carry(self, which: int, indices: Iterable[int]) -> None:
        """Keep the last observations of environments that produced none in this turn."""

    def batch(self, which: int, *, copy: bool) -> Any:
        """The whole batch, as a copy or as the memory itself."""

    def row(self, which: int, index: int) -> Any:
        """A copy of one environment's observation."""


class SharedObservations:
    """Two batches of observations in shared memory.

    Args:
        space: Observation space of one environment.
        batched: Observation space of the batch.
        num_envs: Number of environments.

    Raises:
        CustomSpaceError: Gymnasium has no shared layout for this kind of space.
    """

    def __init__(self, space: Space[Any], batched: Space[Any], num_envs: int) -> None:
        self._space, self._batched, self._num_envs = space, batched, num_envs
        self._is_array = isinstance(space, _ARRAY_SPACES)
        self._rereads = _has_immutable_parts(space)
        self._dtype, self._shape = np.dtype(space.dtype), space.shape or ()
        measure = Arena()
        create_shared_memory(space, n=num_envs, ctx=measure)  # type: ignore[arg-type]  # see Arena
        self.size = 2 * measure.offset
        self._shared: list[Any] = []
        self._batches: list[Any] = []
        self._rows: list[list[npt.NDArray[np.uint8]]] = []
        self._slots: list[list[npt.NDArray[Any]]] = []  # row by row, where the batch is one array

    def map(self, buffer: mmap.mmap, start: int) -> None:
        """Lay both batches over ``buffer``."""
        for _ in range(2):
            arena = Arena(buffer, start)
            shared = create_shared_memory(self._space, n=self._num_envs, ctx=arena)  # type: ignore[arg-type]
            self._shared.append(shared)
            self._batches.append(read_from_shared_memory(self._space, shared, n=self._num_envs))
            self._rows.append(arena.rows(self._num_envs))
            if self._is_array:
                batch = self._batches[-1]
                self._slots.append([batch[index, ...] for index in range(self._num_envs)])
            start = arena.offset

    def write(self, which: int, index: int, observation: Any) -> None:
        """Publish one environment's observation (the worker's side).

        Raises:
            ValueError: Shape or dtype do not fit the space.
        """
        if self._is_array:
            if not (
                type(observation) is np.ndarray
                and observation.dtype is self._dtype
                and observation.shape == self._shape
            ):
                observation = fit_observation(observation, self._dtype, self._shape)
            self._slots[which][index][...] = observation
        else:
            write_to_shared_memory(self._space, index, observation, self._shared[which])

    def take(self, which: int, index: int, value: Any) -> None:
        """Unused: the worker has written the observation already."""

    def carry(self, which: int, indices: Iterable[int]) -> None:
        """Copy rows over from the other turn."""
        for index in indices:
            for now, before in zip(self._rows[which], self._rows[1 - which], strict=True):
                now[index] = before[index]

    def batch(self, which: int, *, copy: bool) -> Any:
        """The whole batch, as a copy or as the memory itself."""
        if self._rereads:
            return deepcopy(read_from_shared_memory(self._space, self._shared[which], n=self._num_envs))
        whole = self._batches[which]
        if not copy:
            return whole
        return whole.copy() if self._is_array else deepcopy(whole)

    def row(self, which: int, index: int) -> Any:
        """A copy of one environment's observation."""
        return _pick(self._batched, self.batch(which, copy=False), index)


class MessageObservations:
    """Observations that travel in messages: any space, at the price of pickling.

    Args: as for `SharedObservations`.
    """

    def __init__(self, space: Space[Any], batched: Space[Any], num_envs: int) -> None:
        self._space, self._batched = space, batched
        self._items: list[Any] = list(_iterate_empty(space, batched, num_envs))
        self._batches: list[Any] = [create_empty_array(space, n=num_envs, fn=np.zeros) for _ in range(2)]
        self._is_stale = [True, True]

    def take(self, which: int, index: int, value: Any) -> None:
        """Keep an observation until another comes."""
        self._items[index] = value
        self._is_stale[which] = True

    def carry(self, which: int, indices: Iterable[int]) -> None:  # noqa: ARG002 - an item stays by itself
        """Note that this turn has begun."""
        self._is_stale[which] = True

    def batch(self, which: int, *, copy: bool) -> Any:
        """The whole batch, as a copy or as the memory itself."""
        if self._is_stale[which]:
            self._batches[which] = concatenate(self._space, self._items, self._batches[which])
            self._is_stale[which] = False
        return deepcopy(self._batches[which]) if copy else self._batches[which]

    def row(self, which: int, index: int) -> Any:  # noqa: ARG002 - one list serves both turns
        """A copy of one environment's observation."""
        return deepcopy(self._items[index])


def fit_observation(observation: Any, dtype: np.dtype[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """Return an observation in the space's dtype.

    Args:
        observation: What the environment returned.
        dtype: The space's dtype.
        shape: The space's shape.

    Raises:
        ValueError: The shape differs, or the conversion would change values by more than rounding.
    """
    array = np.asarray(observation)
    if array.shape != shape:
        raise ValueError(f"the observation has shape {array.shape}, its space {shape}")
    if array.dtype == dtype or np.can_cast(array.dtype, dtype, "same_kind"):
        return array
    converted = array.astype(dtype)
    if not np.array_equal(converted, array):
        raise ValueError(f"the observation has dtype {array.dtype}, which does not convert to {dtype}")
    return converted


def _has_immutable_parts(space: Space[Any]) -> bool:
    if isinstance(space, Dict):
        return any(_has_immutable_parts(part) for part in space.spaces.values())
    if isinstance(space, Tuple):
        return any(_has_immutable_parts(part) for part in space.spaces)
    return isinstance(space, (Text, OneOf))


def _pick(batched: Space[Any], batch: Any, index: int) -> Any:
    if isinstance(batch, np.ndarray):
        return batch[index].copy()
    return deepcopy(list(iterate(batched, batch))[index])


def _iterate_empty(space: Space[Any], batched: Space[Any], num_envs: int) -> Iterable[Any]:
    empty: Any = create_empty_array(space, n=num_envs, fn=np.zeros)
    if not isinstance(empty, np.ndarray) and not empty:  # a custom space, or one without parts
        return [None] * num_envs
    return empty if isinstance(space, (Graph, OneOf, Sequence, Text)) else iterate(batched, empty)


@dataclass(frozen=True)
class DataPart:
    """What lies in the data part of the shared block.

    Attributes:
        actions: None for nested and custom spaces, whose actions travel in messages.
        observations: None where observations travel in messages.
        snapshots: None where the environments keep none.
    """

    actions: ActionArea | None
    observations: SharedObservations | None
    snapshots: SnapshotArea | None


def attach_data(
    file: SharedFile,
    start: int,
    request: AttachRequest,
    num_envs: int,
    *,
    batched: Space[Any] | None = None,
    shared_observations: bool,
    create: bool = False,
) -> DataPart:
    """Lay actions, observations and snapshots over the data part; both sides call it with the same request.

    Args:
        file: The shared block.
        start: Page-aligned offset of the data part in bytes.
        request: The spaces.
        num_envs: Number of environments.
        batched: Observation space of the batch; only the parent reads rows back and needs it.
        shared_observations: Whether observations lie in the block.
        create: Grow the file first (the parent's call).
    """
    actions = ActionArea(request.action_space, num_envs) if ActionArea.fits(request.action_space) else None
    observations = None
    if shared_observations:
        space = request.observation_space
        observations = SharedObservations(space, batched or space, num_envs)
    snapshots = SnapshotArea(num_envs, request.snapshot_bytes) if request.snapshot_bytes else None
    parts: list[ActionArea | SharedObservations | SnapshotArea | None] = [actions, observations, snapshots]
    sizes = [-(-part.size // mmap.PAGESIZE) * mmap.PAGESIZE if part else 0 for part in parts]
    size = max(1, sum(sizes))
    if create:
        file.grow(start + size)
    buffer = file.map(start, size)
    for part, offset in zip(parts, np.cumsum([0, *sizes[:-1]]).tolist(), strict=True):
        if part:
            part.map(buffer, offset)
    return DataPart(actions, observations, snapshots)
