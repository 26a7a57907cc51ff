"""Layers as a careless user gives them: odd mistakes are named, and nothing that is right is refused."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine

from fuelbreak.bands import SUFFIXES
from fuelbreak.errors import LandscapeError
from fuelbreak.rasters import read_folder

RawMake = Callable[..., Any]
ODD = np.eye(12, dtype=bool)


def everywhere(value: float, dtype: Any = np.int16) -> Callable[[np.ndarray], np.ndarray]:
    return lambda grid: np.full_like(grid, value, dtype=dtype)


def somewhere(value: float, dtype: Any = np.int16) -> Callable[[np.ndarray], np.ndarray]:
    return lambda grid: np.where(ODD, value, grid).astype(dtype)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"fbfm": somewhere(0), "slp": somewhere(-9999)}, "band slp: row 0, column 0: nodata"),
        ({"fbfm": everywhere(298), "cc": everywhere(400)}, "band cc: row 0, column 0: 4 as a fraction"),
        (
            {"slp": everywhere(36), "asp": everywhere(400)},
            "band asp: row 0, column 0: 400 degrees is above 360",
        ),
        ({"ch": everywhere(13), "cbh": everywhere(190)}, "band cbh: row 0, column 0: canopy base at 19 m"),
        ({"fbfm": everywhere(45), "cc": everywhere(165)}, "band cc: row 0, column 0: 1.65 as a fraction"),
        ({"ch": everywhere(0), "cbh": everywhere(0)}, "band cc: row 0, column 0: canopy cover 0.45 without"),
        (
            {"ch": everywhere(19.5, np.float32), "cbd": everywhere(800)},
            "band ch: row 0, column 0: 19.5 is not a",
        ),
        (
            {"dem": somewhere(-3.4e38, np.float32), "asp": everywhere(-2)},
            "band asp: row 0, column 0: -2 degrees",
        ),
        ({"fbfm": somewhere(np.nan, np.float64)}, r"band fbfm: row 0, column 0: nodata \(nan\)"),
        ({"fbfm": everywhere(23)}, "band fbfm: row 0, column 0: fuel model 23 is unknown"),
        ({"fbfm": everywhere(99), "slp": everywhere(0)}, "band fbfm: no cell can burn"),
        (
            {"slp": everywhere(0.36, np.float32)},
            "band slp: .* its values are rise over run; multiply the layer by 100",
        ),
        (
            {"dem": lambda dem: (dem / 0.3048).astype(np.int16)},
            "elevation in feet; multiply the elevation by 0.3048",
        ),
        (
            {"asp": everywhere(90)},
            "band asp: by the elevation the aspect points uphill: turn it by 180 degrees",
        ),
        *(({suffix: everywhere(-9999)}, f"band {suffix}: row 0, column 0: nodata") for suffix in SUFFIXES),
    ],
)
def test_of_two_mistakes_one_is_named_with_layer_and_remedy(
    tmp_path: Path, raw_layers: RawMake, changes: dict[str, Any], words: str
) -> None:
    layers = raw_layers(12, 12)
    for suffix, change in changes.items():
        layers.grids[suffix] = change(layers.grids[suffix])
    with pytest.raises(LandscapeError, match=words):
        read_folder(layers.write(tmp_path, "place"))


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 2), (12, 12)])
@pytest.mark.parametrize(
    ("changes", "settings"),
    [
        ({}, {}),
        ({}, {"crs": None}),
        ({}, {"transform": Affine(30.0001, 0, 435000, 0, -30.0001, 3758000)}),
        ({"fbfm": everywhere(165.0, np.float32), "dem": everywhere(100.5, np.float64)}, {}),
        ({"fbfm": everywhere(8)}, {"nodata": None}),
        ({suffix: lambda grid: grid.astype(np.uint16) for suffix in SUFFIXES}, {"nodata": 65535}),
        ({"slp": everywhere(0), "asp": everywhere(-1), "dem": everywhere(-430)}, {}),
        ({"cbh": everywhere(190), "asp": everywhere(-1)}, {}),
        ({"cc": everywhere(0), "ch": everywhere(0), "cbh": everywhere(0), "cbd": everywhere(0)}, {}),
    ],
    ids=[
        "sound",
        "no CRS",
        "rounded",
        "floats",
        "Anderson",
        "unsigned",
        "flat",
        "base at the top",
        "no trees",
    ],
)
def test_what_is_unusual_and_right_is_read(
    tmp_path: Path,
    raw_layers: RawMake,
    shape: tuple[int, int],
    changes: dict[str, Any],
    settings: dict[str, Any],
) -> None:
    layers = raw_layers(*shape)
    for suffix, change in changes.items():
        layers.grids[suffix] = change(layers.grids[suffix])
    for name, value in settings.items():
        setattr(layers, name, value)
    assert read_folder(layers.write(tmp_path, "place")).shape == shape


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        (
            lambda out: setattr(out, "scales", (0.1,)),
            r"multiplied by 0\.1 and shifted by 0, which LANDFIRE's are not",
        ),
        (lambda out: setattr(out, "offsets", (100.0,)), "multiplied by 1 and shifted by 100"),
        (lambda out: out.write_mask(np.eye(6, 8) == 0), "row 0, column 0: nodata"),
    ],
    ids=["scale", "offset", "mask"],
)
def test_what_tags_and_masks_say_of_a_layer_is_not_passed_over(
    tmp_path: Path, raw_layers: RawMake, tag: Callable[[Any], None], words: str
) -> None:
    layers = raw_layers()
    layers.nodata = None
    layers.write(tmp_path, "place")
    with rasterio.open(tmp_path / "place_ch.tif", "r+") as out:
        tag(out)
    with pytest.raises(LandscapeError, match=words) as caught:
        read_folder(tmp_path)
    assert caught.value.file == str(tmp_path / "place_ch.tif")


def test_layers_that_are_not_what_they_are_named_are_refused(tmp_path: Path, raw_layers: RawMake) -> None:
    layers = raw_layers(12, 12)
    layers.grids["slp"], layers.grids["asp"] = layers.grids["asp"], layers.grids["slp"]
    with pytest.raises(LandscapeError, match="see that slp, asp and dem are the layers that they are named"):
        read_folder(layers.write(tmp_path, "place"))


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_layer_with_several_bands_is_refused(tmp_path: Path, raw_layers: RawMake) -> None:
    raw_layers().write(tmp_path, "place")
    with rasterio.open(
        tmp_path / "place_slp.tif", "w", driver="GTiff", count=8, dtype="int16", height=6, width=8
    ) as out:
        out.write(np.full((8, 6, 8), 20, np.int16))
    with pytest.raises(LandscapeError, match="8 bands where one is expected; extract the layer"):
        read_folder(tmp_path)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ch": 19, "cbh": 1}, "band ch: half of the trees are at most 1.9 m high; LANDFIRE stores 10*m"),
        (
            {"cc": 3},
            "band cc: no cover is above 3 %; LANDFIRE stores percent: if these are classes or fractions",
        ),
        ({"cbd": 0}, "band cbd: no bulk density under any tree, so no crown fire"),
        ({}, ""),
        ({"cc": 0, "ch": 0, "cbh": 0, "cbd": 0}, ""),
    ],
    ids=["metres", "classes", "densities rounded down", "sound", "no trees"],
)
def test_canopies_that_look_like_another_unit_are_doubted_in_the_log(
    tmp_path: Path,
    raw_layers: RawMake,
    changes: dict[str, int],
    words: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    layers = raw_layers()
    layers.slope_tags = {"units": "degrees"}
    for suffix, value in changes.items():
        layers.grids[suffix] = np.full((6, 8), value, np.int16)
    with caplog.at_level(logging.WARNING):
        read_folder(layers.write(tmp_path, "place"))
    assert words in caplog.text
    assert len(caplog.records) == bool(words)
