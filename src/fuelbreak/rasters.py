"""Reading and writing landscapes as GeoTIFF tiles.

    ROOT/cropped_raster/<suffix>/cropped_raster_<i>_<suffix>.tif     slp asp dem cc cbd cbh ch fbfm
                                                                     and, where there are any, fireline_*

`load_landscapes` reads a set of tiles, `read_folder` one folder of whole layers, `write_landscape` writes a tile.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from fuelbreak import tile_cache
from fuelbreak.bands import FIRELINE_SUFFIXES, SUFFIXES
from fuelbreak.canopy_units import doubt_canopy_units
from fuelbreak.errors import LandscapeError
from fuelbreak.geotiff import write_raster
from fuelbreak.landfire import SlopeUnits, decode, encode, resolve_slope_units
from fuelbreak.landscape import Landscape
from fuelbreak.layers import Layers, read_layers, split_name

__all__ = [
    "find_folders",
    "find_tiles",
    "load_landscapes",
    "read_folder",
    "tile_path",
    "write_landscape",
    "write_tile",
]

_UNITS: Mapping[str, str] = {
    "slp": "degrees",
    "asp": "degrees",
    "dem": "m",
    "cc": "percent",
    "cbd": "100*kg/m3",
    "cbh": "10*m",
    "ch": "10*m",
}
_T = TypeVar("_T")
_TILE_NAME = re.compile(r"cropped_raster_(\d+)_(\w+)\.tif")


def load_landscapes(
    root: str | os.PathLike[str],
    *,
    slope_units: SlopeUnits = "auto",
    cache: bool = True,
    progress: bool | None = None,
    limit: int | None = None,
) -> list[Landscape]:
    """Read all tiles under ``root``, sorted by index.

    Args:
        root: Folder that holds ``cropped_raster/``.
        slope_units: "degrees", "percent", or "auto": by the files' tags, else by the elevation layers.
        cache: Keep what was read in ``root/landscapes.cache.npz`` and use it while the tiles' names, sizes and
            modification times stay the same. Without permission to write there, reading goes on without.
        progress: Show a progress bar on stderr; None = where stderr is a terminal.
        limit: Read only the first ``limit`` tiles.

    Returns:
        One landscape per tile, named by its index.

    Raises:
        LandscapeError: There is no tile, or one of them cannot be used; names file, band, cell and remedy.
    """
    root = Path(root)
    tiles = find_tiles(root)
    key = tile_cache.key_of((path for files in tiles.values() for path in files.values()), slope_units)
    kept = tile_cache.load(root, key) if cache else None
    if kept is not None:
        return kept[:limit]
    wanted = list(tiles.items())[:limit]
    places = [
        read_layers(str(index), files) for index, files in _with_progress(wanted, "Loading rasters", progress)
    ]
    doubt_canopy_units(places)
    units = resolve_slope_units(places, slope_units)
    landscapes = [decode(place, unit) for place, unit in zip(places, units, strict=True)]
    if cache and len(wanted) == len(tiles):
        tile_cache.save(root, key, landscapes)
    return landscapes


def read_folder(folder: str | os.PathLike[str], *, slope_units: SlopeUnits = "auto") -> Landscape:
    """Read one folder of layers ``<name>_<suffix>.tif``, or one file of all eight, as one landscape.

    Args:
        folder: Holds the eight layers of one place; or a landscape file as LANDFIRE and FlamMap write it (.tif, .lcp).
        slope_units: As in `load_landscapes`.

    Returns:
        The landscape, named as its files are.

    Raises:
        LandscapeError: The folder holds none or several places, or the layers cannot be used.
    """
    found = find_folders(folder)
    if len(found) != 1:
        raise LandscapeError(
            f"holds layers of {len(found)} places ({', '.join(found)}); give the folder of one",
            file=str(folder),
        )
    ((name, files),) = found.items()
    place = read_layers(name, files)
    doubt_canopy_units([place])
    return decode(place, resolve_slope_units([place], slope_units)[0])


def write_landscape(landscape: Landscape, root: str | os.PathLike[str], index: int) -> None:
    """Write a landscape as tile ``index`` under ``root``, in LANDFIRE's units and without loss.

    An existing tile of this index is replaced. All layers are written beside their places before the first of
    them is moved there.

    Args:
        landscape: What to write.
        root: Folder that holds (or will hold) ``cropped_raster/``.
        index: Number of the tile, 0 or more.

    Raises:
        LandscapeError: A canopy value is finer than LANDFIRE's steps.
    """
    write_tile(encode(landscape), root, index)


def write_tile(
    layers: Layers, root: str | os.PathLike[str], index: int, tags: Mapping[str, str] | None = None
) -> None:
    """Write layers, as they are, as tile ``index`` under ``root``.

    Args:
        layers: In LANDFIRE's units; its ``slope_units`` goes into the slope file's tag.
        root: Folder that holds (or will hold) ``cropped_raster/``.
        index: Number of the tile, 0 or more.
        tags: Further tags for each file.
    """
    units = {**_UNITS, "slp": layers.slope_units}
    moves = {_part(path): path for path in (tile_path(root, index, suffix) for suffix in layers.grids)}
    try:
        for (part, path), (suffix, grid) in zip(moves.items(), layers.grids.items(), strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_raster(
                part, grid, layers.crs, layers.transform, units=units.get(suffix, ""), tags=tags or {}
            )
        for part, path in moves.items():
            part.replace(path)
    finally:
        for part in moves:
            part.unlink(missing_ok=True)
    for suffix in set(FIRELINE_SUFFIXES) - set(layers.grids):
        tile_path(root, index, suffix).unlink(missing_ok=True)  # of a tile that stood here before


def tile_path(root: str | os.PathLike[str], index: int, suffix: str) -> Path:
    """Where the layer ``suffix`` of tile ``index`` lies under ``root``."""
    return Path(root) / "cropped_raster" / suffix / f"cropped_raster_{index}_{suffix}.tif"


def find_tiles(root: str | os.PathLike[str]) -> dict[int, dict[str, Path]]:
    """List the tiles under ``root``: index -> suffix -> file, sorted by index.

    Raises:
        LandscapeError: There is no tile.
    """
    tiles: dict[int, dict[str, Path]] = {}
    for suffix in (*SUFFIXES, *FIRELINE_SUFFIXES):
        with suppress(FileNotFoundError, NotADirectoryError):
            for entry in sorted((Path(root) / "cropped_raster" / suffix).iterdir()):
                match = _TILE_NAME.fullmatch(entry.name)
                if match and match[2] == suffix:
                    tiles.setdefault(int(match[1]), {})[suffix] = entry
    if not tiles:
        raise LandscapeError(
            f"no tile cropped_raster/<suffix>/cropped_raster_<i>_<suffix>.tif; make some with python -m "
            f"fuelbreak.synthetic {root}, or cut them with python -m fuelbreak.tiles SRC {root}",
            file=str(root),
        )
    return dict(sorted(tiles.items()))


def find_folders(source: str | os.PathLike[str]) -> dict[str, dict[str, Path]]:
    """List the places whose layers ``<name>_<suffix>.tif`` lie in ``source`` or in folders directly below it.

    Returns:
        Name -> suffix -> file, sorted by name. Where ``source`` is a file that holds all layers, it alone.

    Raises:
        LandscapeError: ``source`` is not there, holds no layer, or two folders hold layers of the same name.
    """
    source = Path(source)
    if source.is_file():
        return {source.stem: dict.fromkeys(SUFFIXES, source)}
    if not source.is_dir():
        raise LandscapeError(
            "is not there; give a folder that holds <name>_<suffix>.tif, or a file of all layers",
            file=str(source),
        )
    places: dict[str, dict[str, Path]] = {}
    for path in sorted([*source.iterdir(), *source.glob("*/*")]):
        named = split_name(path.name)
        if named is None:
            continue
        layers = places.setdefault(named[0], {})
        if named[1] in layers:
            raise LandscapeError(f"is there twice, also as {layers[named[1]]}; rename one", file=str(path))
        layers[named[1]] = path
    if not places:
        raise LandscapeError("holds no layer <name>_<suffix>.tif, nor do its folders", file=str(source))
    return dict(sorted(places.items()))


def _part(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def _with_progress(items: list[_T], what: str, progress: bool | None) -> Iterator[_T]:
    if not (sys.stderr.isatty() if progress is None else progress):
        yield from items
        return
    from rich.console import Console  # a quarter of this module's import time, and rarely needed
    from rich.progress import track

    yield from track(items, what, console=Console(stderr=True))
