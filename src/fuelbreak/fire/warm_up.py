"""``python -m fuelbreak.fire.warm_up``: compile the fire kernels once, so that workers start with them ready.

Compiled code is kept beside the modules, or in the user's cache folder where those cannot be written. Each process
writes to a file of its own and renames it, so that workers may start at once without having been warmed up.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from fuelbreak.fire.fire_set import FireSet
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.landscape import Landscape

__all__ = ["main", "small_landscape", "warm_up"]


def warm_up() -> None:
    """Run every compiled function once, on a landscape of a few cells."""
    simulator = FireSimulator(small_landscape())
    ignitions = np.array([[2, 2]])
    breaks = np.zeros(simulator.landscape.shape, np.bool_)
    breaks[2, 4] = True
    simulator.burn_probability(ignitions, breaks)
    simulator.arrival_time_min((2, 2))
    fires = FireSet(simulator, ignitions)
    fires.add_breaks(np.argwhere(breaks))
    assert np.array_equal(fires.burn_probability, simulator.burn_probability(ignitions, breaks))


def main() -> int:
    """Warm up and say how long it took.

    Returns:
        0: the exit code.
    """
    started = time.perf_counter()
    warm_up()
    sys.stdout.write(f"Fire kernels ready after {time.perf_counter() - started:.1f} s\n")
    return 0


def small_landscape() -> Landscape:
    """Eight by eight cells of flat grass, to compile with.

    Returns:
        The same every time.
    """
    flat = np.zeros((8, 8), np.float32)
    return Landscape(
        name="warm-up",
        slope_deg=flat,
        aspect_deg=flat,
        elevation_m=flat,
        canopy_cover=flat,
        canopy_height_m=flat,
        canopy_base_height_m=flat,
        canopy_bulk_density_kg_m3=flat,
        fuel_model=np.full((8, 8), 101, np.int16),
        firelines=np.zeros((4, 8, 8), np.float32),
    )


if __name__ == "__main__":
    raise SystemExit(main())
