"""The pictures of a run: the learned breaks, burn probability before and after, a fire, the learning curve."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.rendering import BREAK_COLOR, render_landscape

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from PIL.Image import Image

__all__ = ["draw_burn_probability", "draw_fire", "draw_learning_curve", "draw_plan", "draw_run"]

Breaks = npt.NDArray[np.bool_]

_SMOOTHING_EPISODES = 10
_FIRE_FRAMES = 36
_FRAME_MS, _LAST_FRAME_MS = 120, 2000


def draw_run(run: Path, landscape: Landscape, breaks: Breaks, weather: Weather) -> list[Path]:
    """Draw all pictures of a run into its ``pictures/`` folder.

    Args:
        run: The run's folder, with a ``metrics.jsonl``.
        landscape: The landscape to show.
        breaks: bool (H, W), the agent's plan for it.
        weather: Of the fires.

    Returns:
        The PNG files, and a GIF.
    """
    folder = run / "pictures"
    folder.mkdir(exist_ok=True)
    return [
        draw_plan(folder / "plan.png", landscape, breaks),
        draw_burn_probability(folder / "burn_probability.png", landscape, breaks, weather),
        draw_fire(folder / "fire.gif", landscape, breaks, weather),
        draw_learning_curve(folder / "learning_curve.png", run / "metrics.jsonl"),
    ]


def draw_plan(path: Path, landscape: Landscape, breaks: Breaks) -> Path:
    """The landscape's fuels and terrain with the breaks on it."""
    figure = _figure(6.5, 6.5)
    axes = figure.add_subplot()
    _show_map(axes, render_landscape(landscape, breaks), landscape)
    axes.set_title(f"Landscape {landscape.name}: {int(breaks.sum())} breaks")
    axes.plot([], [], "s", color=BREAK_COLOR, label="fuel break")
    axes.legend(loc="lower right", framealpha=0.9)
    return _save(figure, path)


def draw_burn_probability(path: Path, landscape: Landscape, breaks: Breaks, weather: Weather) -> Path:
    """Burn probability over all burnable ignitions, without the breaks and with them, and what they change."""
    simulator = FireSimulator(landscape, weather)
    ignitions = np.argwhere(landscape.burnable)
    before = simulator.burn_probability(ignitions)
    after = simulator.burn_probability(ignitions, breaks)
    top = float(before.max())
    panels: list[tuple[str, npt.NDArray[np.float32], str, float, float]] = [
        (f"Before: {before.sum():.0f} cells a fire", before, "inferno", 0.0, top),
        (f"After: {after.sum():.0f} cells a fire", after, "inferno", 0.0, top),
        ("After minus before", after - before, "RdBu_r", -top, top),
    ]
    figure = _figure(15.0, 4.4)
    for index, (title, values, colors, low, high) in enumerate(panels, start=1):
        axes = figure.add_subplot(1, 3, index)
        image = axes.imshow(values, cmap=colors, vmin=low, vmax=high, extent=_extent_km(landscape))
        _label_map(axes)
        axes.set_title(title)
        figure.colorbar(image, ax=axes, shrink=0.8, label="burn probability")
    return _save(figure, path)


def draw_fire(path: Path, landscape: Landscape, breaks: Breaks, weather: Weather) -> Path:
    """The largest fire of those that start off the breaks, without them on the left and with them on the right."""
    simulator = FireSimulator(landscape, weather)
    ignitions = np.argwhere(landscape.burnable & ~breaks)
    if not len(ignitions):
        ignitions = np.argwhere(landscape.burnable)
    row, column = ignitions[int(np.argmax(simulator.burned_cells(ignitions)))].tolist()
    sides = [
        (np.zeros_like(breaks), simulator.arrival_time_min((row, column))),
        (breaks, simulator.arrival_time_min((row, column), breaks)),
    ]
    times = np.linspace(0.0, weather.duration_min, _FIRE_FRAMES)
    frames = [
        _beside([_burning(landscape, shown, arrival, time) for shown, arrival in sides]) for time in times
    ]
    waits = [_FRAME_MS] * (len(frames) - 1) + [_LAST_FRAME_MS]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=waits, loop=0)
    return path


def draw_learning_curve(path: Path, metrics: Path) -> Path:
    """Return and burned cells by episode, with running means."""
    from matplotlib.ticker import MaxNLocator

    records = [json.loads(line) for line in metrics.read_text(encoding="utf-8").splitlines()]
    figure = _figure(10.0, 4.0)
    shown = (
        ("charts/episodic_return", "Return: share of the burned area saved", "tab:blue"),
        ("charts/burned", "Burned cells at the end of an episode", "tab:red"),
    )
    for index, (tag, title, color) in enumerate(shown, start=1):
        points = np.array([(r["episode"], r[tag]) for r in records if tag in r], dtype=float).reshape(-1, 2)
        axes = figure.add_subplot(1, 2, index)
        axes.plot(points[:, 0], points[:, 1], ".", color=color, alpha=0.4, label="episode")
        axes.plot(
            points[:, 0], _running_mean(points[:, 1]), color=color, label=f"mean of {_SMOOTHING_EPISODES}"
        )
        axes.set_title(title)
        axes.set_xlabel("episode")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend()
    return _save(figure, path)


def _burning(
    landscape: Landscape, breaks: Breaks, arrival_time_min: npt.NDArray[np.float32], time_min: float
) -> npt.NDArray[np.uint8]:
    return render_landscape(landscape, breaks, (arrival_time_min <= time_min).astype(np.float32), scale=6)


def _beside(images: list[npt.NDArray[np.uint8]]) -> Image:
    from PIL.Image import fromarray

    gap = np.full((images[0].shape[0], 12, 3), 255, dtype=np.uint8)
    return fromarray(np.concatenate([images[0], gap, images[1]], axis=1)).quantize(128)


def _running_mean(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    total = np.cumsum(np.concatenate([[0.0], values]))
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(0, ends - _SMOOTHING_EPISODES)
    mean: npt.NDArray[np.float64] = (total[ends] - total[starts]) / (ends - starts)
    return mean


def _extent_km(landscape: Landscape) -> tuple[float, float, float, float]:
    height, width = landscape.shape
    kilometres = landscape.cell_size_m / 1000.0
    return 0.0, width * kilometres, 0.0, height * kilometres


def _show_map(axes: Axes, image: npt.NDArray[Any], landscape: Landscape) -> None:
    axes.imshow(image, extent=_extent_km(landscape))
    _label_map(axes)


def _label_map(axes: Axes) -> None:
    axes.set_xlabel("km, west to east")
    axes.set_ylabel("km, south to north")


def _figure(width: float, height: float) -> Figure:
    # A figure of its own canvas needs no display and leaves no state behind in pyplot.
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _save(figure: Figure, path: Path) -> Path:
    figure.savefig(path, dpi=110)
    return path
