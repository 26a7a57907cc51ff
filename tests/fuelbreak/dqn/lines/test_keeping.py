"""Episodes that go into a checkpoint come out of it as they were."""

from __future__ import annotations

import dataclasses
import io
from itertools import chain
from typing import Any

import numpy as np
import torch

from fuelbreak.dqn.lines.episodes import Step
from fuelbreak.dqn.lines.explorer import taught_episode
from fuelbreak.dqn.lines.keeping import pack, unpack
from fuelbreak.dqn.lines.states import LineState
from fuelbreak.dqn.lines.training_ground import Task
from fuelbreak.fire.weather import Weather
from fuelbreak.synthetic import generate_landscape


def episode(seed: int, budget: int = 40) -> list[Step]:
    return taught_episode(Task(generate_landscape(seed, 16), Weather(), budget), np.random.default_rng(seed))


def there_and_back(packed: dict[str, Any]) -> dict[str, Any]:
    file = io.BytesIO()
    torch.save(packed, file)
    file.seek(0)
    read: dict[str, Any] = torch.load(file, weights_only=True)
    return read


def assert_equal(one: Any, other: Any) -> None:
    assert type(one) is type(other)
    if isinstance(one, np.ndarray):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    elif dataclasses.is_dataclass(one):
        for field in dataclasses.fields(one):
            assert_equal(getattr(one, field.name), getattr(other, field.name))
    else:
        assert one == other


def test_every_part_of_every_step_is_the_same_to_the_last_bit() -> None:
    episodes = [episode(1), [], episode(2)]
    scenes = [steps[0].state.scene if steps else episodes[0][0].state.scene for steps in episodes]
    back = unpack(there_and_back(pack(episodes)), scenes)
    assert [len(steps) for steps in back] == [len(steps) for steps in episodes]
    for was, now in zip(chain(*episodes), chain(*back), strict=True):
        assert now.state.scene in scenes
        assert now.chosen == was.chosen
        assert_equal(now.rewards, was.rewards)
        for field in dataclasses.fields(LineState):
            if field.name != "scene":
                assert_equal(getattr(now.state, field.name), getattr(was.state, field.name))


def test_nothing_is_kept_as_nothing() -> None:
    assert unpack(there_and_back(pack([])), []) == []
    assert unpack(there_and_back(pack([[]])), [episode(1)[0].state.scene]) == [[]]


def test_numbers_take_as_few_bytes_as_they_need_and_booleans_a_bit() -> None:
    steps = episode(1)
    columns = pack([steps])["columns"]
    kept_as = {name: column["kept_as"] for name, column in columns.items()}
    assert (kept_as["breaks"], kept_as["cells"], kept_as["chosen"]) == ("uint8", "int16", "int8")
    assert kept_as["facts"] == "float32"
    assert len(columns["breaks"]["values"]) < len(steps) * 16 * 16 // 8
