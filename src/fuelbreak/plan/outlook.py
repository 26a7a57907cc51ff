"""How long a plan will take, from a trial on one window, so that nobody waits for an hour without having been told."""

from __future__ import annotations

import time
from collections.abc import Callable

from fuelbreak.fire.threads import usable_cores
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plan.candidates import Ways
from fuelbreak.plan.tiling import scout, windows

__all__ = ["expected_seconds"]

_AGAIN_UP_TO_S = 2.0
_ANY_SIZE, _BOUNDED = 1 / 3, 3.0


def expected_seconds(ways: Ways, landscape: Landscape, weather: Weather, budget: int) -> float:
    """Plan for one window, with its part of the budget, and multiply.

    What a cell costs on the whole landscape, compared with a window, was measured on 200 x 200 cells and more: a
    third or less for plans that take any landscape, three times as much for agents that are bounded.

    Args:
        ways: How the plan is made.
        landscape: Where.
        weather: Of the fires.
        budget: Break cells.

    Returns:
        Seconds for all candidates under one weather, good to a factor of two or so; 0 where the landscape is no
        larger than a window.
    """
    places = windows(landscape, ways.size, ways.overlap)
    if len(places) == 1:
        return 0.0
    fuels = [int(landscape.burnable[place.part].sum()) for place in places]
    median = sorted(range(len(places)), key=fuels.__getitem__)[len(places) // 2]
    tile = places[median].of(landscape)
    share = round(budget * fuels[median] / int(landscape.burnable.sum()))
    scouting = _seconds(lambda: scout(tile, weather, budget, ways.seed))
    planning = _seconds(lambda: ways.plan(tile, weather, share, seed=ways.seed))
    seconds = 0.0
    if ways.takes_windows(landscape):
        seconds += len(places) * (scouting + planning) / min(usable_cores(), len(places))
    if ways.takes_whole(landscape):
        dearer = _ANY_SIZE if ways.whole_up_to is None else _BOUNDED
        seconds += dearer * planning * landscape.fuel_model.size / tile.fuel_model.size
    return seconds


def _seconds(work: Callable[[], object]) -> float:
    """How long it takes; what is quick is done twice, for the first time something may have to be loaded."""
    started = time.perf_counter()
    work()
    taken = time.perf_counter() - started
    if taken > _AGAIN_UP_TO_S:
        return taken
    work()
    return time.perf_counter() - started - taken
