"""Contestants in processes of their own that take turns: what `bench_pool.py` measures with."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from pool_contestant import PACKAGES

HERE = Path(__file__).parent
START_S, ANSWER_S = 300.0, 60.0


class ContestantError(Exception):
    """A contestant cannot start, has ended, or does not answer."""


class Runner:
    """A contestant in a process of its own.

    Args:
        python: Interpreter that has the contestant's package.
        name: Key of `pool_contestant.CONTESTANTS`.
        workload: Key of `pool_workloads.WORKLOADS`.
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
        """End what is left of it, but for `multiprocessing`'s resource tracker: that removes semaphores, then ends."""
        for process in _tree(self._process.pid):
            with contextlib.suppress(psutil.NoSuchProcess):
                if "resource_tracker" not in " ".join(process.cmdline()):
                    process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        self._process.wait()


def _tree(pid: int) -> list[psutil.Process]:
    """A process with its descendants; nothing where it has ended."""
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


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
    names: Iterable[str], workload: str, envs: int, workers: int, peers: str | None = None
) -> Iterator[tuple[dict[str, Runner], dict[str, str]]]:
    """Start contestants, and end them; also say why some are missing.

    Args:
        names: Keys of `pool_contestant.CONTESTANTS`.
        workload: Key of `pool_workloads.WORKLOADS`.
        envs: Environments of each.
        workers: Worker processes, where a contestant lets one choose.
        peers: Interpreter that has the other packages.
    """
    living: dict[str, Runner] = {}
    missing: dict[str, str] = {}
    try:
        for name in names:
            python = peers if peers and name in PACKAGES else sys.executable
            try:
                living[name] = Runner(python, name, workload, envs, workers)
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
