"""Fuel breaks for a landscape of any size, by a trained agent or a plan that needs none, ready for a map.

python -m fuelbreak.plan RASTERS --checkpoint runs/latest --budget 250 --out my-plan
python -m fuelbreak.plan RASTERS --method lines --budget 250 --out my-plan
"""

from __future__ import annotations

from fuelbreak.plan.barriers import Barrier, find_barriers, label_barriers
from fuelbreak.plan.candidates import Judge, Split, Ways, best_plan
from fuelbreak.plan.exports import geojson, write_geojson
from fuelbreak.plan.outlook import expected_seconds
from fuelbreak.plan.tiling import tiled_plan

__all__ = [
    "Barrier",
    "Judge",
    "Split",
    "Ways",
    "best_plan",
    "expected_seconds",
    "find_barriers",
    "geojson",
    "label_barriers",
    "tiled_plan",
    "write_geojson",
]
