"""Landscapes on which the best plan is known, and some on which it is not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.synthetic import generate_landscape

GRASS, ROCK = 102, 99

CALM_DAY = Weather(wind_speed_10m_km_h=0.0, duration_min=100_000.0)


def flat_landscape(fuel: np.ndarray, name: str = "flat") -> Landscape:
    """Flat grass where `fuel` is True, bare rock elsewhere."""
    even = np.zeros(fuel.shape, np.float32)
    return Landscape(
        name=name,
        slope_deg=even,
        aspect_deg=even,
        elevation_m=even,
        canopy_cover=even,
        canopy_height_m=even,
        canopy_base_height_m=even,
        canopy_bulk_density_kg_m3=even,
        fuel_model=np.where(fuel, GRASS, ROCK).astype(np.int16),
        firelines=np.zeros((4, *fuel.shape), np.float32),
    )


@pytest.fixture(scope="session")
def flat() -> Callable[..., Landscape]:
    """`flat(fuel)`: flat grass where the bool array `fuel` is True, bare rock elsewhere."""
    return flat_landscape


@pytest.fixture(scope="session")
def calm_day() -> Weather:
    """No wind, and time to burn whatever can be reached."""
    return CALM_DAY


@pytest.fixture(scope="session")
def corridor() -> Landscape:
    """A corridor of grass one cell wide and 21 long: a break in its middle, at column 10, saves most."""
    fuel = np.zeros((3, 21), bool)
    fuel[1] = True
    return flat_landscape(fuel, "corridor")


@pytest.fixture(scope="session")
def two_rooms() -> Landscape:
    """Two rooms of 9 x 7 cells of grass with a wall of rock between them and a door at row 4, column 7."""
    fuel = np.ones((9, 15), bool)
    fuel[:, 7] = False
    fuel[4, 7] = True
    return flat_landscape(fuel, "two rooms")


@pytest.fixture(scope="session")
def landscapes() -> list[Landscape]:
    """Three synthetic landscapes of 24 x 24 cells, one of each region."""
    regions = ("southern_california", "northern_california", "new_england")
    return [generate_landscape(seed, 24, region=region) for seed, region in enumerate(regions)]
