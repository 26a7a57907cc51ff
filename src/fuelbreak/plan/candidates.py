"""Plans to choose from, and the choice: whole or window by window, made for one weather or another.

Which way is best depends on the landscape, so that all are tried, and judged under all weathers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from fuelbreak.fire.ignitions import all_ignitions
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.threads import usable_cores
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plan.tiling import tiled_plan
from fuelbreak.plans import Plan, Verdict, judge

__all__ = ["Judge", "Split", "Ways", "best_plan"]

Breaks = npt.NDArray[np.bool_]
Split = Literal["auto", "whole", "windows"]

_JUDGE_ALL_UP_TO = 10_000
_WHOLE_UP_TO_WINDOWS = 64


@dataclass(frozen=True)
class Ways:
    """How a plan is made for a landscape that may be larger than what it is made for.

    Attributes:
        plan: What places breaks.
        split: "whole": all at once; "windows": as `fuelbreak.plan.tiling` does; "auto": both where the landscape is
            larger than `size`, all at once where it is not.
        size: Cells along each side of a window.
        overlap: Cells that neighbouring windows share.
        seed: Of whatever the plan draws.
    """

    plan: Plan
    split: Split = "auto"
    size: int = 50
    overlap: int = 10
    seed: int = 0

    def candidates(
        self, landscape: Landscape, weathers: Mapping[str, Weather], budget: int
    ) -> Iterator[tuple[str, Breaks]]:
        """Every plan that comes into question, with what it is, under each weather by itself."""
        for name, weather in weathers.items():
            said = f" for weather {name}" if len(weathers) > 1 else ""
            if self._takes_whole(landscape):
                yield f"whole landscape{said}", self.plan(landscape, weather, budget, seed=self.seed)
            if self._takes_windows(landscape):
                parts = {"size": self.size, "overlap": self.overlap, "seed": self.seed}
                yield (
                    f"windows of {self.size} cells{said}",
                    tiled_plan(self.plan, landscape, weather, budget, **parts),
                )

    def _takes_windows(self, landscape: Landscape) -> bool:
        return self.split == "windows" or (self.split == "auto" and max(landscape.shape) > self.size)

    def _takes_whole(self, landscape: Landscape) -> bool:
        few = landscape.fuel_model.size <= _WHOLE_UP_TO_WINDOWS * self.size**2
        return self.split == "whole" or (self.split == "auto" and few)


class Judge:
    """Fires on one landscape under several weathers, each equally likely.

    Args:
        landscape: Where.
        weathers: By name, at least one.
        seed: Of the ignitions where there are too many to take all.

    Attributes:
        ignitions: int64 (n, 2), all burnable cells, or ten thousand drawn evenly.
        said: What they are, in words.
        simulators: By weather.
    """

    def __init__(self, landscape: Landscape, weathers: Mapping[str, Weather], seed: int = 0) -> None:
        cells = all_ignitions(landscape)
        self.ignitions, self.said = cells, f"all {len(cells)} burnable ignitions"
        if len(cells) > _JUDGE_ALL_UP_TO:
            drawn = np.random.default_rng([seed, 1]).permutation(cells)
            self.ignitions = drawn[:_JUDGE_ALL_UP_TO]
            self.said = f"{_JUDGE_ALL_UP_TO} ignitions drawn evenly"
        cores = usable_cores()
        self.simulators = {
            name: FireSimulator(landscape, weather, threads=cores) for name, weather in weathers.items()
        }

    def verdicts(self, breaks: Breaks) -> dict[str, Verdict]:
        """What breaks, bool (H, W), do under each weather."""
        return {name: judge(simulator, breaks, self.ignitions) for name, simulator in self.simulators.items()}


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
