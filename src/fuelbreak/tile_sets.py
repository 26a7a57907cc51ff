"""Making a set of tiles: all of it appears, or nothing changes.

OUT/.tiles-<pid>-*/...    where everything is written first
OUT/cropped_raster/...    where it is moved once the last tile is complete
OUT/tiles.csv             what each tile is: index, source, row, column
"""

from __future__ import annotations

import csv
import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Literal

import psutil

from fuelbreak.errors import LandscapeError
from fuelbreak.layers import Layers
from fuelbreak.rasters import find_tiles, tile_path, write_tile

__all__ = ["INDEX_NAME", "Existing", "TileSetWriter"]

INDEX_NAME = "tiles.csv"
_STAGING, _REPLACED = ".tiles-", "replaced"
Existing = Literal["refuse", "overwrite", "append"]
_COLUMNS = ("index", "source", "row", "column")


class TileSetWriter:
    """Writes tiles beside their place and moves them there when the ``with`` block ends without an error.

    Tiles that are already there are kept until then, whatever happens.

    Attributes:
        next_index: Index that the next tile gets.

    Raises:
        LandscapeError: From the constructor: ``root`` holds tiles and ``existing`` is "refuse", or ``root`` is a file.
    """

    def __init__(self, root: str | os.PathLike[str], existing: Existing = "refuse") -> None:
        self._root, self._existing = Path(root), existing
        if self._root.exists() and not self._root.is_dir():
            raise LandscapeError("is not a folder; choose another target", file=str(root))
        _clear_leftovers(self._root)
        occupied = _occupied(self._root)
        if occupied and existing == "refuse":
            raise LandscapeError(
                f"is not empty ({occupied.name} is there); say --overwrite to replace its tiles, --append to add to "
                "them, or choose another folder",
                file=str(root),
            )
        self._kept = _read_index(self._root) if existing == "append" else []
        added_to = existing == "append" and any(self._root.glob("cropped_raster/*/*.tif"))
        tiles = find_tiles(self._root) if added_to else {}
        self.next_index = max(tiles, default=-1) + 1
        self._staging = self._root / f"{_STAGING}{os.getpid()}-{secrets.token_hex(4)}"
        self._new: list[dict[str, str]] = []

    def __enter__(self) -> TileSetWriter:
        self._staging.mkdir(parents=True)
        return self

    def add(self, layers: Layers, source: str, row: int = 0, column: int = 0) -> int:
        """Write one tile; it appears in the set when the ``with`` block ends.

        Args:
            layers: What to write, in LANDFIRE's units.
            source: What it was cut from or made by, for ``tiles.csv`` and the files' tags.
            row: Row of its north-west cell in the source.
            column: Column of that cell.

        Returns:
            The tile's index.
        """
        index = self.next_index
        entry = {"index": str(index), "source": source, "row": str(row), "column": str(column)}
        tags = {f"FUELBREAK_{name.upper()}": value for name, value in entry.items() if name != "index"}
        write_tile(layers, self._staging, index, tags)
        self._new.append(entry)
        self.next_index += 1
        return index

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None and self._new:
                self._publish()
        finally:
            shutil.rmtree(self._staging, ignore_errors=True)

    def _publish(self) -> None:
        with (self._staging / INDEX_NAME).open("w", newline="", encoding="utf-8") as target:
            table = csv.DictWriter(target, _COLUMNS, lineterminator="\n")
            table.writeheader()
            table.writerows([*self._kept, *self._new])
        if self._existing == "append":
            self._move_tiles()
        else:
            self._swap_folders()
        (self._staging / INDEX_NAME).replace(self._root / INDEX_NAME)

    def _swap_folders(self) -> None:
        old, new = self._root / "cropped_raster", self._staging / "cropped_raster"
        if self._existing == "overwrite" and old.exists():
            old.rename(self._staging / _REPLACED)
        new.rename(old)  # fails where another writer has been faster

    def _move_tiles(self) -> None:
        for index, files in find_tiles(self._staging).items():
            for suffix, path in files.items():
                target = tile_path(self._root, index, suffix)
                target.parent.mkdir(parents=True, exist_ok=True)
                path.replace(target)


def _clear_leftovers(root: Path) -> None:
    """Remove what killed writers left, and put back tiles that one had moved aside."""
    for folder in root.glob(f"{_STAGING}*"):
        writer = folder.name.removeprefix(_STAGING).partition("-")[0]
        if writer.isdigit() and not psutil.pid_exists(int(writer)):
            if (folder / _REPLACED).exists() and not (root / "cropped_raster").exists():
                (folder / _REPLACED).rename(root / "cropped_raster")  # killed between the two moves of a swap
            shutil.rmtree(folder, ignore_errors=True)


def _occupied(root: Path) -> Path | None:
    """The first thing that lies in ``root``; leftovers of killed writers do not count."""
    entries = sorted(root.iterdir()) if root.exists() else []
    return next((entry for entry in entries if not entry.name.startswith(_STAGING)), None)


def _read_index(root: Path) -> list[Mapping[str, str]]:
    path = root / INDEX_NAME
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as source:
        return list(csv.DictReader(source))
