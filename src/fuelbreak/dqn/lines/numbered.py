"""`NumberedEpisodes`: episodes that are known by kind and number, and burned on all cores.

Each has a random generator of its own, which follows from the run's seed, its kind and its number: what comes of it
does not depend on how many cores there are, and its landscape and weather need not be kept, only drawn again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np

from fuelbreak.dqn.lines.episodes import Step
from fuelbreak.dqn.lines.scene import Scene
from fuelbreak.dqn.lines.training_ground import Task, TrainingGround
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.threads import usable_cores

__all__ = ["NumberedEpisodes", "Play"]

Play = Callable[[Task, int, np.random.Generator], list[Step]]
"""Plays an episode of a number; called on several threads at once."""


class NumberedEpisodes:
    """All episodes of one kind that a seed has.

    Args:
        ground: Draws their tasks.
        seed: Of the run.
        kind: Tells kinds apart that have the same numbers.
    """

    def __init__(self, ground: TrainingGround, seed: int, kind: int) -> None:
        self._ground, self._seed, self._kind = ground, seed, kind

    @contextmanager
    def burned(self, numbers: range, play: Play) -> Iterator[Iterator[list[Step]]]:
        """Play episodes on all cores while the caller does something else.

        Args:
            numbers: Which.
            play: Plays one.

        Yields:
            Their steps in the order of the numbers; with the context ends what has not begun.
        """

        def burn(number: int) -> list[Step]:
            task, rng = self._task(number)
            return play(task, number, rng)

        threads = ThreadPoolExecutor(usable_cores(), thread_name_prefix="burn")
        try:
            yield threads.map(burn, numbers)
        finally:
            threads.shutdown(cancel_futures=True)

    def scenes(self, count: int) -> list[Scene]:
        """Those of the first `count` episodes."""

        def scene(number: int) -> Scene:
            task, _ = self._task(number)
            return Scene(FireSimulator(task.landscape, task.weather))

        with ThreadPoolExecutor(usable_cores(), thread_name_prefix="scenes") as threads:
            return list(threads.map(scene, range(count)))

    def _task(self, number: int) -> tuple[Task, np.random.Generator]:
        seeds = np.random.SeedSequence(self._seed, spawn_key=(self._kind, number))
        rng = np.random.default_rng(seeds)
        return self._ground.draw(rng), rng
