"""Infos by columns: what comes out is what Gymnasium makes of them one by one, to the type."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gymnasium.vector import VectorEnv

from stablepool.batch import Batch
from stablepool.info_table import InfoTable
from stablepool.messages import Reply

ENVS = 5
Infos = dict[int, dict[str, Any]]


def fire(index: int) -> dict[str, Any]:
    return {
        "burned": 1.5 * index,
        "breaks": index,
        "done": index % 2 == 0,
        "wind": np.float32(index),
        "mask": np.full((2, 3), index, np.int8),
    }


def one_by_one(replies: list[Infos]) -> dict[str, Any]:
    merger: VectorEnv[Any, Any, Any] = VectorEnv()
    merger.num_envs = ENVS
    merged: dict[str, Any] = {}
    for infos in replies:
        for index, info in infos.items():
            merged = merger._add_info(merged, info, index)
    return merged


def by_replies(replies: list[Infos]) -> Batch:
    batch = Batch(np.zeros(ENVS), *np.zeros((2, ENVS), np.bool_))
    for infos in replies:
        batch.take_infos(Reply(infos=infos).tabulated())
    return batch


def assert_same(ours: Any, theirs: Any) -> None:
    assert type(ours) is type(theirs)
    if isinstance(theirs, dict):
        assert list(ours) == list(theirs)
        for key, value in theirs.items():
            assert_same(ours[key], value)
    elif isinstance(theirs, np.ndarray):
        assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
        for one, other in zip(ours.tolist(), theirs.tolist(), strict=True):
            assert_same(one, other)
    else:
        assert ours == theirs


REGULAR: dict[str, list[Infos]] = {
    "one worker": [{index: fire(index) for index in range(ENVS)}],
    "two workers": [{index: fire(index) for index in run} for run in (range(3), range(3, ENVS))],
    "not all of them": [{0: fire(0), 2: fire(2)}, {4: fire(4)}],
    "other keys": [{0: fire(0), 1: fire(1)}, {2: {"alone": 2}, 3: {"alone": 3}}],
    "one worker's are not regular": [{0: fire(0), 1: fire(1)}, {2: fire(2) | {"name": "a"}}],
    "an int, then a float": [{0: {"value": 3}}, {1: {"value": 2.7}}],
    "a float, then an int": [{0: {"value": 2.7}}, {1: {"value": 3}}],
    "a number, then a bool": [{0: {"value": 2.7}}, {1: {"value": True}}],
    "single precision, then double": [{0: {"value": np.float32(0.1)}}, {1: {"value": np.float64(0.1)}}],
}
IRREGULAR: dict[str, list[Infos]] = {
    "text": [{0: {"name": "a"}, 1: {"name": "b"}}],
    "a dictionary": [{0: {"episode": {"r": 1.0, "l": 3}}, 3: {"episode": {"r": 2.0, "l": 4}}}],
    "types that differ": [{0: {"value": 2.7}, 1: {"value": 3}}],
    "keys that differ": [{0: {"value": 1}, 1: {"value": 1, "more": 2}}],
    "keys in another order": [{0: {"a": 1, "b": 2}, 1: {"b": 3, "a": 4}}],
    "objects": [{0: {"value": object}}],
    "an array of no dimension": [{0: {"value": np.array(3.0)}}],
    "a final observation": [{1: {"final_obs": 4, "final_info": {"value": 1}}}],
    "None": [{0: {"value": None}}],
    "a mask's name": [{0: {"value": 1, "_value": 5}}],
    "a key that is no text": [{0: {7: 1}}],
}


@pytest.mark.parametrize("case", REGULAR)
def test_a_table_merges_as_single_infos_do(case: str) -> None:
    replies = REGULAR[case]
    batch = by_replies(replies)
    assert_same(batch.infos, one_by_one(replies))
    assert_same(batch.env_infos, {index: info for infos in replies for index, info in infos.items()})


@pytest.mark.parametrize("case", IRREGULAR)
def test_what_is_not_regular_is_merged_as_it_is(case: str) -> None:
    (infos,) = IRREGULAR[case]
    assert InfoTable.of(infos) is None
    batch = by_replies([infos])
    assert batch.infos.keys() == one_by_one([infos]).keys()
    assert batch.env_infos == infos


def test_making_a_table_leaves_the_infos_alone() -> None:
    reply = Reply(infos={index: fire(index) for index in range(ENVS)})
    table = reply.tabulated().table
    assert table is not None
    assert len(table.columns) == 5
    assert list(reply.infos) == list(range(ENVS))  # what is blamed where something in them cannot be pickled
