"""Judge a trained agent: its plans beside those of `fuelbreak.plans`, on every burnable ignition of landscapes that
it never saw.

    python -m fuelbreak.evaluate runs/latest --tiles DIR --budgets 50 125 250 --weathers default windy-day

prints a table, and writes it with a CSV, a card and a picture of each landscape into the run's folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from fuelbreak.agents import load_agent
from fuelbreak.evaluate.judging import AGENT, RANDOM_DRAWS, Judgement, evaluate
from fuelbreak.evaluate.places import read_places
from fuelbreak.evaluate.report import draw_pictures, print_tables, write_report
from fuelbreak.evaluate.summary import BEST_PLAN, Comparison, Interval, compare
from fuelbreak.landscape import Landscape
from fuelbreak.plans import FAST_PLANS
from fuelbreak.runs import RunFolder

__all__ = [
    "AGENT",
    "BEST_PLAN",
    "RANDOM_DRAWS",
    "Comparison",
    "Interval",
    "Judgement",
    "compare",
    "draw_pictures",
    "evaluate",
    "evaluate_run",
    "print_tables",
    "read_places",
    "write_report",
]

_PICTURES_AFTER_TRAINING = 2


def evaluate_run(
    run: Path, landscapes: Sequence[Landscape], device: str = "cpu", plans: Sequence[str] = FAST_PLANS
) -> list[Comparison]:
    """Judge a run's latest checkpoint as it was trained: its own budget, its own weather.

    Args:
        run: The run's folder, which gets the report, and pictures of the first landscapes (TensorBoard, too).
        landscapes: To judge on.
        device: Where the network runs.
        plans: Names in `fuelbreak.plans.PLANS` to compare with.

    Returns:
        What the tables say.
    """
    agent = load_agent(run, device)
    weathers = {"own": agent.weather}
    judged = evaluate(agent.plan, landscapes, [agent.budget], weathers, plans=plans)
    shown = landscapes[:_PICTURES_AFTER_TRAINING]
    pictures = list(draw_pictures(run, agent, shown, agent.budget, agent.weather))
    with RunFolder.reopen(run) as folder:
        for picture in pictures:
            if picture.suffix == ".png":
                pixels = np.asarray(Image.open(picture).convert("RGB"))
                folder.log_picture(f"pictures/{picture.stem}", pixels, agent.episodes)
    return write_report(run, run.resolve().name, agent, weathers, judged, pictures)
