"""What an evaluation leaves: summary, card, table, CSV and pictures, and the same table on the console."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from fuelbreak.agents import DEFAULT_KIND, Agent
from fuelbreak.atomic import write_atomically
from fuelbreak.console import counted
from fuelbreak.evaluate.judging import RANDOM_DRAWS, Judgement
from fuelbreak.evaluate.summary import Comparison, compare, csv_table, markdown_tables
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.maps import draw_landscape
from fuelbreak.phases import describe_phases, mean_phases
from fuelbreak.pictures import draw_fire, draw_learning_curve
from fuelbreak.run_log import METRICS_NAME

__all__ = ["draw_pictures", "print_tables", "write_report"]

_HOW = (
    "Expected burned area over fires from all burnable cells; means over landscapes with 95 % bootstrap intervals, in "
    f"percent. The plan random is the mean of {RANDOM_DRAWS} draws on each landscape."
)
_WIDTH_WITHOUT_TERMINAL = 120
_PLAN_COLUMN, _CASE_COLUMNS, _LEAST = 22, 26, 6  # characters


def write_report(
    folder: Path,
    name: str,
    agent: Agent,
    weathers: Mapping[str, Weather],
    judged: Sequence[Judgement],
    pictures: Sequence[Path] = (),
) -> list[Comparison]:
    """Write ``summary.json``, ``CARD.md``, ``evaluation.md`` and ``evaluation.csv``.

    Args:
        folder: Where to.
        name: What was judged.
        agent: It.
        weathers: Those that were judged under, by name.
        judged: What came of it.
        pictures: Files below `folder` that the card shall show.

    Returns:
        What the tables say.
    """
    comparisons = compare(judged)
    shown = [str(path.relative_to(folder)) for path in pictures]
    metrics = folder / METRICS_NAME
    phases = mean_phases(metrics) if metrics.is_file() else {}
    tables = f"{_HOW}\n\n{markdown_tables(comparisons)}"
    summary = {
        **_facts(name, agent),
        f"ms_per_{_turn(agent).replace(' ', '_')}": phases,
        "weathers": {each: dataclasses.asdict(weather) for each, weather in weathers.items()},
        "evaluation": [comparison.as_json() for comparison in comparisons],
        "pictures": shown,
    }
    files = {
        "summary.json": json.dumps(summary, indent=2),
        "evaluation.csv": csv_table(judged),
        "evaluation.md": f"# {name}\n\n{tables}",
        "CARD.md": f"{_head(name, agent, phases)}{tables}\n{_images(shown)}",
    }
    for file, text in files.items():
        write_atomically(folder / file, text.encode())
    return comparisons


def draw_pictures(
    folder: Path, agent: Agent, landscapes: Sequence[Landscape], budget: int, weather: Weather
) -> Iterator[Path]:
    """Draw into ``folder/pictures``: a map of each landscape, a fire on the first, and how the run learned.

    Args:
        folder: A run's folder, or any other.
        agent: Whose plans to show.
        landscapes: Where.
        budget: Breaks.
        weather: Of the fires.

    Yields:
        Each picture once it is written.
    """
    pictures = folder / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    for number, landscape in enumerate(landscapes):
        breaks = agent.plan(landscape, weather, budget)
        yield draw_landscape(pictures / f"landscape_{_slug(landscape.name)}.png", landscape, breaks, weather)
        if number == 0:
            yield draw_fire(pictures / "fire.gif", landscape, breaks, weather)
    if (folder / METRICS_NAME).is_file():
        yield draw_learning_curve(pictures / "learning_curve.png", folder / METRICS_NAME)


def print_tables(comparisons: Sequence[Comparison]) -> None:
    """Print what the Markdown tables say, as many budgets beside each other as fit; in colour on a terminal."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH_WITHOUT_TERMINAL)
    at_once = max(1, (console.width - _PLAN_COLUMN) // _CASE_COLUMNS)
    for _, group in groupby(comparisons, key=lambda comparison: comparison.weather):
        cases = list(group)
        for first in range(0, len(cases), at_once):
            console.print(_table(cases[first : first + at_once]))


def _table(cases: Sequence[Comparison]) -> Table:
    """What plans save under one weather, two columns for each budget."""
    table = Table(
        title=f"Weather {cases[0].weather}, {counted(cases[0].landscapes, 'landscape')}, all burnable ignitions",
        caption="mean [95 % interval]; lead = agent minus plan, points, paired by landscape",
    )
    table.add_column("less burned area, %", no_wrap=True)
    for case in cases:
        table.add_column(f"{case.budget} cells", justify="right", min_width=_LEAST)
        table.add_column("lead", justify="right", style="dim", min_width=_LEAST)
    for plan in cases[0].plans:
        cells = [(str(case.plans[plan]), str(case.agent_minus.get(plan, ""))) for case in cases]
        table.add_row(plan, *(cell for pair in cells for cell in pair))
    return table


def _facts(name: str, agent: Agent) -> dict[str, Any]:
    return {
        "run": name,
        "agent": agent.kind,
        "episodes": agent.episodes,
        "budget": agent.budget,
        "cells_per_step": agent.cells_per_step,
        "trained_under": dataclasses.asdict(agent.weather),
    }


def _head(name: str, agent: Agent, phases: Mapping[str, float]) -> str:
    """What was judged, in words."""
    head = (
        f"# {name}\n\nAn agent of kind {agent.kind} that was trained to place {agent.budget} fuel breaks, "
        f"{agent.cells_per_step} cells a step, for {agent.episodes} episodes.\n\n"
    )
    return head + f"Time of a {_turn(agent)}: {describe_phases(phases)}.\n\n" if phases else head


def _turn(agent: Agent) -> str:
    """What a line of its run's log is the mean over."""
    return "vector step" if agent.kind == DEFAULT_KIND else "round"


def _images(pictures: Sequence[str]) -> str:
    return "".join(f"![{Path(picture).stem}]({picture})\n" for picture in pictures)


def _slug(name: str) -> str:
    """A landscape's name as part of a file's name."""
    return re.sub(r"[^\w.-]+", "_", name).strip("_")
