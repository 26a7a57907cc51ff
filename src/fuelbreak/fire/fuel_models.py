"""The surface fuel models: Anderson's 13 (1982, INT-GTR-122) and Scott and Burgan's 40 (2005, RMRS-GTR-153).

The figures are in `fuel_models.csv` beside this module, in the units of the publications (loads converted from
tons per acre to lb/ft2 and rounded to four decimals, as fire libraries carry them). They are read once.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt

__all__ = ["SIZE_CLASSES", "FuelModels", "fuel_models"]

FloatArray = npt.NDArray[np.float64]

SIZE_CLASSES = ("1h", "10h", "100h", "dead_herbaceous", "live_herbaceous", "live_woody")
"""Order of the last axis of every (..., 6) array: four dead classes, then two live ones."""

_MAX_CODE = 256


@dataclass(frozen=True, eq=False)
class FuelModels:
    """The burnable fuel models as arrays, one row per model.

    Attributes:
        code: int64 (N,), FBFM13 and FBFM40 codes, ascending.
        name: Short names ("FM1", "GR2"), in the same order.
        depth_ft: float64 (N,), fuel bed depth in feet.
        dead_extinction_moisture: float64 (N,), fraction.
        heat_content_btu_lb: float64 (N,).
        load_lb_ft2: float64 (N, 6), oven-dry load per size class before any transfer; dead herbaceous is 0.
        savr_ft2_ft3: float64 (N, 6), surface-area-to-volume ratio per size class.
        is_dynamic: bool (N,), True where live herbaceous load cures into dead load.
        row_of_code: int64 (256,), row of a code in the arrays above; -1 where there is no burnable model.
    """

    code: npt.NDArray[np.int64]
    name: tuple[str, ...]
    depth_ft: FloatArray
    dead_extinction_moisture: FloatArray
    heat_content_btu_lb: FloatArray
    load_lb_ft2: FloatArray
    savr_ft2_ft3: FloatArray
    is_dynamic: npt.NDArray[np.bool_]
    row_of_code: npt.NDArray[np.int64]


def _read_table() -> list[dict[str, str]]:
    text = resources.files(__package__).joinpath("fuel_models.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _column(table: list[dict[str, str]], name: str) -> FloatArray:
    return np.array([float(row[name]) for row in table])


def _by_size_class(table: list[dict[str, str]], prefix: str, unit: str) -> FloatArray:
    """The columns of one quantity as (N, 6); dead herbaceous has no column of its own."""
    classes = ("1h", "10h", "100h", "live_herbaceous", "live_woody")
    columns = [_column(table, f"{prefix}_{name}_{unit}") for name in classes]
    return np.stack([*columns[:3], np.zeros(len(table)), *columns[3:]], axis=1)


@cache
def fuel_models() -> FuelModels:
    """The table of burnable fuel models, read from the package's data at the first call.

    Returns:
        The same frozen object each time.
    """
    table = _read_table()
    code = np.array([int(row["code"]) for row in table])
    load = _by_size_class(table, "load", "lb_ft2")
    savr = _by_size_class(table, "savr", "ft2_ft3")
    # Scott and Burgan (2005, p. 5): every model of theirs with a live herbaceous load is dynamic, Anderson's are not
    is_dynamic = (code > 100) & (load[:, 4] > 0.0)
    savr[:, 3] = np.where(is_dynamic, savr[:, 4], 0.0)
    row_of_code = np.full(_MAX_CODE, -1)
    row_of_code[code] = np.arange(len(code))
    return FuelModels(
        code=code,
        name=tuple(row["name"] for row in table),
        depth_ft=_column(table, "fuel_bed_depth_ft"),
        dead_extinction_moisture=_column(table, "dead_extinction_moisture_percent") / 100.0,
        heat_content_btu_lb=_column(table, "heat_content_btu_lb"),
        load_lb_ft2=load,
        savr_ft2_ft3=savr,
        is_dynamic=is_dynamic,
        row_of_code=row_of_code,
    )
