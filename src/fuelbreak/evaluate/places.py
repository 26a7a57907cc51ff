"""What to judge on: tiles, or windows cut from whole layers."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fuelbreak.errors import LandscapeError
from fuelbreak.landscape import Landscape
from fuelbreak.rasters import load_landscapes
from fuelbreak.tile_sets import INDEX_NAME
from fuelbreak.tiles import cut_tiles

__all__ = ["read_places"]


def read_places(folders: Sequence[Path], size: int = 50, limit: int | None = None) -> list[Landscape]:
    """Read what lies in folders of tiles or of whole layers.

    Args:
        folders: Each holds ``cropped_raster/``, or layers ``<name>_<suffix>.tif`` (itself or its folders), from
            which windows are cut side by side.
        size: Cells along each side of a window.
        limit: Take no more than so many from each folder, spread evenly over it; None = all.

    Returns:
        Landscapes, each with a name of its own.

    Raises:
        LandscapeError: A folder holds nothing that can be used, or two hold the same.
    """
    found = [landscape for folder in folders for landscape in _spread(_read_folder(folder, size), limit)]
    names = [landscape.name for landscape in found]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise LandscapeError(f"{twice} is there twice; name each folder once, folders of one name apart")
    return found


def _read_folder(folder: Path, size: int) -> list[Landscape]:
    if (folder / "cropped_raster").is_dir():
        prefix = folder.resolve().name
        return [replace(tile, name=f"{prefix}-{tile.name}") for tile in load_landscapes(folder)]
    with tempfile.TemporaryDirectory(prefix="fuelbreak-") as cut:
        report = cut_tiles(folder, cut, size=size, overlap=0)
        if not report.written:
            raise LandscapeError(f"no tile could be cut: {'; '.join(report.lines())}", file=str(folder))
        with (Path(cut) / INDEX_NAME).open(newline="", encoding="utf-8") as index:
            names = [f"{row['source']}[{row['row']},{row['column']}]" for row in csv.DictReader(index)]
        tiles = load_landscapes(cut, cache=False, progress=False)
    return [replace(tile, name=name) for tile, name in zip(tiles, names, strict=True)]


def _spread(landscapes: list[Landscape], limit: int | None) -> list[Landscape]:
    """So many of them, evenly over the list: neighbours in it are neighbours on the map."""
    if limit is None or limit >= len(landscapes):
        return landscapes
    return [landscapes[index * len(landscapes) // limit] for index in range(limit)]
