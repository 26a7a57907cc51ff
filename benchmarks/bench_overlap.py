"""Environments that step while the learner trains, against taking turns, where both cost the same.

usage: python benchmarks/bench_overlap.py [--rounds 7] [--envs 4] [--workers 1] [--out MD]

Runs the reference script's own loop (`Training.vector_step`) on one worker process and one learner thread: two cores.
First the fires of a step are chosen so that a vector step of the environments takes as long as what is learned beside
it. Then both ways take turns, an episode each, in one run; the ratio is that of neighbouring episodes. Choosing actions
and storing transitions is done by the learner's core in both, so that the ratio stays below two.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from fuelbreak.env import FuelBreakEnv  # noqa: E402
from fuelbreak.fire.weather import Weather  # noqa: E402
from fuelbreak.landscape import Landscape  # noqa: E402
from fuelbreak.runs import RunFolder  # noqa: E402
from fuelbreak.synthetic import generate_set  # noqa: E402
from stablepool import StableProcessPoolEnv  # noqa: E402
from Train_stable import Settings, Training  # noqa: E402 - a script, found by its folder

BAR = 1.6
EVEN = 0.15
STEPS = 25
MOST_FIRES = 2000
LONG_FIRES = Weather(duration_min=1440.0)
"""Fires of a day: their steps cost enough to stand beside a network's updates."""


class InTurn:
    """A vector environment whose `step_async` waits: the learner begins when the environments are done."""

    def __init__(self, envs: StableProcessPoolEnv) -> None:
        self._envs = envs
        self.seconds = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._envs, name)

    def step_async(self, actions: Any) -> None:
        """Step, and wait for it."""
        started = time.perf_counter()
        self._envs.step_async(actions)
        self._after = self._envs.step_wait()
        self.seconds += time.perf_counter() - started

    def step_wait(self) -> Any:
        """What `step_async` has waited for."""
        return self._after


@dataclasses.dataclass
class Episode:
    """Seconds a vector step: as a whole, of the environments, and of the learner's updates."""

    step: float
    environments: float
    learning: float


def make_env(landscape: Landscape, settings: Settings) -> Callable[[], FuelBreakEnv]:
    """A function that builds one environment in its worker."""
    return lambda: FuelBreakEnv(
        landscape,
        settings.budget,
        settings.break_step,
        settings.sims,
        weather=LONG_FIRES,
        layout=settings.layout,
    )


class Contest:
    """One learner and one set of environments, driven either way."""

    def __init__(self, settings: Settings, workers: int, folder: Path) -> None:
        landscapes = list(generate_set(0, settings.n_envs, 50))
        env_fns = [make_env(landscape, settings) for landscape in landscapes]
        self.envs = StableProcessPoolEnv(env_fns, max_workers=workers, timeout=600.0)
        self.run = RunFolder.create("overlap", {}, root=folder)
        self.training = Training(settings, self.run, landscapes, self.envs, "cpu")
        self.turns = InTurn(self.envs)

    def episode(self, *, overlapped: bool) -> Episode:
        """One episode; its reset is not timed."""
        training = self.training
        training.envs = self.envs if overlapped else self.turns  # type: ignore[assignment]
        training.reset()
        training.step, self.turns.seconds = 0, 0.0
        training.clock.take(1)
        started = time.perf_counter()
        for _ in range(STEPS):
            training.vector_step()
        seconds = time.perf_counter() - started
        learning = training.clock.seconds["learn"]
        training.episode += 1
        return Episode(seconds / STEPS, self.turns.seconds / STEPS, learning / STEPS)

    def close(self) -> None:
        """End the environments."""
        self.envs.close()
        self.run.close()


def open_even(settings: Settings, workers: int, folder: Path) -> Contest:
    """A contest whose environments take as long as its learner, by the fires of a step."""
    for attempt in range(6):
        contest = Contest(settings, workers, folder)
        contest.episode(overlapped=False)  # fills the memory and compiles
        tried = [contest.episode(overlapped=False) for _ in range(2)]
        ratio = float(np.median([one.environments / one.learning for one in tried]))
        print(
            f"{settings.sims} fires a step: environments take {ratio:.2f} times as long as learning",
            flush=True,
        )
        if abs(ratio - 1.0) <= EVEN or attempt == 5:
            return contest
        contest.close()
        settings = dataclasses.replace(settings, sims=int(np.clip(settings.sims / ratio, 1, MOST_FIRES)))
    raise AssertionError("the last attempt returns")


def table(together: Sequence[Episode], turns: Sequence[Episode]) -> list[str]:
    """Both ways, and the ratio of neighbouring episodes."""
    ratios = np.array([b.step / a.step for a, b in zip(together, turns, strict=True)])
    rows = ["| | ms a vector step: median (range) |", "|---|---|"]
    for name, values in (
        ("overlapped", [one.step for one in together]),
        ("taking turns", [one.step for one in turns]),
        ("environments alone", [one.environments for one in turns]),
        ("learning alone", [one.learning for one in turns]),
    ):
        low, middle, high = 1000 * np.quantile(values, [0.0, 0.5, 1.0])
        rows.append(f"| {name} | {middle:.1f} ({low:.1f}-{high:.1f}) |")
    verdict = "held" if np.median(ratios) >= BAR else "missed"
    rows += [
        "",
        f"Overlapped is **{np.median(ratios):.2f}** times as fast ({ratios.min():.2f}-{ratios.max():.2f} over "
        f"{len(ratios)} pairs of episodes); the bar of {BAR} is {verdict}.",
    ]
    return rows


def main() -> int:
    """Measure, print, write; the exit code: 1 where the bar is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7, help="pairs of episodes")
    parser.add_argument("--envs", type=int, default=4)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--out", type=Path, help="Markdown file to write")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    settings = Settings(
        n_envs=arguments.envs,
        batch_size=arguments.batch_size,
        learning_starts=arguments.envs,
        sims=100,
        demonstrations=0,
        budget_shares=(1.0,),
    )
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        contest = open_even(settings, arguments.workers, Path(folder))
        pairs = [
            (contest.episode(overlapped=True), contest.episode(overlapped=False))
            for _ in range(arguments.rounds)
        ]
        fires = contest.training.settings.sims
        contest.close()
    rows = table([pair[0] for pair in pairs], [pair[1] for pair in pairs])
    lines = [
        "# Environments step while the learner trains",
        "",
        f"{arguments.envs} environments of 50 x 50 cells on {arguments.workers} worker, {fires} fires of a day "
        f"a step, batches of {arguments.batch_size} on one thread. Python {platform.python_version()}, "
        f"{len(os.sched_getaffinity(0))} usable cores ({platform.machine()}), load average at the start {load:.1f}: "
        "above 1 the cores were shared, and the ratio is a lower bound.",
        "",
        *rows,
        "",
        f"Made by `python benchmarks/bench_overlap.py --rounds {arguments.rounds}` on {time.strftime('%Y-%m-%d')}.",
    ]
    print("\n".join(lines))
    if arguments.out:
        arguments.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return int("is missed" in rows[-1])


if __name__ == "__main__":
    sys.exit(main())
