"""The observation's layouts: signs, scales, what can be read back from them and what can be rebuilt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fuelbreak.bands import FUEL_MODELS, NON_BURNABLE_FUEL_MODELS
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import LEGACY_WEATHER, Weather
from fuelbreak.landscape import Landscape
from fuelbreak.observation import (
    FUEL_CHANNEL,
    LAYOUTS,
    LayoutName,
    base_observation,
    break_mask,
    layout_of,
    legal_cells,
    with_breaks,
    with_fires,
)
from fuelbreak.synthetic import generate_landscape

FULLS: list[LayoutName] = ["full", "full+fires"]
ALL: list[LayoutName] = ["legacy", *FULLS]


@pytest.fixture(scope="module")
def landscape() -> Landscape:
    return generate_landscape(seed=7)


@pytest.fixture(scope="module")
def breaks(landscape: Landscape) -> np.ndarray:
    """Forty breaks on burnable cells."""
    mask = np.zeros(landscape.shape, bool)
    mask.flat[np.random.default_rng(3).choice(np.flatnonzero(landscape.burnable), 40, replace=False)] = True
    return mask


def channel(observation: np.ndarray, layout: LayoutName, name: str) -> np.ndarray:
    names = [row.name for row in LAYOUTS[layout].channels]
    return observation[..., names.index(name), :, :]


# The legacy layout


def test_the_scales_are_those_of_the_table(landscape: Landscape) -> None:
    base = base_observation(landscape)
    assert base.dtype == np.float32
    np.testing.assert_allclose(base[0], landscape.slope_deg / 45)
    flat = landscape.aspect_deg == -1
    assert (base[1][flat] == -1).all()
    np.testing.assert_allclose(base[1][~flat], landscape.aspect_deg[~flat] / 360)
    np.testing.assert_array_equal(base[2], landscape.canopy_cover)
    np.testing.assert_allclose(np.abs(base[3]) * 204, landscape.fuel_model, rtol=1e-6)
    np.testing.assert_array_equal(base[4:], np.log1p(landscape.firelines) / 12)


def test_the_fuel_channel_tells_burnable_from_not_and_from_breaks(landscape: Landscape) -> None:
    observation = base_observation(landscape)
    burnable = landscape.burnable.reshape(-1)
    assert burnable.any()
    assert not burnable.all()
    assert (observation[FUEL_CHANNEL] != 0).all()
    assert np.array_equal(legal_cells(observation), burnable)


def test_the_weather_does_not_enter_the_legacy_layout(landscape: Landscape) -> None:
    assert base_observation(landscape, LEGACY_WEATHER).tobytes() == base_observation(landscape).tobytes()


def test_all_legacy_channels_are_zero_at_breaks(landscape: Landscape, breaks: np.ndarray) -> None:
    base = base_observation(landscape)
    observation = with_breaks(base, breaks, 100)
    assert (observation[:, breaks] == 0).all()
    assert not np.signbit(observation[:, breaks]).any()
    assert np.array_equal(observation[:, ~breaks], base[:, ~breaks])


# The full layout


def test_the_full_layout_says_what_fire_spread_depends_on(landscape: Landscape) -> None:
    day = Weather(wind_speed_10m_km_h=30.0, upwind_direction_deg=270.0, duration_min=360.0)
    full = base_observation(landscape, day, "full")
    sine, cosine = (channel(full, "full", f"{name} of aspect") for name in ("sine", "cosine"))
    flat = landscape.aspect_deg == -1
    assert not sine[flat].any()
    assert not cosine[flat].any()
    angle = np.degrees(np.arctan2(sine, cosine)) % 360
    np.testing.assert_allclose(angle[~flat], landscape.aspect_deg[~flat] % 360, atol=1e-3)
    np.testing.assert_allclose(
        channel(full, "full", "canopy height") * 60, landscape.canopy_height_m, rtol=1e-6
    )
    np.testing.assert_allclose(
        channel(full, "full", "canopy bulk density") * 0.5, landscape.canopy_bulk_density_kg_m3, rtol=1e-6
    )
    np.testing.assert_allclose(channel(full, "full", "wind towards east"), 0.4, rtol=1e-6)
    np.testing.assert_allclose(channel(full, "full", "wind towards north"), 0.0, atol=1e-6)
    np.testing.assert_allclose(channel(full, "full", "burning duration"), 1 - np.exp(-1), rtol=1e-6)


def test_every_fuel_model_is_in_one_class_or_does_not_burn(landscape_with: Callable[..., Landscape]) -> None:
    codes = np.array(sorted(FUEL_MODELS))
    land = landscape_with(fuel_model=np.resize(codes, (6, 8)))
    more = landscape_with(fuel_model=np.resize(codes[::-1], (6, 8)))
    for full in (base_observation(each, layout="full") for each in (land, more)):
        classes = [row.name for row in LAYOUTS["full"].channels if row.scale == "1 in this fuel class"]
        assert len(classes) == 6
        held = sum(channel(full, "full", name) for name in classes) + channel(full, "full", "non-burnable")
        assert (held == 1).all()
    assert len(codes) <= 2 * 48
    assert np.array_equal(
        channel(base_observation(land, layout="full"), "full", "non-burnable") == 1,
        np.isin(land.fuel_model, NON_BURNABLE_FUEL_MODELS),
    )


def test_the_spread_potential_is_the_speed_at_which_fire_runs_before_the_wind(
    landscape_with: Callable[..., Landscape],
) -> None:
    even = {"slope_deg": np.zeros((6, 8)), "aspect_deg": np.full((6, 8), -1.0)}
    bare = {f"canopy_{name}": np.zeros((6, 8)) for name in ("cover", "height_m", "base_height_m")}
    bare |= {"canopy_bulk_density_kg_m3": np.zeros((6, 8)), "fuel_model": np.full((6, 8), 102)}
    land = landscape_with(**(even | bare))
    day = Weather(upwind_direction_deg=270.0)
    rate_m_min = np.expm1(channel(base_observation(land, day, "full"), "full", "spread potential") * 6)
    arrival = FireSimulator(land, day).arrival_time_min((3, 0))
    speed = 6 * 30 / (arrival[3, 7] - arrival[3, 1])
    assert speed == pytest.approx(rate_m_min[3, 3], rel=0.05)  # moves are lengthened to cover the ellipse


def test_the_spread_potential_knows_crowns_and_moisture(landscape: Landscape) -> None:
    forest = next(land for seed in range(20) if (land := generate_landscape(seed)).canopy_cover.mean() > 0.4)
    windy = Weather(wind_speed_10m_km_h=50.0)
    with_trees = channel(base_observation(forest, windy, "full"), "full", "spread potential")
    low = replace(forest, canopy_bulk_density_kg_m3=np.zeros(forest.shape))
    without = channel(base_observation(low, windy, "full"), "full", "spread potential")
    assert with_trees.mean() > without.mean()
    wet = Weather(moisture_1h=0.5, moisture_10h=0.5, moisture_100h=0.5)
    potential = channel(base_observation(landscape, wet, "full"), "full", "spread potential")
    assert (potential[landscape.fuel_model == 102] == 0).all()
    assert (potential[~landscape.burnable] == 0).all()


@pytest.mark.parametrize("layout", FULLS)
def test_breaks_and_budget_have_channels_of_their_own(
    landscape: Landscape, breaks: np.ndarray, layout: LayoutName
) -> None:
    base = base_observation(landscape, layout=layout)
    observation = with_breaks(base, breaks, 100, layout)
    assert np.array_equal(channel(observation, layout, "breaks"), breaks)
    left = np.float32(np.sqrt((100 - breaks.sum()) / breaks.size))
    assert (channel(observation, layout, "remaining budget") == left).all()
    for more in (10**9, 2**31):
        assert (channel(with_breaks(base, breaks, more, layout), layout, "remaining budget") == 1.0).all()
    changed = {
        row.name
        for row, before, after in zip(LAYOUTS[layout].channels, base, observation, strict=True)
        if not np.array_equal(before, after)
    }
    assert changed == {"breaks", "remaining budget"}


def test_fires_fill_the_last_two_channels(landscape: Landscape, breaks: np.ndarray) -> None:
    plain = with_breaks(base_observation(landscape, layout="full"), breaks, 100, "full")
    observation = with_breaks(base_observation(landscape, layout="full+fires"), breaks, 100, "full+fires")
    reached, downstream = np.full(landscape.shape, 0.25), np.full(landscape.shape, 0.5)
    with_fires(observation, reached, downstream)
    assert np.array_equal(observation[:-2], plain)
    assert (observation[-2] == 0.25).all()
    assert (observation[-1] == 0.5).all()


# Every layout


@pytest.mark.parametrize("layout", ALL)
def test_values_keep_within_the_bounds_in_extreme_weather(landscape: Landscape, layout: LayoutName) -> None:
    chosen = layout_of(layout)
    for day in (Weather(wind_speed_10m_km_h=150.0, duration_min=1e6), LEGACY_WEATHER):
        base = base_observation(landscape, day, layout)
        assert base.shape == (chosen.num_channels, *landscape.shape)
        assert base.dtype == np.float32
        assert chosen.low <= base.min() <= base.max() <= chosen.high


@pytest.mark.parametrize("layout", ALL)
def test_breaks_and_legal_cells_can_be_read_back(
    landscape: Landscape, breaks: np.ndarray, layout: LayoutName
) -> None:
    observation = with_breaks(base_observation(landscape, layout=layout), breaks, 100, layout)
    assert np.array_equal(break_mask(observation, layout), breaks.reshape(-1))
    assert np.array_equal(legal_cells(observation, layout), (landscape.burnable & ~breaks).reshape(-1))


@pytest.mark.parametrize("layout", ALL)
def test_batches_keep_their_leading_axes(
    landscape: Landscape, breaks: np.ndarray, layout: LayoutName
) -> None:
    base = base_observation(landscape, layout=layout)
    batch = with_breaks(np.stack([base, base]), np.stack([breaks, ~breaks]), 5000, layout)
    assert np.array_equal(batch[0], with_breaks(base, breaks, 5000, layout))
    assert np.array_equal(batch[1], with_breaks(base, ~breaks, 5000, layout))
    assert legal_cells(batch, layout).shape == (2, landscape.fuel_model.size)
    assert break_mask(batch[None], layout).shape == (1, 2, landscape.fuel_model.size)


def test_an_unknown_layout_names_those_there_are(landscape: Landscape) -> None:
    with pytest.raises(
        ValueError, match=r"'fll' is unknown; choose one of \['legacy', 'full', 'full\+fires'\]"
    ):
        base_observation(landscape, layout="fll")  # type: ignore[arg-type]


@pytest.mark.parametrize("layout", ALL)
def test_the_documentation_has_every_channel_with_its_scale_and_source(
    root: Path, layout: LayoutName
) -> None:
    page = (root / "docs" / "environment.md").read_text(encoding="utf-8")
    for number, row in enumerate(LAYOUTS[layout].channels):
        assert f"| {number} | {row.name} | {row.scale} | {row.source} |" in page
