"""`StableProcessPoolEnv` beside other vector environments and beside a bare plane, interleaved in one run.

usage: python benchmarks/bench_pool.py [--envs 32] [--workers 2 4 16] [--rounds 15] [--seconds 0.4] [--out FILE]
       python benchmarks/bench_pool.py --peers .venv-peers/bin/python ...   (`make peers` makes that one)

Every contestant of a row lives in a process of its own (`pool_contestant.py`), all at the same time, and they take
turns, round by round, so that a busy machine troubles all of them alike; one that does not answer in time is ended and
named. A ratio is taken within a round; its spread is the range over the rounds, which are many and short: what
disturbs the machine for a second then spoils two or three of them and not the median. CPU is what parent and workers
burn for one environment step: the figure that others on the machine trouble least. The bare plane (`bare_plane.py`)
does the same work without a single guarantee, its workers laid out in memory as the pool's are. Start-up, memory (PSS
of the workers, from /proc/PID/smaps_rollup) and close are measured with the contestant alone.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterable, Iterator
from pathlib import Path

import gymnasium as gym
from _tables import head, machine, row, spread, write
from pool_contestant import PACKAGES
from pool_failures import failure_rows
from pool_race import ContestantError, Runner, race, ratios, runners
from pool_workloads import WORKLOADS

POOL, BARE, ASYNC, SYNC = "StableProcessPoolEnv", "bare plane", "AsyncVectorEnv", "SyncVectorEnv"
LIFE_WORKLOAD = "CartPole-v1"
PEER_WORKLOADS = list(WORKLOADS)[:2]
NOT_EQUAL = (
    "The bare plane has neither infos nor snapshots: for FuelBreakEnv, which has both, it does less work."
)


def speed_rows(arguments: argparse.Namespace) -> Iterator[str]:
    """The pool beside Gymnasium's vector environments and the bare plane."""
    yield from head(
        "work", "workers", "pool, env-steps/s", ASYNC, SYNC, "pool / Async", "pool / bare plane",
        "CPU us per env-step: pool, bare, Async, Sync", "pool p50, p99 ms",
    )  # fmt: skip
    for workload in arguments.workloads:
        for workers in arguments.workers:
            with runners((POOL, BARE, ASYNC, SYNC), workload, arguments.envs, workers) as (living, missing):
                results = race(living, missing, arguments.rounds, arguments.seconds)
            if missing:
                raise ContestantError(f"{workload}: {missing}")
            pool, bare, gym_async, gym_sync = (results[name] for name in (POOL, BARE, ASYNC, SYNC))
            yield row([
                workload, workers, *(spread(each.rates) for each in (pool, gym_async, gym_sync)),
                spread(ratios(pool, gym_async), 1), spread(ratios(pool, bare), 2),
                ", ".join(f"{each.cpu_us:.0f}" for each in (pool, bare, gym_async, gym_sync)), pool.latency_ms(),
            ])  # fmt: skip


def peer_rows(arguments: argparse.Namespace) -> Iterator[str]:
    """The pool beside what other packages offer."""
    yield from head(
        "work", "contestant", "workers", "env-steps/s", "pool / it", "p50, p99 ms", "ready to step, s",
        "PSS of the workers, MB", "close, s",
    )  # fmt: skip
    workers = arguments.peer_workers
    for workload in PEER_WORKLOADS:
        with runners((POOL, *PACKAGES), workload, arguments.envs, workers, arguments.peers) as (
            living,
            missing,
        ):
            weights = {name: runner.pss_mb() for name, runner in living.items()}
            results = race(living, missing, arguments.rounds, arguments.seconds)
            for name, result in results.items():
                runner = living[name]
                yield row([
                    workload, runner.name, workers, spread(result.rates), spread(ratios(results[POOL], result), 1),
                    result.latency_ms(), f"{runner.ready_s:.2f}", f"{weights[name]:.0f}", _closing(runner),
                ])  # fmt: skip
        for name, reason in missing.items():
            yield row([workload, name, workers, f"did not run: {reason}", *"-----"])


def _closing(runner: Runner) -> str:
    try:
        return f"{runner.close():.2f}"
    except ContestantError as error:
        return str(error)


def life_rows(arguments: argparse.Namespace) -> Iterator[str]:
    """Start-up, memory and close, each contestant alone."""
    yield from head("contestant", "workers", "ready to step, s", "PSS of the workers, MB", "close, s")
    for name, workers in [(POOL, workers) for workers in arguments.workers] + [(ASYNC, arguments.envs)]:
        lives = [_live(name, workers, arguments) for _ in range(3)]
        ready, weight, close = (statistics.median(values) for values in zip(*lives, strict=True))
        yield row([name, workers, f"{ready:.2f}", f"{weight:.0f}", f"{close:.2f}"])


def _live(name: str, workers: int, arguments: argparse.Namespace) -> tuple[float, float, float]:
    with runners((name,), LIFE_WORKLOAD, arguments.envs, workers) as (living, missing):
        if missing:
            raise ContestantError(f"{LIFE_WORKLOAD}: {missing}")
        runner = living[name]
        return runner.ready_s, runner.pss_mb(), runner.close()


def show(lines: Iterable[str]) -> list[str]:
    """Print lines as they come."""
    shown = []
    for line in lines:
        print(line, flush=True)
        shown.append(line)
    return shown


def main() -> None:
    """Run the tables and write them where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--envs", type=int, default=32)
    parser.add_argument("--workers", type=int, nargs="+", default=[2, 4, 16])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=0.4, help="of one contestant's turn")
    parser.add_argument("--workloads", nargs="+", choices=WORKLOADS, default=list(WORKLOADS), metavar="NAME")
    parser.add_argument("--peers", metavar="PYTHON", help="interpreter that has the other packages")
    parser.add_argument("--peer-workers", type=int, default=4, help="where a peer lets one choose")
    parser.add_argument("--only-peers", action="store_true")
    parser.add_argument("--out", type=Path, help="Markdown file to write")
    arguments = parser.parse_args()
    text = [
        "# Vector environments side by side",
        "",
        f"{arguments.envs} environments, {machine()}, Gymnasium {gym.__version__}; {arguments.rounds} interleaved "
        f"rounds of {arguments.seconds:g} s; median (range).",
        "",
    ]
    if not arguments.only_peers:
        text += [*show(speed_rows(arguments)), "", NOT_EQUAL]
        text += ["", f"Start-up and memory with {LIFE_WORKLOAD} (median of 3):", ""]
        text += [*show(life_rows(arguments)), "", "When something fails:", "", *show(failure_rows()), ""]
    if arguments.peers:
        text += ["Beside other packages:", "", *show(peer_rows(arguments)), ""]
    text += [
        "Environments that do next to nothing step fastest serially, in `SyncVectorEnv`: no process pool pays there.",
        "",
        "Made by `python benchmarks/bench_pool.py`; see the module for how.",
    ]
    write(arguments.out, text)


if __name__ == "__main__":
    main()
