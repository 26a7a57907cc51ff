"""One picture of a landscape and a plan for it: terrain, fuels, breaks, and where fires come without and with them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fuelbreak.fire.ignitions import all_ignitions
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.rendering import BREAK_COLOR, RGB, fuel_legend, hillshade, render_landscape

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.transforms import Transform

__all__ = ["describe_weather", "draw_landscape", "new_figure", "save_figure"]

Breaks = npt.NDArray[np.bool_]
FloatGrid = npt.NDArray[np.float32]

_COMPASS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")
_CONTOURS = 8
_DOTS_PER_INCH_A_CELL = 0.6  # a break cell is two dots wide
_CONTOUR_COLOR = "#5a2d0c"
_WIND_COLOR = "tab:blue"
_FUELLESS: RGB = (0.62, 0.65, 0.69)
_BREAK_ON_HEAT: RGB = (0.0, 0.0, 0.0)


def draw_landscape(
    path: Path,
    landscape: Landscape,
    breaks: Breaks,
    weather: Weather,
    *,
    ignitions: npt.NDArray[np.int64] | None = None,
) -> Path:
    """Draw six maps: terrain, fuels, breaks, burn probability before and after, and the difference.

    Args:
        path: The PNG to write.
        landscape: Where.
        breaks: bool (H, W).
        weather: Of the fires.
        ignitions: int (n, 2), where they start; by default every burnable cell.

    Returns:
        The path.
    """
    simulator = FireSimulator(landscape, weather)
    fires = all_ignitions(landscape) if ignitions is None else ignitions
    before, after = simulator.burn_probability(fires), simulator.burn_probability(fires, breaks)
    figure = new_figure(15.0, 2.2 + 7.6 * _tallness(landscape))
    maps = [figure.add_subplot(2, 3, number) for number in range(1, 7)]
    _draw_terrain(maps[0], landscape, weather)
    _draw_fuels(maps[1], landscape)
    _draw_breaks(maps[2], landscape, breaks)
    _draw_burn_probability(maps[3:], landscape, breaks, before, after)
    for axes in maps:
        axes.set_xlabel("km, west to east")
        axes.set_ylabel("km, south to north")
    figure.suptitle(
        f"Landscape {landscape.name}: {int(breaks.sum())} break cells "
        f"({breaks.sum() * landscape.cell_area_ha:.1f} ha), {describe_weather(weather)}, {len(fires)} ignitions"
    )
    finer = float(np.clip(_DOTS_PER_INCH_A_CELL * max(landscape.shape), 100.0, 300.0))
    return save_figure(figure, path, finer)


def describe_weather(weather: Weather) -> str:
    """Wind and duration in a few words."""
    hours = f"fires of {weather.duration_min / 60:g} h"
    if weather.wind_speed_10m_km_h == 0.0:
        return f"{hours}, no wind"
    place = _COMPASS[round(weather.upwind_direction_deg / 45.0) % len(_COMPASS)]
    return f"{hours}, {weather.wind_speed_10m_km_h:g} km/h of wind from {place} ({weather.upwind_direction_deg:.0f}°)"


def new_figure(width: float, height: float) -> Figure:
    """A figure of so many inches with a canvas of its own: needs no display, leaves no state behind in pyplot."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def save_figure(figure: Figure, path: Path, dots_per_inch: float = 100.0) -> Path:
    """Write a figure, and say where."""
    figure.savefig(path, dpi=dots_per_inch)
    return path


def _draw_terrain(axes: Axes, landscape: Landscape, weather: Weather) -> None:
    axes.imshow(hillshade(landscape), cmap="gray", vmin=-0.6, vmax=1.0, extent=_extent_km(landscape))
    elevation = landscape.elevation_m
    if elevation.max() > elevation.min() and min(landscape.shape) > 1:
        lines = axes.contour(
            np.flipud(elevation),
            _CONTOURS,
            colors=[_CONTOUR_COLOR],
            linewidths=float(np.clip(45.0 / max(landscape.shape), 0.2, 0.9)),
            extent=_extent_km(landscape),
        )
        axes.clabel(lines, fmt="%.0f", fontsize=8)
    axes.set_title("Terrain: shaded relief, elevation in m")
    if weather.wind_speed_10m_km_h > 0.0:
        _draw_wind(axes, weather)


def _draw_wind(axes: Axes, weather: Weather) -> None:
    """An arrow along the wind, in the north-west corner; in inches, so that no shape of a landscape turns it."""
    to = math.radians(weather.upwind_direction_deg + 180.0)
    east, north = 0.18 * math.sin(to), 0.18 * math.cos(to)
    inches = _inches_from(axes, 0.0, 1.0)
    axes.annotate(
        "",
        xy=(0.35 + east, -0.32 + north),
        xytext=(0.35 - east, -0.32 - north),
        xycoords=inches,
        textcoords=inches,
        arrowprops={"arrowstyle": "-|>", "mutation_scale": 18, "lw": 2.5, "color": _WIND_COLOR},
    )
    axes.text(
        0.35,
        -0.6,
        "wind",
        transform=inches,
        ha="center",
        va="top",
        color=_WIND_COLOR,
        weight="bold",
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.7, "pad": 1.5},
    )


def _draw_fuels(axes: Axes, landscape: Landscape) -> None:
    _show(axes, render_landscape(landscape), landscape)
    _legend(axes, fuel_legend(landscape))
    axes.set_title("Fuels")


def _draw_breaks(axes: Axes, landscape: Landscape, breaks: Breaks) -> None:
    pale = 0.55 * render_landscape(landscape, scale=1) / 255.0 + 0.45
    pale[breaks] = BREAK_COLOR
    _show(axes, pale, landscape)
    _legend(axes, {f"fuel break, {int(breaks.sum())} cells": BREAK_COLOR})
    axes.set_title("Fuel breaks")


def _draw_burn_probability(
    maps: list[Axes], landscape: Landscape, breaks: Breaks, before: FloatGrid, after: FloatGrid
) -> None:
    burned_ha = [float(values.sum()) * landscape.cell_area_ha for values in (before, after)]
    saved = 1.0 - burned_ha[1] / burned_ha[0]
    top = 100.0 * float(before.max())
    panels: list[tuple[str, FloatGrid, str, float]] = [
        (f"Before: a fire burns {burned_ha[0]:.1f} ha", before, "YlOrRd", 0.0),
        (f"After: a fire burns {burned_ha[1]:.1f} ha, {100 * saved:.0f} % less", after, "YlOrRd", 0.0),
        ("After minus before", after - before, "RdBu_r", -top),
    ]
    fuelless = _overlay(~landscape.burnable, _FUELLESS)
    for axes, (title, values, colors, low) in zip(maps, panels, strict=True):
        image = axes.imshow(100.0 * values, cmap=colors, vmin=low, vmax=top, extent=_extent_km(landscape))
        axes.figure.colorbar(image, ax=axes, shrink=0.8, label="burn probability, % of fires")
        _show(axes, fuelless, landscape)
        axes.set_title(title)
    for axes in maps[1:]:
        _show(axes, _overlay(breaks, _BREAK_ON_HEAT), landscape)
        _legend(axes, {"fuel break": _BREAK_ON_HEAT, "does not burn": _FUELLESS})
    _legend(maps[0], {"does not burn": _FUELLESS})


def _overlay(where: Breaks, color: RGB) -> npt.NDArray[np.float64]:
    """Opaque where it is True, float64 (H, W, 4)."""
    overlay = np.zeros((*where.shape, 4))
    overlay[where] = (*color, 1.0)
    return overlay


def _show(axes: Axes, image: npt.NDArray[Any], landscape: Landscape) -> None:
    axes.imshow(image, extent=_extent_km(landscape), interpolation="nearest")


def _legend(axes: Axes, colors: dict[str, RGB]) -> None:
    from matplotlib.patches import Patch

    patches = [Patch(facecolor=color, edgecolor="0.3", label=name) for name, color in colors.items()]
    axes.legend(
        handles=patches,
        loc="upper center",
        bbox_to_anchor=(0.0, -0.42),  # below the ticks and their label
        bbox_transform=_inches_from(axes, 0.5, 0.0),
        ncols=3,
        fontsize=8,
        frameon=False,
    )


def _inches_from(axes: Axes, x: float, y: float) -> Transform:
    """Coordinates in inches from a point of the axes, which is given in parts of their sides."""
    from matplotlib.transforms import BboxTransformTo, ScaledTranslation

    figure = axes.get_figure(root=True)
    assert figure is not None
    return figure.dpi_scale_trans + ScaledTranslation(x, y, BboxTransformTo(axes.bbox))


def _tallness(landscape: Landscape) -> float:
    height, width = landscape.shape
    return float(np.clip(height / width, 0.5, 2.0))


def _extent_km(landscape: Landscape) -> tuple[float, float, float, float]:
    height, width = landscape.shape
    kilometres = landscape.cell_size_m / 1000.0
    return 0.0, width * kilometres, 0.0, height * kilometres
