"""Slope and aspect of planes whose slope and aspect are known, north up."""

from __future__ import annotations

import numpy as np
import pytest

from fuelbreak.terrain import horn, slope_evidence

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
    ("scale", "verdict"), [(1.0, "degrees"), (None, "percent"), (0.01, "rise over run"), (5.0, "")]
)
def test_the_verdict_names_the_unit_that_fits_and_no_other(scale: float | None, verdict: str) -> None:
    ground = np.cumsum(np.cumsum(np.random.default_rng(1).normal(size=(40, 40)), axis=0), axis=1)
    degrees, _ = horn(ground, CELL)
    percent = 100 * np.tan(np.radians(degrees))
    slope = {1.0: degrees, None: percent, 0.01: percent / 100, 5.0: 5 * degrees}[scale]
    assert slope_evidence(slope, ground, CELL).verdict == verdict


def test_flat_ground_is_no_evidence() -> None:
    assert slope_evidence(np.full((40, 40), 20.0), np.full((40, 40), 100.0), CELL).verdict == ""


def test_evidence_of_several_layers_adds_up() -> None:
    small = slope_evidence(np.full((6, 6), 20.0), plane(20, 90, (6, 6)), CELL)
    assert small.verdict == ""
    assert (small + small + small).verdict == "degrees"
