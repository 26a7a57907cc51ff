"""The embedded default landscapes, made once where a script is given no rasters of its own."""

from __future__ import annotations

from pathlib import Path

from fuelbreak.landscape import Landscape
from fuelbreak.rasters import load_landscapes
from fuelbreak.synthetic import write_landscapes

__all__ = ["HELDOUT_RASTERS", "TRAINING_RASTERS", "training_landscapes"]

TRAINING_RASTERS = Path("data/default")
HELDOUT_RASTERS = Path("data/heldout")

_TRAINING_COUNT, _TRAINING_SEED = 32, 0
_HELDOUT_COUNT, _HELDOUT_SEED = 8, 1_000_000


def training_landscapes(rasters: Path | str | None = None) -> list[Landscape]:
    """The landscapes under `rasters`; without it the default ones, written to ``data/default`` if they are not there.

    Raises:
        LandscapeError: `rasters` holds no usable tiles.
    """
    if rasters is None:
        return _load_or_generate(TRAINING_RASTERS, _TRAINING_COUNT, _TRAINING_SEED)
    return load_landscapes(rasters)


def heldout_landscapes(rasters: Path | str | None = None) -> list[Landscape]:
    """Like `training_landscapes`, but of other seeds, written to ``data/heldout``."""
    if rasters is None:
        return _load_or_generate(HELDOUT_RASTERS, _HELDOUT_COUNT, _HELDOUT_SEED)
    return load_landscapes(rasters)


def _load_or_generate(root: Path, count: int, seed: int) -> list[Landscape]:
    if not (root / "cropped_raster").is_dir():
        write_landscapes(root, count=count, seed=seed)
    return load_landscapes(root)
