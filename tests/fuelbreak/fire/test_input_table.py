"""Wrong input is said at once, with layer, cell and remedy, and never burned: one row per mistake.

The fire library that the original environment used raised nothing for nearly all of these. What only files can get
wrong has its rows where they are read: a unit of slope that the elevation contradicts (`test_landfire.py`), the tag's
nodata, CRS, transform and unreadable layers (`test_rasters.py`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fuelbreak.errors import FuelBreakError, LandscapeError, SimulationError, WeatherError
from fuelbreak.fire.fire_set import FireSet
from fuelbreak.fire.ignitions import nearest_burnable, sample_ignitions
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape

Make = Callable[..., Landscape]

SHAPE = (6, 8)
ROW, COLUMN = 3, 5
CANOPY = {
    "canopy_cover": 0.6,
    "canopy_height_m": 12.0,
    "canopy_base_height_m": 2.0,
    "canopy_bulk_density_kg_m3": 0.12,
}


def one_cell(field: str, value: float) -> Callable[[Make], object]:
    """A wooded landscape with one wrong value at (ROW, COLUMN)."""

    def build(make: Make) -> object:
        even: dict[str, Any] = {
            "fuel_model": 165,
            "slope_deg": 5.0,
            "aspect_deg": 90.0,
            "elevation_m": 300.0,
            **CANOPY,
        }
        grid = np.full(SHAPE, even[field], np.int32 if field == "fuel_model" else np.float32)
        grid[ROW, COLUMN] = value
        if field != "fuel_model":
            return make(SHAPE, **(even | {field: grid}))
        return replace(make(SHAPE, **even), fuel_model=grid)

    return build


def layer(field: str, grid: np.ndarray) -> Callable[[Make], object]:
    return lambda make: replace(make(SHAPE), **{field: grid})


def weather(**values: Any) -> Callable[[Make], object]:
    return lambda make: Weather(**values)


def fire(ignition: Any, breaks: Any = None) -> Callable[[Make], object]:
    def build(make: Make) -> object:
        fuel = np.full(SHAPE, 102)
        fuel[ROW, COLUMN] = 98
        return FireSimulator(make(SHAPE, fuel_model=fuel)).burned_cells(np.array(ignition), breaks)

    return build


def code(value: int) -> tuple[Callable[[Make], object], type[FuelBreakError], str]:
    return (
        one_cell("fuel_model", value),
        LandscapeError,
        f"band fbfm: row 3, column 5: fuel model {value} is unknown: use",
    )


AT = "row 3, column 5: "

TABLE: dict[str, tuple[Callable[[Make], object], type[FuelBreakError], str]] = {
    "fuel code 0": code(0),
    "fuel code 50": code(50),
    "fuel code 250": code(250),
    "fuel code 298, no Scott & Burgan model": code(298),
    "fuel code 14, past Anderson's": code(14),
    "fuel code negative": code(-1),
    "fuel nodata -9999": (one_cell("fuel_model", -9999), LandscapeError, f"band fbfm: {AT}nodata (-9999)"),
    "fuel nodata 32767": (one_cell("fuel_model", 32767), LandscapeError, f"band fbfm: {AT}nodata (32767)"),
    "no burnable cell": (lambda make: make(SHAPE, fuel_model=99), LandscapeError, "no cell can burn"),
    "slope NaN": (one_cell("slope_deg", math.nan), LandscapeError, f"band slp: {AT}the value is nan: fill"),
    "slope infinite": (one_cell("slope_deg", math.inf), LandscapeError, f"band slp: {AT}the value is inf"),
    "slope 90": (
        one_cell("slope_deg", 90.0),
        LandscapeError,
        f"band slp: {AT}90 degrees is above 89.99: 90 or more",
    ),
    "slope in percent": (
        one_cell("slope_deg", 120.0),
        LandscapeError,
        "if the layer is in percent, say slope_units",
    ),
    "slope negative": (one_cell("slope_deg", -3.0), LandscapeError, f"band slp: {AT}-3 degrees is below 0"),
    "slope nodata": (one_cell("slope_deg", -9999), LandscapeError, f"band slp: {AT}nodata (-9999) inside"),
    "aspect NaN": (one_cell("aspect_deg", math.nan), LandscapeError, f"band asp: {AT}the value is nan"),
    "aspect 361": (
        one_cell("aspect_deg", 361.0),
        LandscapeError,
        f"band asp: {AT}361 degrees is above 360: aspect",
    ),
    "aspect -2": (
        one_cell("aspect_deg", -2.0),
        LandscapeError,
        f"band asp: {AT}-2 degrees is below -1: aspect",
    ),
    "aspect -0.5, resampled": (one_cell("aspect_deg", -0.5), LandscapeError, "use nearest neighbour"),
    "elevation NaN": (one_cell("elevation_m", math.nan), LandscapeError, f"band dem: {AT}the value is nan"),
    "elevation in feet": (
        one_cell("elevation_m", 14_000.0),
        LandscapeError,
        f"band dem: {AT}14000 m is above 9000",
    ),
    "cover in percent": (
        one_cell("canopy_cover", 60.0),
        LandscapeError,
        f"band cc: {AT}60 as a fraction is above 1",
    ),
    "cover negative": (
        one_cell("canopy_cover", -0.1),
        LandscapeError,
        f"band cc: {AT}-0.1 as a fraction is below 0",
    ),
    "cover NaN": (one_cell("canopy_cover", math.nan), LandscapeError, f"band cc: {AT}the value is nan"),
    "cover without height": (
        one_cell("canopy_height_m", 0.0),
        LandscapeError,
        "lies above the canopy height",
    ),
    "cover on bare ground": (
        lambda make: make(SHAPE, canopy_cover=0.5),
        LandscapeError,
        "band cc: row 0, column 0: canopy cover 0.5 without canopy height",
    ),
    "height unscaled": (
        one_cell("canopy_height_m", 180.0),
        LandscapeError,
        f"band ch: {AT}180 m is above 120",
    ),
    "height NaN": (
        one_cell("canopy_height_m", math.nan),
        LandscapeError,
        f"band ch: {AT}the value is nan: fill",
    ),
    "height negative": (one_cell("canopy_height_m", -1.0), LandscapeError, f"band ch: {AT}-1 m is below 0"),
    "base unscaled": (
        one_cell("canopy_base_height_m", 20.0),
        LandscapeError,
        f"band cbh: {AT}canopy base at 20 m",
    ),
    "base unscaled, over any tree": (
        one_cell("canopy_base_height_m", 130.0),
        LandscapeError,
        f"band cbh: {AT}130 m is above 120: no canopy begins so high: LANDFIRE stores 10*m, so divide by 10",
    ),
    "base NaN": (
        one_cell("canopy_base_height_m", math.nan),
        LandscapeError,
        f"band cbh: {AT}the value is nan",
    ),
    "base negative": (
        one_cell("canopy_base_height_m", -1.0),
        LandscapeError,
        f"band cbh: {AT}-1 m is below 0",
    ),
    "density unscaled": (
        one_cell("canopy_bulk_density_kg_m3", 12.0),
        LandscapeError,
        f"band cbd: {AT}12 kg/m3 is above 1: no canopy is so dense: LANDFIRE stores 100*kg/m3",
    ),
    "density negative": (
        one_cell("canopy_bulk_density_kg_m3", -0.1),
        LandscapeError,
        f"band cbd: {AT}-0.1 kg/m3",
    ),
    "density NaN": (
        one_cell("canopy_bulk_density_kg_m3", math.nan),
        LandscapeError,
        f"band cbd: {AT}the value is",
    ),
    "layer of another shape": (
        layer("slope_deg", np.zeros((6, 7))),
        LandscapeError,
        "(6, 7) differs from (6, 8)",
    ),
    "layer of one dimension": (layer("aspect_deg", np.zeros(48)), LandscapeError, "shape (48,) differs"),
    "layer of text": (layer("elevation_m", np.full(SHAPE, "high")), LandscapeError, "band dem: dtype <U4"),
    "layer of complex numbers": (
        layer("slope_deg", np.zeros(SHAPE, complex)),
        LandscapeError,
        "dtype complex128",
    ),
    "moisture in percent": (
        weather(moisture_1h=6.0),
        WeatherError,
        "moisture_1h is 6.0, outside (0, 3]: 6 looks like",
    ),
    "moisture over 3": (
        weather(moisture_live_woody=3.01),
        WeatherError,
        "moisture_live_woody is 3.01, outside (0, 3]",
    ),
    "moisture negative": (
        weather(moisture_10h=-0.1),
        WeatherError,
        "moisture_10h is -0.1, outside (0, 3]: give a",
    ),
    "moisture NaN": (weather(moisture_100h=math.nan), WeatherError, "moisture_100h is nan, outside (0, 3]"),
    "herbs in percent": (
        weather(moisture_live_herbaceous=60.0),
        WeatherError,
        "60 looks like percent: divide by 100",
    ),
    "foliar moisture in percent": (
        weather(foliar_moisture=100.0),
        WeatherError,
        "foliar_moisture is 100.0, outside",
    ),
    "foliar moisture negative": (
        weather(foliar_moisture=-1.0),
        WeatherError,
        "foliar_moisture is -1.0, outside (0, 3]: give a fraction of dry mass",
    ),
    "moisture zero": (weather(moisture_1h=0.0), WeatherError, "moisture_1h is 0.0, outside (0, 3]"),
    "moisture of text": (
        weather(moisture_1h="dry"),
        WeatherError,
        "moisture_1h is 'dry', which is no number",
    ),
    "wind negative": (
        weather(wind_speed_10m_km_h=-5.0),
        WeatherError,
        "wind_speed_10m_km_h is -5.0, outside [0, 150]",
    ),
    "wind NaN": (weather(wind_speed_10m_km_h=math.nan), WeatherError, "wind_speed_10m_km_h is nan"),
    "wind over 150 km/h": (
        weather(wind_speed_10m_km_h=151.0),
        WeatherError,
        "outside [0, 150]: give it in km/h",
    ),
    "wind direction 400": (
        weather(upwind_direction_deg=400.0),
        WeatherError,
        "upwind_direction_deg is 400.0, outside",
    ),
    "wind direction NaN": (
        weather(upwind_direction_deg=math.nan),
        WeatherError,
        "upwind_direction_deg is nan, outside [0, 360]: give degrees clockwise from north",
    ),
    "duration NaN": (weather(duration_min=math.nan), WeatherError, "duration_min is nan, outside (0, inf]"),
    "duration zero": (
        weather(duration_min=0.0),
        WeatherError,
        "duration_min is 0.0, outside (0, inf]: give minutes",
    ),
    "duration negative": (weather(duration_min=-60.0), WeatherError, "duration_min is -60.0, outside"),
    "ignition below the grid": (
        fire([[6, 0]]),
        SimulationError,
        "ignition 0 at row 6, column 0 is outside the grid",
    ),
    "ignition negative": (
        fire([[0, 0], [0, -1]]),
        SimulationError,
        "ignition 1 at row 0, column -1 is outside",
    ),
    "ignition on water": (
        fire([[ROW, COLUMN]]),
        SimulationError,
        "row 3, column 5 is on a cell that cannot burn",
    ),
    "ignition between cells": (
        fire([[1.5, 2.0]]),
        SimulationError,
        "ignitions are float64 (1, 2); give integers",
    ),
    "ignitions in columns": (
        fire([[1, 2, 3], [4, 5, 6]]),
        SimulationError,
        "ignitions are int64 (2, 3); give integers",
    ),
    "breaks as numbers": (
        fire([[0, 0]], np.zeros(SHAPE, int)),
        SimulationError,
        "breaks are int64 (6, 8); give a bool",
    ),
    "breaks transposed": (
        fire([[0, 0]], np.zeros((8, 6), bool)),
        SimulationError,
        "breaks are bool (8, 6); give a bool",
    ),
    "new break off the grid": (
        lambda make: FireSet(FireSimulator(make(SHAPE)), np.array([[0, 0]])).add_breaks(np.array([[0, 8]])),
        SimulationError,
        "break at row 0, column 8 is outside the 6 x 8 cells",
    ),
    "point off the grid": (
        lambda make: nearest_burnable(make(SHAPE), [[9, 9]]),
        SimulationError,
        "row 9, column 9 is",
    ),
    "break off the grid, negative": (
        lambda make: FireSet(FireSimulator(make(SHAPE)), np.array([[0, 0]])).add_breaks(np.array([[-1, 0]])),
        SimulationError,
        "break at row -1, column 0 is outside the 6 x 8 cells",
    ),
    "ignition probability of another shape": (
        lambda make: sample_ignitions(make(SHAPE), 1, np.random.default_rng(0), np.ones((8, 6))),
        SimulationError,
        "ignition probability is (8, 6), not (6, 8)",
    ),
    "ignition probability NaN": (
        lambda make: sample_ignitions(make(SHAPE), 1, np.random.default_rng(0), np.full(SHAPE, math.nan)),
        SimulationError,
        "ignition probability at row 0, column 0 is nan",
    ),
}


@pytest.mark.parametrize("mistake", TABLE)
def test_mistakes_are_named(make_landscape: Make, mistake: str) -> None:
    build, error, message = TABLE[mistake]
    with pytest.raises(error, match=re.escape(message)):
        build(make_landscape)


def test_dead_needles_only_warn() -> None:
    with pytest.warns(UserWarning, match="foliar_moisture 0.1 is that of dead needles"):
        Weather(foliar_moisture=0.10)


def test_arrays_of_any_layout_burn_alike(make_landscape: Make) -> None:
    """Fortran order, strides and other dtypes are no mistake: the landscape takes them as they are meant."""
    rng = np.random.default_rng(0)
    slope = rng.uniform(0.0, 30.0, SHAPE).astype(np.float32)
    wide = np.zeros((6, 16), np.float64)
    wide[:, ::2] = slope
    plain, *others = (
        replace(make_landscape(SHAPE), slope_deg=grid)
        for grid in (slope, np.asfortranarray(slope), wide[:, ::2])
    )
    expected = FireSimulator(plain).arrival_time_min((3, 3))
    for other in others:
        assert np.array_equal(FireSimulator(other).arrival_time_min((3, 3)), expected)
