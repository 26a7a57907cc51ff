"""`StableProcessPoolEnv` beside Gymnasium's `AsyncVectorEnv` and `SyncVectorEnv`: interleaved rounds in one run.

usage: python benchmarks/bench_pool.py [--envs 32] [--workers 2 4 16] [--rounds 5] [--seconds 1.0] [--out FILE]

Every contestant of a row is alive at the same time and they take turns, round by round, so that a busy machine
troubles all of them alike. A ratio is taken within a round; its spread is the range over the rounds. CPU is what the
parent and the workers burn for one environment step: the figure that others on the machine trouble least. Start-up,
memory (PSS of the process tree, from /proc/PID/smaps_rollup) and close are measured with the contestant alone.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import psutil
from gymnasium.vector import AsyncVectorEnv, SyncVectorEnv, VectorEnv

from stablepool import StableProcessPoolEnv

POOL, ASYNC, SYNC = "StableProcessPoolEnv", "AsyncVectorEnv", "SyncVectorEnv"


class Raster(gym.Env[np.ndarray, np.ndarray]):
    """Observations of 8 x 50 x 50 float32 and actions of 2,500 int8 cells, as the fuel-break environment has them.

    Args:
        work_s: CPU seconds that a step burns.
    """

    observation_space = gym.spaces.Box(0.0, 1.0, (8, 50, 50), np.float32)
    action_space = gym.spaces.MultiBinary(2500)

    def __init__(self, work_s: float = 0.0) -> None:
        self.work_s = work_s
        self.observation = np.random.default_rng(0).random((8, 50, 50), dtype=np.float32)

    def reset(
        self,
        *,
        seed: int | None = None,
        options: dict[str, Any] | None = None,  # noqa: ARG002 - Gymnasium's signature
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Return the observation that every step returns, too."""
        super().reset(seed=seed)
        return self.observation, {}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Burn the CPU time and return."""
        until = time.process_time() + self.work_s
        while self.work_s and time.process_time() < until:
            pass
        return self.observation, float(action[0]), False, False, {}


WORKLOADS: dict[str, Callable[[], gym.Env[Any, Any]]] = {
    "CartPole-v1": lambda: gym.make("CartPole-v1"),
    "8x50x50 float32, 2,500 int8": Raster,
    "the same with 2 ms of CPU": lambda: Raster(0.002),
    "FuelBreakEnv, 1 fire a step": lambda: gym.make("fuelbreak:FuelBreak-v0", num_simulations=1),
    "FuelBreakEnv, 10 fires a step": lambda: gym.make("fuelbreak:FuelBreak-v0", num_simulations=10),
}


@dataclass(frozen=True)
class Lifetime:
    """What one contestant costs beside its steps."""

    ready_s: float
    pss_mb: float
    close_s: float


def build(
    kind: str, env_fn: Callable[[], gym.Env[Any, Any]], envs: int, workers: int
) -> VectorEnv[Any, Any, Any]:
    """Make a contestant; all processes are spawned."""
    if kind == POOL:
        return StableProcessPoolEnv([env_fn] * envs, workers, 60.0)
    if kind == ASYNC:
        return AsyncVectorEnv([env_fn] * envs, context="spawn")
    return SyncVectorEnv([env_fn] * envs)


def steps_per_second(
    envs: VectorEnv[Any, Any, Any], actions: Any, seconds: float
) -> tuple[float, list[float]]:
    """Step for so many seconds; return environment steps per second and each vector step's latency."""
    latencies: list[float] = []
    started = now = time.perf_counter()
    while now - started < seconds:
        envs.step(actions)
        before, now = now, time.perf_counter()
        latencies.append(now - before)
    return envs.num_envs * len(latencies) / (now - started), latencies


@dataclass
class Result:
    """What one contestant did, over all rounds."""

    rates: list[float] = field(default_factory=list)
    latencies_s: list[float] = field(default_factory=list)
    cpu_s: float = 0.0
    num_envs: int = 1

    @property
    def cpu_us(self) -> float:
        """Microseconds of CPU per environment step, parent and workers together."""
        return self.cpu_s / (len(self.latencies_s) * self.num_envs) * 1e6


def cpu_seconds(envs: VectorEnv[Any, Any, Any]) -> float:
    """CPU time so far of this process and of a contestant's workers."""
    pids = getattr(envs, "worker_pids", None) or [process.pid for process in getattr(envs, "processes", [])]
    return time.process_time() + sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in pids)


def race(
    env_fn: Callable[[], gym.Env[Any, Any]], num_envs: int, workers: int, rounds: int, seconds: float
) -> dict[str, Result]:
    """Let the contestants take turns."""
    contestants = {kind: build(kind, env_fn, num_envs, workers) for kind in (POOL, ASYNC, SYNC)}
    results = {kind: Result(num_envs=num_envs) for kind in contestants}
    try:
        for envs in contestants.values():
            envs.reset(seed=0)
            envs.action_space.seed(0)
            steps_per_second(envs, envs.action_space.sample(), seconds / 4)
        actions = contestants[POOL].action_space.sample()
        for turn in range(rounds):
            order = list(contestants)[turn % 3 :] + list(contestants)[: turn % 3]
            for kind in order:
                before = cpu_seconds(contestants[kind])
                rate, latencies = steps_per_second(contestants[kind], actions, seconds)
                results[kind].cpu_s += cpu_seconds(contestants[kind]) - before
                results[kind].rates.append(rate)
                results[kind].latencies_s.extend(latencies)
    finally:
        for envs in contestants.values():
            envs.close()
    return results


def live(kind: str, env_fn: Callable[[], gym.Env[Any, Any]], num_envs: int, workers: int) -> Lifetime:
    """Start, take one reset and one step, weigh, close."""
    started = time.perf_counter()
    envs = build(kind, env_fn, num_envs, workers)
    envs.reset(seed=0)
    envs.step(envs.action_space.sample())
    ready = time.perf_counter() - started
    weight = tree_pss_mb()
    started = time.perf_counter()
    envs.close()
    return Lifetime(ready, weight, time.perf_counter() - started)


def tree_pss_mb() -> float:
    """Proportional set size of this process's descendants in MB; shared pages are counted once."""
    total_kb = 0
    for process in psutil.Process().children(recursive=True):
        rollup = Path(f"/proc/{process.pid}/smaps_rollup")
        if rollup.exists():
            total_kb += sum(
                int(line.split()[1]) for line in rollup.read_text().splitlines() if line.startswith("Pss:")
            )
    return total_kb / 1024


def spread(values: list[float], digits: int = 0) -> str:
    """Median and range."""
    return f"{statistics.median(values):,.{digits}f} ({min(values):,.{digits}f}-{max(values):,.{digits}f})"


def speed_rows(arguments: argparse.Namespace) -> list[str]:
    """The table of rates."""
    rows = [
        "| work | workers | pool, env-steps/s | AsyncVectorEnv | SyncVectorEnv | pool / Async "
        "| CPU us per env-step: pool, Async, Sync | pool p50, p99 ms |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, env_fn in WORKLOADS.items():
        for workers in arguments.workers:
            results = race(env_fn, arguments.envs, workers, arguments.rounds, arguments.seconds)
            pool, others = results[POOL], (results[ASYNC], results[SYNC])
            ratios = [ours / theirs for ours, theirs in zip(pool.rates, others[0].rates, strict=True)]
            p50, p99 = np.percentile(pool.latencies_s, [50, 99]) * 1e3
            cpu = ", ".join(f"{result.cpu_us:.0f}" for result in (pool, *others))
            rates = " | ".join(spread(result.rates) for result in (pool, *others))
            rows.append(
                f"| {name} | {workers} | {rates} | {spread(ratios, 1)} | {cpu} | {p50:.2f}, {p99:.2f} |"
            )
            print(rows[-1], flush=True)
    return rows


def life_rows(arguments: argparse.Namespace) -> list[str]:
    """The table of start-up, memory and close."""
    rows = [
        "| contestant | workers | ready to step, s | PSS of the workers, MB | close, s |",
        "|---|---|---|---|---|",
    ]
    cases = [(POOL, workers) for workers in arguments.workers] + [(ASYNC, arguments.envs)]
    for kind, workers in cases:
        lives = [live(kind, WORKLOADS["CartPole-v1"], arguments.envs, workers) for _ in range(3)]
        ready, weight, close = (
            statistics.median(getattr(each, name) for each in lives)
            for name in ("ready_s", "pss_mb", "close_s")
        )
        rows.append(f"| {kind} | {workers} | {ready:.2f} | {weight:.0f} | {close:.2f} |")
        print(rows[-1], flush=True)
    return rows


def main() -> None:
    """Run both tables and write them where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--envs", type=int, default=32)
    parser.add_argument("--workers", type=int, nargs="+", default=[2, 4, 16])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of one contestant's turn")
    parser.add_argument("--out", type=Path, help="Markdown file to write")
    arguments = parser.parse_args()
    text = [
        "# Vector environments side by side",
        "",
        f"{arguments.envs} environments, {len(os.sched_getaffinity(0))} usable cores ({platform.machine()}), Python "
        f"{platform.python_version()}, Gymnasium {gym.__version__}, spawned processes; {arguments.rounds} interleaved "
        f"rounds of {arguments.seconds:g} s; median (range). Load average at the start: {os.getloadavg()[0]:.1f}.",
        "",
        *speed_rows(arguments),
        "",
        "Start-up and memory with CartPole-v1 (median of 3):",
        "",
        *life_rows(arguments),
        "",
        "Environments that do next to nothing step fastest serially, in `SyncVectorEnv`: no process pool pays there.",
        "",
        "Made by `python benchmarks/bench_pool.py`; see the module for how.",
    ]
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text("\n".join(text) + "\n", encoding="utf-8")


if __name__ == "__main__":
    multiprocessing.freeze_support()
    main()
