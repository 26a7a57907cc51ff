"""The pictures of a run beside its maps: a fire that spreads, without breaks and with them, and the learning curve."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.maps import new_figure, save_figure
from fuelbreak.rendering import render_landscape

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["draw_fire", "draw_learning_curve"]

Breaks = npt.NDArray[np.bool_]

_SMOOTHING_EPISODES = 10
_FIRE_FRAMES = 36
_SIDE_PIXELS, _CAPTION_PIXELS = 300, 24
_FRAME_MS, _LAST_FRAME_MS = 120, 2000


def draw_fire(path: Path, landscape: Landscape, breaks: Breaks, weather: Weather) -> Path:
    """The largest fire of those that start off the breaks, without them on the left and with them on the right.

    Args:
        path: The GIF to write.
        landscape: Where.
        breaks: bool (H, W).
        weather: Of the fire.

    Returns:
        The path.
    """
    simulator = FireSimulator(landscape, weather)
    ignitions = np.argwhere(landscape.burnable & ~breaks)
    if not len(ignitions):
        ignitions = np.argwhere(landscape.burnable)
    row, column = ignitions[int(np.argmax(simulator.burned_cells(ignitions)))].tolist()
    sides = [
        ("without breaks", np.zeros_like(breaks), simulator.arrival_time_min((row, column))),
        ("with breaks", breaks, simulator.arrival_time_min((row, column), breaks)),
    ]
    times = np.linspace(0.0, weather.duration_min, _FIRE_FRAMES)
    frames = [_beside([_burning(landscape, *side, time) for side in sides]) for time in times]
    waits = [_FRAME_MS] * (len(frames) - 1) + [_LAST_FRAME_MS]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=waits, loop=0)
    return path


def draw_learning_curve(path: Path, metrics: Path) -> Path:
    """Return and burned cells by episode, with running means; what was not logged is left out."""
    from matplotlib.ticker import MaxNLocator

    records = [json.loads(line) for line in metrics.read_text(encoding="utf-8").splitlines()]
    figure = new_figure(10.0, 4.0)
    shown = (
        ("charts/episodic_return", "Return: share of the burned area saved", "tab:blue"),
        ("charts/burned", "Burned cells at the end of an episode", "tab:red"),
    )
    known = [each for each in shown if any(each[0] in record for record in records)]
    for index, (tag, title, color) in enumerate(known, start=1):
        points = np.array([(r["episode"], r[tag]) for r in records if tag in r], dtype=float).reshape(-1, 2)
        axes = figure.add_subplot(1, len(known), index)
        axes.plot(points[:, 0], points[:, 1], ".", color=color, alpha=0.4, label="episode")
        axes.plot(
            points[:, 0], _running_mean(points[:, 1]), color=color, label=f"mean of {_SMOOTHING_EPISODES}"
        )
        axes.set_title(title)
        axes.set_xlabel("episode")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend()
    return save_figure(figure, path)


def _burning(
    landscape: Landscape,
    title: str,
    breaks: Breaks,
    arrival_time_min: npt.NDArray[np.float32],
    time_min: float,
) -> npt.NDArray[np.uint8]:
    """One side of a frame: what has burned by then, under a line that says how long and how much."""
    from PIL import Image, ImageDraw, ImageFont

    burned = arrival_time_min <= time_min
    scale = max(1, -(-_SIDE_PIXELS // landscape.shape[1]))
    fire = render_landscape(landscape, breaks, burned.astype(np.float32), scale=scale)
    caption = Image.new("RGB", (fire.shape[1], _CAPTION_PIXELS), "white")
    hours, minutes = divmod(round(time_min), 60)
    area_ha = burned.sum() * landscape.cell_area_ha
    ImageDraw.Draw(caption).text(
        (4, 3),
        f"{title}, {hours} h {minutes:02d} min: {area_ha:.1f} ha",
        fill="black",
        font=ImageFont.load_default(_CAPTION_PIXELS - 10),
    )
    return np.concatenate([np.asarray(caption), fire])


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
