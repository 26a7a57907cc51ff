"""No breaks at all: what happens where nothing is done, the origin that every reduction is measured from."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plans.common import room_for

__all__ = ["plan"]


def plan(
    landscape: Landscape,
    weather: Weather,  # noqa: ARG001 - the signature of all plans
    budget: int,
    *,
    seed: int = 0,  # noqa: ARG001
) -> npt.NDArray[np.bool_]:
    """Place nothing, whatever the budget; arguments as in `fuelbreak.plans.Plan`.

    Returns:
        bool (H, W), all False: the one plan that does not spend its budget.

    Raises:
        ValueError: A negative budget.
    """
    room_for(landscape, budget)
    return np.zeros(landscape.shape, np.bool_)
