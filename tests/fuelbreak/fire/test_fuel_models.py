"""The table of fuel models against figures printed in the publications."""

from __future__ import annotations

import numpy as np
import pytest

from fuelbreak.fire.fuel_models import fuel_models
from fuelbreak.landscape_checks import FUEL_MODELS, NON_BURNABLE_FUEL_MODELS

LB_FT2_PER_TON_ACRE = 2000.0 / 43560.0


def test_every_burnable_code_has_a_row_and_nothing_else() -> None:
    table = fuel_models()
    assert set(table.code) == FUEL_MODELS - set(NON_BURNABLE_FUEL_MODELS)
    assert len(table.code) == 13 + 40
    assert np.array_equal(table.code[table.row_of_code[table.code]], table.code)


@pytest.mark.parametrize(
    ("code", "name", "tons_per_acre", "savr_1h", "depth_ft", "extinction_percent"),
    [  # Scott and Burgan 2005, table 7; Anderson 1982, table 1
        (101, "GR1", (0.10, 0.00, 0.00, 0.30, 0.00), 2200, 0.4, 15),
        (122, "GS2", (0.50, 0.50, 0.00, 0.60, 1.00), 2000, 1.5, 15),
        (145, "SH5", (3.60, 2.10, 0.00, 0.00, 2.90), 750, 6.0, 15),
        (165, "TU5", (4.00, 4.00, 3.00, 0.00, 3.00), 1500, 1.0, 25),
        (188, "TL8", (5.80, 1.40, 1.10, 0.00, 0.00), 1800, 0.3, 35),
        (204, "SB4", (5.25, 3.50, 5.25, 0.00, 0.00), 2000, 2.7, 25),
        (4, "FM4", (5.01, 4.01, 2.00, 5.01, 0.00), 2000, 6.0, 20),
        (9, "FM9", (2.92, 0.41, 0.15, 0.00, 0.00), 2500, 0.2, 25),
    ],
)
def test_published_figures(
    code: int,
    name: str,
    tons_per_acre: tuple[float, ...],
    savr_1h: float,
    depth_ft: float,
    extinction_percent: float,
) -> None:
    table = fuel_models()
    row = table.row_of_code[code]
    assert table.name[row] == name
    load = np.delete(table.load_lb_ft2[row], 3)
    np.testing.assert_allclose(load, np.array(tons_per_acre) * LB_FT2_PER_TON_ACRE, atol=6e-4)
    assert table.savr_ft2_ft3[row, 0] == savr_1h
    assert table.depth_ft[row] == depth_ft
    assert table.dead_extinction_moisture[row] == pytest.approx(extinction_percent / 100.0)


def test_models_of_scott_and_burgan_with_herbs_are_dynamic_and_andersons_are_not() -> None:
    table = fuel_models()
    dynamic = {name for name, is_dynamic in zip(table.name, table.is_dynamic, strict=True) if is_dynamic}
    assert {"GR1", "GS2", "SH1", "SH9", "TU1", "TU3"} <= dynamic
    assert not dynamic & {"FM2", "FM4", "SH5", "TU5", "TL8", "SB4"}
