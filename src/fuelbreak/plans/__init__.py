"""Plans for fuel breaks that need no training: baselines to beat, teachers to learn from, a planner's first draft.

    breaks = PLANS["compartment lines"](landscape, weather, budget=125)     bool (H, W)
    cells = ORDERS["adaptive DPV"](landscape, weather, budget=125)          int64 (n, 2), in the order of placement
    python -m fuelbreak.plan RASTERS --method compartment-lines --budget 125 --out my-plan

Each plan is one function of one signature (`Plan`) in a module that says where it comes from. `judge` tells what any
breaks are worth, over all burnable ignitions.
"""

from __future__ import annotations

from collections.abc import Mapping

from fuelbreak.plans import (
    betweenness,
    burn_probability,
    compartments,
    greedy,
    nothing,
    protection_value,
    random_cells,
    search,
)
from fuelbreak.plans._pairs import MOST_CELLS
from fuelbreak.plans.common import Order, Plan
from fuelbreak.plans.judging import Verdict, expected_burned, judge

__all__ = [
    "FAST_PLANS",
    "ORDERS",
    "PLANS",
    "WHOLE_UP_TO",
    "Order",
    "Plan",
    "Verdict",
    "expected_burned",
    "judge",
]

PLANS: Mapping[str, Plan] = {
    "none": nothing.plan,
    "random": random_cells.plan,
    "burn probability": burn_probability.plan,
    "betweenness": betweenness.plan,
    "DPV": protection_value.plan,
    "adaptive DPV": protection_value.adaptive_plan,
    "greedy": greedy.plan,
    "compartment lines": compartments.plan,
    "annealed walls": search.quick_plan,
    "search": search.plan,
}
"""Every plan by its name."""

ORDERS: Mapping[str, Order] = {
    "random": random_cells.order,
    "burn probability": burn_probability.order,
    "betweenness": betweenness.order,
    "DPV": protection_value.order,
    "adaptive DPV": protection_value.adaptive_order,
    "greedy": greedy.order,
}
"""The plans that place one break after another."""

WHOLE_UP_TO: Mapping[str, int] = {"greedy": 10_000, "annealed walls": MOST_CELLS, "search": MOST_CELLS}
"""Cells of the largest landscape that a plan should be asked for at once: beyond, it takes hours or more memory than
there is. The others take any landscape, in time that grows with its cells."""

FAST_PLANS = ("random", "burn probability", "adaptive DPV", "compartment lines", "annealed walls")
"""What an agent is compared with by default: about two seconds a landscape of 50 x 50 cells, all together."""
