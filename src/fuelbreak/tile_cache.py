"""A set of tiles in one file, so that thousands of small GeoTIFFs are opened once.

The file says by a key which tiles (names, sizes, modification times) and which reader it was made from. One that is
stale or damaged is ignored and made anew; it is written beside its place and moved there, so it is never half there.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fuelbreak.bands import FIELD_OF_BAND
from fuelbreak.landscape import Landscape

__all__ = ["CACHE_NAME", "key_of", "load", "save"]

CACHE_NAME = "landscapes.cache.npz"
_SCHEMA = 1  # raise it when what is read from the same files changes
_LOG = logging.getLogger(__name__)
_DAMAGED = (OSError, ValueError, KeyError, IndexError, EOFError, zipfile.BadZipFile, zlib.error)


def key_of(paths: Iterable[Path], slope_units: str) -> str:
    """Digest of the tiles' folders, names, sizes and modification times, and of how they are read.

    Args:
        paths: Every file of the set, in a fixed order.
        slope_units: As given to the reader.

    Returns:
        64 hexadecimal digits.
    """
    digest = hashlib.sha256(f"{_SCHEMA} {slope_units}".encode())
    for path in paths:
        stat = path.stat()
        digest.update(f"\n{path.parent.name}/{path.name} {stat.st_size} {stat.st_mtime_ns}".encode())
    return digest.hexdigest()


def load(root: Path, key: str) -> list[Landscape] | None:
    """The landscapes kept under ``root``, checked again; None where nothing usable of this key is kept."""
    path = root / CACHE_NAME
    try:
        with np.load(path, allow_pickle=False) as kept:
            return _unpack(kept) if str(kept["key"]) == key else None
    except FileNotFoundError:
        return None
    except _DAMAGED as error:
        _LOG.info("%s is damaged (%s); reading the tiles", path, error)
        return None


def save(root: Path, key: str, landscapes: Sequence[Landscape]) -> None:
    """Keep ``landscapes`` under ``root``; where that is not possible, say so and go on."""
    try:
        part = root / f".{CACHE_NAME}.{secrets.token_hex(4)}"
        try:
            with part.open("xb") as target:
                np.savez(target, allow_pickle=False, **_pack(key, landscapes))
            part.replace(root / CACHE_NAME)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        _LOG.warning("cannot keep a cache in %s (%s); the tiles will be read again next time", root, error)


def _pack(key: str, landscapes: Sequence[Landscape]) -> dict[str, npt.NDArray[Any]]:
    lined = [landscape.firelines for landscape in landscapes if landscape.firelines.any()]
    return {
        "key": np.array(key),
        "name": np.array([landscape.name for landscape in landscapes]),
        "crs": np.array([landscape.crs for landscape in landscapes]),
        "shape": np.array([landscape.shape for landscape in landscapes], dtype=np.int64),
        "cell_size_m": np.array([landscape.cell_size_m for landscape in landscapes]),
        "transform": np.array([landscape.transform for landscape in landscapes]),
        "has_firelines": np.array([bool(landscape.firelines.any()) for landscape in landscapes]),
        "firelines": _joined(lined, np.float32),
    } | {
        field: _joined([getattr(each, field) for each in landscapes], None)
        for field in FIELD_OF_BAND.values()
    }


def _joined(grids: Sequence[npt.NDArray[Any]], empty_dtype: Any) -> npt.NDArray[Any]:
    return np.concatenate([grid.ravel() for grid in grids]) if grids else np.empty(0, empty_dtype)


def _unpack(kept: Any) -> list[Landscape]:
    arrays = {name: kept[name] for name in kept.files}
    landscapes, cell, line_cell = [], 0, 0
    for i, (height, width) in enumerate(arrays["shape"].tolist()):
        size = height * width
        fields = {
            field: arrays[field][cell : cell + size].reshape(height, width)
            for field in FIELD_OF_BAND.values()
        }
        lines = np.zeros((4, height, width), dtype=np.float32)
        if arrays["has_firelines"][i]:
            lines = arrays["firelines"][line_cell : line_cell + 4 * size].reshape(4, height, width)
            line_cell += 4 * size
        cell += size
        landscapes.append(
            Landscape(
                name=str(arrays["name"][i]),
                **fields,
                firelines=lines,
                cell_size_m=float(arrays["cell_size_m"][i]),
                crs=str(arrays["crs"][i]),
                transform=tuple(arrays["transform"][i].tolist()),
            )
        )
    return landscapes
