"""From head fires to slowness along a direction."""

from __future__ import annotations

import numpy as np
import pytest

from fuelbreak.fire.ellipse import Ellipses, combined_slowness, project, slowness
from fuelbreak.fire.surface import HeadFire, Terrain, eccentricity, slope_and_aspect

FLAT = slope_and_aspect([0.0], [-1.0])


def directions(count: int = 72) -> np.ndarray:
    angles = np.arange(count) * 2.0 * np.pi / count
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def heading(
    rate: float, length_to_width: float, direction: tuple[float, float, float] = (1.0, 0.0, 0.0)
) -> HeadFire:
    ratio = np.array([length_to_width])
    return HeadFire(np.array([rate]), np.array([direction]), np.array([rate]), ratio, eccentricity(ratio))


def test_head_back_and_flank_of_an_ellipse() -> None:
    fire = heading(10.0, 3.0)
    e = fire.eccentricity[0]
    ahead, back = 1.0 / slowness(project(fire, FLAT), np.array([[1.0, 0.0], [-1.0, 0.0]]))[0]
    assert ahead == pytest.approx(10.0)
    assert back == pytest.approx(10.0 * (1.0 - e) / (1.0 + e))


def test_speed_in_polar_form() -> None:
    """Around its rear focus an ellipse is R (1 - e) / (1 - e cos w)."""
    fire = heading(7.0, 2.5)
    e, toward = fire.eccentricity[0], directions()
    expected = 7.0 * (1.0 - e) / (1.0 - e * toward[:, 0])
    np.testing.assert_allclose(1.0 / slowness(project(fire, FLAT), toward)[0], expected)


def test_a_circle_on_a_slope_is_shorter_on_the_map_uphill() -> None:
    terrain = Terrain(np.array([1.0]), np.array([0.0]))  # 45 degrees up to the east
    fire = heading(10.0, 1.0, (np.sqrt(0.5), 0.0, np.sqrt(0.5)))
    east, north = 1.0 / slowness(project(fire, terrain), np.array([[1.0, 0.0], [0.0, 1.0]]))[0]
    assert east == pytest.approx(10.0 * np.sqrt(0.5))
    assert north == pytest.approx(10.0)


def test_no_rate_no_spread() -> None:
    assert np.all(np.isinf(slowness(project(heading(1e-9, 1.0), FLAT), directions())))


def test_support_is_the_farthest_the_front_reaches() -> None:
    ellipse, toward = project(heading(5.0, 2.0), FLAT), directions(360)
    boundary = toward / slowness(ellipse, toward)[0][:, None]
    normals = directions(12)
    np.testing.assert_allclose(ellipse.support(normals)[0], (boundary @ normals.T).max(axis=0), rtol=1e-3)


def both(surface: Ellipses, crown: Ellipses, crowning_rate: float) -> np.ndarray:
    alone = slowness(surface, directions())
    return 1.0 / combined_slowness(alone, surface, crown, np.array([crowning_rate]), FLAT, directions())[0]


def test_where_nothing_crowns_the_surface_fire_is_all() -> None:
    surface, crown = project(heading(5.0, 2.0), FLAT), project(heading(30.0, 3.0), FLAT)
    expected = 1.0 / slowness(surface, directions())[0]
    np.testing.assert_allclose(both(surface, crown, np.inf), expected)
    np.testing.assert_allclose(both(surface, crown, 5.01), expected)


def test_a_crown_fire_around_the_surface_fire_takes_over_where_all_of_it_crowns() -> None:
    surface, crown = project(heading(5.0, 2.0), FLAT), project(heading(30.0, 1.5), FLAT)
    np.testing.assert_allclose(both(surface, crown, 0.0), 1.0 / slowness(crown, directions())[0], rtol=2e-3)


def test_a_fire_that_crowns_all_but_behind_is_fast_ahead_and_slow_behind() -> None:
    surface, crown = project(heading(5.0, 2.0), FLAT), project(heading(30.0, 3.0), FLAT)
    speed = both(surface, crown, 1.0)
    surface_speed, crown_speed = (1.0 / slowness(fire, directions())[0] for fire in (surface, crown))
    assert speed[0] == pytest.approx(30.0, rel=2e-3)
    assert speed[36] == pytest.approx(surface_speed[36], rel=2e-3)
    assert np.all(speed <= np.maximum(surface_speed, crown_speed) * 1.002)
    assert np.all(speed >= surface_speed * 0.999)


def test_a_fire_that_crowns_straight_ahead_only_is_held_back_by_its_flanks() -> None:
    """The flanks of a narrow tongue burn on the surface and cut it off: the Wulff shape, not the faster ellipse."""
    surface, crown = project(heading(5.0, 2.0), FLAT), project(heading(30.0, 3.0), FLAT)
    normals = directions(3600)
    front = surface.support(normals)[0]
    held_back_by = (front <= 4.0) & (normals[:, 0] > 0.0)
    expected = np.min(front[held_back_by] / normals[held_back_by, 0])
    assert 5.0 < expected < 6.0
    assert both(surface, crown, 4.0)[0] == pytest.approx(expected, rel=0.02)
