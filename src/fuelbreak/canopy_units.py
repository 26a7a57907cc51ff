"""Doubts about canopy layers whose values are possible, and yet look like another unit than LANDFIRE's.

They are said in the log and not refused: a thin young wood is no mistake, and only who made the layers can tell.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fuelbreak.layers import Layers

__all__ = ["doubt_canopy_units"]

_LOG = logging.getLogger(__name__)
_ENOUGH_CELLS = 40
_LOW_TREES_DM = 25.0  # LANDFIRE's lowest class is 3 m
_CLASSES_OF_COVER = 4.0  # FARSITE's old classes are 1 to 4, LANDFIRE's lowest cover is 10 %


def doubt_canopy_units(places: Sequence[Layers]) -> None:
    """Warn where the canopy of all places together looks like metres, classes, fractions or rounded-down densities.

    Args:
        places: Layers in LANDFIRE's units, or so it is hoped.
    """
    trees = [_under_trees(place) for place in places]
    cover, height, density = (np.concatenate([each[band] for each in trees]) for band in range(3))
    if cover.size < _ENOUGH_CELLS:
        return
    where = str(places[0].files.get("fbfm", places[0].name))
    if np.median(height) < _LOW_TREES_DM:
        _LOG.warning(
            "%s: band ch: half of the trees are at most %.1f m high; LANDFIRE stores 10*m: if these are metres, "
            "multiply by 10",
            where,
            np.median(height) / 10.0,
        )
    if cover.max() <= _CLASSES_OF_COVER:
        _LOG.warning(
            "%s: band cc: no cover is above %g %%; LANDFIRE stores percent: if these are classes or fractions, convert "
            "them",
            where,
            cover.max(),
        )
    if not density.any():
        _LOG.warning(
            "%s: band cbd: no bulk density under any tree, so no crown fire; LANDFIRE stores 100*kg/m3: if these are "
            "kg/m3 as whole numbers, get the layer anew",
            where,
        )


def _under_trees(place: Layers) -> tuple[npt.NDArray[np.float64], ...]:
    """Cover, height and density of the cells that have a cover, each float64 (n,), in the file's units."""
    grids = place.grids
    is_tree = (grids["cc"] > 0) & ~place.any_missing
    return tuple(grids[band][is_tree].astype(np.float64) for band in ("cc", "ch", "cbd"))
