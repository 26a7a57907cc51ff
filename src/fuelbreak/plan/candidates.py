"""Plans to choose from, and the choice: whole or window by window, made for one weather or another.

Which way is best depends on the landscape, so that all are tried, and judged under all weathers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from fuelbreak.console import Progress, no_progress
from fuelbreak.errors import LandscapeError
from fuelbreak.fire.ignitions import all_ignitions
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.threads import usable_cores
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plan.tiling import tiled_plan
from fuelbreak.plans import Plan, Verdict, expected_burned

__all__ = ["Judge", "Split", "Ways", "best_plan"]

Breaks = npt.NDArray[np.bool_]
Split = Literal["auto", "whole", "windows"]

_MOST, _FEWEST, _PILOT = 10_000, 500, 64
_BURNED_CELLS = 1e9


@dataclass(frozen=True)
class Ways:
    """How a plan is made for a landscape that may be larger than what it is made for.

    Attributes:
        plan: What places breaks.
        split: "whole": all at once; "windows": as `fuelbreak.plan.tiling` does; "auto": both where the landscape is
            larger than `size`, all at once where it is not; never all at once beyond `whole_up_to`.
        size: Cells along each side of a window.
        overlap: Cells that neighbouring windows share.
        seed: Of whatever the plan draws.
        whole_up_to: Cells of the largest landscape that the plan takes at once; None for any.
        progress: Shows how far each candidate is.
    """

    plan: Plan
    split: Split = "auto"
    size: int = 50
    overlap: int = 10
    seed: int = 0
    whole_up_to: int | None = None
    progress: Progress = no_progress

    def candidates(
        self, landscape: Landscape, weathers: Mapping[str, Weather], budget: int
    ) -> Iterator[tuple[str, Breaks]]:
        """Every plan that comes into question, with what it is, under each weather by itself."""
        for name, weather in weathers.items():
            said = f" for weather {name}" if len(weathers) > 1 else ""
            if self.takes_whole(landscape):
                with self.progress(f"Whole landscape{said}", 1):
                    whole = self.plan(landscape, weather, budget, seed=self.seed)
                yield f"whole landscape{said}", whole
            if self.takes_windows(landscape):
                yield f"windows of {self.size} cells{said}", self._in_windows(landscape, weather, budget)

    def takes_windows(self, landscape: Landscape) -> bool:
        """Whether a plan is made window by window."""
        if self.split == "auto":
            return max(landscape.shape) > self.size or not self.takes_whole(landscape)
        return self.split == "windows"

    def takes_whole(self, landscape: Landscape) -> bool:
        """Whether a plan is made all at once.

        Raises:
            LandscapeError: It must be, and the landscape is too large for that.
        """
        fits = self.whole_up_to is None or landscape.fuel_model.size <= self.whole_up_to
        if self.split == "whole" and not fits:
            raise LandscapeError(
                f"has {landscape.fuel_model.size} cells, and this plan takes up to {self.whole_up_to} at once; "
                "leave --split out, or give --split windows",
                file=landscape.name,
            )
        return fits and self.split != "windows"

    def _in_windows(self, landscape: Landscape, weather: Weather, budget: int) -> Breaks:
        return tiled_plan(
            self.plan,
            landscape,
            weather,
            budget,
            size=self.size,
            overlap=self.overlap,
            seed=self.seed,
            progress=self.progress,
        )


class Judge:
    """Fires on one landscape under several weathers, each equally likely.

    Args:
        landscape: Where.
        weathers: By name, at least one.
        seed: Of the ignitions where there are too many to take all.

    Attributes:
        ignitions: int64 (n, 2), all burnable cells, or at most ten thousand drawn evenly: fewer where fires are so
            large that those would burn more than a billion cells.
        said: What they are, in words.
        simulators: By weather.
    """

    def __init__(self, landscape: Landscape, weathers: Mapping[str, Weather], seed: int = 0) -> None:
        cells, cores = all_ignitions(landscape), usable_cores()
        self.simulators = {
            name: FireSimulator(landscape, weather, threads=cores) for name, weather in weathers.items()
        }
        drawn = np.random.default_rng([seed, 1]).permutation(cells)
        largest = max(expected_burned(each, None, drawn[:_PILOT]) for each in self.simulators.values())
        count = int(np.clip(_BURNED_CELLS / largest, _FEWEST, _MOST))
        self.ignitions, self.said = cells, f"all {len(cells)} burnable ignitions"
        if len(cells) > count:
            self.ignitions, self.said = drawn[:count], f"{count} ignitions drawn evenly"
        self._before = {
            name: expected_burned(each, None, self.ignitions) for name, each in self.simulators.items()
        }

    def verdicts(self, breaks: Breaks) -> dict[str, Verdict]:
        """What breaks, bool (H, W), all on fuel, do under each weather."""
        return {
            name: Verdict(
                int(breaks.sum()), self._before[name], expected_burned(simulator, breaks, self.ignitions)
            )
            for name, simulator in self.simulators.items()
        }


def best_plan(
    ways: Ways, landscape: Landscape, weathers: Mapping[str, Weather], budget: int, judge: Judge
) -> tuple[str, Breaks, dict[str, Verdict]]:
    """Make every candidate and take the one of highest mean reduction over the weathers.

    Args:
        ways: How to make them.
        landscape: Where.
        weathers: By name, each equally likely.
        budget: Break cells.
        judge: Of the same landscape and weathers.

    Returns:
        What the plan is, its breaks, bool (H, W), and what they do under each weather.
    """
    judged = [
        (said, breaks, judge.verdicts(breaks))
        for said, breaks in ways.candidates(landscape, weathers, budget)
    ]
    return max(judged, key=lambda one: np.mean([verdict.reduction for verdict in one[2].values()]))
