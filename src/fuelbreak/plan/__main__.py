"""``python -m fuelbreak.plan RASTERS``: plan fuel breaks, say what they save, and write them for QGIS."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
import tyro

from fuelbreak.console import counted, in_words, make_folder, progress_aside, run_command, say
from fuelbreak.errors import FuelBreakError, LandscapeError
from fuelbreak.fire.threads import usable_cores
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.maps import describe_weather, draw_landscape
from fuelbreak.plan import (
    Barrier,
    Judge,
    Split,
    Ways,
    best_plan,
    expected_seconds,
    find_barriers,
    write_geojson,
)
from fuelbreak.plans import PLANS, WHOLE_UP_TO, Plan, Verdict
from fuelbreak.plans.files import read_place, write_breaks
from fuelbreak.weathers import named_weathers

__all__ = ["main"]

_FILES = ("plan.tif", "plan.geojson", "plan.png")
_BARRIERS_LISTED = 5
_WORTH_SAYING_S, _LONG_S = 10.0, 120.0


@dataclass(frozen=True)
class _Arguments:
    rasters: tyro.conf.Positional[Path]
    """Folder of one landscape's layers <name>_<suffix>.tif, one file of them all (.tif or .lcp, as LANDFIRE and FlamMap
    write it), or folder of tiles (with --tile)."""
    checkpoint: Path | None = None
    """A trained agent: a run's folder, or a .pt file."""
    method: str | None = None
    """A plan that needs no training: lines (the default without --checkpoint), greedy, adaptive-dpv, dpv, random..."""
    budget: int = 125
    """Break cells."""
    weathers: Annotated[tuple[str, ...], tyro.conf.arg(aliases=["--weather"])] = ()
    """own (that of the agent's training; the default), default, calm-day, windy-day, legacy, or a CSV file of
    scenarios; under several, the plan that is best on average is taken."""
    wind: float | None = None
    """km/h at 10 m, instead of the weather's."""
    upwind: float | None = None
    """Where the wind comes from, degrees clockwise from north, instead of the weather's."""
    hours: float | None = None
    """How long a fire burns, instead of the weather's."""
    tile: int | None = None
    """Index of the tile, where RASTERS holds cropped_raster/."""
    split: Split = "auto"
    """whole, windows (parts of --size cells), or auto: the better of both where the landscape is larger than --size,
    windows alone where it is too large for the plan."""
    size: int | None = None
    """Cells along each side of a window; by default those of the agent's training, or 50."""
    overlap: int = 10
    """Cells that neighbouring windows share."""
    out: Path | None = None
    """Folder for plan.tif, plan.geojson and plan.png; by default nothing is written."""
    overwrite: bool = False
    """Replace what is there."""
    seed: int = 0
    """Of whatever is drawn."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: Without the program's name; None = those of the process.

    Returns:
        0, 2 for input that cannot be used, or 130 after Ctrl-C.
    """
    asked = tyro.cli(_Arguments, args=arguments, prog="python -m fuelbreak.plan", description=__doc__)
    return run_command(lambda: _run(asked))


def _run(asked: _Arguments) -> None:
    _check(asked)
    name, ways, own = _ways(asked)
    weathers = _weathers(asked, own)
    landscape = read_place(asked.rasters, asked.tile)
    if asked.checkpoint is not None and ways.takes_windows(landscape):
        _keep_networks_to_one_thread()
    if asked.budget > (burnable := int(landscape.burnable.sum())):
        say(f"A budget of {asked.budget} is more than the {burnable} cells that burn", stream=sys.stderr)
    first = next(iter(weathers))
    _warn(len(weathers) * expected_seconds(ways, landscape, weathers[first], asked.budget))
    started = time.perf_counter()
    judge = Judge(landscape, weathers, asked.seed)
    way, breaks, verdicts = best_plan(ways, landscape, weathers, asked.budget, judge)
    seconds = time.perf_counter() - started
    barriers = find_barriers(judge.simulators[first], breaks, judge.ignitions, asked.seed)
    _report(landscape, f"{name}, {way}", weathers, verdicts, barriers, judge.said, seconds)
    if asked.out is not None:
        facts = {"plan": name, "budget": asked.budget, "weather": describe_weather(weathers[first])}
        draw = partial(draw_landscape, weather=weathers[first], ignitions=judge.ignitions)
        _write(asked.out, landscape, barriers, facts, draw)


def _warn(seconds: float) -> None:
    """Say how long it will take, and what to do about it, where that is longer than one likes to wait."""
    if seconds < _WORTH_SAYING_S:
        return
    quicker = "--method lines --split whole is the quickest good plan; fewer weathers take less, too"
    way_out = f" ({quicker})" if seconds > _LONG_S else ""
    say(f"This will take {in_words(seconds)} on {usable_cores()} cores{way_out}", stream=sys.stderr)


def _write(
    folder: Path,
    landscape: Landscape,
    barriers: Sequence[Barrier],
    facts: Mapping[str, object],
    draw: Callable[[Path, Landscape, npt.NDArray[np.bool_]], Path],
) -> None:
    """Write the plan as a raster, as a picture and, where it is known where the landscape lies, as outlines."""
    tif, outlines, picture = (folder / file for file in _FILES)
    breaks = np.zeros(landscape.shape, np.bool_)
    for barrier in barriers:
        breaks[tuple(barrier.cells.T)] = True
    write_breaks(tif, landscape, breaks, {key: str(value) for key, value in facts.items()})
    say(f"Wrote {tif}: 1 = fuel break, 0 = none")
    say(f"Wrote {draw(picture, landscape, breaks)}")
    if landscape.crs:
        write_geojson(outlines, landscape, barriers, facts)
        say(f"Wrote {outlines}: {counted(len(barriers), 'barrier')} with rank, cells, area_ha and saved_ha")
    else:
        say(f"Not written: {outlines}; the rasters have no CRS (gdal_edit.py -a_srs EPSG:... gives them one)")


def _ways(asked: _Arguments) -> tuple[str, Ways, Weather]:
    """What the plan is called, how it is made, and its own weather."""
    if asked.checkpoint is None:
        method = _method(asked.method or "lines")
        return method, _bounded(asked, PLANS[method], WHOLE_UP_TO.get(method), 50), Weather()
    from fuelbreak.agents import load_agent  # imports torch, which a plan without training can do without

    agent = load_agent(asked.checkpoint)
    run = asked.checkpoint.resolve().name
    name = f"agent {run}" if run == agent.kind else f"{agent.kind} agent {run}"
    return name, _bounded(asked, agent.plan, agent.whole_up_to, agent.size or 50), agent.weather


def _bounded(asked: _Arguments, plan: Plan, whole_up_to: int | None, trained_size: int) -> Ways:
    size = asked.size or trained_size
    if asked.overlap >= size:
        raise FuelBreakError(f"--overlap is {asked.overlap} cells; give less than the {size} of a window")
    return Ways(plan, asked.split, size, asked.overlap, asked.seed, whole_up_to, progress_aside)


def _keep_networks_to_one_thread() -> None:
    """Windows are planned for at the same time, one on each core."""
    import torch

    torch.set_num_threads(1)


def _method(text: str) -> str:
    """The plan whose name, as one word, is the text, or the only one that contains it."""
    names = {name.lower().replace(" ", "-"): name for name in PLANS}
    wanted = text.lower().replace(" ", "-")
    fitting = [wanted] if wanted in names else [slug for slug in names if wanted in slug]
    if len(fitting) != 1:
        raise FuelBreakError(f"there is no method {text!r}; choose from: {', '.join(names)}")
    return names[fitting[0]]


def _weathers(asked: _Arguments, own: Weather) -> dict[str, Weather]:
    """Those that were asked for, with single values replaced."""
    given = {
        "wind_speed_10m_km_h": asked.wind,
        "upwind_direction_deg": asked.upwind,
        "duration_min": None if asked.hours is None else 60.0 * asked.hours,
    }
    changes = {field: value for field, value in given.items() if value is not None}
    chosen = named_weathers(asked.weathers or ("own",), own)
    return {name: replace(weather, **changes) for name, weather in chosen.items()}


def _check(asked: _Arguments) -> None:
    if asked.checkpoint is not None and asked.method is not None:
        raise FuelBreakError("--checkpoint and --method exclude each other; give one of them")
    for name, least in (("budget", 0), ("overlap", 0), ("seed", 0), ("size", 8)):
        value = getattr(asked, name)
        if value is not None and value < least:
            raise FuelBreakError(f"--{name} is {value}; give a whole number from {least} up")
    if asked.out is not None:
        make_folder(asked.out, "--out")  # now, not after minutes of planning
        there = [asked.out / file for file in _FILES if (asked.out / file).exists()]
        if there and not asked.overwrite:
            raise LandscapeError("is there already; give another --out, or --overwrite", file=str(there[0]))


def _report(
    landscape: Landscape,
    plan: str,
    weathers: Mapping[str, Weather],
    verdicts: Mapping[str, Verdict],
    barriers: Sequence[Barrier],
    fires: str,
    seconds: float,
) -> None:
    area_ha = landscape.cell_area_ha
    placed = sum(barrier.size for barrier in barriers)
    height, width = landscape.shape
    say(f"Landscape {landscape.name}: {height} x {width} cells of {landscape.cell_size_m:g} m")
    say(f"Plan {plan}: {counted(placed, 'break')}, {placed * area_ha:.1f} ha, made in {seconds:.1f} s")
    for name, verdict in verdicts.items():
        say(
            f"Expected burned area, {describe_weather(weathers[name])}: {verdict.burned_before * area_ha:.1f} ha "
            f"without, {verdict.burned_after * area_ha:.1f} ha with the breaks: {100 * verdict.reduction:.1f} % less, "
            f"over {fires}"
        )
    shown = ", ".join(
        f"{counted(each.size, 'cell')} ({each.saved_cells * area_ha:.2f} ha)"
        for each in barriers[:_BARRIERS_LISTED]
    )
    if barriers:
        say(f"{counted(len(barriers), 'barrier')}; those whose loss would cost most: {shown}")


if __name__ == "__main__":
    sys.exit(main())
