"""Small landscapes and layers that a test changes in one place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine

from fuelbreak.landscape import Landscape

ROWS, COLUMNS = 6, 8
EIGHT = ("slp", "asp", "dem", "cc", "cbd", "cbh", "ch", "fbfm")


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Small networks on one thread: on a busy machine the barriers between threads cost more than the networks do."""
    import torch  # only here: most tests of this folder do without

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def landscape_with() -> Callable[..., Landscape]:
    """A sound landscape of 6 x 8 cells with some trees; keyword arguments replace its fields."""

    def make(**changes: Any) -> Landscape:
        shape = (ROWS, COLUMNS)
        trees = np.zeros(shape, dtype=bool)
        trees[:, 4:] = True
        fields: dict[str, Any] = {
            "name": "here",
            "slope_deg": np.full(shape, 12.0),
            "aspect_deg": np.full(shape, 225.0),
            "elevation_m": np.arange(ROWS * COLUMNS, dtype=float).reshape(shape),
            "canopy_cover": np.where(trees, 0.45, 0.0),
            "canopy_height_m": np.where(trees, 19.0, 0.0),
            "canopy_base_height_m": np.where(trees, 1.3, 0.0),
            "canopy_bulk_density_kg_m3": np.where(trees, 0.08, 0.0),
            "fuel_model": np.where(trees, 165, 102),
            "firelines": np.zeros((4, *shape)),
        }
        return Landscape(**(fields | changes))

    return make


@dataclass
class RawLayers:
    """Layers as somebody else's software would write them: straight to GeoTIFF, with whatever is in them."""

    grids: dict[str, np.ndarray] = field(default_factory=dict)
    crs: str | None = "EPSG:32611"
    transform: Affine = field(default_factory=lambda: Affine(30, 0, 435000, 0, -30, 3758000))
    nodata: float | None = -9999
    slope_tags: dict[str, str] = field(default_factory=dict)

    def write(self, folder: Path, name: str, only: tuple[str, ...] = ()) -> Path:
        """``<folder>/<name>_<suffix>.tif`` for each layer."""
        for suffix in only or tuple(self.grids):
            self._write_one(folder / f"{name}_{suffix}.tif", suffix)
        return folder

    def write_tile(self, root: Path, index: int) -> Path:
        """``<root>/cropped_raster/<suffix>/cropped_raster_<i>_<suffix>.tif`` for each layer."""
        for suffix in self.grids:
            self._write_one(root / "cropped_raster" / suffix / f"cropped_raster_{index}_{suffix}.tif", suffix)
        return root

    def _write_one(self, path: Path, suffix: str) -> None:
        grid = self.grids[suffix]
        path.parent.mkdir(parents=True, exist_ok=True)
        place = {
            "height": grid.shape[0],
            "width": grid.shape[1],
            "crs": self.crs,
            "transform": self.transform,
        }
        with rasterio.open(
            path, "w", driver="GTiff", count=1, dtype=grid.dtype, nodata=self.nodata, **place
        ) as out:
            out.write(grid, 1)
            if suffix == "slp" and self.slope_tags:
                out.update_tags(**self.slope_tags)


@pytest.fixture
def raw_layers() -> Callable[..., RawLayers]:
    """Sound layers in LANDFIRE's units, ``rows`` x ``columns``: a slope of 20 degrees that faces west."""

    def make(rows: int = ROWS, columns: int = COLUMNS) -> RawLayers:
        shape = (rows, columns)
        east = np.arange(columns) * 30 * np.tan(np.radians(20))
        values: dict[str, Any] = {"slp": 20, "asp": 270, "dem": 100 + np.tile(np.rint(east), (rows, 1))}
        values |= {"cc": 45, "cbd": 8, "cbh": 13, "ch": 190, "fbfm": 165}
        return RawLayers(
            {suffix: np.broadcast_to(values[suffix], shape).astype(np.int16) for suffix in EIGHT}
        )

    return make
