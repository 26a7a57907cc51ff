"""Landscapes to burn, and the reference figures beside the checkout."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fuelbreak.landscape import Landscape
from fuelbreak.rasters import read_folder

Make = Callable[..., Landscape]


@pytest.fixture(scope="session")
def make_landscape() -> Make:
    """Even landscapes: `make_landscape((H, W), fuel_model=102, slope_deg=20.0, ...)`, values or whole arrays."""

    def make(shape: tuple[int, int] = (21, 21), **fields: Any) -> Landscape:
        cell_size_m = fields.pop("cell_size_m", 30.0)
        even = {
            "slope_deg": 0.0,
            "aspect_deg": 0.0,
            "elevation_m": 100.0,
            "canopy_cover": 0.0,
            "canopy_height_m": 0.0,
            "canopy_base_height_m": 0.0,
            "canopy_bulk_density_kg_m3": 0.0,
            "fuel_model": 102,
        } | fields
        grids = {name: np.broadcast_to(value, shape) for name, value in even.items()}
        grids["fuel_model"] = grids["fuel_model"].astype(np.int16)
        grids = {k: v if k == "fuel_model" else v.astype(np.float32) for k, v in grids.items()}
        return Landscape(
            name="test", firelines=np.zeros((4, *shape), np.float32), cell_size_m=cell_size_m, **grids
        )

    return make


@pytest.fixture(scope="session")
def real_tile(real_landscapes: Path) -> Callable[[str, int, int], Landscape]:
    """Windows of 50 x 50 real cells: `real_tile("socal_a", row, column)`."""
    whole = {}

    def cut(name: str, row: int, column: int) -> Landscape:
        if name not in whole:
            whole[name] = read_folder(real_landscapes / name)
        return whole[name].window(row, column, 50, 50)

    return cut


@pytest.fixture(scope="session")
def oracle(root: Path) -> Path:
    """The folder of reference figures beside the checkout; the test is skipped where it is absent."""
    folder = root.parent / "shared" / "data" / "oracle"
    if not folder.is_dir():
        pytest.skip(f"no reference figures at {folder}")
    return folder
