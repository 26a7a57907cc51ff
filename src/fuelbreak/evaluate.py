"""Judge a trained network: its plans beside those of `fuelbreak.plans`, on every burnable ignition of landscapes
that it never saw.

    python -m fuelbreak.evaluate runs/latest --rasters DIR

Writes `summary.json`, `CARD.md` and the pictures into the run's folder and prints the table.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import tyro
from rich.console import Console
from rich.table import Table

from fuelbreak import pictures
from fuelbreak.console import say
from fuelbreak.defaults import heldout_landscapes
from fuelbreak.dqn import QNetwork
from fuelbreak.dqn.planner import learned_plan
from fuelbreak.errors import LandscapeError
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plans import FAST_PLANS, PLANS, expected_burned
from fuelbreak.runs import load_checkpoint, write_atomically

__all__ = ["BEST_PLAN", "Judgement", "evaluate", "evaluate_run", "summarize"]

Breaks = npt.NDArray[np.bool_]

BEST_PLAN = "best plan per tile"
"""The row of a summary that takes, on each landscape, whichever of the compared plans burns least there."""

_RANDOM_PLANS = 5
_BOOTSTRAP_DRAWS = 2000


@dataclass(frozen=True)
class Judgement:
    """What one plan does on one landscape, over all its burnable ignitions.

    Attributes:
        landscape: The landscape's name.
        plan: "agent", or a name in `fuelbreak.plans.PLANS`.
        breaks: Break cells placed.
        burned_before: Expected burned cells of a fire without breaks.
        burned_after: The same with them; an ignition on a break burns nothing.
    """

    landscape: str
    plan: str
    breaks: int
    burned_before: float
    burned_after: float

    @property
    def reduction(self) -> float:
        """Share of the expected burned area that the plan saves, at most 1."""
        return 1.0 - self.burned_after / self.burned_before


def evaluate(
    network: torch.nn.Module,
    landscapes: Sequence[Landscape],
    *,
    budget: int,
    k: int,
    weather: Weather,
    plans: Sequence[str] = FAST_PLANS,
    seed: int = 0,
    device: torch.device | str = "cpu",
) -> list[Judgement]:
    """Judge the network's plans beside those that need no training.

    Args:
        network: Maps float32 (N, 8, H, W) to values (N, H*W).
        landscapes: To plan for; not those of the training, if the figures are to mean anything.
        budget: Breaks in a plan.
        k: Breaks in a step of the network.
        weather: Of every fire.
        plans: Names in `fuelbreak.plans.PLANS` to compare with.
        seed: Of the plans that draw.
        device: Where the network lives.

    Returns:
        One judgement a landscape and plan; "random" is the mean over five draws.

    Raises:
        ValueError: A plan of another name.
    """
    if unknown := sorted(set(plans) - set(PLANS)):
        raise ValueError(f"plans {unknown} are unknown; choose among {list(PLANS)}")
    judged = []
    for landscape in landscapes:
        simulator = FireSimulator(landscape, weather)
        before = expected_burned(simulator)
        drawn = {"agent": [learned_plan(network, landscape, budget, k, device)]}
        for name in plans:
            seeds = range(seed, seed + (_RANDOM_PLANS if name == "random" else 1))
            drawn[name] = [PLANS[name](landscape, weather, budget, seed=each) for each in seeds]
        for name, masks in drawn.items():
            after = float(np.mean([expected_burned(simulator, breaks) for breaks in masks]))
            judged.append(Judgement(landscape.name, name, int(masks[0].sum()), before, after))
    return judged


def summarize(judged: Sequence[Judgement], seed: int = 0) -> dict[str, Any]:
    """Mean reduction of each plan, with 95 % bootstrap intervals over landscapes, and the agent's paired lead.

    Where the agent is compared with several plans, `BEST_PLAN` is one more row: the best of them on each landscape.

    Returns:
        ``{"plans": {plan: {mean, low, high}}, "agent_minus": {plan: {mean, low, high}}, "landscapes": n}``, in
        shares of the expected burned area.
    """
    by_plan: dict[str, list[float]] = {}
    for judgement in judged:
        by_plan.setdefault(judgement.plan, []).append(judgement.reduction)
    rng = np.random.default_rng(seed)
    values = {plan: np.array(reductions) for plan, reductions in by_plan.items()}
    agent = values["agent"]
    others = [reductions for plan, reductions in values.items() if plan != "agent"]
    if len(others) > 1:
        values[BEST_PLAN] = np.max(others, axis=0)
    return {
        "landscapes": len(agent),
        "plans": {plan: _interval(reductions, rng) for plan, reductions in values.items()},
        "agent_minus": {
            plan: _interval(agent - reductions, rng) for plan, reductions in values.items() if plan != "agent"
        },
    }


def evaluate_run(
    run: Path,
    landscapes: Sequence[Landscape],
    device: torch.device | str = "cpu",
    plans: Sequence[str] = FAST_PLANS,
) -> dict[str, Any]:
    """Judge a run's latest checkpoint; write `summary.json`, `CARD.md` and the pictures into its folder.

    Args:
        run: The run's folder.
        landscapes: To judge on.
        device: Where the network runs.
        plans: Names in `fuelbreak.plans.PLANS` to compare with.

    Returns:
        What `summary.json` holds.
    """
    state = load_checkpoint(run, device)
    network = QNetwork().to(device)
    network.load_state_dict(state["network"])
    network.eval()
    weather = Weather(**state["weather"]) if "weather" in state else Weather()
    budget, k = int(state["budget"]), int(state["k"])
    judged = evaluate(network, landscapes, budget=budget, k=k, weather=weather, plans=plans, device=device)
    summary = {
        "run": run.resolve().name,
        "episodes": int(state["episode"]) + 1,
        "budget": budget,
        "cells_per_step": k,
        "weather": dataclasses.asdict(weather),
        "evaluation": summarize(judged),
        "judgements": [
            dataclasses.asdict(judgement) | {"reduction": judgement.reduction} for judgement in judged
        ],
    }
    plan = learned_plan(network, landscapes[0], budget, k, device)
    summary["pictures"] = [
        str(path.relative_to(run)) for path in pictures.draw_run(run, landscapes[0], plan, weather)
    ]
    write_atomically(run / "summary.json", json.dumps(summary, indent=2).encode())
    write_atomically(run / "CARD.md", _card(summary).encode())
    return summary


def print_summary(summary: dict[str, Any]) -> None:
    """Print the table of plans."""
    evaluation = summary["evaluation"]
    table = Table(
        title=f"Reduction of the expected burned area, {summary['budget']} breaks, "
        f"{evaluation['landscapes']} landscapes, all burnable ignitions"
    )
    for column in ("plan", "mean", "95 % interval", "agent minus plan"):
        table.add_column(column)
    for plan, figures in evaluation["plans"].items():
        lead = evaluation["agent_minus"].get(plan)
        table.add_row(
            plan,
            _percent(figures),
            _percent_range(figures),
            f"{_percent(lead)} {_percent_range(lead)}" if lead else "",
        )
    Console().print(table)


@dataclass(frozen=True)
class _Arguments:
    run: tyro.conf.Positional[Path]
    """The run's folder."""
    rasters: Path | None = None
    """Folder of the tiles to judge on, ones that the agent never saw; by default synthetic ones in data/heldout."""
    limit: int | None = None
    """Judge on the first LIMIT tiles only."""
    plans: tuple[str, ...] = FAST_PLANS
    """Plans to compare with, names in fuelbreak.plans.PLANS; greedy takes seconds a tile."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code: 0, or 2 for input that cannot be used."""
    asked = tyro.cli(_Arguments, args=arguments, description=__doc__)
    unknown = [plan for plan in asked.plans if plan not in PLANS]
    if unknown:
        return _refuse(f"there is no plan {unknown[0]!r}; choose from: {', '.join(PLANS)}")
    try:
        landscapes = heldout_landscapes(asked.rasters)[: asked.limit]
        summary = evaluate_run(asked.run, landscapes, plans=asked.plans)
    except (LandscapeError, FileNotFoundError) as error:
        return _refuse(str(error))
    print_summary(summary)
    say(f"Summary, card and pictures: {asked.run}")
    return 0


def _refuse(reason: str) -> int:
    say(f"Error: {reason}", stream=sys.stderr)
    return 2


def _interval(values: npt.NDArray[np.float64], rng: np.random.Generator) -> dict[str, float]:
    draws = rng.choice(values, size=(_BOOTSTRAP_DRAWS, len(values))).mean(axis=1)
    low, high = np.percentile(draws, [2.5, 97.5])
    return {"mean": float(values.mean()), "low": float(low), "high": float(high)}


def _percent(figures: dict[str, float]) -> str:
    return f"{100 * figures['mean']:.1f} %"


def _percent_range(figures: dict[str, float]) -> str:
    return f"[{100 * figures['low']:.1f}, {100 * figures['high']:.1f}]"


def _card(summary: dict[str, Any]) -> str:
    evaluation = summary["evaluation"]
    rows = [
        f"| {plan} | {_percent(figures)} | {_percent_range(figures)} |"
        for plan, figures in evaluation["plans"].items()
    ]
    shown = [f"![{Path(picture).stem}]({picture})" for picture in summary["pictures"]]
    lines = [
        f"# {summary['run']}",
        "",
        f"A double DQN that places {summary['budget']} fuel breaks, {summary['cells_per_step']} cells a step, after "
        f"{summary['episodes']} training episodes.",
        "",
        f"Reduction of the expected burned area on {evaluation['landscapes']} landscapes, over all burnable ignitions "
        "(95 % bootstrap intervals over landscapes):",
        "",
        "| plan | mean | 95 % interval |",
        "|---|---|---|",
        *rows,
        "",
        *shown,
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
