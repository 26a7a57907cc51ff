"""Plans and files: which landscape to plan for, and breaks as a GeoTIFF that lies where the landscape lies."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fuelbreak.errors import LandscapeError
from fuelbreak.geotiff import write_raster
from fuelbreak.landfire import decode, resolve_slope_units
from fuelbreak.landscape import Landscape
from fuelbreak.layers import read_layers
from fuelbreak.rasters import find_tiles, read_folder

__all__ = ["read_place", "write_breaks"]


def read_place(rasters: Path, tile: int | None = None) -> Landscape:
    """Read one landscape.

    Args:
        rasters: Folder of one place's layers, or one that holds ``cropped_raster/``.
        tile: Index of the tile in the latter case.

    Returns:
        The landscape.

    Raises:
        LandscapeError: It cannot be used, or it is not clear which one is meant.
    """
    holds_tiles = (rasters / "cropped_raster").is_dir()
    if not holds_tiles and tile is None:
        return read_folder(rasters)
    tiles = find_tiles(rasters)
    if tile not in tiles:
        asked = "say which with --tile" if tile is None else f"there is no tile {tile}"
        raise LandscapeError(f"holds tiles {min(tiles)} to {max(tiles)}; {asked}", file=str(rasters))
    place = read_layers(str(tile), tiles[tile])
    return decode(place, resolve_slope_units([place], "auto")[0])


def write_breaks(
    path: Path, landscape: Landscape, breaks: npt.NDArray[np.bool_], tags: Mapping[str, str]
) -> None:
    """Write breaks as a GeoTIFF of int16: 1 = break, 0 = none, with the landscape's CRS and transform.

    Args:
        path: File to create, or to replace once the new one is complete.
        landscape: Where the breaks lie.
        breaks: bool (H, W).
        tags: Further tags of the file.

    Raises:
        LandscapeError: The file cannot be written.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        write_raster(part, breaks.astype(np.int16), landscape.crs, landscape.transform, tags=tags)
        part.replace(path)
    except OSError as error:
        raise LandscapeError(
            f"cannot be written ({error}); choose a folder that exists", file=str(path)
        ) from error
    finally:
        part.unlink(missing_ok=True)
