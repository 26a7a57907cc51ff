"""The observation's layout: signs, scales, and what can be read back from it."""

from __future__ import annotations

import numpy as np
import pytest

from fuelbreak.landscape import Landscape
from fuelbreak.observation import (
    FUEL_CHANNEL,
    OBSERVATION_HIGH,
    OBSERVATION_LOW,
    base_observation,
    break_mask,
    legal_cells,
)
from fuelbreak.synthetic import generate_landscape


@pytest.fixture(scope="module")
def landscape() -> Landscape:
    return generate_landscape(seed=7)


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
    assert OBSERVATION_LOW <= base.min() <= base.max() <= OBSERVATION_HIGH


def test_the_fuel_channel_tells_burnable_from_not_and_from_breaks(landscape: Landscape) -> None:
    observation = base_observation(landscape)
    burnable = landscape.burnable.reshape(-1)
    assert burnable.any()
    assert not burnable.all()
    assert (observation[FUEL_CHANNEL] != 0).all()
    assert np.array_equal(legal_cells(observation), burnable)
    observation[:, 0, :] = 0
    breaks = break_mask(observation).reshape(landscape.shape)
    assert breaks[0].all()
    assert not breaks[1:].any()
    assert not legal_cells(observation).reshape(landscape.shape)[0].any()


def test_batches_keep_their_leading_axes(landscape: Landscape) -> None:
    batch = np.stack([base_observation(landscape)] * 3)
    assert legal_cells(batch).shape == (3, landscape.fuel_model.size)
    assert break_mask(batch[None]).shape == (1, 3, landscape.fuel_model.size)
