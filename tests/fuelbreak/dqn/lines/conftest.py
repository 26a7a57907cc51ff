"""Flat grass to draw lines on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from fuelbreak.landscape import Landscape

GRASS, ROCK = 102, 99
EVEN_LAYERS = (
    *("slope_deg", "aspect_deg", "elevation_m", "canopy_cover"),
    *("canopy_height_m", "canopy_base_height_m", "canopy_bulk_density_kg_m3"),
)


@pytest.fixture(scope="session")
def grass() -> Callable[[np.ndarray], Landscape]:
    """`grass(fuel)`: flat grass where the bool array `fuel` is True, bare rock elsewhere."""

    def make(fuel: np.ndarray) -> Landscape:
        return Landscape(
            name="grass",
            fuel_model=np.where(fuel, GRASS, ROCK).astype(np.int16),
            firelines=np.zeros((4, *fuel.shape), np.float32),
            **dict.fromkeys(EVEN_LAYERS, np.zeros(fuel.shape, np.float32)),
        )

    return make


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)
