"""The embedded default landscapes, made once where a script is given no rasters of its own."""

from __future__ import annotations

from pathlib import Path

from fuelbreak.landscape import Landscape
from fuelbreak.rasters import load_landscapes
from fuelbreak.synthetic.files import write_set

__all__ = ["heldout_landscapes", "training_landscapes"]

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


def heldout_landscapes(rasters: Path | str | None = None) -> list[Landscape]:
    """Like `training_landscapes`, but of other seeds, written to ``data/heldout``."""
    if rasters is None:
        return _load_or_generate(_HELDOUT_RASTERS, _HELDOUT_COUNT, _HELDOUT_SEED)
    return load_landscapes(rasters)


def _load_or_generate(root: Path, count: int, seed: int) -> list[Landscape]:
    if not (root / "cropped_raster").is_dir():
        write_set(root, seed, count)
    return load_landscapes(root)
