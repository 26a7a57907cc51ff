"""Markdown tables and the line that says where they were measured: what the benchmarks share."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path


def spread(values: Sequence[float], digits: int = 0) -> str:
    """Median and range: ``12 (11-14)``."""
    return f"{statistics.median(values):,.{digits}f} ({min(values):,.{digits}f}-{max(values):,.{digits}f})"


def row(cells: Iterable[object]) -> str:
    """One line of a table."""
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def head(*titles: str) -> list[str]:
    """The first two lines of a table."""
    return [row(titles), "|" + "---|" * len(titles)]


def machine() -> str:
    """Cores, Python and load, which every table should name."""
    return (
        f"{len(os.sched_getaffinity(0))} usable cores ({platform.machine()}), Python {platform.python_version()}, "
        f"load average at the start {os.getloadavg()[0]:.1f}"
    )


def write(path: Path | None, lines: Iterable[str]) -> None:
    """Write a Markdown file where one is wanted."""
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
