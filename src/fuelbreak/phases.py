"""`PhaseClock`: where a loop's time goes, by named phases, and how that is logged."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

__all__ = ["PhaseClock", "describe_phases", "mean_phases"]

_TAG, _UNIT = "time/", "_ms"


class PhaseClock:
    """Adds up wall time by phase; phases do not nest.

    Attributes:
        seconds: By phase, in the order in which they first came.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, phase: str) -> Iterator[None]:
        """Add the time that a ``with`` block takes to a phase, however the block ends."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[phase] = self.seconds.get(phase, 0.0) + time.perf_counter() - started

    def take(self, iterations: int) -> dict[str, float]:
        """Milliseconds an iteration by phase, tagged ``time/<phase>_ms``; the clock starts again at nothing."""
        taken, self.seconds = self.seconds, dict.fromkeys(self.seconds, 0.0)
        return {f"{_TAG}{phase}{_UNIT}": 1000.0 * seconds / iterations for phase, seconds in taken.items()}


def mean_phases(metrics: Path) -> dict[str, float]:
    """Milliseconds an iteration by phase, the mean over a run.

    Args:
        metrics: Its ``metrics.jsonl``, with what `PhaseClock.take` returned in each line.

    Returns:
        By phase; empty where nothing was measured.
    """
    records = [json.loads(line) for line in metrics.read_text(encoding="utf-8").splitlines()]
    tags = dict.fromkeys(tag for record in records for tag in record if tag.startswith(_TAG))
    return {
        tag.removeprefix(_TAG).removesuffix(_UNIT): sum(record.get(tag, 0.0) for record in records)
        / len(records)
        for tag in tags
    }


def describe_phases(milliseconds: Mapping[str, float]) -> str:
    """Each phase's share, the longest first: ``12.3 ms: learn 8.0 (65 %), wait_for_environments 4.3 (35 %)``."""
    total = sum(milliseconds.values())
    longest_first = sorted(milliseconds.items(), key=lambda item: -item[1])
    shares = ", ".join(
        f"{phase.replace('_', ' ')} {value:.1f} ({value / total:.0%})"
        for phase, value in longest_first
        if value
    )
    return f"{total:.1f} ms: {shares}"
