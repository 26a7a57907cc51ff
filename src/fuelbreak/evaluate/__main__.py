"""``python -m fuelbreak.evaluate CHECKPOINT``: judge an agent beside plans that need no training."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Annotated

import torch
import tyro

from fuelbreak.agents import load_agent
from fuelbreak.console import make_folder, progress_aside, run_command, say
from fuelbreak.defaults import heldout_landscapes
from fuelbreak.errors import FuelBreakError
from fuelbreak.evaluate import (
    draw_pictures,
    evaluate,
    print_tables,
    read_places,
    write_report,
)
from fuelbreak.fire.threads import usable_cores
from fuelbreak.plans import FAST_PLANS, PLANS
from fuelbreak.weathers import named_weathers

__all__ = ["main"]


@dataclass(frozen=True)
class _Arguments:
    checkpoint: tyro.conf.Positional[Path]
    """A run's folder, or a .pt file."""
    tiles: tuple[Path, ...] = ()
    """Folders of tiles, or of whole layers <name>_<suffix>.tif from which tiles are cut; ones that the agent never
    saw; by default synthetic ones in data/heldout."""
    size: int = 50
    """Cells along each side of a tile that is cut."""
    limit: int | None = None
    """No more than LIMIT tiles of each folder."""
    budgets: tuple[int, ...] = (50, 125, 250)
    """Break cells, each a plan of its own."""
    weathers: Annotated[tuple[str, ...], tyro.conf.arg(aliases=["--weather"])] = ("own",)
    """own (that of the agent's training), default, calm-day, windy-day, legacy, or CSV files of scenarios."""
    plans: tuple[str, ...] = FAST_PLANS
    """Plans to compare with, names in fuelbreak.plans.PLANS, or all; greedy takes seconds a tile."""
    beside: tuple[Path, ...] = ()
    """Checkpoints of other agents to compare with, such as lines, which comes with the package."""
    out: Path | None = None
    """Folder for the report; by default the run's, or evaluation/ for a .pt file."""
    pictures: int | None = None
    """Draw the first PICTURES landscapes only; by default all."""
    workers: int | None = None
    """Landscapes judged at once; by default one a core."""
    device: str = "cpu"
    """Where the network runs."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: Without the program's name; None = those of the process.

    Returns:
        0, 2 for input that cannot be used, or 130 after Ctrl-C.
    """
    asked = tyro.cli(_Arguments, args=arguments, prog="python -m fuelbreak.evaluate", description=__doc__)
    return run_command(lambda: _run(asked))


def _run(asked: _Arguments) -> None:
    _check(asked)
    agent = load_agent(asked.checkpoint, asked.device)
    beside = {f"agent {each.resolve().name}": load_agent(each, asked.device).plan for each in asked.beside}
    weathers = named_weathers(asked.weathers, agent.weather)
    landscapes = (
        read_places(asked.tiles, asked.size, asked.limit)
        if asked.tiles
        else heldout_landscapes()[: asked.limit]
    )
    plans = tuple(PLANS) if asked.plans == ("all",) else asked.plans
    workers = asked.workers or min(usable_cores(), len(landscapes))
    torch.set_num_threads(max(1, usable_cores() // workers))
    folder = asked.out or (asked.checkpoint if asked.checkpoint.is_dir() else Path("evaluation"))
    make_folder(folder, "--out")
    with progress_aside("Judging", len(landscapes) * len(weathers)) as show:
        done = count(1)
        judged = evaluate(
            agent.plan,
            landscapes,
            asked.budgets,
            weathers,
            plans=plans,
            beside=beside,
            workers=workers,
            done=lambda _: show(next(done)),
        )
    shown = landscapes[: asked.pictures]
    pictures = draw_pictures(folder, agent, shown, max(asked.budgets), next(iter(weathers.values())))
    drawn = []
    with progress_aside("Drawing", len(shown)) as show:
        for picture in pictures:
            drawn.append(picture)
            show(min(len(drawn), len(shown)))
    name = asked.checkpoint.resolve().name
    print_tables(write_report(folder, name, agent, weathers, judged, drawn))
    say(f"Tables, CSV, card and {len(drawn)} pictures: {folder}")


def _check(asked: _Arguments) -> None:
    unknown = [plan for plan in asked.plans if plan not in PLANS and asked.plans != ("all",)]
    if unknown:
        raise FuelBreakError(f"there is no plan {unknown[0]!r}; choose from: all, {', '.join(PLANS)}")
    for name, least in (("limit", 1), ("pictures", 0), ("workers", 1)):
        value = getattr(asked, name)
        if value is not None and value < least:
            raise FuelBreakError(f"--{name} is {value}; give a whole number from {least} up")
    if not asked.budgets or min(asked.budgets) < 1 or asked.size < 1:
        raise FuelBreakError("--budgets and --size are numbers of cells; give whole numbers from 1 up")


if __name__ == "__main__":
    sys.exit(main())
