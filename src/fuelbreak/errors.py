"""The package's exceptions, one per cause.

FuelBreakError
├── LandscapeError        a raster layer, or a set of them, cannot be used as it is
├── WeatherError          a weather value is missing or out of its range
├── SimulationError       a fire could not be computed; never replaced by a number
├── ActionError           an action of the wrong size or dtype, or with illegal cells
└── CheckpointError       a checkpoint that cannot be used as an agent
"""

from __future__ import annotations

__all__ = [
    "ActionError",
    "CheckpointError",
    "FuelBreakError",
    "LandscapeError",
    "SimulationError",
    "WeatherError",
]


class FuelBreakError(Exception):
    """Base of every error that this package raises on purpose."""


class LandscapeError(FuelBreakError, ValueError):
    """A raster layer, or a set of them, cannot be used as it is.

    Attributes:
        reason: What is wrong and what to do about it.
        file: The file, or the landscape's name where it came from no file.
        band: The layer (``"fbfm"``, ``"slp"``, ...), if one is to blame.
        row: Row of the first offending cell, 0 = north; None where no cell is.
        column: Column of that cell, 0 = west.
    """

    def __init__(
        self,
        reason: str,
        *,
        file: str = "",
        band: str = "",
        row: int | None = None,
        column: int | None = None,
    ) -> None:
        self.reason, self.file, self.band, self.row, self.column = reason, file, band, row, column
        where = [file] if file else []
        where += [f"band {band}"] if band else []
        where += [f"row {row}, column {column}"] if row is not None else []
        super().__init__(f"{': '.join(where)}: {reason}" if where else reason)


class WeatherError(FuelBreakError, ValueError):
    """A weather value is missing or out of its range."""


class SimulationError(FuelBreakError, RuntimeError):
    """A fire could not be computed; it is never replaced by a number."""


class ActionError(FuelBreakError, ValueError):
    """An action of the wrong size or dtype, or with cells that may not become breaks."""


class CheckpointError(FuelBreakError, ValueError):
    """A checkpoint that cannot be used as an agent."""
