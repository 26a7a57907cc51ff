"""Synthetic landscapes as a set of tiles on disk."""

from __future__ import annotations

import os

from fuelbreak.landfire import encode
from fuelbreak.synthetic import generate_set
from fuelbreak.tile_sets import Existing, TileSetWriter

__all__ = ["write_set"]


def write_set(
    root: str | os.PathLike[str],
    seed: int,
    count: int,
    size: int = 50,
    *,
    region: str | None = None,
    existing: Existing = "refuse",
) -> None:
    """Write ``count`` synthetic tiles under ``root``; all of them appear, or none. The same arguments, the same bytes.

    Args:
        root: Folder for ``cropped_raster/``, made where it is not there.
        seed: Of the set, as in `generate_set`.
        count: Number of tiles, 1 or more.
        size: Cells along each side.
        region: One of `fuelbreak.synthetic.REGIONS`; None = drawn for each tile.
        existing: What to do with tiles under ``root``: "refuse", "overwrite" them or "append" to them.

    Raises:
        LandscapeError: ``root`` is not empty and ``existing`` is "refuse".
        ValueError: An argument is out of range.
    """
    if count < 1:
        raise ValueError(f"count is {count}; at least one tile is needed")
    with TileSetWriter(root, existing) as tiles:
        for landscape in generate_set(seed, count, size, region=region):
            tiles.add(encode(landscape), landscape.name)
