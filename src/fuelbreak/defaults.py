"""The embedded default landscapes, made once where a script is given no rasters of its own."""

from __future__ import annotations

from pathlib import Path

from fuelbreak.landscape import Landscape
from fuelbreak.rasters import find_folders, load_landscapes, read_folder
from fuelbreak.synthetic.files import write_set

__all__ = ["heldout_landscapes", "training_landscapes", "whole_landscapes"]

_TRAINING_RASTERS = Path("data/default")
_HELDOUT_RASTERS = Path("data/heldout")

_TRAINING_COUNT, _TRAINING_SEED = 32, 0
_HELDOUT_COUNT, _HELDOUT_SEED = 8, 1


def training_landscapes(rasters: Path | str | None = None) -> list[Landscape]:
    """The landscapes under `rasters`; without it the default ones, written to ``data/default`` if they are not there.

    Raises:
        LandscapeError: `rasters` holds no usable tiles.
    """
    if rasters is None:
        return _load_or_generate(_TRAINING_RASTERS, _TRAINING_COUNT, _TRAINING_SEED)
    return load_landscapes(rasters)


def whole_landscapes(rasters: Path | str | None = None) -> list[Landscape]:
    """Like `training_landscapes`, but where there are no tiles, layers of any size, to cut windows from.

    Args:
        rasters: Also a folder of layers ``<name>_<suffix>.tif``, one of such folders, or one file of all layers.

    Raises:
        LandscapeError: It holds neither tiles nor layers, or some that cannot be used.
    """
    if rasters is None or (Path(rasters) / "cropped_raster").is_dir():
        return training_landscapes(rasters)
    if Path(rasters).is_file():
        return [read_folder(rasters)]
    folders = {path.parent for files in find_folders(rasters).values() for path in files.values()}
    return [read_folder(folder) for folder in sorted(folders)]


def heldout_landscapes(rasters: Path | str | None = None) -> list[Landscape]:
    """Like `training_landscapes`, but of other seeds, written to ``data/heldout``."""
    if rasters is None:
        return _load_or_generate(_HELDOUT_RASTERS, _HELDOUT_COUNT, _HELDOUT_SEED)
    return load_landscapes(rasters)


def _load_or_generate(root: Path, count: int, seed: int) -> list[Landscape]:
    if not (root / "cropped_raster").is_dir():
        write_set(root, seed, count)
    return load_landscapes(root)
