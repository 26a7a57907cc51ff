"""`StableProcessPoolEnv` beside other vector environments and beside a bare plane, interleaved in one run.

usage: python benchmarks/bench_pool.py [--envs 32] [--workers 2 4 16] [--rounds 5] [--seconds 1.0] [--out FILE]
       python benchmarks/bench_pool.py --peers .venv-peers/bin/python ...   (`make peers` makes that one)

Every contestant of a row lives in a process of its own (`pool_contestant.py`), all at the same time, and they take
turns, round by round, so that a busy machine troubles all of them alike; one that does not answer in time is ended and
named. A ratio is taken within a round; its spread is the range over the rounds. CPU is what parent and workers burn for
one environment step: the figure that others on the machine trouble least. The bare plane (`bare_plane.py`) does the
same work without a single guarantee. Start-up, memory (PSS of the workers, from /proc/PID/smaps_rollup) and close are
measured with the contestant alone.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import select
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import psutil
from _tables import head, machine, row, spread, write
from pool_contestant import PACKAGES
from pool_workloads import WORKLOADS

from stablepool.cleanup import kill_trees

HERE = Path(__file__).parent
POOL, BARE, ASYNC, SYNC = "StableProcessPoolEnv", "bare plane", "AsyncVectorEnv", "SyncVectorEnv"
START_S, ANSWER_S = 120.0, 30.0
LIFE_WORKLOAD = "CartPole-v1"
PEER_WORKLOADS = list(WORKLOADS)[:2]


class ContestantError(Exception):
    """A contestant cannot start, has ended, or does not answer."""


class Runner:
    """A contestant in a process of its own.

    Args:
        python: Interpreter that has the contestant's package.
        name: Key of `pool_contestant.CONTESTANTS`.
        workload: Key of `WORKLOADS`.
        envs: Environments.
        workers: Worker processes, where the contestant lets one choose.

    Raises:
        ContestantError: It does not start.
    """

    def __init__(self, python: str, name: str, workload: str, envs: int, workers: int) -> None:
        command = [python, str(HERE / "pool_contestant.py"), name, workload, str(envs), str(workers)]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(HERE), "OMP_NUM_THREADS": "1"},
        )
        self._unread = b""
        self.num_envs = envs
        try:
            ready = self._answer(START_S)
        except ContestantError:
            self.end()
            raise
        self.name, self.ready_s = ready["name"], float(ready["ready_s"])

    def _answer(self, within_s: float) -> dict[str, Any]:
        assert self._process.stdout is not None
        descriptor, deadline = self._process.stdout.fileno(), time.monotonic() + within_s
        while b"\n" not in self._unread:
            if not select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise ContestantError(f"no answer within {within_s:g} s")
            chunk = os.read(descriptor, 1 << 20)
            if not chunk:
                raise ContestantError("it ended without an answer")
            self._unread += chunk
        line, _, self._unread = self._unread.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise ContestantError(answer["error"])
        return answer

    def take_turn(self, seconds: float) -> dict[str, Any]:
        """Have it step for so many seconds."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{seconds}\n".encode())
        self._process.stdin.flush()
        return self._answer(seconds + ANSWER_S)

    def pss_mb(self) -> float:
        """Proportional set size of its workers in MB; shared pages are counted once."""
        total_kb = 0
        for process in psutil.Process(self._process.pid).children(recursive=True):
            rollup = Path(f"/proc/{process.pid}/smaps_rollup")
            if rollup.exists():
                lines = rollup.read_text().splitlines()
                total_kb += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        return total_kb / 1024

    def close(self) -> float:
        """Have it close; return how long that took."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        return float(self._answer(ANSWER_S)["close_s"])

    def end(self) -> None:
        """End what is left of it."""
        kill_trees([self._process.pid])
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        self._process.wait()


@dataclass
class Result:
    """What one contestant did, over all rounds."""

    num_envs: int
    rates: list[float] = field(default_factory=list)
    latencies_us: list[int] = field(default_factory=list)
    cpu_s: float = 0.0

    def add(self, turn: dict[str, Any]) -> None:
        """Enter a turn."""
        self.rates.append(self.num_envs * len(turn["latencies_us"]) / turn["elapsed_s"])
        self.latencies_us += turn["latencies_us"]
        self.cpu_s += turn["cpu_s"]

    @property
    def cpu_us(self) -> float:
        """Microseconds of CPU per environment step, parent and workers together."""
        return self.cpu_s / (len(self.latencies_us) * self.num_envs) * 1e6

    def latency_ms(self) -> str:
        """Median and 99th percentile of a vector step."""
        p50, p99 = np.percentile(self.latencies_us, [50, 99]) / 1e3
        return f"{p50:.2f}, {p99:.2f}"


@contextlib.contextmanager
def runners(
    names: Iterable[str], workload: str, workers: int, arguments: argparse.Namespace
) -> Iterator[tuple[dict[str, Runner], dict[str, str]]]:
    """Start contestants, and end them; also say why some are missing."""
    living: dict[str, Runner] = {}
    missing: dict[str, str] = {}
    try:
        for name in names:
            python = arguments.peers if name in PACKAGES else sys.executable
            try:
                living[name] = Runner(python, name, workload, arguments.envs, workers)
            except ContestantError as error:
                missing[name] = str(error)
        yield living, missing
    finally:
        for runner in living.values():
            runner.end()


def race(
    living: dict[str, Runner], missing: dict[str, str], rounds: int, seconds: float
) -> dict[str, Result]:
    """Let the contestants take turns; one that fails drops out and is named in ``missing``."""
    results = {name: Result(runner.num_envs) for name, runner in living.items()}
    order = list(living)
    for turn in range(-1, rounds):  # the first is to warm up
        first = turn % len(order)
        for name in order[first:] + order[:first]:
            if name in missing:
                continue
            try:
                answer = living[name].take_turn(seconds if turn >= 0 else seconds / 4)
            except ContestantError as error:
                missing[name] = str(error)
                del results[name]
                continue
            if turn >= 0:
                results[name].add(answer)
    return results


def ratios(ours: Result, theirs: Result) -> list[float]:
    """By round."""
    return [one / other for one, other in zip(ours.rates, theirs.rates, strict=True)]


def speed_rows(arguments: argparse.Namespace) -> Iterator[str]:
    """The pool beside Gymnasium's vector environments and the bare plane."""
    yield from head(
        "work", "workers", "pool, env-steps/s", ASYNC, SYNC, "pool / Async", "pool / bare plane",
        "CPU us per env-step: pool, bare, Async, Sync", "pool p50, p99 ms",
    )  # fmt: skip
    for workload in arguments.workloads:
        for workers in arguments.workers:
            with runners((POOL, BARE, ASYNC, SYNC), workload, workers, arguments) as (living, missing):
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
        with runners((POOL, *PACKAGES), workload, workers, arguments) as (living, missing):
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
    with runners((name,), LIFE_WORKLOAD, workers, arguments) as (living, missing):
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
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of one contestant's turn")
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
        text += show(speed_rows(arguments))
        text += [
            "",
            f"Start-up and memory with {LIFE_WORKLOAD} (median of 3):",
            "",
            *show(life_rows(arguments)),
            "",
        ]
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
