"""`Landscape`: what it keeps, and that it refuses whatever must not burn, saying where and what to do."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fuelbreak.bands import FUEL_MODELS
from fuelbreak.errors import LandscapeError
from fuelbreak.landscape import NON_BURNABLE_FUEL_MODELS, Landscape
from fuelbreak.synthetic import generate_landscape

Make = Callable[..., Landscape]
SHAPE = (6, 8)
ROW, COLUMN = 2, 5
GRIDS = (
    "slope_deg",
    "aspect_deg",
    "elevation_m",
    "canopy_cover",
    "canopy_height_m",
    "canopy_base_height_m",
    "canopy_bulk_density_kg_m3",
)


def with_one_cell(make: Make, field: str, value: float) -> dict[str, Any]:
    """The field as the sound landscape has it, with one cell replaced."""
    grid = np.array(getattr(make(), field), dtype=np.float64)
    grid[ROW, COLUMN] = value
    return {field: grid}


@pytest.mark.parametrize(
    ("field", "value", "band", "words"),
    [
        ("slope_deg", np.nan, "slp", "nan"),
        ("slope_deg", np.inf, "slp", "inf"),
        ("slope_deg", -1, "slp", "negative"),
        ("slope_deg", 90, "slp", "slope_units='percent'"),
        ("slope_deg", 250, "slp", "slope_units='percent'"),
        ("slope_deg", -9999, "slp", "nodata"),
        ("aspect_deg", np.nan, "asp", "nan"),
        ("aspect_deg", -2, "asp", "-1 where flat"),
        ("aspect_deg", -0.5, "asp", "nearest neighbour"),
        ("aspect_deg", 361, "asp", "modulo 360"),
        ("aspect_deg", 32767, "asp", "nodata"),
        ("elevation_m", np.nan, "dem", "nan"),
        ("elevation_m", -9999, "dem", "nodata"),
        ("elevation_m", 12000, "dem", "feet"),
        ("elevation_m", -700, "dem", "nodata"),
        ("canopy_cover", np.nan, "cc", "nan"),
        ("canopy_cover", -0.1, "cc", "negative"),
        ("canopy_cover", 45, "cc", "percent"),
        ("canopy_height_m", np.nan, "ch", "nan"),
        ("canopy_height_m", -1, "ch", "negative"),
        ("canopy_height_m", 190, "ch", "divide by 10"),
        ("canopy_height_m", 0, "cbh", "above the canopy height"),
        ("canopy_base_height_m", np.nan, "cbh", "nan"),
        ("canopy_base_height_m", -0.3, "cbh", "negative"),
        ("canopy_base_height_m", 130, "cbh", "divide by 10"),
        ("canopy_base_height_m", 19.5, "cbh", "above the canopy height"),
        ("canopy_bulk_density_kg_m3", np.nan, "cbd", "nan"),
        ("canopy_bulk_density_kg_m3", -0.1, "cbd", "negative"),
        ("canopy_bulk_density_kg_m3", 8, "cbd", "divide by 100"),
        ("fuel_model", 0, "fbfm", "unknown"),
        ("fuel_model", 50, "fbfm", "unknown"),
        ("fuel_model", 110, "fbfm", "unknown"),
        ("fuel_model", 250, "fbfm", "unknown"),
        ("fuel_model", 298, "fbfm", "unknown"),
        ("fuel_model", 165.5, "fbfm", "unknown"),
        ("fuel_model", -1, "fbfm", "unknown"),
        ("fuel_model", -9999, "fbfm", "nodata"),
        ("fuel_model", 32767, "fbfm", "nodata"),
        ("fuel_model", np.nan, "fbfm", "nan"),
    ],
)
def test_names_band_cell_and_remedy(
    landscape_with: Make, field: str, value: float, band: str, words: str
) -> None:
    with pytest.raises(LandscapeError) as caught:
        landscape_with(**with_one_cell(landscape_with, field, value))
    error = caught.value
    assert (error.file, error.band, error.row, error.column) == ("here", band, ROW, COLUMN)
    assert words in error.reason


def test_names_the_first_of_several_cells(landscape_with: Make) -> None:
    fuel = np.full(SHAPE, 102)
    fuel[4, 1] = fuel[1, 6] = fuel[1, 7] = 77
    with pytest.raises(LandscapeError, match=r"^here: band fbfm: row 1, column 6: fuel model 77 is unknown"):
        landscape_with(fuel_model=fuel)


def test_refuses_cover_without_height(landscape_with: Make) -> None:
    changes = with_one_cell(landscape_with, "canopy_height_m", 0) | with_one_cell(
        landscape_with, "canopy_base_height_m", 0
    )
    with pytest.raises(LandscapeError, match=r"cover 0\.45 without canopy height") as caught:
        landscape_with(**changes)
    assert (caught.value.band, caught.value.row, caught.value.column) == ("cc", ROW, COLUMN)


def test_refuses_a_landscape_that_cannot_burn(landscape_with: Make) -> None:
    with pytest.raises(LandscapeError, match="no cell can burn"):
        landscape_with(fuel_model=np.full(SHAPE, 98))


@pytest.mark.parametrize("field", GRIDS)
def test_refuses_a_layer_of_another_shape(landscape_with: Make, field: str) -> None:
    with pytest.raises(LandscapeError, match=r"shape \(6, 7\) differs"):
        landscape_with(**{field: np.zeros((6, 7))})


@pytest.mark.parametrize("shape", [(48,), (0, 8), (2, 6, 8)])
def test_refuses_what_is_not_a_grid(landscape_with: Make, shape: tuple[int, ...]) -> None:
    with pytest.raises(LandscapeError, match=r"is not \(H, W\)"):
        landscape_with(fuel_model=np.zeros(shape))


@pytest.mark.parametrize("dtype", [np.complex128, bool, object, "U8"])
def test_refuses_what_is_no_real_number(landscape_with: Make, dtype: Any) -> None:
    with pytest.raises(LandscapeError, match="not a real number"):
        landscape_with(slope_deg=np.zeros(SHAPE).astype(dtype))


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            lambda rise: 100 * rise,
            r"band slp: by the elevation the slope is in percent.*arctan\(slope / 100\)",
        ),
        (lambda rise: rise, r"band slp: by the elevation the slope is in rise over run.*arctan\(slope\)"),
    ],
    ids=["percent", "rise over run"],
)
def test_refuses_slopes_and_aspects_that_the_elevation_shows_to_be_something_else(
    landscape_with: Make, said: Callable[[np.ndarray], np.ndarray], words: str
) -> None:
    hills = generate_landscape(3, 24)
    with pytest.raises(LandscapeError, match=words):
        replace(hills, slope_deg=said(np.tan(np.radians(hills.slope_deg))))
    with pytest.raises(LandscapeError, match="band asp: by the elevation the aspect points uphill: turn it"):
        replace(hills, aspect_deg=np.where(hills.aspect_deg < 0, -1.0, (hills.aspect_deg + 180) % 360))
    flat = np.full(SHAPE, 100.0)  # says nothing, and is no ground to refuse
    assert landscape_with(slope_deg=np.full(SHAPE, 40.0), elevation_m=flat).slope_deg.max() == 40


@pytest.mark.parametrize(
    ("firelines", "words"),
    [
        (np.zeros((3, *SHAPE)), r"shape \(3, 6, 8\)"),
        (np.zeros(SHAPE), r"shape \(6, 8\)"),
        (np.full((4, *SHAPE), np.nan), "nan"),
    ],
)
def test_refuses_wrong_fire_lines(landscape_with: Make, firelines: np.ndarray, words: str) -> None:
    with pytest.raises(LandscapeError, match=words):
        landscape_with(firelines=firelines)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"cell_size_m": 0.0}, "not positive"),
        ({"cell_size_m": float("nan")}, "not positive"),
        ({"transform": (30.0, 0.0, 5.0, 0.0, 30.0, 5.0)}, "not north-up"),
        ({"transform": (30.0, 1.0, 5.0, 1.0, -30.0, 5.0)}, "not north-up"),
        ({"transform": (30.0, 0.0, 5.0, 0.0, -20.0, 5.0)}, "must be square"),
        ({"transform": (10.0, 0.0, 5.0, 0.0, -10.0, 5.0)}, "cell_size_m is 30"),
        ({"transform": (30.0, 0.0, float("inf"), 0.0, -30.0, 5.0)}, "finite"),
    ],
)
def test_refuses_cells_that_are_not_square_and_north_up(
    landscape_with: Make, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(LandscapeError, match=words):
        landscape_with(**changes)


def test_accepts_every_code_of_anderson_and_of_scott_and_burgan(landscape_with: Make) -> None:
    assert len(FUEL_MODELS) == 13 + 40 + len(NON_BURNABLE_FUEL_MODELS)
    for code in FUEL_MODELS - set(NON_BURNABLE_FUEL_MODELS):
        assert landscape_with(fuel_model=np.full(SHAPE, code)).burnable.all()


def test_burnable_leaves_out_all_non_burnable_codes(landscape_with: Make) -> None:
    fuel = np.full(SHAPE, 102)
    fuel[0, : len(NON_BURNABLE_FUEL_MODELS)] = NON_BURNABLE_FUEL_MODELS
    burnable = landscape_with(fuel_model=fuel).burnable
    assert not burnable[0, : len(NON_BURNABLE_FUEL_MODELS)].any()
    assert burnable.sum() == fuel.size - len(NON_BURNABLE_FUEL_MODELS)


def test_keeps_read_only_contiguous_copies(landscape_with: Make) -> None:
    slope = np.asfortranarray(np.full(SHAPE, 12.0))
    landscape = landscape_with(slope_deg=slope)
    slope[:] = 80
    assert landscape.slope_deg.max() == 12
    for field in (*GRIDS, "fuel_model", "firelines"):
        grid = getattr(landscape, field)
        assert grid.flags.c_contiguous
        assert grid.dtype == (np.int16 if field == "fuel_model" else np.float32)
        with pytest.raises(ValueError, match="read-only"):
            grid[0] = 0


@pytest.mark.parametrize("again", [copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_copies_are_read_only_too(landscape_with: Make, again: Callable[[Landscape], Landscape]) -> None:
    landscape = landscape_with()
    other = again(landscape)
    assert np.array_equal(other.fuel_model, landscape.fuel_model)
    assert not any(getattr(other, field).flags.writeable for field in (*GRIDS, "fuel_model", "firelines"))


def test_a_window_lies_where_it_was_cut(landscape_with: Make) -> None:
    landscape = landscape_with(transform=(30.0, 0.0, 1000.0, 0.0, -30.0, 5000.0), crs="EPSG:32611")
    window = landscape.window(2, 3, 3, 4)
    assert window.name == "here[2,3]"
    assert window.shape == (3, 4)
    assert window.crs == "EPSG:32611"
    assert window.transform == (30.0, 0.0, 1000.0 + 3 * 30, 0.0, -30.0, 5000.0 - 2 * 30)
    assert np.array_equal(window.elevation_m, landscape.elevation_m[2:5, 3:7])
    assert np.array_equal(window.firelines, landscape.firelines[:, 2:5, 3:7])


@pytest.mark.parametrize("where", [(-1, 0, 3, 3), (0, 0, 0, 3), (4, 0, 3, 3), (0, 6, 3, 3)])
def test_a_window_must_lie_inside(landscape_with: Make, where: tuple[int, int, int, int]) -> None:
    with pytest.raises(LandscapeError, match="does not fit into 6x8 cells"):
        landscape_with().window(*where)


def test_says_in_one_line_what_it_is(landscape_with: Make) -> None:
    assert repr(landscape_with()) == "Landscape('here', 6x8 cells of 30 m, crs='')"


def test_the_default_transform_follows_the_cell_size(landscape_with: Make) -> None:
    landscape = landscape_with(cell_size_m=10.0)
    assert landscape.transform == (10.0, 0.0, 0.0, 0.0, -10.0, 0.0)
    assert landscape.cell_area_ha == pytest.approx(0.01)


def test_a_worker_that_unpickles_a_landscape_does_not_load_rasterio(landscape_with: Make) -> None:
    check = (
        "import pickle, sys; landscape = pickle.load(sys.stdin.buffer); "
        "assert landscape.shape == (6, 8); assert 'rasterio' not in sys.modules"
    )
    subprocess.run(
        [sys.executable, "-c", check], input=pickle.dumps(landscape_with()), check=True, timeout=60
    )
