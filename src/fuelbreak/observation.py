"""The observation's layout, in one place: the environment writes it, the learner reads it and rebuilds it.

Channel  content                 scale
0        slope                   degrees / 45
1        aspect                  degrees / 360, clockwise from north; -1 where flat
2        canopy cover            fraction 0..1
3        fuel model              +code / 204 where fire can spread, -code / 204 where it cannot
4-7      fire lines N, E, S, W   log(1 + value) / 12, 0 where the landscape has none

All channels are zero where a break stands. Codes start at 1, so channel 3 is zero there and nowhere else:
positive means that a break may be placed, negative that nothing burns, zero that a break stands.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fuelbreak.landscape import Landscape

__all__ = [
    "FUEL_CHANNEL",
    "NUM_CHANNELS",
    "OBSERVATION_HIGH",
    "OBSERVATION_LOW",
    "base_observation",
    "break_mask",
    "legal_cells",
]

NUM_CHANNELS = 8
OBSERVATION_LOW, OBSERVATION_HIGH = -1.0, 2.0

FUEL_CHANNEL = 3
_HIGHEST_FUEL_CODE = 204.0
_FIRELINE_LOG_SCALE = 12.0


def base_observation(landscape: Landscape) -> npt.NDArray[np.float32]:
    """The observation of a landscape without breaks.

    Returns:
        float32 (8, H, W), as the module's table says.
    """
    sign = np.where(landscape.burnable, 1.0, -1.0)
    channels = [
        landscape.slope_deg / 45.0,
        np.where(landscape.aspect_deg < 0, -1.0, landscape.aspect_deg / 360.0),
        landscape.canopy_cover,
        sign * landscape.fuel_model / _HIGHEST_FUEL_CODE,
        *(np.log1p(landscape.firelines) / _FIRELINE_LOG_SCALE),
    ]
    return np.ascontiguousarray(np.stack(channels), dtype=np.float32)


def legal_cells(observations: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Where a break may be placed: burnable cells without one.

    Args:
        observations: float32 (..., 8, H, W).

    Returns:
        bool (..., H*W).
    """
    fuel = observations[..., FUEL_CHANNEL, :, :]
    return (fuel > 0).reshape(*fuel.shape[:-2], -1)


def break_mask(observations: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Where breaks stand.

    Args:
        observations: float32 (..., 8, H, W).

    Returns:
        bool (..., H*W).
    """
    fuel = observations[..., FUEL_CHANNEL, :, :]
    stands: npt.NDArray[np.bool_] = (fuel == 0).reshape(*fuel.shape[:-2], -1)
    return stands
