"""Landscapes as pictures in plain arrays: what the environment's `render` and the run's pictures are drawn from."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fuelbreak.landscape import Landscape

__all__ = ["BREAK_COLOR", "RGB", "fuel_colors", "fuel_legend", "hillshade", "render_landscape"]

RGB = tuple[float, float, float]

BREAK_COLOR: RGB = (0.80, 0.05, 0.55)
_FIRE_COLOR: RGB = (1.0, 0.30, 0.0)

# Highest code of a group, its name, its colour: Anderson 13 first, then FBFM40.
_FUEL_GROUPS: tuple[tuple[int, str, RGB], ...] = (
    (3, "grass", (0.86, 0.84, 0.52)),
    (7, "shrub", (0.66, 0.62, 0.36)),
    (10, "timber litter", (0.36, 0.52, 0.32)),
    (13, "slash and blowdown", (0.52, 0.40, 0.30)),
    (91, "urban", (0.62, 0.62, 0.64)),
    (92, "snow, ice", (0.97, 0.97, 1.00)),
    (93, "agriculture", (0.93, 0.87, 0.70)),
    (98, "water", (0.40, 0.62, 0.85)),
    (99, "bare ground", (0.78, 0.74, 0.70)),
    (109, "grass", (0.86, 0.84, 0.52)),
    (124, "grass and shrub", (0.76, 0.73, 0.44)),
    (149, "shrub", (0.66, 0.62, 0.36)),
    (165, "timber understory", (0.45, 0.58, 0.36)),
    (189, "timber litter", (0.36, 0.52, 0.32)),
    (204, "slash and blowdown", (0.52, 0.40, 0.30)),
)


def fuel_colors(landscape: Landscape) -> npt.NDArray[np.float64]:
    """Colour of each cell's fuel group, float64 (H, W, 3) in 0..1."""
    found: npt.NDArray[np.float64] = np.array([color for *_, color in _FUEL_GROUPS])[_groups(landscape)]
    return found


def fuel_legend(landscape: Landscape) -> dict[str, RGB]:
    """Names and colours of the fuel groups of a landscape, the most frequent first."""
    groups, cells = np.unique(_groups(landscape), return_counts=True)
    return {_FUEL_GROUPS[group][1]: _FUEL_GROUPS[group][2] for group in groups[np.argsort(-cells)]}


def _groups(landscape: Landscape) -> npt.NDArray[np.int64]:
    """Row of each cell's fuel model in the table, int64 (H, W)."""
    return np.searchsorted([top for top, *_ in _FUEL_GROUPS], landscape.fuel_model)


def hillshade(
    landscape: Landscape, azimuth_deg: float = 315.0, altitude_deg: float = 45.0
) -> npt.NDArray[np.float64]:
    """Brightness of the terrain under a low sun in the north-west, float64 (H, W) in 0..1."""
    slope = np.radians(landscape.slope_deg.astype(np.float64))
    facing = np.radians(azimuth_deg - landscape.aspect_deg.astype(np.float64))
    altitude = np.radians(altitude_deg)
    light = np.sin(altitude) * np.cos(slope) + np.cos(altitude) * np.sin(slope) * np.cos(facing)
    shade: npt.NDArray[np.float64] = np.clip(light, 0.0, 1.0)
    return shade


def render_landscape(
    landscape: Landscape,
    breaks: npt.NDArray[np.bool_] | None = None,
    burn_probability: npt.NDArray[np.float32] | None = None,
    scale: int = 8,
) -> npt.NDArray[np.uint8]:
    """Shaded fuels, with burn probability in orange over them and breaks on top.

    Args:
        landscape: What to draw.
        breaks: bool (H, W), drawn opaque.
        burn_probability: float32 (H, W) in 0..1, drawn as opacity.
        scale: Pixels along a cell's edge.

    Returns:
        uint8 (scale*H, scale*W, 3), row 0 = north.
    """
    image = fuel_colors(landscape) * (0.45 + 0.65 * hillshade(landscape)[..., None])
    if burn_probability is not None:
        opacity = 0.75 * burn_probability[..., None].astype(np.float64)
        image = (1.0 - opacity) * image + opacity * np.array(_FIRE_COLOR)
    if breaks is not None:
        image[breaks] = BREAK_COLOR
    pixels = np.round(255.0 * np.clip(image, 0.0, 1.0)).astype(np.uint8)
    return pixels.repeat(scale, axis=0).repeat(scale, axis=1)
