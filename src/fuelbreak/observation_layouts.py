"""The tables of the observation's layouts: each channel with its scale, its source and how it is computed.

`fuelbreak.observation` says what the layouts are for; nothing but these tables says what stands in them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from fuelbreak.fire.behavior import head_spread_rate_m_min
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape

__all__ = ["LAYOUTS", "Channel", "Layout", "LayoutName", "layout_of"]

LayoutName = Literal["legacy", "full", "full+fires"]

_FUEL_GROUPS: Mapping[str, tuple[int, ...]] = {
    "grass": (*range(1, 4), *range(101, 110)),
    "grass and shrub": tuple(range(121, 125)),
    "shrub": (*range(4, 8), *range(141, 150)),
    "timber understory": (10, *range(161, 166)),
    "timber litter": (8, 9, *range(181, 190)),
    "slash and blowdown": (*range(11, 14), *range(201, 205)),
}
"""Fuel classes: the groups of Scott and Burgan 2005, with Anderson's models (1982) where their fuels belong."""


class Channel(NamedTuple):
    """One row of a layout's table.

    Attributes:
        name: Of the channel.
        scale: How its values come from physical ones.
        source: Where those come from.
        values: From landscape and weather to (H, W), without breaks.
    """

    name: str
    scale: str
    source: str
    values: Callable[[Landscape, Weather], npt.NDArray[np.floating]]


@dataclass(frozen=True)
class Layout:
    """Channels and where the decisive ones stand.

    Attributes:
        channels: The table.
        low: Bound of all values.
        high: Bound of all values.
        break_channel: 1 where a break stands, else 0; None in the legacy layout, where breaks are zeros everywhere.
        budget_channel: How many breaks the budget has left.
        barrier_channel: 1 where nothing burns, else 0; None in the legacy layout.
        fire_channels: Where the two channels of the present fires stand; None without them.
    """

    channels: tuple[Channel, ...]
    low: float
    high: float
    break_channel: int | None = None
    budget_channel: int | None = None
    barrier_channel: int | None = None
    fire_channels: slice | None = None

    @property
    def num_channels(self) -> int:
        """C of the observation's (C, H, W)."""
        return len(self.channels)


def _aspect_part(function: Callable[..., npt.NDArray[np.float32]]) -> Callable[..., npt.NDArray[np.float32]]:
    def part(land: Landscape, _: Weather) -> npt.NDArray[np.float32]:
        return np.where(land.aspect_deg < 0, np.float32(0.0), function(np.radians(land.aspect_deg)))

    return part


def _fire_lines(side: int) -> Callable[[Landscape, Weather], npt.NDArray[np.float32]]:
    return lambda land, _: np.log1p(land.firelines[side]) / 12.0


def _fuel_group(codes: tuple[int, ...]) -> Callable[[Landscape, Weather], npt.NDArray[np.float32]]:
    return lambda land, _: np.isin(land.fuel_model, codes).astype(np.float32)


def _everywhere(value: Callable[[Weather], float]) -> Callable[[Landscape, Weather], npt.NDArray[np.float64]]:
    return lambda land, day: np.full(land.shape, value(day))


def _downwind_rad(day: Weather) -> float:
    return float(np.radians(day.upwind_direction_deg + 180.0))


_LANDFIRE, _LEGACY_ENV, _STATE = "LANDFIRE", "the original environment", "the episode"

_LEGACY = (
    Channel("slope", "degrees / 45", _LANDFIRE, lambda land, _: land.slope_deg / 45.0),
    Channel(
        "aspect",
        "degrees / 360, clockwise from north; -1 flat",
        _LANDFIRE,
        lambda land, _: np.where(land.aspect_deg < 0, -1.0, land.aspect_deg / 360.0),
    ),
    Channel("canopy cover", "fraction", _LANDFIRE, lambda land, _: land.canopy_cover),
    Channel(
        "fuel model",
        "code / 204, negative where nothing burns",
        _LANDFIRE,
        lambda land, _: np.where(land.burnable, 1.0, -1.0) * land.fuel_model / 204.0,
    ),
    *(
        Channel(f"fire lines, {side}", "log(1 + value) / 12", _LEGACY_ENV, _fire_lines(number))
        for number, side in enumerate(("north", "east", "south", "west"))
    ),
)

_FULL = (
    Channel("slope", "degrees / 45", _LANDFIRE, lambda land, _: land.slope_deg / 45.0),
    Channel("sine of aspect", "east 1, west -1, flat 0", _LANDFIRE, _aspect_part(np.sin)),
    Channel("cosine of aspect", "north 1, south -1, flat 0", _LANDFIRE, _aspect_part(np.cos)),
    Channel("canopy cover", "fraction", _LANDFIRE, lambda land, _: land.canopy_cover),
    Channel("canopy height", "m / 60", _LANDFIRE, lambda land, _: land.canopy_height_m / 60.0),
    Channel(
        "canopy base height",
        "m / 10, at most 2",
        _LANDFIRE,
        lambda land, _: np.minimum(land.canopy_base_height_m / 10.0, 2.0),
    ),
    Channel(
        "canopy bulk density",
        "kg/m3 / 0.5",
        _LANDFIRE,
        lambda land, _: land.canopy_bulk_density_kg_m3 / 0.5,
    ),
    *(
        Channel(name, "1 in this fuel class", "Scott and Burgan 2005; Anderson 1982", _fuel_group(codes))
        for name, codes in _FUEL_GROUPS.items()
    ),
    Channel(
        "non-burnable",
        "1 where nothing burns (91-99)",
        "Scott and Burgan 2005",
        lambda land, _: (~land.burnable).astype(np.float32),
    ),
    Channel(
        "spread potential",
        "log(1 + m/min) / 6, head of the fire",
        "Rothermel 1972, Van Wagner 1977, Cruz et al. 2005",
        lambda land, day: np.log1p(head_spread_rate_m_min(land, day)) / 6.0,
    ),
    Channel(
        "wind towards east",
        "km/h at 10 m / 75",
        "the weather",
        _everywhere(lambda day: day.wind_speed_10m_km_h * np.sin(_downwind_rad(day)) / 75.0),
    ),
    Channel(
        "wind towards north",
        "km/h at 10 m / 75",
        "the weather",
        _everywhere(lambda day: day.wind_speed_10m_km_h * np.cos(_downwind_rad(day)) / 75.0),
    ),
    Channel(
        "burning duration",
        "1 - exp(-hours / 6)",
        "the weather",
        _everywhere(lambda day: -np.expm1(-day.duration_min / 360.0)),
    ),
    Channel("breaks", "1 where a break stands", _STATE, _everywhere(lambda _: 0.0)),
    Channel("remaining budget", "square root of its share of all cells", _STATE, _everywhere(lambda _: 1.0)),
)

_FIRES = (
    Channel("burn probability", "share of the fires", "the episode's fires", _everywhere(lambda _: 0.0)),
    Channel(
        "downstream protection value",
        "burned area through the cell / burned area at reset",
        "Pais et al. 2021, on the episode's fires",
        _everywhere(lambda _: 0.0),
    ),
)


def _full_layout(channels: tuple[Channel, ...], fire_channels: slice | None = None) -> Layout:
    place = {channel.name: number for number, channel in enumerate(channels)}
    return Layout(
        channels,
        low=-2.0,
        high=2.0,
        break_channel=place["breaks"],
        budget_channel=place["remaining budget"],
        barrier_channel=place["non-burnable"],
        fire_channels=fire_channels,
    )


LAYOUTS: Mapping[LayoutName, Layout] = {
    "legacy": Layout(_LEGACY, low=-1.0, high=2.0),
    "full": _full_layout(_FULL),
    "full+fires": _full_layout(_FULL + _FIRES, slice(len(_FULL), len(_FULL) + len(_FIRES))),
}
"""Every layout by its name."""


def layout_of(name: str) -> Layout:
    """The layout of a name.

    Raises:
        ValueError: There is none of that name.
    """
    found = {str(known): layout for known, layout in LAYOUTS.items()}.get(name)
    if found is None:
        raise ValueError(f"layout {name!r} is unknown; choose one of {list(LAYOUTS)}")
    return found
