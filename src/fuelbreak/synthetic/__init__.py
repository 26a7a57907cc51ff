"""Synthetic landscapes that look like LANDFIRE's, so that nothing need be downloaded.

Terrain is a random field with a natural spectrum; slope and aspect follow from it; fuel models lie in correlated
patches that know high from low and north from south; roads and water cut them; canopy layers fit the fuels. The
same seed gives the same landscape.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from fuelbreak.landscape import Landscape
from fuelbreak.synthetic.canopy import make_canopy
from fuelbreak.synthetic.fuels import make_fuels
from fuelbreak.synthetic.noise import grid_edge
from fuelbreak.synthetic.regions import REGIONS
from fuelbreak.synthetic.relief import make_relief

__all__ = ["REGIONS", "generate_landscape", "generate_set"]


def generate_landscape(
    seed: int, size: int = 50, *, region: str | None = None, cell_size_m: float = 30.0
) -> Landscape:
    """Draw one landscape.

    Args:
        seed: 0 or more; the same seed gives the same landscape.
        size: Cells along each side, 8 or more.
        region: One of `REGIONS`; None = drawn with the seed.
        cell_size_m: Edge of a cell.

    Returns:
        A landscape of ``size`` x ``size`` cells without fire lines and without a place on earth (no CRS), whose
        values are in LANDFIRE's steps.

    Raises:
        ValueError: An argument is out of range.
    """
    if seed < 0 or size < 8:
        raise ValueError(f"seed {seed} and size {size}: seed must be 0 or more, size 8 or more")
    if region is not None and region not in REGIONS:
        raise ValueError(f"region {region!r} is unknown; choose one of {', '.join(REGIONS)}")
    first, relief_rng, fuel_rng, canopy_rng = (
        np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(4)
    )
    kind = REGIONS[region or str(first.choice(list(REGIONS)))]
    edge, corner = grid_edge(size), np.s_[:size, :size]
    relief = make_relief(relief_rng, kind, edge, size, cell_size_m)
    fuel = make_fuels(fuel_rng, kind, relief, size)
    canopy = make_canopy(canopy_rng, kind, fuel, edge)
    return Landscape(
        name=f"synthetic-{seed}",
        slope_deg=_single(relief.slope_deg[corner]),
        aspect_deg=_single(relief.aspect_deg[corner]),
        elevation_m=_single(relief.elevation_m[corner]),
        canopy_cover=_single(canopy.cover_percent / 100.0),
        canopy_height_m=_single(canopy.height_dm / 10.0),
        canopy_base_height_m=_single(canopy.base_height_dm / 10.0),
        canopy_bulk_density_kg_m3=_single(canopy.bulk_density / 100.0),
        fuel_model=fuel,
        firelines=np.zeros((4, size, size), dtype=np.float32),
        cell_size_m=cell_size_m,
    )


def generate_set(seed: int, count: int, size: int = 50, *, region: str | None = None) -> Iterator[Landscape]:
    """Draw ``count`` landscapes; sets of different seeds have no landscape in common.

    Args:
        seed: Of the set, 0 or more.
        count: Number of landscapes; the first ones are the same for every count.
        size: Cells along each side.
        region: One of `REGIONS`; None = drawn for each landscape.

    Yields:
        Landscapes in the order of their index.
    """
    for index in range(count):
        own = int(np.random.SeedSequence([seed, index]).generate_state(1, np.uint64)[0])
        yield generate_landscape(own, size, region=region)


def _single(grid: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    return grid.astype(np.float32)
