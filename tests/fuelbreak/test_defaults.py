"""What a run is trained on: tiles, or layers as they are where windows are cut from them."""

from __future__ import annotations

from pathlib import Path

import pytest

from fuelbreak.defaults import whole_landscapes
from fuelbreak.errors import LandscapeError
from fuelbreak.rasters import tile_path, write_landscape
from fuelbreak.synthetic import generate_landscape

SUFFIXES = ("slp", "asp", "dem", "cc", "cbd", "cbh", "ch", "fbfm")


@pytest.fixture
def tiles(tmp_path: Path) -> Path:
    for index, size in enumerate((12, 16)):
        write_landscape(generate_landscape(index, size), tmp_path / "tiles", index)
    return tmp_path / "tiles"


@pytest.fixture
def layers(tmp_path: Path, tiles: Path) -> Path:
    """Two places, each in a folder of its own."""
    for index, name in enumerate(("north", "south")):
        folder = tmp_path / "layers" / name
        folder.mkdir(parents=True)
        for suffix in SUFFIXES:
            tile_path(tiles, index, suffix).rename(folder / f"{name}_{suffix}.tif")
    return tmp_path / "layers"


def test_tiles_are_read_as_tiles(tiles: Path) -> None:
    assert [(each.name, each.shape) for each in whole_landscapes(tiles)] == [("0", (12, 12)), ("1", (16, 16))]


def test_layers_are_taken_whole_from_a_folder_of_folders_or_from_one(layers: Path) -> None:
    found = [(each.name, each.shape) for each in whole_landscapes(layers)]
    assert found == [("north", (12, 12)), ("south", (16, 16))]
    assert [each.name for each in whole_landscapes(layers / "south")] == ["south"]


def test_a_folder_of_neither_is_an_error_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(LandscapeError, match=str(tmp_path)):
        whole_landscapes(tmp_path)
