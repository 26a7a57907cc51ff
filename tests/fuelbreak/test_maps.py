"""The map of a plan: nothing on it hides anything else, whatever the landscape's shape."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from fuelbreak import maps
from fuelbreak.fire.weather import Weather
from fuelbreak.synthetic import generate_landscape


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    figures: list[Figure] = []

    def keep(figure: Figure, path: Path, dots_per_inch: float) -> Path:
        figure.set_dpi(dots_per_inch)
        figures.append(figure)
        return path

    monkeypatch.setattr(maps, "save_figure", keep)
    return figures


@pytest.mark.parametrize("shape", [(8, 24), (24, 24), (24, 8)])
def test_legends_stand_clear_of_labels_and_maps(
    shape: tuple[int, int], drawn: list[Figure], tmp_path: Path
) -> None:
    landscape = generate_landscape(seed=1, size=24).window(0, 0, *shape)
    breaks = landscape.burnable & (np.arange(shape[1]) == 4)
    maps.draw_landscape(tmp_path / "map.png", landscape, breaks, Weather())
    (figure,) = drawn
    figure.draw_without_rendering()
    with_legends = [axes for axes in figure.axes if axes.get_legend() is not None]
    assert len(with_legends) == 5
    for axes in with_legends:
        legend = axes.get_legend().get_window_extent()
        others = [axes.xaxis.label, *axes.get_xticklabels(), *(each.title for each in figure.axes)]
        assert not any(legend.overlaps(other.get_window_extent()) for other in others if other.get_text())
        assert not any(legend.overlaps(each.get_window_extent()) for each in figure.axes)


@pytest.mark.parametrize("shape", [(8, 24), (24, 24), (24, 8)])
def test_the_arrow_points_where_the_wind_goes(
    shape: tuple[int, int], drawn: list[Figure], tmp_path: Path
) -> None:
    landscape = generate_landscape(seed=1, size=24).window(0, 0, *shape)
    maps.draw_landscape(
        tmp_path / "map.png", landscape, landscape.burnable, Weather(upwind_direction_deg=45.0)
    )
    figure = drawn[0]
    figure.draw_without_rendering()
    (arrow,) = (each for each in figure.axes[0].texts if each.get_text() == "")
    tip, tail = (arrow.get_transform().transform(end) for end in (arrow.xy, arrow.get_position()))
    east, north = np.subtract(tip, tail)
    assert east < 0
    assert east == pytest.approx(north)
