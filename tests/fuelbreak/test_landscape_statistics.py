"""The figures that say how natural a landscape is, on maps whose figures are known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imread

from fuelbreak.landscape_statistics import describe, main, patch_sizes, same_fuel_kappa, spectral_exponent
from fuelbreak.synthetic import generate_landscape
from fuelbreak.synthetic.noise import gaussian_fields


def flood_fill_sizes(fuel: np.ndarray) -> list[int]:
    """Patch sizes by the plainest way there is."""
    left = {(int(row), int(column)) for row, column in np.argwhere(np.ones_like(fuel))}
    sizes = []
    while left:
        open_cells, size = [left.pop()], 0
        while open_cells:
            row, column = open_cells.pop()
            size += 1
            for cell in ((row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1)):
                if cell in left and fuel[cell] == fuel[row, column]:
                    left.remove(cell)
                    open_cells.append(cell)
        sizes.append(size)
    return sorted(sizes)


@pytest.mark.parametrize("codes", [2, 3, 8])
def test_patches_are_those_of_a_flood_fill(codes: int) -> None:
    fuel = np.random.default_rng(codes).integers(0, codes, (30, 41))
    assert sorted(patch_sizes(fuel).tolist()) == flood_fill_sizes(fuel)


def test_a_spiral_is_one_patch() -> None:
    spiral = np.array([[1, 1, 1, 1, 1], [0, 0, 0, 0, 1], [1, 1, 1, 0, 1], [1, 0, 0, 0, 1], [1, 1, 1, 1, 1]])
    assert sorted(patch_sizes(spiral).tolist()) == [8, 17]


def test_kappa_is_one_where_cells_agree_zero_by_chance_and_negative_where_they_avoid_each_other() -> None:
    stripes = np.repeat(np.arange(4), 25)[None, :].repeat(100, axis=0)
    chance = np.random.default_rng(0).integers(0, 5, (200, 200))
    chess = np.indices((20, 20)).sum(axis=0) % 2
    assert same_fuel_kappa(stripes, 1) > 0.97
    assert same_fuel_kappa(chance, 1) == pytest.approx(0, abs=0.02)
    assert same_fuel_kappa(chess, 1) == pytest.approx(-1)
    assert same_fuel_kappa(chess, 2) == pytest.approx(1)


@pytest.mark.parametrize("exponent", [-2.5, -3.4, -4.0])
def test_the_spectral_exponent_of_a_field_is_that_it_was_made_with(exponent: float) -> None:
    fields = gaussian_fields(np.random.default_rng(1), 6, 256, exponent, 1000.0)
    measured = [spectral_exponent(field[:200, :200]) for field in fields]
    assert np.mean(measured) == pytest.approx(exponent, abs=0.15)


def test_a_tilt_does_not_change_the_exponent() -> None:
    (field,) = gaussian_fields(np.random.default_rng(2), 1, 128, -3.4, 1000.0)
    tilted = field + 5.0 * np.arange(128)[:, None]
    assert spectral_exponent(tilted) == pytest.approx(spectral_exponent(field), abs=1e-6)


def test_describe_counts_shares() -> None:
    landscape = generate_landscape(0, 60)
    figures = describe(landscape)
    assert figures["non_burnable"] == pytest.approx(1 - landscape.burnable.mean())
    assert figures["flat"] == pytest.approx((landscape.aspect_deg == -1).mean())
    assert figures["patch_area_weighted"] >= figures["patch_median"] >= 1


def test_the_picture_has_a_column_for_each_folder(tmp_path: Path, raw_layers: Callable[..., Any]) -> None:
    folder = str(raw_layers(rows=125, columns=125).write(tmp_path, "place"))

    def width(folders: int) -> int:
        picture = tmp_path / "picture.png"
        assert main([folder] * folders + ["--picture", str(picture)]) == 0
        return int(imread(picture).shape[1])

    assert [width(folders) for folders in (1, 4)] == [960, 1280]
