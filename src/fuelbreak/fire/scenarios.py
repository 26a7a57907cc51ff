"""Weather as a set of scenarios: sampled from a climatology or read from CSV, the same for every plan compared.

A plan that is good under one wind may be useless under another. A set of scenarios is drawn once for a landscape
(a seed makes it reproducible), kept as CSV, and all plans are judged under all of it.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fuelbreak.errors import WeatherError
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape

__all__ = ["Climatology", "ScenarioFires", "read_weather_csv", "sample_weather", "write_weather_csv"]

_COLUMNS = tuple(field.name for field in fields(Weather))

DEAD_MOISTURES = ((0.03, 0.04, 0.05), (0.06, 0.07, 0.08), (0.09, 0.10, 0.11), (0.12, 0.13, 0.14))
"""Scott and Burgan 2005, table 3: dead fuel moisture scenarios D1 (very low) to D4 (high); 1 h, 10 h, 100 h."""

LIVE_MOISTURES = ((0.30, 0.60), (0.60, 0.90), (0.90, 1.20), (1.20, 1.50))
"""Scott and Burgan 2005, table 4: live fuel moisture scenarios L1 (fully cured) to L4 (green); herbaceous, woody."""


@dataclass(frozen=True)
class Climatology:
    """What days with fire are like; the default is an assumption, not the record of a place.

    The moistures are the published scenarios of Scott and Burgan (2005). Wind speeds follow a Rayleigh distribution,
    the usual first model of surface wind (Justus et al. 1978), directions a von Mises distribution around the
    prevailing one. For a place with a weather station, write its days as CSV and read them instead.

    Attributes:
        dead_weights: Shares of the dead fuel scenarios D1 to D4.
        live_weights: Shares of the live fuel scenarios L1 to L4.
        mean_wind_10m_km_h: Mean open wind at 10 m.
        wind_range_km_h: Draws outside are drawn again.
        prevailing_upwind_deg: Where the wind comes from most often.
        direction_concentration: Kappa of the von Mises distribution; 0 = from everywhere alike.
        foliar_moisture: Fraction (1.00: Scott and Reinhardt 2001).
        duration_range_min: Shortest, most frequent and longest burning duration, triangular.
    """

    dead_weights: tuple[float, float, float, float] = (0.25, 0.5, 0.25, 0.0)
    live_weights: tuple[float, float, float, float] = (0.25, 0.5, 0.25, 0.0)
    mean_wind_10m_km_h: float = 20.0
    wind_range_km_h: tuple[float, float] = (5.0, 60.0)
    prevailing_upwind_deg: float = 45.0
    direction_concentration: float = 2.0
    foliar_moisture: float = 1.0
    duration_range_min: tuple[float, float, float] = (120.0, 180.0, 360.0)


def sample_weather(
    count: int, rng: np.random.Generator, climatology: Climatology = Climatology()
) -> list[Weather]:
    """Draw days with fire.

    Args:
        count: How many.
        rng: The source of randomness.
        climatology: What to draw from.

    Returns:
        As many weathers, each equally likely.

    Raises:
        WeatherError: The climatology's figures are out of range.
    """
    return [_sample_day(rng, climatology) for _ in range(count)]


def read_weather_csv(file: str | os.PathLike[str]) -> list[Weather]:
    """Read scenarios: one row each, columns named as the attributes of `Weather`; missing columns take its defaults.

    Args:
        file: CSV with a header.

    Returns:
        The scenarios in the order of the rows.

    Raises:
        WeatherError: An unknown column, a value that is no number or out of range, or no row; with file and line.
    """
    with Path(file).open(newline="", encoding="utf-8") as lines:
        reader = csv.DictReader(lines)
        unknown = sorted(set(reader.fieldnames or ()) - set(_COLUMNS))
        if unknown:
            raise WeatherError(f"{file}: unknown columns {unknown}; known are {list(_COLUMNS)}")
        days = [_weather_of_row(row, f"{file}, line {reader.line_num}") for row in reader]
    if not days:
        raise WeatherError(f"{file}: no weather in it; give a header and one row per scenario")
    return days


def write_weather_csv(file: str | os.PathLike[str], days: Sequence[Weather]) -> None:
    """Write scenarios so that `read_weather_csv` gives them back exactly.

    Args:
        file: Written anew.
        days: The scenarios.
    """
    with Path(file).open("w", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, _COLUMNS)
        writer.writeheader()
        writer.writerows({name: repr(value) for name, value in asdict(day).items()} for day in days)


class ScenarioFires:
    """Fires on one landscape under several weathers.

    Args:
        landscape: The rasters.
        days: The scenarios, each equally likely.

    Attributes:
        simulators: One per scenario.

    Raises:
        WeatherError: There is no scenario.
    """

    def __init__(self, landscape: Landscape, days: Sequence[Weather]) -> None:
        if not days:
            raise WeatherError("a set of scenarios needs at least one weather")
        self.simulators = tuple(FireSimulator(landscape, day) for day in days)

    def burned_cells(
        self, ignitions: npt.NDArray[np.int64], breaks: npt.NDArray[np.bool_] | None = None
    ) -> npt.NDArray[np.int64]:
        """Cells that each fire burns under each weather.

        Args:
            ignitions: int (n, 2), (row, column).
            breaks: bool (H, W), True at fuel breaks.

        Returns:
            int64 (scenarios, n).

        Raises:
            SimulationError: An ignition is off the grid or on a non-burnable cell.
        """
        return np.stack([simulator.burned_cells(ignitions, breaks) for simulator in self.simulators])

    def burn_probability(
        self, ignitions: npt.NDArray[np.int64], breaks: npt.NDArray[np.bool_] | None = None
    ) -> npt.NDArray[np.float32]:
        """Share of all fires under all weathers that reach each cell, float32 (H, W); arguments as above."""
        maps = [simulator.burn_probability(ignitions, breaks) for simulator in self.simulators]
        mean: npt.NDArray[np.float32] = np.mean(maps, axis=0, dtype=np.float32)
        return mean


def _sample_day(rng: np.random.Generator, climatology: Climatology) -> Weather:
    dead = DEAD_MOISTURES[rng.choice(len(DEAD_MOISTURES), p=climatology.dead_weights)]
    live = LIVE_MOISTURES[rng.choice(len(LIVE_MOISTURES), p=climatology.live_weights)]
    turned = rng.vonmises(0.0, climatology.direction_concentration)
    return Weather(
        wind_speed_10m_km_h=_sample_wind(rng, climatology),
        upwind_direction_deg=float((climatology.prevailing_upwind_deg + np.degrees(turned)) % 360.0),
        moisture_1h=dead[0],
        moisture_10h=dead[1],
        moisture_100h=dead[2],
        moisture_live_herbaceous=live[0],
        moisture_live_woody=live[1],
        foliar_moisture=climatology.foliar_moisture,
        duration_min=float(rng.triangular(*climatology.duration_range_min)),
    )


def _sample_wind(rng: np.random.Generator, climatology: Climatology) -> float:
    low, high = climatology.wind_range_km_h
    scale = climatology.mean_wind_10m_km_h / np.sqrt(np.pi / 2.0)
    for _ in range(1000):
        speed = float(rng.rayleigh(scale))
        if low <= speed <= high:
            return speed
    raise WeatherError(
        f"no wind between {low:g} and {high:g} km/h in 1000 draws around {climatology.mean_wind_10m_km_h:g} km/h: "
        "widen wind_range_km_h or change mean_wind_10m_km_h"
    )


def _weather_of_row(row: dict[str, str | None], where: str) -> Weather:
    try:
        values = {name: float(text or "") for name, text in row.items()}
    except (ValueError, TypeError) as error:
        raise WeatherError(f"{where}: {error}; give a number in every column of the header") from error
    try:
        return Weather(**values)
    except WeatherError as error:
        raise WeatherError(f"{where}: {error}") from error
