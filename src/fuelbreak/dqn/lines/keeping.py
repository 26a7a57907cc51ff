"""Episodes as a few tensors, for checkpoints, and back.

What all steps hold under one name is put one after the other, numbers in as few bytes as they need, booleans in a bit,
and compressed into one tensor, beside how many rows each step has of it: some 5 kB a step of 50 x 50 cells. Scenes are
not kept: they follow from an episode's task.
"""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from fuelbreak.dqn.lines.episodes import Step
from fuelbreak.dqn.lines.scene import Scene
from fuelbreak.dqn.lines.states import LineState
from fuelbreak.errors import CheckpointError
from fuelbreak.plans.separation import Segments

__all__ = ["pack", "unpack"]

Array = npt.NDArray[Any]

_OF_A_STATE = tuple(field.name for field in dataclasses.fields(LineState))
_ELSEWHERE = ("scene", "segments")
_QUICKLY = 1


def pack(episodes: Sequence[Sequence[Step]]) -> dict[str, Any]:
    """Make episodes fit for a checkpoint.

    Args:
        episodes: Steps in their order.

    Returns:
        Tensors, texts and numbers in dicts and lists, as `torch.load` reads them with ``weights_only=True``.
    """
    rows = [_row(step) for steps in episodes for step in steps]
    columns = {name: _pack_column([row[name] for row in rows]) for name in rows[0]} if rows else {}
    fuel = [_checksum(steps[0].state.scene) if steps else 0 for steps in episodes]
    return {"steps": [len(steps) for steps in episodes], "fuel": fuel, "columns": columns}


def unpack(packed: Mapping[str, Any], scenes: Sequence[Scene]) -> list[list[Step]]:
    """The episodes that `pack` was given.

    Args:
        packed: What it returned.
        scenes: Of each episode.

    Returns:
        Equal to the last bit.

    Raises:
        CheckpointError: The scenes are not those of the episodes.
    """
    for count, fuel, scene in zip(packed["steps"], packed["fuel"], scenes, strict=True):
        if count and fuel != _checksum(scene):
            raise CheckpointError(
                "the landscapes are not those that this run was trained on so far; give it the same --rasters and "
                "--seed, or begin a new run"
            )
    columns = {name: iter(_unpack_column(column)) for name, column in packed["columns"].items()}
    return [
        [_step({name: next(values) for name, values in columns.items()}, scene) for _ in range(count)]
        for count, scene in zip(packed["steps"], scenes, strict=True)
    ]


def _checksum(scene: Scene) -> int:
    return zlib.crc32(np.packbits(scene.fuel).tobytes())


def _row(step: Step) -> dict[str, Array]:
    """All that a step holds, by name, each an array."""
    state, segments = step.state, step.state.segments
    values = {name: getattr(state, name) for name in _OF_A_STATE if name not in _ELSEWHERE}
    values |= {"cells": segments.cells, "starts": segments.starts, "rewards": step.rewards}
    return {name: np.atleast_1d(value) for name, value in (values | {"chosen": step.chosen}).items()}


def _step(row: Mapping[str, Array], scene: Scene) -> Step:
    values: dict[str, Any] = {name: row[name] for name in _OF_A_STATE if name not in _ELSEWHERE}
    values["room"] = int(values["room"][0])
    state = LineState(scene=scene, segments=Segments(row["cells"], row["starts"]), **values)
    return Step(state, row["rewards"], int(row["chosen"][0]))


def _pack_column(arrays: Sequence[Array]) -> dict[str, Any]:
    whole = np.concatenate(arrays)
    facts: dict[str, Any] = {"rows": torch.tensor([len(array) for array in arrays], dtype=torch.int32)}
    facts |= {"shape": list(whole.shape), "dtype": str(whole.dtype)}
    if whole.dtype == np.bool_:
        whole = np.packbits(whole)
    elif np.issubdtype(whole.dtype, np.signedinteger):
        whole = whole.astype(_fitting(whole))
    pressed = np.frombuffer(bytearray(zlib.compress(whole.tobytes(), _QUICKLY)), np.uint8)
    return facts | {"kept_as": str(whole.dtype), "values": torch.from_numpy(pressed)}


def _unpack_column(column: Mapping[str, Any]) -> list[Array]:
    pressed = column["values"].cpu().numpy().tobytes()
    whole: Array = np.frombuffer(zlib.decompress(pressed), column["kept_as"])
    if column["dtype"] == "bool":
        whole = np.unpackbits(whole, count=int(np.prod(column["shape"])))
    whole = whole.astype(column["dtype"]).reshape(column["shape"])
    return np.split(whole, np.cumsum(column["rows"].cpu().numpy())[:-1])


def _fitting(whole: Array) -> type[np.signedinteger[Any]]:
    """The smallest kind of integer that holds all values."""
    most = int(np.abs(whole).max(initial=0))
    return next(kind for kind in (np.int8, np.int16, np.int32, np.int64) if most <= np.iinfo(kind).max)
