"""``python benchmarks/refine_fires.py``: who is nearer the truth where our fires and the 10 m level set differ?

Solves the reference fires by pyretechnics (`make oracle`) on a grid three times as fine again, 3.3 m, lit on the same
10 m square, for two hours, and sets beside it the level set on 10 m, our fires, and our fires on cells of 10 m. Most
fires take a minute, the largest many: --limit-s leaves those out. With --keep DIR what was solved is kept and reused.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from _tiles import DATA, at_centres, finer, reference_weather, split

from fuelbreak.errors import SimulationError
from fuelbreak.fire.oracle import PyretechnicsSimulator, find_oracle
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.landscape import Landscape
from fuelbreak.rasters import read_folder

HOURS = 2
FINE, FINEST = 3, 9
"""Parts that the edge of a 30 m cell is cut into: 10 m and 3.3 m."""

Breaks = npt.NDArray[np.bool_] | None
Times = npt.NDArray[np.float32]


class Case(NamedTuple):
    """One fire of the reference; row 0 = north."""

    number: int
    landscape: Landscape
    weather: str
    breaks: Breaks
    ignition: tuple[int, int]
    fine: Times


def main(argv: Sequence[str] | None = None) -> int:
    """Solve, compare and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--fires", type=int, nargs="+", help="numbers of the fires; all by default")
    parser.add_argument("--limit-s", type=float, default=600.0, help="leave out fires that take longer")
    parser.add_argument("--keep", type=Path, help="folder for what was solved")
    options = parser.parse_args(argv)
    if find_oracle() is None or not (options.data / "oracle").is_dir():
        sys.exit(f"needs pyretechnics (make oracle) and reference figures at {options.data / 'oracle'}")
    rows = []
    for case in read_cases(options.data, options.fires):
        finest = kept_or_solved(case, options.keep, options.limit_s)
        if finest is None:
            print(f"fire {case.number} takes over {options.limit_s:g} s: left out", flush=True)
        else:
            rows.append(
                {"ours": burn(case, 1), "10 m": case.fine, "ours on 10 m": burn(case, FINE), "3.3 m": finest}
            )
    print("\n".join(table(rows)))
    return 0


def read_cases(data: Path, numbers: Sequence[int] | None) -> list[Case]:
    """The fires of arrival.npz, but those that died in their first cell."""
    reference = np.load(data / "oracle" / "arrival.npz")
    cases = []
    for i, (tile, row, column, weather, has_breaks, south_row, ignition_column) in enumerate(
        reference["meta"]
    ):
        fine = reference[f"toa10m_{i}"][::-1]
        if np.isfinite(fine).sum() > 1 and (numbers is None or i in numbers):
            landscape = read_folder(data / "landfire" / tile).window(int(row), int(column), 50, 50)
            breaks = reference[f"breaks_{tile}"][::-1] if has_breaks == "1" else None
            ignition = (49 - int(south_row), int(ignition_column))
            cases.append(Case(i, landscape, str(weather), breaks, ignition, fine))
    return cases


def kept_or_solved(case: Case, keep: Path | None, limit_s: float) -> Times | None:
    """The finest solution at the centres of the 30 m cells; None if it takes too long."""
    file = keep / f"fire_{case.number}.npy" if keep else None
    if file and file.exists():
        times: Times = np.load(file)
        return times
    solved = solve(case, limit_s)
    if file and solved is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        np.save(file, solved)
    return solved


def solve(case: Case, limit_s: float) -> Times | None:
    """By the level set; the square of 10 m that the reference lights is three of the finest cells wide."""
    landscape, weather = finer(case.landscape, FINEST), reference_weather(case.weather, 60.0 * HOURS)
    with PyretechnicsSimulator(landscape, weather, timeout_s=limit_s, lit_cells=FINEST // FINE) as level_set:
        try:
            times = level_set.arrival_time_min(start(case, FINEST), finer_breaks(case, FINEST))
        except SimulationError as error:
            print(error, file=sys.stderr)
            return None
    return np.ascontiguousarray(at_centres(times, FINEST))


def burn(case: Case, times: int) -> Times:
    """Our fire on cells cut so many times, lit as the disc that it is lit as on whole cells."""
    simulator = FireSimulator(finer(case.landscape, times), reference_weather(case.weather))
    simulator.graph = simulator.graph._replace(lead=simulator.graph.lead * times)
    arrival = simulator.arrival_time_min(start(case, times), finer_breaks(case, times))
    return np.ascontiguousarray(at_centres(arrival, times))


def start(case: Case, times: int) -> tuple[int, int]:
    """The part in the middle of the cell where the fire starts."""
    row, column = case.ignition
    return row * times + times // 2, column * times + times // 2


def finer_breaks(case: Case, times: int) -> Breaks:
    """Breaks as wide as they are on whole cells."""
    return None if case.breaks is None else split(case.breaks, times).astype(bool)


def table(rows: list[dict[str, Times]]) -> list[str]:
    """Overlaps, burned cells and errors of times, by pairs."""
    lines = [
        f"| {len(rows)} fires of {HOURS} h | mean IoU | p10 | burned cells | median time error, mean of the fires |",
        "|---|---|---|---|---|",
    ]
    for one in rows[0]:
        for other in ("10 m", "3.3 m"):
            if list(rows[0]).index(one) < list(rows[0]).index(other) or (one, other) == (
                "ours on 10 m",
                "10 m",
            ):
                lines.append(
                    f"| {one} against {other} | {figures([(row[one], row[other]) for row in rows])} |"
                )
    return lines


def figures(pairs: list[tuple[Times, Times]]) -> str:
    """One line of the table."""
    areas = [(a <= 60.0 * HOURS, b <= 60.0 * HOURS) for a, b in pairs]
    overlaps = [(a & b).sum() / (a | b).sum() for a, b in areas]
    burned = [sum(int(pair[i].sum()) for pair in areas) for i in range(2)]
    errors = []
    for (one, other), (a, b) in zip(pairs, areas, strict=True):
        both = a & b & (other > 0.0)
        if both.any():
            errors.append(np.median(np.abs(one[both] - other[both]) / other[both]))
    return (
        f"{np.mean(overlaps):.3f} | {np.quantile(overlaps, 0.1):.3f} | {burned[0]} and {burned[1]} | "
        f"{np.mean(errors):.1%}"
    )


if __name__ == "__main__":
    raise SystemExit(main())
