"""Regions that synthetic landscapes are drawn from: their fuels, their trees and their relief.

Shares follow LANDFIRE's fuel model layers of three places (see docs/landscapes.md for the measured figures), rounded,
so that a synthetic set looks like, and is no copy of, any one of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["REGIONS", "Fuel", "Region"]


@dataclass(frozen=True)
class Fuel:
    """One fuel model of a region.

    Attributes:
        code: FBFM40 code.
        share: Fraction of the region's cells, before roads and water.
        low: How much it keeps to low ground (standard deviations of preference per one of elevation).
        south: The same for slopes that face south.
        flat: The same for flat ground.
        trees: Share of its cells that bear trees.
        hardwood: Share of these that are hardwood, to which LANDFIRE gives a base height of 10 m and hardly
            any bulk density.
        cover_percent: Middle of its cover classes (15, 25, ..., 95).
        height_dm: Middle of its height classes (30, 70, 110, ..., 390), tenths of a metre.
    """

    code: int
    share: float
    low: float = 0.0
    south: float = 0.0
    flat: float = 0.0
    trees: float = 0.0
    hardwood: float = 0.0
    cover_percent: int = 45
    height_dm: int = 190


@dataclass(frozen=True)
class Region:
    """A kind of country.

    Attributes:
        fuels: Its fuel models; shares add up to 1.
        median_slope_deg: Of the whole region; single landscapes vary.
        valley_share: Fraction of the ground that valley floors fill.
        base_elevation_m: Of its lowest ground.
        roads: Mean number of roads that cross 50 cells.
        stream_chance: Chance that a stream crosses a landscape.
        lake_chance: Chance that its lowest ground is a lake.
    """

    fuels: tuple[Fuel, ...]
    median_slope_deg: float
    valley_share: float
    base_elevation_m: float
    roads: float
    stream_chance: float
    lake_chance: float


REGIONS: Mapping[str, Region] = {
    "southern_california": Region(
        fuels=(
            Fuel(122, 0.41, low=-0.4, flat=-0.2, trees=0.02, cover_percent=25, height_dm=110),
            Fuel(102, 0.17, low=-0.1, south=0.2),
            Fuel(101, 0.09, low=0.3, flat=0.3),
            Fuel(121, 0.04, low=0.3),
            Fuel(147, 0.03, low=-0.5, south=0.2, flat=-0.3),
            Fuel(183, 0.05, low=0.5, trees=1.0, cover_percent=45, height_dm=150),
            Fuel(182, 0.02, low=0.4, trees=1.0, hardwood=1.0, cover_percent=35, height_dm=190),
            Fuel(103, 0.01, flat=0.2),
            Fuel(163, 0.01, south=-0.3, trees=1.0, cover_percent=35, height_dm=230),
            Fuel(91, 0.15, low=0.6, flat=0.6),
            Fuel(99, 0.01),
            Fuel(93, 0.01, low=0.5, flat=0.8),
        ),
        median_slope_deg=7.5,
        valley_share=0.12,
        base_elevation_m=150.0,
        roads=0.8,
        stream_chance=0.4,
        lake_chance=0.10,
    ),
    "northern_california": Region(
        fuels=(
            Fuel(165, 0.38, south=-0.3, flat=-0.2, trees=1.0, cover_percent=55, height_dm=230),
            Fuel(147, 0.15, low=-0.5, south=0.5, flat=-0.2),
            Fuel(102, 0.12, low=0.3, south=0.3, trees=0.2, hardwood=1.0, cover_percent=35, height_dm=190),
            Fuel(188, 0.06, low=-0.2, trees=1.0, hardwood=1.0, cover_percent=55, height_dm=230),
            Fuel(184, 0.06, low=0.3, trees=1.0, hardwood=1.0, cover_percent=45, height_dm=230),
            Fuel(142, 0.05, trees=1.0, cover_percent=45, height_dm=230),
            Fuel(122, 0.03, south=-0.2, trees=0.9, cover_percent=35, height_dm=190),
            Fuel(163, 0.01, low=0.3, trees=1.0, cover_percent=35, height_dm=150),
            Fuel(93, 0.12, low=0.8, flat=0.9),
            Fuel(91, 0.02, low=0.6, flat=0.6),
        ),
        median_slope_deg=12.0,
        valley_share=0.08,
        base_elevation_m=120.0,
        roads=0.35,
        stream_chance=0.4,
        lake_chance=0.10,
    ),
    "new_england": Region(
        fuels=(
            Fuel(186, 0.60, trees=1.0, hardwood=0.7, cover_percent=75, height_dm=190),
            Fuel(143, 0.09, south=0.3, trees=1.0, hardwood=0.4, cover_percent=65, height_dm=150),
            Fuel(184, 0.075, low=0.6, trees=1.0, cover_percent=75, height_dm=190),
            Fuel(185, 0.075, low=-0.3, trees=1.0, cover_percent=85, height_dm=150),
            Fuel(102, 0.045, low=0.5, flat=0.4),
            Fuel(162, 0.025, trees=1.0, hardwood=0.9, cover_percent=75, height_dm=190),
            Fuel(183, 0.02, trees=0.9, cover_percent=45, height_dm=110),
            Fuel(122, 0.015, trees=0.9, hardwood=0.7, cover_percent=45, height_dm=110),
            Fuel(93, 0.02, low=0.5, flat=0.6),
            Fuel(91, 0.035, low=0.6, flat=0.3),
        ),
        median_slope_deg=9.0,
        valley_share=0.05,
        base_elevation_m=220.0,
        roads=0.5,
        stream_chance=0.3,
        lake_chance=0.20,
    ),
}
"""By the name that ``--region`` takes."""
