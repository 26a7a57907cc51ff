"""Slope and aspect of planes whose slope and aspect are known, north up."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from fuelbreak.terrain import NO_UNIT, horn, mistaken_aspect, slope_evidence

CELL = 30.0


def plane(slope_deg: float, faces_deg: float, shape: tuple[int, int] = (12, 9)) -> np.ndarray:
    """Elevation of a plane that falls towards ``faces_deg``, clockwise from north; row 0 is north."""
    north, east = -np.arange(shape[0])[:, None] * CELL, np.arange(shape[1])[None, :] * CELL
    fall = np.tan(np.radians(slope_deg))
    return -fall * (east * np.sin(np.radians(faces_deg)) + north * np.cos(np.radians(faces_deg)))


@pytest.mark.parametrize("faces_deg", [0, 30, 90, 135, 180, 225, 270, 359])
@pytest.mark.parametrize("slope_deg", [1, 20, 60])
def test_a_plane_has_its_slope_and_aspect(slope_deg: float, faces_deg: float) -> None:
    slope, aspect = horn(plane(slope_deg, faces_deg), CELL)
    inner = np.s_[1:-1, 1:-1]
    assert slope[inner] == pytest.approx(slope_deg)
    assert np.cos(np.radians(aspect[inner] - faces_deg)) == pytest.approx(1)


def test_flat_ground_has_aspect_minus_one() -> None:
    slope, aspect = horn(np.full((5, 6), 123.0), CELL)
    assert (slope == 0).all()
    assert (aspect == -1).all()


def test_aspect_is_below_360() -> None:
    bumps = np.random.default_rng(0).normal(size=(60, 60)) * 10
    _, aspect = horn(bumps, CELL)
    assert aspect.min() >= 0
    assert aspect.max() < 360


@pytest.mark.parametrize(
    ("scale", "verdict"),
    [(1.0, "degrees"), (None, "percent"), (0.01, "rise over run"), (2.4, ""), (5.0, NO_UNIT)],
)
def test_the_verdict_names_the_unit_that_fits_and_no_other(scale: float | None, verdict: str) -> None:
    ground = np.cumsum(np.cumsum(np.random.default_rng(1).normal(size=(40, 40)), axis=0), axis=1)
    degrees, _ = horn(ground, CELL)
    percent = 100 * np.tan(np.radians(degrees))
    slope = {None: percent, 0.01: percent / 100}.get(scale, degrees * (scale or 1.0))
    assert slope_evidence(slope, ground, CELL).verdict == verdict


@pytest.mark.parametrize("unit", ["degrees", "percent"])
def test_an_elevation_in_feet_is_known_by_its_slopes(unit: str) -> None:
    ground = np.cumsum(np.cumsum(np.random.default_rng(1).normal(size=(40, 40)), axis=0), axis=1)
    degrees, _ = horn(ground, CELL)
    slope = degrees if unit == "degrees" else 100 * np.tan(np.radians(degrees))
    assert slope_evidence(slope, ground / 0.3048, CELL).verdict == f"{unit}, with an elevation in feet"


def hills() -> tuple[np.ndarray, np.ndarray]:
    """Elevation and aspect of ground that faces everywhere."""
    ground = np.cumsum(np.cumsum(np.random.default_rng(1).normal(size=(40, 40)), axis=0), axis=1)
    return ground, horn(ground, CELL)[1]


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        (lambda aspect: aspect, ""),
        (lambda aspect: (aspect + 17) % 360, ""),  # the north of another map projection
        (lambda aspect: np.full_like(aspect, 200.0), ""),  # nothing that can be named
        (lambda aspect: (aspect + 180) % 360, "points uphill: turn it by 180 degrees"),
        (lambda aspect: (90 - aspect) % 360, "runs counterclockwise from east"),
        (lambda aspect: (180 - aspect) % 360, "is upside down: row 0 must be north"),
        (np.radians, "is in radians: give degrees"),
    ],
    ids=["right", "turned a little", "constant", "uphill", "from east", "upside down", "radians"],
)
def test_the_usual_mistakes_about_aspect_are_known_by_the_elevation(
    mistake: Callable[[np.ndarray], np.ndarray], words: str
) -> None:
    ground, aspect = hills()
    found = mistaken_aspect(mistake(aspect), ground, CELL)
    assert found.startswith(words)
    assert bool(found) == bool(words)


def test_aspects_of_flat_ground_are_not_judged() -> None:
    assert mistaken_aspect(np.full((40, 40), 90.0), np.full((40, 40), 100.0), CELL) == ""


def test_flat_ground_is_no_evidence() -> None:
    assert slope_evidence(np.full((40, 40), 20.0), np.full((40, 40), 100.0), CELL).verdict == ""


def test_evidence_of_several_layers_adds_up() -> None:
    small = slope_evidence(np.full((6, 6), 20.0), plane(20, 90, (6, 6)), CELL)
    assert small.verdict == ""
    assert (small + small + small).verdict == "degrees"
