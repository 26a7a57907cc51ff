"""Fires by pyretechnics behind the interface of `FireSimulator`, to cross-check with; optional and slow.

Pyretechnics needs a NumPy older than ours and compiles for minutes, so that it lives in a virtual environment of its
own and fires run in a process of it, under a deadline. Faults of its release 2026.10.20 that this adapter works
around, or that a reader of its results must know:

- Its last column never burns: the landscape is padded with three cells that do not burn.
- It does not count the cell where the fire starts: that is set to 0 here.
- An ignition outside writes outside of its arrays, and fuel code 32767 crashes the process: neither gets past the
  checks of `Landscape` and of the ignitions here.
- One to two per cent of ignitions die in their first cell: such a fire has one burned cell, and stays so.
- Its row 0 is south.
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt

from fuelbreak.errors import SimulationError
from fuelbreak.fire import oracle_worker
from fuelbreak.fire.ignitions import checked_ignitions
from fuelbreak.fire.oracle_process import ENVIRONMENT_VARIABLE, OracleProcess, find_oracle
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape

__all__ = ["PyretechnicsSimulator", "find_oracle"]

BoolGrid = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

_CONSTANTS = {
    "wind_speed_10m": "wind_speed_10m_km_h",
    "upwind_direction": "upwind_direction_deg",
    "fuel_moisture_dead_1hr": "moisture_1h",
    "fuel_moisture_dead_10hr": "moisture_10h",
    "fuel_moisture_dead_100hr": "moisture_100h",
    "fuel_moisture_live_herbaceous": "moisture_live_herbaceous",
    "fuel_moisture_live_woody": "moisture_live_woody",
    "foliar_moisture": "foliar_moisture",
}


class PyretechnicsSimulator:
    """Fires on one landscape under one weather, by the level set of pyretechnics.

    It holds a process: use it in a `with` statement, or call `close()`.

    Args:
        landscape: The rasters.
        weather: Constant over the landscape and the duration of a fire.
        python: Interpreter that has pyretechnics; found by `find_oracle` otherwise.
        timeout_s: Deadline of a fire; a call with n fires has n times as long.
        process: One to share with other simulators; `close` leaves it alone.
        lit_cells: Edge of the square that a fire starts as, in cells; odd, at most 7.

    Attributes:
        landscape: As given.
        weather: As given.

    Raises:
        SimulationError: There is no such interpreter.
    """

    def __init__(
        self,
        landscape: Landscape,
        weather: Weather,
        *,
        python: Path | None = None,
        timeout_s: float = 30.0,
        process: OracleProcess | None = None,
        lit_cells: int = 1,
    ) -> None:
        self.landscape, self.weather, self._timeout_s = landscape, weather, timeout_s
        self._lit_cells = lit_cells
        self._owns_process = process is None
        self._process = OracleProcess(python) if process is None else process

    def __enter__(self) -> PyretechnicsSimulator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process, unless it is shared."""
        if self._owns_process:
            self._process.close()

    def arrival_time_min(self, ignition: tuple[int, int], breaks: BoolGrid | None = None) -> FloatArray:
        """When one fire reaches each cell: as in `FireSimulator`; a fire whose start is a break is not run."""
        times: FloatArray = self._times(np.array([ignition]), breaks)[0]
        return times

    def burned_cells(self, ignitions: IntArray, breaks: BoolGrid | None = None) -> IntArray:
        """How many cells each fire burns within the duration: as in `FireSimulator`."""
        burned: IntArray = np.isfinite(self._times(ignitions, breaks)).sum(axis=(1, 2))
        return burned

    def burn_probability(self, ignitions: IntArray, breaks: BoolGrid | None = None) -> FloatArray:
        """The share of fires that reach each cell: as in `FireSimulator`."""
        share: FloatArray = np.isfinite(self._times(ignitions, breaks)).mean(axis=0, dtype=np.float32)
        return share

    def _times(self, ignitions: IntArray, breaks: BoolGrid | None) -> FloatArray:
        cells = checked_ignitions(self.landscape, ignitions)
        fuel = self.landscape.fuel_model.copy()
        if breaks is not None:
            fuel[breaks] = oracle_worker.NON_BURNABLE
        lit = np.ones(len(cells), bool) if breaks is None else ~breaks[tuple(cells.T)]
        times = np.full((len(cells), *self.landscape.shape), np.inf, np.float32)
        if lit.any():
            times[lit] = self._ask(fuel, cells[lit])
        return times

    def _ask(self, fuel: npt.NDArray[np.int16], ignitions: IntArray) -> FloatArray:
        """Send a request and wait for the reply; a process that misses the deadline is killed."""
        try:
            reply = self._process.ask(self._request(fuel, ignitions), self._timeout_s * len(ignitions))
        except SimulationError as error:
            raise SimulationError(
                f"{self.landscape.name}: {error} (a fire has {self._timeout_s:g} s)"
            ) from error
        if "error" in reply:
            raise SimulationError(f"{self.landscape.name}: pyretechnics failed: {reply['error']}")
        times: FloatArray = reply["times"].astype(np.float32, copy=False)
        times[times > self.weather.duration_min] = np.inf
        return times

    def _request(
        self, fuel: npt.NDArray[np.int16], ignitions: IntArray
    ) -> dict[str, npt.NDArray[np.generic]]:
        land = self.landscape
        layers: dict[str, npt.NDArray[np.generic]] = {
            "fuel_model": fuel,
            "slope": np.tan(np.radians(land.slope_deg)),
            "aspect": np.maximum(land.aspect_deg, 0.0),
            "canopy_cover": land.canopy_cover,
            "canopy_height": land.canopy_height_m,
            "canopy_base_height": land.canopy_base_height_m,
            "canopy_bulk_density": land.canopy_bulk_density_kg_m3,
        }
        weather = asdict(self.weather)
        return layers | {
            "layers": np.array(list(layers)),
            "constants": np.array(list(_CONSTANTS)),
            "values": np.array([weather[name] for name in _CONSTANTS.values()]),
            "ignitions": ignitions,
            "lit_cells": np.array(self._lit_cells),
            "duration_min": np.array(self.weather.duration_min),
            "cell_size_m": np.array(land.cell_size_m),
        }


def main() -> int:
    """``python -m fuelbreak.fire.oracle``: say which interpreter has pyretechnics.

    Returns:
        0, or 1 where there is none: the exit code.
    """
    python = find_oracle()
    sys.stdout.write(f"{python}\n" if python else f"none: run `make oracle`, or set {ENVIRONMENT_VARIABLE}\n")
    return 0 if python else 1


if __name__ == "__main__":
    raise SystemExit(main())
