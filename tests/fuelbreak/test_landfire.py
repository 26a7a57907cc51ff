"""LANDFIRE's units to ours and back, and which unit a slope layer has: asked for, tagged, told, or assumed aloud."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fuelbreak.bands import FIELD_OF_BAND, FUEL_MODELS
from fuelbreak.errors import LandscapeError
from fuelbreak.landfire import decode, encode
from fuelbreak.landscape import Landscape
from fuelbreak.rasters import load_landscapes, read_folder

RawMake = Callable[..., Any]
RISE = np.tan(np.radians(20))


def whole_numbers(low: int, high: int) -> st.SearchStrategy[np.ndarray]:
    return arrays(np.int16, (3, 4), elements=st.integers(low, high))


@given(
    angles=st.tuples(whole_numbers(0, 89), whole_numbers(-1, 360), whole_numbers(-500, 9000)),
    canopy=st.tuples(
        whole_numbers(1, 100), whole_numbers(0, 1200), whole_numbers(0, 1200), whole_numbers(0, 100)
    ),
    fuel=arrays(np.int16, (3, 4), elements=st.sampled_from(sorted(FUEL_MODELS))),
)
def test_every_whole_number_that_landfire_stores_comes_back(
    angles: tuple[np.ndarray, ...], canopy: tuple[np.ndarray, ...], fuel: np.ndarray
) -> None:
    cover, one, other, density = canopy
    fuel[0, 0] = 102  # something burns
    stored = dict(zip(("slp", "asp", "dem"), angles, strict=True)) | {
        "cc": np.where(np.maximum(one, other) > 0, cover, 0),
        "cbd": density,
        "cbh": np.minimum(one, other),
        "ch": np.maximum(one, other),
        "fbfm": fuel,
    }
    scale = {"cc": 100, "cbd": 100, "cbh": 10, "ch": 10}
    fields: dict[str, Any] = {
        field: stored[band] / scale.get(band, 1) for band, field in FIELD_OF_BAND.items()
    }
    landscape = Landscape(name="any", **fields, firelines=np.zeros((4, 3, 4), dtype=np.float32))
    layers = encode(landscape)
    for band, grid in stored.items():
        np.testing.assert_array_equal(layers.grids[band], grid, err_msg=band)
        assert layers.grids[band].dtype == np.int16
    again = decode(layers, "degrees")
    for field in FIELD_OF_BAND.values():
        np.testing.assert_array_equal(getattr(again, field), getattr(landscape, field), err_msg=field)


def place_with_slope(raw_layers: RawMake, value: float, *, elevation_tells: bool, **tags: str) -> Any:
    layers = raw_layers(rows=20, columns=20)
    layers.grids["slp"] = np.full((20, 20), value, dtype=np.float32)
    if not elevation_tells:
        layers.grids["dem"] = np.full((20, 20), 100, dtype=np.int16)
    layers.slope_tags = tags
    return layers


@pytest.mark.parametrize(("stored", "unit"), [(20.0, "degrees"), (100 * RISE, "percent")])
@pytest.mark.parametrize("asked", ["auto", "same"])
def test_the_elevation_tells_the_unit(
    tmp_path: Path, raw_layers: RawMake, stored: float, unit: Any, asked: str
) -> None:
    layers = place_with_slope(raw_layers, stored, elevation_tells=True)
    landscape = read_folder(layers.write(tmp_path, "place"), slope_units="auto" if asked == "auto" else unit)
    assert landscape.slope_deg == pytest.approx(20, abs=1e-4)


@pytest.mark.parametrize(
    ("tags", "degrees"),
    [
        ({"UNITS": "Percent"}, 11.3099),
        ({"DESCRIPTION": "LF2020_SlpP_220"}, 11.3099),
        ({"UNITS": "degrees"}, 20.0),
        ({"DESCRIPTION": "LF2020_SlpD_220"}, 20.0),
    ],
)
def test_tags_tell_the_unit(
    tmp_path: Path, raw_layers: RawMake, tags: dict[str, str], degrees: float
) -> None:
    layers = place_with_slope(raw_layers, 20, elevation_tells=False, **tags)
    assert read_folder(layers.write(tmp_path, "place")).slope_deg == pytest.approx(degrees, abs=1e-3)


def test_values_over_90_are_percent_where_nothing_else_tells(tmp_path: Path, raw_layers: RawMake) -> None:
    layers = place_with_slope(raw_layers, 100, elevation_tells=False)
    assert read_folder(layers.write(tmp_path, "place")).slope_deg == pytest.approx(45)


def test_degrees_are_assumed_aloud_where_nothing_tells(
    tmp_path: Path, raw_layers: RawMake, caplog: pytest.LogCaptureFixture
) -> None:
    layers = place_with_slope(raw_layers, 20, elevation_tells=False)
    with caplog.at_level(logging.WARNING):
        assert read_folder(layers.write(tmp_path, "place")).slope_deg == pytest.approx(20)
    assert "read as degrees" in caplog.text


@pytest.mark.parametrize(
    ("stored", "asked", "tags", "words"),
    [
        (20.0, "percent", {}, "to be read as percent, but by the elevation layer its values are degrees"),
        (100 * RISE, "degrees", {}, "say slope_units='percent'"),
        (RISE, "degrees", {}, "rise over run; multiply the layer by 100"),
        (RISE, "auto", {}, "rise over run; multiply the layer by 100"),
        (100 * RISE, "auto", {"UNITS": "degrees"}, "its values are percent"),
    ],
)
def test_a_unit_that_the_elevation_contradicts_is_refused(
    tmp_path: Path, raw_layers: RawMake, stored: float, asked: Any, tags: dict[str, str], words: str
) -> None:
    layers = place_with_slope(raw_layers, stored, elevation_tells=True, **tags)
    with pytest.raises(LandscapeError, match=words) as caught:
        read_folder(layers.write(tmp_path, "place"), slope_units=asked)
    assert (caught.value.file, caught.value.band) == (str(tmp_path / "place_slp.tif"), "slp")


def test_one_flat_tile_of_a_set_in_percent_is_read_as_percent_too(
    tmp_path: Path, raw_layers: RawMake
) -> None:
    place_with_slope(raw_layers, 100 * RISE, elevation_tells=True).write_tile(tmp_path, 0)
    place_with_slope(raw_layers, 3.0, elevation_tells=False).write_tile(tmp_path, 1)
    steep, flat = load_landscapes(tmp_path)
    assert steep.slope_deg == pytest.approx(20, abs=1e-4)
    assert flat.slope_deg == pytest.approx(np.degrees(np.arctan(0.03)))


@pytest.mark.parametrize("name", ["socal_a", "norcal_a", "vermont_a", "norcal_c", "sierra_a"])
def test_real_folders_are_in_degrees_and_may_not_be_read_as_percent(real_landscapes: Path, name: str) -> None:
    by_itself = read_folder(real_landscapes / name)
    asked_for = read_folder(real_landscapes / name, slope_units="degrees")
    np.testing.assert_array_equal(by_itself.slope_deg, asked_for.slope_deg)
    with pytest.raises(LandscapeError, match="its values are degrees"):
        read_folder(real_landscapes / name, slope_units="percent")


def test_an_unknown_unit_is_a_usage_error(tmp_path: Path, raw_layers: RawMake) -> None:
    with pytest.raises(ValueError, match="choose 'auto', 'degrees' or 'percent'"):
        read_folder(raw_layers().write(tmp_path, "place"), slope_units="radians")  # type: ignore[arg-type]
