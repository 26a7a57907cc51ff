"""What many judgements come to: means with paired bootstrap intervals over landscapes, as tables."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt

from fuelbreak.console import counted
from fuelbreak.evaluate.judging import AGENT, Judgement
from fuelbreak.plans import PLANS

__all__ = ["BEST_PLAN", "Comparison", "Interval", "compare", "csv_table", "markdown_tables"]

BEST_PLAN = "best plan per tile"
"""The row of a comparison that takes, on each landscape, whichever of the compared plans burns least there."""

_BOOTSTRAP_DRAWS = 5000


@dataclass(frozen=True)
class Interval:
    """A mean over landscapes with its 95 % bootstrap interval, in shares of the expected burned area.

    Attributes:
        mean: Over all landscapes.
        low: 2.5 % quantile of the mean over landscapes drawn with replacement.
        high: 97.5 % quantile.
    """

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        if self.low == self.high:  # of one landscape
            return f"{100 * self.mean:.1f}"
        return f"{100 * self.mean:.1f} [{100 * self.low:.1f}, {100 * self.high:.1f}]"


@dataclass(frozen=True)
class Comparison:
    """All plans under one weather with one budget.

    Attributes:
        weather: Its name.
        budget: Breaks.
        landscapes: How many.
        plans: Reduction of the expected burned area by plan.
        agent_minus: What the agent reduces more than each other plan, landscape by landscape.
    """

    weather: str
    budget: int
    landscapes: int
    plans: Mapping[str, Interval]
    agent_minus: Mapping[str, Interval]

    def as_json(self) -> dict[str, Any]:
        """Plain values, as `summary.json` holds them."""
        return asdict(self)


def compare(judged: Sequence[Judgement], seed: int = 0) -> list[Comparison]:
    """Summarize judgements by weather and budget, in the order in which they first come.

    Where the agent is compared with several plans, `BEST_PLAN` is one more row: the best of them on each landscape;
    other agents are no plans.

    Args:
        judged: Of the same landscapes and plans for every weather and budget.
        seed: Of the bootstrap; the same landscapes are drawn for all plans.

    Returns:
        One comparison a weather and budget.
    """
    order = {key: number for number, key in enumerate(dict.fromkeys((j.weather, j.budget) for j in judged))}
    by_case = sorted(judged, key=lambda judgement: order[judgement.weather, judgement.budget])
    return [
        _compare_case(weather, budget, list(case), seed)
        for (weather, budget), case in groupby(
            by_case, key=lambda judgement: (judgement.weather, judgement.budget)
        )
    ]


def csv_table(judged: Sequence[Judgement]) -> str:
    """One row a judgement, with areas in hectares."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    head = (
        "landscape",
        "weather",
        "budget",
        "plan",
        "breaks",
        "burned_before_ha",
        "burned_after_ha",
        "reduction",
    )
    writer.writerow(head)
    for one in judged:
        areas = (one.burned_before * one.cell_area_ha, one.burned_after * one.cell_area_ha)
        row = (one.landscape, one.weather, one.budget, one.plan, one.breaks)
        writer.writerow((*row, *(f"{area:.4f}" for area in areas), f"{one.reduction:.6f}"))
    return text.getvalue()


def markdown_tables(comparisons: Sequence[Comparison]) -> str:
    """Two tables a weather, a column for each budget: what plans save, and the agent's paired lead over them."""
    return "\n".join(
        line
        for weather, group in groupby(comparisons, key=lambda comparison: comparison.weather)
        for line in _weather_section(weather, list(group))
    )


def _weather_section(weather: str, cases: Sequence[Comparison]) -> list[str]:
    shown = (
        ("Reduction of the expected burned area, %", [case.plans for case in cases]),
        ("Agent minus plan, points, paired by landscape", [case.agent_minus for case in cases]),
    )
    head = " | ".join(f"{case.budget} cells" for case in cases)
    lines = [f"## Weather {weather}, {counted(cases[0].landscapes, 'landscape')}", ""]
    for title, columns in shown:
        lines += [f"| {title} | {head} |", "|---|" + "---|" * len(cases)]
        lines += [
            f"| {plan} | {' | '.join(str(column[plan]) for column in columns)} |" for plan in columns[0]
        ]
        lines.append("")
    return lines


def _compare_case(weather: str, budget: int, case: Sequence[Judgement], seed: int) -> Comparison:
    by_plan: dict[str, dict[str, float]] = {}
    for judgement in case:
        by_plan.setdefault(judgement.plan, {})[judgement.landscape] = judgement.reduction
    names = list(by_plan[AGENT])
    values = {plan: np.array([found[name] for name in names]) for plan, found in by_plan.items()}
    others = [reductions for plan, reductions in values.items() if plan in PLANS]
    if len(others) > 1:
        values[BEST_PLAN] = np.max(others, axis=0)
    drawn = np.random.default_rng(seed).integers(len(names), size=(_BOOTSTRAP_DRAWS, len(names)))
    return Comparison(
        weather=weather,
        budget=budget,
        landscapes=len(names),
        plans={plan: _interval(found, drawn) for plan, found in values.items()},
        agent_minus={
            plan: _interval(values[AGENT] - found, drawn) for plan, found in values.items() if plan != AGENT
        },
    )


def _interval(values: npt.NDArray[np.float64], drawn: npt.NDArray[np.int64]) -> Interval:
    low, high = np.percentile(values[drawn].mean(axis=1), [2.5, 97.5])
    return Interval(float(values.mean()), float(low), float(high))
