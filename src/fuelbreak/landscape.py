"""`Landscape`: the frozen arrays that everything else reads, in physical units that stand in their names.

Rows run as in a GeoTIFF: row 0 is north, column 0 is west. This is so in every array of this package.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

__all__ = ["NON_BURNABLE_FUEL_MODELS", "Landscape"]

FloatGrid = npt.NDArray[np.float32]

NON_BURNABLE_FUEL_MODELS = (91, 92, 93, 98, 99)
"""FBFM40: NB1 urban, NB2 snow/ice, NB3 agriculture, NB8 water, NB9 bare ground."""


@dataclass(frozen=True, eq=False)
class Landscape:
    """One landscape of H x W square cells; arrays are read-only and C-contiguous, row 0 = north.

    Attributes:
        name: How messages call it (a tile's index or a folder's name).
        slope_deg: float32 (H, W), degrees from horizontal.
        aspect_deg: float32 (H, W), the way the slope faces, clockwise from north; -1 = flat.
        elevation_m: float32 (H, W).
        canopy_cover: float32 (H, W), fraction 0..1.
        canopy_height_m: float32 (H, W).
        canopy_base_height_m: float32 (H, W).
        canopy_bulk_density_kg_m3: float32 (H, W).
        fuel_model: int16 (H, W), FBFM40 (or Anderson 13) codes; 91-99 do not burn.
        firelines: float32 (4, H, W), existing fire lines as seen from north, east, south, west; zeros without.
        cell_size_m: Edge of a cell in metres.
        crs: Coordinate reference system as rasterio prints it ("EPSG:32611"); "" where unknown.
        transform: The six affine coefficients of the GeoTIFF (a, b, c, d, e, f).

    Raises:
        LandscapeError: From the constructor, naming the band and the first offending cell.
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
    transform: tuple[float, float, float, float, float, float] = field(default=(30.0, 0.0, 0.0, 0.0, -30.0, 0.0))

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W)."""
        height, width = self.fuel_model.shape
        return height, width

    @property
    def burnable(self) -> npt.NDArray[np.bool_]:
        """bool (H, W): True where fire can spread."""
        return ~np.isin(self.fuel_model, NON_BURNABLE_FUEL_MODELS)

    @property
    def cell_area_ha(self) -> float:
        """Area of one cell in hectares."""
        return self.cell_size_m**2 / 10_000.0
