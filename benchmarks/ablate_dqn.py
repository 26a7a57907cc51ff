"""What each part of the DQN over cells is worth -> a table with seeds and intervals in docs/benchmarks/dqn.md.

    python benchmarks/ablate_dqn.py --out docs/benchmarks/dqn.md
    python benchmarks/ablate_dqn.py --variants base +demonstrations --seeds 5

Every variant is trained by the reference script's own loop (`Training`), in environments of one process, with as many
optimizer steps as the others: a demonstrated run plays fewer episodes and makes up for them by pre-training. It is
judged on synthetic landscapes of other seeds and on windows of real regions that no training saw, over all burnable
ignitions.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from _tables import head, machine, row, write
from bench_agent import DATA, windows
from gymnasium.vector import SyncVectorEnv

from fuelbreak.dqn.demonstrations import Demonstrator
from fuelbreak.dqn.planner import learned_plan
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plans import PLANS, expected_burned
from fuelbreak.runs import RunFolder
from fuelbreak.signals import StopRequest
from fuelbreak.synthetic import generate_set
from Train_stable import Settings, Training, make_env

ROOT = Path(__file__).resolve().parents[1]
TILES, ENVS, SIZE, BUDGET, STEP = 16, 16, 32, 100, 4
REGIONS = ("norcal_c", "sierra_a")
RULER = "compartment lines"
SHOWN_BY = (RULER, Settings.demonstrator)

COMMON = Settings(
    n_envs=ENVS,
    budget=BUDGET,
    break_step=STEP,
    budget_shares=(1.0,),
    batch_size=32,
    learning_starts=100,
    target_network_frequency=50,
    evaluate=False,
    quiet=True,
    checkpoint_every=10**6,
)
BASE: dict[str, Any] = {
    "demonstrations": 0,
    "episodes": 10,
    "start_epsilon": 1.0,
    "n_step": 1,
    "symmetries": False,
}
SHOWN = BASE | {"demonstrations": 2, "pretrain_updates": 150, "episodes": 6, "start_epsilon": 0.2}
BY_RULER: dict[str, Any] = {"demonstrator": RULER}
BY_MARGINS: dict[str, Any] = {"imitation": "margin", "imitation_weight": 10.0}
VARIANTS: Mapping[str, dict[str, Any]] = {
    "base": BASE,
    "+n-step (3)": BASE | {"n_step": 3},
    "+prioritized": BASE | {"prioritized": True},
    "+symmetries": BASE | {"symmetries": True},
    "+demonstrations": SHOWN,
    "demonstrations by the ruler": SHOWN | BY_RULER,
    "demonstrations, margins": SHOWN | BY_MARGINS,
    "demonstrations by the ruler, margins": SHOWN | BY_RULER | BY_MARGINS,
    "demonstrations, symmetries": SHOWN | {"symmetries": True},
    "demonstrations, n-step, symmetries": SHOWN | {"n_step": 3, "symmetries": True},
    "demonstrations by the ruler, n-step, symmetries": SHOWN | BY_RULER | {"n_step": 3, "symmetries": True},
    "all": SHOWN | {"n_step": 3, "symmetries": True, "prioritized": True},
    "demonstrations alone, symmetries": SHOWN | {"symmetries": True, "pretrain_updates": 225, "episodes": 3},
    "demonstrations, n-step, legacy layout": SHOWN | {"n_step": 3, "layout": "legacy"},
}
ONE_BY_ONE = "demonstrations, n-step, symmetries"
"""The variant whose plans are also drawn one cell after another."""


class InOneProcess:
    """A vector environment of this process with the two-part step that `Training` takes."""

    counters: Mapping[str, float] = {}

    def __init__(self, landscapes: Sequence[Landscape], settings: Settings) -> None:
        self._envs = SyncVectorEnv([make_env([landscape], settings) for landscape in landscapes])

    def set_attr(self, name: str, values: list[Any]) -> None:
        """Set an attribute of every environment."""
        self._envs.set_attr(name, values)

    def reset(self, seed: int) -> Any:
        """Start an episode everywhere."""
        return self._envs.reset(seed=seed)

    def step_async(self, actions: npt.NDArray[np.int8]) -> None:
        """Keep the actions."""
        self._actions = actions

    def step_wait(self) -> Any:
        """Take the step."""
        return self._envs.step(self._actions)


class Bench:
    """Landscapes to judge on, with what burns there without breaks."""

    def __init__(self, landscapes: Sequence[Landscape]) -> None:
        self.landscapes = landscapes
        self._fires = [FireSimulator(landscape, Weather()) for landscape in landscapes]
        self._before = [expected_burned(fires) for fires in self._fires]

    def score(self, number: int, breaks: npt.NDArray[np.bool_]) -> float:
        """Reduction of the expected burned area in percent."""
        return 100.0 * (1.0 - expected_burned(self._fires[number], breaks) / self._before[number])

    def plan_scores(self, name: str) -> list[float]:
        """What a plan that needs no training saves on each landscape."""
        plan = PLANS[name]
        return [self.score(i, plan(each, Weather(), BUDGET)) for i, each in enumerate(self.landscapes)]

    def network_scores(self, network: torch.nn.Module, settings: Settings, k: int) -> list[float]:
        """What a network saves on each landscape, k cells a look."""
        drawn = (
            learned_plan(network, landscape, BUDGET, k, layout=settings.layout)
            for landscape in self.landscapes
        )
        return [self.score(number, breaks) for number, breaks in enumerate(drawn)]


def trained(
    settings: Settings, landscapes: list[Landscape], demonstrator: Demonstrator, folder: Path
) -> torch.nn.Module:
    """Train one variant with one seed."""
    envs = InOneProcess(landscapes, settings)
    with RunFolder.create("ablation", {}, root=folder) as run:
        training = Training(settings, run, landscapes, envs, "cpu")  # type: ignore[arg-type]
        training.demonstrator = demonstrator  # plans are made once for all variants of a seed
        stop = StopRequest()
        training.go_on(stop)
        stop.restore()
    return training.learner.network


def interquartile_mean(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Mean of the middle half of the last axis."""
    ordered, cut = np.sort(scores, axis=-1), scores.shape[-1] // 4
    middle: npt.NDArray[np.float64] = ordered[..., cut : scores.shape[-1] - cut].mean(axis=-1)
    return middle


def interval(scores: npt.NDArray[np.float64], draws: int = 2000) -> str:
    """Interquartile mean of (seeds, tiles) with a 95 % interval, seeds drawn anew for each tile.

    Agarwal et al. (2021), "Deep reinforcement learning at the edge of the statistical precipice".
    """
    rng, (seeds, tiles) = np.random.default_rng(0), scores.shape
    chosen = rng.integers(seeds, size=(draws, seeds, tiles))
    drawn = scores[chosen, np.arange(tiles)].reshape(draws, -1)
    low, high = np.percentile(interquartile_mean(drawn), [2.5, 97.5])
    return f"{float(interquartile_mean(scores.ravel())):.1f} [{low:.1f}, {high:.1f}]"


def table(records: Sequence[dict[str, Any]], synthetic: int) -> list[str]:
    """A row a variant: synthetic tiles, real ones, and each seed's mean over all."""
    rows = head("", "synthetic tiles: IQM [95 %]", "real windows: IQM [95 %]", "mean, seed by seed", "CPU s")
    for name in dict.fromkeys(record["variant"] for record in records):
        of_name = [record for record in records if record["variant"] == name]
        scores = np.array([record["scores"] for record in of_name])
        means = ", ".join(f"{mean:.1f}" for mean in scores.mean(axis=1))
        cells = [
            interval(part) if part.size else "" for part in (scores[:, :synthetic], scores[:, synthetic:])
        ]
        seconds = np.mean([record["seconds"] for record in of_name])
        rows.append(row([name, *cells, means, f"{seconds:.0f}"]))
    return rows


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS), choices=list(VARIANTS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--heldout", type=int, default=8, help="synthetic tiles, and at most as many windows")
    parser.add_argument(
        "--records", type=Path, help="JSON lines, one a run; runs found there are not repeated"
    )
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


def report(records: list[dict[str, Any]], heldout: int, seeds: int, real: int, conditions: str) -> list[str]:
    """The table and what it was made by."""
    order = [*SHOWN_BY, *VARIANTS, f"{ONE_BY_ONE}, one cell a look"]
    ordered = sorted(records, key=lambda record: (order.index(record["variant"]), record["seed"]))
    return [
        "# What each part of the DQN over cells is worth",
        "",
        f"Reduction of the expected burned area in percent with {BUDGET} breaks on {SIZE} x {SIZE} cells, {STEP} a "
        f"step, default weather, all burnable ignitions, on {heldout} synthetic tiles and {real} windows "
        f"of {', '.join(REGIONS)}, none of them trained on. Each variant: {TILES} synthetic training tiles, some 250 "
        f"optimizer steps on batches of {COMMON.batch_size}, {seeds} seeds. Interquartile means over tiles and "
        f"seeds with stratified bootstrap intervals over seeds. {conditions}, {time.strftime('%Y-%m-%d')}.",
        "",
        *table(ordered, heldout),
    ]


def main() -> None:
    """Train, judge, write."""
    asked = arguments()
    torch.set_num_threads(1)
    started = machine()
    tiles = list(generate_set(0, TILES, SIZE))
    folders = [DATA / name for name in REGIONS if (DATA / name).is_dir()]
    real = [
        window.window(0, 0, SIZE, SIZE)
        for window in (windows(folders, asked.heldout, seed=0) if folders else [])
    ]
    bench = Bench([*generate_set(1, asked.heldout, SIZE), *real])
    known = asked.records.read_text("utf-8").splitlines() if asked.records and asked.records.exists() else []
    records = [json.loads(line) for line in known]
    done = {(record["variant"], record["seed"]) for record in records}

    def keep(variant: str, seed: int, scores: list[float], seconds: float) -> None:
        records.append({"variant": variant, "seed": seed, "scores": scores, "seconds": seconds})
        print(f"{variant}, seed {seed}: {np.mean(scores):.1f} % after {seconds:.0f} s", flush=True)
        if asked.records:
            with asked.records.open("a", encoding="utf-8") as file:
                file.write(json.dumps(records[-1]) + "\n")

    for plan in SHOWN_BY:
        if (plan, 0) not in done:
            begun = time.process_time()
            keep(plan, 0, bench.plan_scores(plan), time.process_time() - begun)
    for seed in range(1, asked.seeds + 1):
        demonstrators = {plan: Demonstrator(tiles, plan, Weather(), COMMON.budgets) for plan in SHOWN_BY}
        for name in asked.variants:
            if (name, seed) in done:
                continue
            settings = dataclasses.replace(COMMON, seed=seed, **VARIANTS[name])
            begun = time.process_time()
            with tempfile.TemporaryDirectory() as folder:
                network = trained(settings, tiles, demonstrators[settings.demonstrator], Path(folder))
            seconds = time.process_time() - begun
            keep(name, seed, bench.network_scores(network, settings, settings.break_step), seconds)
            if name == ONE_BY_ONE:
                keep(f"{name}, one cell a look", seed, bench.network_scores(network, settings, 1), seconds)
    lines = report(records, asked.heldout, asked.seeds, len(real), started)
    print("\n".join(lines))
    write(asked.out, lines)


if __name__ == "__main__":
    main()
