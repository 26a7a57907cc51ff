"""What is judged on: tiles as they are, or whole layers cut side by side."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fuelbreak.errors import LandscapeError
from fuelbreak.evaluate import read_places
from fuelbreak.landscape import Landscape
from fuelbreak.rasters import write_landscape


def test_tiles_are_named_after_their_folder(tmp_path: Path, landscapes: list[Landscape]) -> None:
    for index, landscape in enumerate(landscapes):
        write_landscape(landscape, tmp_path / "north", index)
        write_landscape(landscape, tmp_path / "south", index)
    found = read_places([tmp_path / "north", tmp_path / "south"])
    assert [place.name for place in found] == ["north-0", "north-1", "south-0", "south-1"]
    assert np.array_equal(found[3].fuel_model, landscapes[1].fuel_model)
    with pytest.raises(LandscapeError, match=r"north-0 is there twice"):
        read_places([tmp_path / "north", tmp_path / "north"])


def test_whole_layers_are_cut_into_tiles_that_lie_side_by_side(
    raw_layers: Callable[..., object], tmp_path: Path
) -> None:
    raw_layers(20, 33).write(tmp_path, "valley")
    found = read_places([tmp_path], size=10)
    assert [place.name for place in found] == [
        f"valley[{row},{column}]" for row in (0, 10) for column in (0, 10, 20)
    ]
    assert {place.shape for place in found} == {(10, 10)}
    assert found[4].transform[2] == 435000 + 10 * 30
    assert [place.name for place in read_places([tmp_path], size=10, limit=2)] == [
        "valley[0,0]",
        "valley[10,0]",
    ]


def test_layers_too_small_for_a_tile_are_named(raw_layers: Callable[..., object], tmp_path: Path) -> None:
    raw_layers(6, 8).write(tmp_path, "garden")
    with pytest.raises(LandscapeError, match=r"no tile could be cut: .*smaller than 10x10"):
        read_places([tmp_path], size=10)
