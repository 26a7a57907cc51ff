"""`Landscape`: the frozen arrays that everything else reads, in physical units that stand in their names.

Rows run as in a GeoTIFF: row 0 is north, column 0 is west. This is so in every array of this package.
Nothing here imports rasterio, so that a worker that receives a landscape starts fast.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from fuelbreak.bands import FIELD_OF_BAND, NON_BURNABLE_FUEL_MODELS
from fuelbreak.errors import LandscapeError
from fuelbreak.landscape_checks import check_grids, check_placement

__all__ = ["NON_BURNABLE_FUEL_MODELS", "GeoTransform", "Landscape"]

FloatGrid = npt.NDArray[np.float32]
GeoTransform = tuple[float, float, float, float, float, float]

_UNPLACED: GeoTransform = (30.0, 0.0, 0.0, 0.0, -30.0, 0.0)


@dataclass(frozen=True, eq=False, repr=False)
class Landscape:
    """One landscape of H x W square cells; arrays are read-only and C-contiguous, row 0 = north.

    The constructor takes real numeric arrays of one shape, checks every cell, and keeps copies of its own.

    Attributes:
        name: How messages call it (a tile's index or a folder's name).
        slope_deg: float32 (H, W), degrees from horizontal, 0 <= slope < 90.
        aspect_deg: float32 (H, W), the way the slope faces, clockwise from north, 0..360; -1 = flat.
        elevation_m: float32 (H, W).
        canopy_cover: float32 (H, W), fraction 0..1.
        canopy_height_m: float32 (H, W).
        canopy_base_height_m: float32 (H, W), never above the canopy height.
        canopy_bulk_density_kg_m3: float32 (H, W).
        fuel_model: int16 (H, W), FBFM40 (or Anderson 13) codes; 91-99 do not burn.
        firelines: float32 (4, H, W), existing fire lines seen from north, east, south, west; zeros without.
        cell_size_m: Edge of a cell in metres.
        crs: Coordinate reference system as rasterio prints it ("EPSG:32611"); "" where unknown.
        transform: The six affine coefficients of the GeoTIFF (a, b, c, d, e, f). Left at its default, it
            follows ``cell_size_m`` with the origin at the north-west corner.

    Raises:
        LandscapeError: From the constructor, naming the band, the first offending cell and the remedy.
    """

    name: str
    slope_deg: FloatGrid
    aspect_deg: FloatGrid
    elevation_m: FloatGrid
    canopy_cover: FloatGrid
    canopy_height_m: FloatGrid
    canopy_base_height_m: FloatGrid
    canopy_bulk_density_kg_m3: FloatGrid
    fuel_model: npt.NDArray[np.int16]
    firelines: FloatGrid
    cell_size_m: float = 30.0
    crs: str = ""
    transform: GeoTransform = _UNPLACED

    def __post_init__(self) -> None:
        if self.transform == _UNPLACED:
            edge = float(self.cell_size_m)
            object.__setattr__(self, "transform", (edge, 0.0, 0.0, 0.0, -edge, 0.0))
        check_placement(self.name, self.cell_size_m, self.transform)
        grids = {band: np.asarray(getattr(self, field)) for band, field in FIELD_OF_BAND.items()}
        firelines = np.asarray(self.firelines)
        check_grids(self.name, grids, firelines, float(self.cell_size_m))
        for band, field in FIELD_OF_BAND.items():
            dtype = np.int16 if band == "fbfm" else np.float32
            object.__setattr__(self, field, _frozen(grids[band], dtype))
        object.__setattr__(self, "firelines", _frozen(firelines, np.float32))

    def __repr__(self) -> str:
        height, width = self.shape
        return f"Landscape({self.name!r}, {height}x{width} cells of {self.cell_size_m:g} m, crs={self.crs!r})"

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        for value in state.values():
            if isinstance(value, np.ndarray):
                value.setflags(write=False)  # unpickled arrays are writeable

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W)."""
        height, width = self.fuel_model.shape
        return height, width

    @property
    def burnable(self) -> npt.NDArray[np.bool_]:
        """True where fire can spread, bool (H, W)."""
        return ~np.isin(self.fuel_model, NON_BURNABLE_FUEL_MODELS)

    @property
    def cell_area_ha(self) -> float:
        """Area of one cell in hectares."""
        return self.cell_size_m**2 / 10_000.0

    def window(self, row: int, column: int, height: int, width: int, *, name: str | None = None) -> Landscape:
        """The rectangle whose north-west cell is (``row``, ``column``), georeferenced where it lies.

        Args:
            row: First row, 0 = north.
            column: First column, 0 = west.
            height: Rows, in cells.
            width: Columns, in cells.
            name: Name of the new landscape; ``NAME[row,column]`` by default.

        Returns:
            A landscape of shape (``height``, ``width``) with arrays of its own.

        Raises:
            LandscapeError: The window reaches outside, is empty, or has no burnable cell.
        """
        rows, columns = self.shape
        if min(row, column) < 0 or min(height, width) < 1 or row + height > rows or column + width > columns:
            raise LandscapeError(
                f"a window of {height}x{width} cells at row {row}, column {column} does not fit into "
                f"{rows}x{columns} cells; choose one that lies inside",
                file=self.name,
            )
        part = np.s_[..., row : row + height, column : column + width]
        grids = {field: getattr(self, field)[part] for field in (*FIELD_OF_BAND.values(), "firelines")}
        a, b, c, d, e, f = self.transform
        moved = (a, b, c + column * a + row * b, d, e, f + column * d + row * e)
        return replace(self, name=name or f"{self.name}[{row},{column}]", transform=moved, **grids)


def _frozen(values: npt.NDArray[Any], dtype: type) -> npt.NDArray[Any]:
    copy: npt.NDArray[Any] = np.array(values, dtype=dtype, order="C")
    copy.setflags(write=False)
    return copy
