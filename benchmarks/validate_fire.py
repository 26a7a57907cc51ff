"""``python benchmarks/validate_fire.py``: hold the fire to its reference figures; tables and pictures.

Reads ../shared/data/oracle and ../shared/data/landfire beside the checkout (or --data DIR). Prints Markdown tables,
and writes them with pictures to --out (docs/pictures by default).
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from _tiles import DATA, WEATHERS, real_tiles, reference_weather

from fuelbreak.errors import LandscapeError
from fuelbreak.fire.crown import Canopy, combine, crown_fire, crowning_rate_m_min
from fuelbreak.fire.ellipse import project
from fuelbreak.fire.fire_set import FireSet
from fuelbreak.fire.fuel_bed import base_fire
from fuelbreak.fire.ignitions import all_ignitions, sample_ignitions
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.surface import head_fire, midflame_wind_m_min, slope_and_aspect
from fuelbreak.fire.weather import LEGACY_WEATHER, Weather
from fuelbreak.landscape import Landscape
from fuelbreak.rasters import read_folder
from fuelbreak.synthetic import generate_landscape

ROOT = Path(__file__).resolve().parents[1]
SPREADS_M_MIN = 1e-6
DURATIONS_H = (2, 6, 24)
MOISTURES = ("m1", "m10", "m100", "m_live_herb", "m_live_woody")

Column = npt.NDArray[np.float64]
Times = npt.NDArray[np.float32]


class Fire(NamedTuple):
    """One fire of the reference: its weather, our times, and the level set's on 10 m and on 30 m cells."""

    weather: str
    landscape: Landscape
    ours: Times
    fine: Times
    coarse: Times


def main(argv: Sequence[str] | None = None) -> int:
    """Make all tables and pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument(
        "--sequences", type=int, default=0, help="compare so many random sequences of breaks, too"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "pictures")
    options = parser.parse_args(argv)
    if not (options.data / "oracle").is_dir():
        sys.exit(f"no reference figures at {options.data / 'oracle'}; give their folder's parent as --data")
    options.out.mkdir(parents=True, exist_ok=True)
    fires = list(read_fires(options.data))
    sections = [
        behavior_table(options.data),
        arrival_table(fires),
        ellipse_table(),
        edge_table(options.data),
        noise_table(options.data),
    ]
    if options.sequences:
        sequences, steps = compare_sequences(options.sequences, seed=77)
        sections.append(
            [f"{sequences:,} random sequences of breaks, {steps:,} steps: repaired = from nothing"]
        )
    text = "\n\n".join("\n".join(lines) for lines in sections) + "\n"
    print(text)
    (options.out / "fire_validation.md").write_text(text, encoding="utf-8")
    draw_fires(fires, options.out / "fire_arrival.png")
    draw_areas(fires, options.out / "fire_areas.png")
    return 0


def behavior_table(data: Path) -> list[str]:
    """Relative differences of single-cell behaviour, worst row and 99th percentile."""
    with (data / "oracle" / "behavior.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    theirs = {name: np.array([float(row[name] or "nan") for row in rows]) for name in rows[0]}
    ours, types = our_behavior(theirs)
    spreads = theirs["surface_spread_rate_m_min"] > SPREADS_M_MIN
    table = ["| behavior.csv | rows | worst | 99 % | rows over 1e-4 |", "|---|---|---|---|---|"]
    for name, values in ours.items():
        where = (spreads | name.startswith("crown")) & (theirs[name] > 0.0)
        error = np.abs(values - theirs[name])[where] / theirs[name][where]
        over = int((error > 1e-4).sum())
        table.append(
            f"| {name} | {where.sum()} | {error.max():.1e} | {np.quantile(error, 0.99):.1e} | {over} |"
        )
    same = int((types == theirs["combined_fire_type"]).sum())
    return [*table, f"| combined_fire_type | {len(rows)} | equal on {same} | | {len(rows) - same} |"]


def our_behavior(theirs: dict[str, Column]) -> tuple[dict[str, Column], npt.NDArray[np.int64]]:
    """Our figures in the reference's columns, and the fire types."""
    base = base_fire(theirs["fuel_model"].astype(int), np.stack([theirs[name] for name in MOISTURES], axis=1))
    terrain = slope_and_aspect(np.degrees(np.arctan(theirs["slope_rise_over_run"])), theirs["aspect_deg"])
    names = ("canopy_cover", "canopy_height_m", "canopy_base_height_m", "canopy_bulk_density_kg_m3")
    canopy = Canopy(*(theirs[name] for name in names))
    wind, upwind = theirs["wind_speed_10m_km_h"], theirs["upwind_direction_deg"]
    midflame = midflame_wind_m_min(wind, base.depth_ft, canopy.cover, canopy.height_m)
    surface = head_fire(base, midflame, upwind, terrain)
    crown = crown_fire(canopy, base, theirs["m1"], wind, upwind, terrain)
    both = combine(surface, crown, crowning_rate_m_min(surface, canopy, theirs["foliar_moisture"]))
    figures = {
        "surface_spread_rate_m_min": surface.spread_rate_m_min,
        "surface_intensity_kw_m": surface.intensity_kw_m,
        "surface_lw_ratio": surface.length_to_width,
        "crown_spread_rate_m_min": crown.head.spread_rate_m_min,
        "crown_intensity_kw_m": crown.head.intensity_kw_m,
        "combined_spread_rate_m_min": both.spread_rate_m_min,
        "combined_intensity_kw_m": both.intensity_kw_m,
        "combined_flame_length_m": both.flame_length_m,
    }
    return figures, both.fire_type


def read_fires(data: Path) -> Iterator[Fire]:
    """The fires of arrival.npz, but those that died in their first cell; row 0 = north."""
    reference = np.load(data / "oracle" / "arrival.npz")
    whole = {name: read_folder(data / "landfire" / name) for name in np.unique(reference["meta"][:, 0])}
    for i, (tile, row, column, weather, has_breaks, ignition_row, ignition_column) in enumerate(
        reference["meta"]
    ):
        fine, coarse = reference[f"toa10m_{i}"][::-1], reference[f"toa30m_{i}"][::-1]
        if np.isfinite(fine).sum() <= 1:
            print(f"fire {i} died in its first cell: left out")
            continue
        landscape = whole[tile].window(int(row), int(column), 50, 50)
        breaks = reference[f"breaks_{tile}"][::-1] if has_breaks == "1" else None
        simulator = FireSimulator(landscape, reference_weather(str(weather)))
        ours = simulator.arrival_time_min((49 - int(ignition_row), int(ignition_column)), breaks)
        yield Fire(str(weather), landscape, ours, fine, coarse)


def arrival_table(fires: list[Fire]) -> list[str]:
    """Areas, overlaps and arrival times of both against the 10 m solution."""
    table = [
        "| arrival.npz | fires | Pearson | area ratio | mean IoU | p10 IoU | time corr. | median time error | "
        "30 m level set: area ratio, IoU, p10, corr., error |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for hours in DURATIONS_H:
        table.append(arrival_row(f"{hours} h", fires, (hours,)))
    table.append(arrival_row("all", fires, DURATIONS_H))
    table.append(arrival_row("all of 25 cells or more", fires, DURATIONS_H, at_least=25))
    for weather in WEATHERS:
        chosen = [fire for fire in fires if fire.weather == weather]
        table.append(arrival_row(weather, chosen, DURATIONS_H))
    return table


def arrival_row(name: str, fires: list[Fire], hours: tuple[int, ...], at_least: int = 1) -> str:
    """One line of the table, over the fires that burn so many cells in the 10 m solution."""
    ours, count = arrival_figures(fires, hours, at_least, "ours")
    coarse, _ = arrival_figures(fires, hours, at_least, "coarse")
    mine = f"{ours[0]:.4f} | {ours[1]:.3f} | {ours[2]:.3f} | {ours[3]:.3f} | {ours[4]:.4f} | {ours[5]:.1%}"
    theirs = f"{coarse[1]:.3f}, {coarse[2]:.3f}, {coarse[3]:.3f}, {coarse[4]:.4f}, {coarse[5]:.1%}"
    return f"| {name} | {count} | {mine} | {theirs} |"


def arrival_figures(
    fires: list[Fire], hours: tuple[int, ...], at_least: int, which: str
) -> tuple[tuple[float, ...], int]:
    """Correlation and ratio of areas, mean and p10 overlap, correlation and error of times; and how many areas."""
    pairs = [(getattr(fire, which) <= 60.0 * h, fire.fine <= 60.0 * h) for fire in fires for h in hours]
    pairs = [(a, b) for a, b in pairs if b.sum() >= at_least]
    areas = np.array([(a.sum(), b.sum()) for a, b in pairs], float)
    overlaps = np.array([(a & b).sum() / (a | b).sum() for a, b in pairs])
    both = [np.isfinite(getattr(fire, which)) & np.isfinite(fire.fine) & (fire.fine > 0.0) for fire in fires]
    mine = np.concatenate([getattr(fire, which)[where] for fire, where in zip(fires, both, strict=True)])
    fine = np.concatenate([fire.fine[where] for fire, where in zip(fires, both, strict=True)])
    figures = (
        np.corrcoef(areas.T)[0, 1],
        areas[:, 0].sum() / areas[:, 1].sum(),
        overlaps.mean(),
        np.quantile(overlaps, 0.1),
        np.corrcoef(mine, fine)[0, 1],
        np.median(np.abs(mine - fine) / fine),
    )
    return tuple(float(figure) for figure in figures), len(pairs)


def ellipse_table() -> list[str]:
    """Area on flat, even grass against the exact ellipse, over eight wind directions."""
    table = ["| even grass (GR2), wind | length to width | least area ratio | largest |", "|---|---|---|---|"]
    flat = slope_and_aspect([0.0], [-1.0])
    for wind in (8.0, 20.0, 30.0, 40.0, 60.0):
        ratios = []
        for upwind in (0.0, 15.0, 22.5, 33.0, 45.0, 60.0, 80.0, 300.0):
            base = base_fire([102], [(0.05, 0.06, 0.08, 0.60, 0.90)])
            midflame = midflame_wind_m_min(wind, base.depth_ft, np.zeros(1), np.zeros(1))
            head = head_fire(base, midflame, upwind, flat)
            minutes = 75 * 30.0 / head.spread_rate_m_min[0]
            simulator = FireSimulator(even_grass(201), Weather(wind, upwind, duration_min=minutes))
            cells = np.isfinite(simulator.arrival_time_min((100, 100))).sum()
            exact = np.pi * np.sqrt(np.linalg.det(project(head, flat).shape[0])) * minutes**2
            ratios.append(cells * 900.0 / exact)
        table.append(
            f"| {wind:g} km/h | {head.length_to_width[0]:.2f} | {min(ratios):.3f} | {max(ratios):.3f} |"
        )
    return table


def even_grass(size: int) -> Landscape:
    """Flat GR2."""
    zero = np.zeros((size, size), np.float32)
    fuel = np.full((size, size), 102, np.int16)
    return Landscape(
        "even", zero, zero, zero, zero, zero, zero, zero, fuel, np.zeros((4, size, size), np.float32)
    )


def edge_table(data: Path) -> list[str]:
    """How much of a tile fires burn, and how many of them run off its edge, by duration."""
    table = ["| duration, default weather | mean burned | fires that reach the edge |", "|---|---|---|"]
    landscapes = real_tiles(data)
    for hours in (1, 2, 3, 4, 6, 24):
        shares, edges = [], []
        for landscape in landscapes:
            simulator = FireSimulator(landscape, Weather(duration_min=60.0 * hours))
            ignitions = all_ignitions(landscape)[::23]
            for row, column in ignitions:
                reached = np.isfinite(simulator.arrival_time_min((row, column)))
                shares.append(reached.mean())
                edges.append(reached[[0, -1]].any() or reached[:, [0, -1]].any())
        table.append(f"| {hours} h | {np.mean(shares):.0%} of the tile | {np.mean(edges):.0%} |")
    return table


def noise_table(data: Path) -> list[str]:
    """What a step of 10 random breaks changes, against what chance changes if every step draws its own ignitions."""
    table = [
        "| a step of 10 breaks, default weather | cells saved | noise, fresh ignition | signal to noise | "
        "noise, same ignition | signal to noise |",
        "|---|---|---|---|---|---|",
    ]
    rng = np.random.default_rng(0)
    for landscape in real_tiles(data):
        simulator, every = FireSimulator(landscape), all_ignitions(landscape)
        before, saved, fresh, same = simulator.burned_cells(every), [], [], []
        for _ in range(40):
            breaks = np.zeros(landscape.shape, bool)
            breaks[tuple(every[rng.choice(len(every), 10, replace=False)].T)] = True
            after = simulator.burned_cells(every, breaks)
            saved.append((before - after).mean())
            fresh.append(np.hypot(before.std(), after.std()))
            same.append((before - after).std())
        signal, alone, paired = np.mean(saved), np.mean(fresh), np.mean(same)
        ratios = f"{signal / alone:.3f} | {paired:.1f} | {signal / paired:.3f}"
        table.append(f"| {landscape.name} | {signal:.2f} | {alone:.1f} | {ratios} |")
    return table


def compare_sequences(count: int, seed: int) -> tuple[int, int]:
    """Repair and burn anew along random sequences of breaks; raise where they differ.

    Returns:
        Sequences and steps that were compared.
    """
    rng = np.random.default_rng(seed)
    sequences = steps = 0
    while sequences < count:
        simulator = random_simulator(rng)
        for _ in range(200):
            ignitions = sample_ignitions(simulator.landscape, int(rng.integers(1, 18)), rng)
            fires, breaks = FireSet(simulator, ignitions), np.zeros(simulator.landscape.shape, bool)
            for _ in range(int(rng.integers(1, 5))):
                cells = rng.integers(breaks.shape, size=(int(rng.integers(1, 12)), 2))
                breaks[tuple(cells.T)] = True
                repaired, anew = fires.add_breaks(cells), simulator.burned_cells(ignitions, breaks)
                if not np.array_equal(repaired, anew):
                    raise AssertionError(f"{repaired} is not {anew} for {simulator.weather} and {ignitions}")
                steps += 1
            sequences += 1
    return sequences, steps


def random_simulator(rng: np.random.Generator) -> FireSimulator:
    """A synthetic landscape of 8 to 25 cells a side, one in ten of 60 to 90, under any weather."""
    edge = int(rng.integers(8, 26)) if rng.random() < 0.9 else int(rng.integers(60, 91))
    try:
        landscape = generate_landscape(int(rng.integers(1_000_000)), edge)
    except LandscapeError:  # a small one may be all water or rock
        return random_simulator(rng)
    if rng.random() < 0.3:
        return FireSimulator(landscape, LEGACY_WEATHER)
    wind, upwind, minutes = rng.uniform(0.0, 60.0), rng.uniform(0.0, 360.0), rng.uniform(20.0, 1440.0)
    return FireSimulator(landscape, Weather(wind, upwind, duration_min=minutes))


def draw_fires(fires: list[Fire], file: Path) -> None:
    """Four fires: ours, the 10 m solution, and where they differ."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    chosen = [fires[i] for i in np.linspace(0, len(fires) - 1, 4).astype(int)]
    figure, axes = plt.subplots(3, len(chosen), figsize=(3 * len(chosen), 9), constrained_layout=True)
    for column, fire in enumerate(chosen):
        longest = np.nanmax(np.where(np.isfinite(fire.fine), fire.fine, np.nan))
        titles = (f"{fire.landscape.name}\n{fire.weather}: ours", "level set, 10 m", "ours - level set (min)")
        with np.errstate(invalid="ignore"):
            maps = (
                fire.ours,
                fire.fine,
                np.where(np.isfinite(fire.ours - fire.fine), fire.ours - fire.fine, np.nan),
            )
        for row, (title, values) in enumerate(zip(titles, maps, strict=True)):
            limits = (0.0, longest) if row < 2 else (-0.1 * longest, 0.1 * longest)
            shown = np.where(np.isfinite(values), values, np.nan)
            image = axes[row, column].imshow(
                shown, cmap="inferno" if row < 2 else "RdBu", vmin=limits[0], vmax=limits[1]
            )
            axes[row, column].set_title(title, fontsize=8)
            axes[row, column].set_axis_off()
            figure.colorbar(image, ax=axes[row, column], shrink=0.7)
    figure.savefig(file, dpi=110)
    plt.close(figure)


def draw_areas(fires: list[Fire], file: Path) -> None:
    """Burned cells, ours and the 30 m level set's, against the 10 m solution."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(5, 5), constrained_layout=True)
    for which, marker, label in (("coarse", "x", "level set, 30 m"), ("ours", "o", "ours")):
        areas = [
            ((getattr(fire, which) <= 60 * h).sum(), (fire.fine <= 60 * h).sum())
            for fire in fires
            for h in DURATIONS_H
        ]
        axes.loglog(*np.array(areas).T[::-1], marker, markersize=4, alpha=0.7, label=label)
    axes.plot([1, 2500], [1, 2500], color="grey", linewidth=0.8)
    axes.set_xlabel("burned cells, level set on 10 m cells")
    axes.set_ylabel("burned cells")
    axes.legend()
    figure.savefig(file, dpi=110)
    plt.close(figure)


if __name__ == "__main__":
    raise SystemExit(main())
