"""The observation: the environment writes it, the learner reads it and rebuilds it, by the layouts' tables.

    base_observation(landscape, weather, layout)            what does not change during an episode, without breaks
      -> with_breaks(base, breaks, break_budget, layout)    the observation: exact, from one bit a cell
      -> legal_cells(observation, layout)                   and back

A layout is a name in `LAYOUTS`:

- "legacy": the eight channels of the original. All are zero where a break stands. Fuel codes start at 1, so that
  channel 3 is zero there and nowhere else: positive means that a break may be placed, negative that nothing burns.
- "full": what fire spread depends on, weather included, with breaks and the remaining budget in channels of their own.
- "full+fires": the same, and what the fires of the episode do now. These two channels do not follow from landscape,
  weather and breaks: a memory that rebuilds observations cannot rebuild them and has to store them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.observation_layouts import LAYOUTS, Channel, Layout, LayoutName, layout_of

__all__ = [
    "FUEL_CHANNEL",
    "LAYOUTS",
    "NUM_CHANNELS",
    "OBSERVATION_HIGH",
    "OBSERVATION_LOW",
    "Channel",
    "Layout",
    "LayoutName",
    "base_observation",
    "break_mask",
    "layout_of",
    "legal_cells",
    "with_breaks",
    "with_fires",
]

Array = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

FUEL_CHANNEL = 3
"""Of the legacy layout."""
NUM_CHANNELS = LAYOUTS["legacy"].num_channels
OBSERVATION_LOW, OBSERVATION_HIGH = LAYOUTS["legacy"].low, LAYOUTS["legacy"].high


def base_observation(
    landscape: Landscape,
    weather: Weather = Weather(),  # noqa: B008 (frozen)
    layout: LayoutName = "legacy",
) -> Array:
    """The observation before the first break: what stays the same as long as landscape and weather do.

    Args:
        landscape: Of the episode.
        weather: Of the episode; it does not enter the legacy layout.
        layout: A name in `LAYOUTS`.

    Returns:
        float32 (C, H, W), one channel a row of the table, C-contiguous.

    Raises:
        ValueError: An unknown layout.
    """
    chosen = layout_of(layout)
    out = np.empty((chosen.num_channels, *landscape.shape), np.float32)
    for plane, channel in zip(out, chosen.channels, strict=True):
        plane[:] = channel.values(landscape, weather)
    return out


def with_breaks(base: Array, breaks: Mask, break_budget: int, layout: LayoutName = "legacy") -> Array:
    """The observation where breaks stand, rebuilt exactly as the environment gave it.

    Args:
        base: float32 (..., C, H, W), from `base_observation`.
        breaks: bool (..., H, W).
        break_budget: Breaks in an episode; it does not enter the legacy layout.
        layout: That of `base`.

    Returns:
        float32 (..., C, H, W), a new array.
    """
    chosen = layout_of(layout)
    if chosen.break_channel is None or chosen.budget_channel is None:
        return np.where(breaks[..., None, :, :], np.float32(0.0), base)
    out = base.copy()
    out[..., chosen.break_channel, :, :] = breaks
    left = break_budget - breaks.sum(axis=(-2, -1), keepdims=True)
    cells = breaks.shape[-2] * breaks.shape[-1]
    out[..., chosen.budget_channel, :, :] = np.sqrt(np.clip(left / cells, 0.0, 1.0))
    return out


def with_fires(
    observation: Array, burn_probability: npt.NDArray[np.floating], downstream: npt.NDArray[np.floating]
) -> Array:
    """The observation of layout "full+fires" with the channels of the present fires filled in, in place.

    Args:
        observation: float32 (..., C, H, W), from `with_breaks`.
        burn_probability: (..., H, W), share of the episode's fires that reach each cell.
        downstream: (..., H, W), burned area that a mean fire reaches through each cell, as a share of the mean
            burned area at reset.

    Returns:
        The observation that was given.
    """
    channels = LAYOUTS["full+fires"].fire_channels
    observation[..., channels, :, :] = np.stack([burn_probability, np.minimum(downstream, 2.0)], axis=-3)
    return observation


def legal_cells(observations: Array, layout: LayoutName = "legacy") -> Mask:
    """Where a break may be placed: burnable cells without one.

    Args:
        observations: float32 (..., C, H, W).
        layout: Theirs.

    Returns:
        bool (..., H*W).
    """
    chosen = layout_of(layout)
    if chosen.barrier_channel is None:
        return _flat(observations[..., FUEL_CHANNEL, :, :] > 0)
    barrier = observations[..., chosen.barrier_channel, :, :] != 0
    return ~(_flat(barrier) | break_mask(observations, layout))


def break_mask(observations: Array, layout: LayoutName = "legacy") -> Mask:
    """Where breaks stand.

    Args:
        observations: float32 (..., C, H, W).
        layout: Theirs.

    Returns:
        bool (..., H*W).
    """
    chosen = layout_of(layout)
    if chosen.break_channel is None:
        return _flat(observations[..., FUEL_CHANNEL, :, :] == 0)
    return _flat(observations[..., chosen.break_channel, :, :] != 0)


def _flat(grid: Mask) -> Mask:
    return grid.reshape(*grid.shape[:-2], -1)
