"""Synthetic landscapes: reproducible, sound, and like LANDFIRE's in the figures that matter to a fire."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fuelbreak.errors import LandscapeError
from fuelbreak.landscape import Landscape
from fuelbreak.landscape_statistics import describe
from fuelbreak.rasters import load_landscapes, read_folder
from fuelbreak.synthetic import REGIONS, generate_landscape, generate_set
from fuelbreak.synthetic.__main__ import main
from fuelbreak.synthetic.canopy import bulk_density
from fuelbreak.synthetic.files import write_set
from fuelbreak.terrain import horn

FIELDS = (
    "slope_deg",
    "aspect_deg",
    "elevation_m",
    "canopy_cover",
    "canopy_height_m",
    "canopy_base_height_m",
    "canopy_bulk_density_kg_m3",
    "fuel_model",
)


@pytest.fixture(scope="module")
def tiles() -> list[Landscape]:
    """A set of 60 landscapes of 50 x 50 cells from all regions."""
    return list(generate_set(7, 60))


@pytest.fixture(scope="module")
def figures() -> dict[str, dict[str, float]]:
    """Mean figures of four landscapes of 200 x 200 cells, the size of the real crops, by region."""
    by_region = {}
    for region in REGIONS:
        each = [describe(landscape) for landscape in generate_set(1, 4, 200, region=region)]
        by_region[region] = {name: float(np.mean([one[name] for one in each])) for name in each[0]}
    return by_region


def everything_in(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


# Reproducible


def test_the_same_seed_gives_the_same_landscape() -> None:
    one, same, other = generate_landscape(5), generate_landscape(5), generate_landscape(6)
    assert all(np.array_equal(getattr(one, field), getattr(same, field)) for field in FIELDS)
    assert not np.array_equal(one.elevation_m, other.elevation_m)


def test_sets_of_different_seeds_have_nothing_in_common() -> None:
    names = {seed: {landscape.name for landscape in generate_set(seed, 12, 16)} for seed in (0, 1, 2)}
    assert len(set.union(*names.values())) == 36


def test_a_longer_set_begins_like_a_shorter_one() -> None:
    shorter, longer = ([landscape.name for landscape in generate_set(3, count, 16)] for count in (3, 6))
    assert longer[:3] == shorter


def test_every_region_is_drawn(tiles: list[Landscape]) -> None:
    signature = {122: "southern_california", 165: "northern_california", 186: "new_england"}
    commonest = {signature.get(int(np.bincount(tile.fuel_model.ravel()).argmax())) for tile in tiles}
    assert set(REGIONS) <= commonest


@pytest.mark.parametrize(("seed", "size", "region"), [(-1, 50, None), (0, 7, None), (0, 50, "atlantis")])
def test_arguments_out_of_range_are_refused(seed: int, size: int, region: str | None) -> None:
    with pytest.raises(ValueError, match=r"must be|unknown"):
        generate_landscape(seed, size, region=region)


@pytest.mark.parametrize("size", [8, 33, 120])
def test_any_size_can_be_drawn(size: int) -> None:
    assert generate_landscape(2, size).shape == (size, size)


# Terrain


def test_slope_and_aspect_are_those_of_the_elevation(tiles: list[Landscape]) -> None:
    inner = np.s_[1:-1, 1:-1]  # the outermost cells know their neighbours outside
    for tile in tiles:
        slope, aspect = (grid[inner] for grid in horn(tile.elevation_m, tile.cell_size_m))
        assert np.abs(tile.slope_deg[inner] - slope).max() <= 0.5
        faces = tile.aspect_deg[inner] >= 0
        turned = (tile.aspect_deg[inner] - aspect + 180) % 360 - 180
        assert np.abs(turned[faces]).max() <= 0.5
        assert (slope[~faces] < 2.6).all()
        assert (slope[faces] > 2.4).all()


def test_terrain_figures_are_those_of_real_land(figures: dict[str, dict[str, float]]) -> None:
    for each in figures.values():
        assert -3.8 < each["spectral_exponent"] < -3.0
        assert 6 <= each["slope_median_deg"] <= 14
    assert 0.06 <= np.mean([each["flat"] for each in figures.values()]) <= 0.22


def test_other_seeds_stay_within_what_was_measured_on_real_land() -> None:
    """Single landscapes of seeds that nothing was tuned on; docs/landscapes.md says whence the ranges."""
    ranges = {
        "kappa_1": (0.51, 0.66),
        "kappa_5": (0.20, 0.43),
        "kappa_20": (0.06, 0.31),
        "patch_median": (1, 2),
        "patch_area_weighted": (
            1186 / 3,
            6433 * 3,
        ),  # no two places alike: real windows differ by a factor of 30
        "common_codes": (5, 10),
        "non_burnable": (0.005, 0.33),
        "slope_median_deg": (3, 23),
        "flat": (0.0, 0.35),
        "spectral_exponent": (-3.95, -2.75),
    }
    outside = []
    seeds = range(50_000, 50_005)
    for region in REGIONS:
        for seed in seeds:
            each = describe(generate_landscape(seed, 200, region=region))
            outside += [
                (region, seed, name, each[name])
                for name, (low, high) in ranges.items()
                if not low <= each[name] <= high
            ]
    assert len(outside) <= 0.05 * len(REGIONS) * len(seeds) * len(ranges), outside


# Fuels


def test_fuel_patches_are_as_ragged_and_as_wide_as_real_ones(figures: dict[str, dict[str, float]]) -> None:
    for each in figures.values():
        assert 0.55 <= each["kappa_1"] <= 0.66
        assert 0.29 <= each["kappa_5"] <= 0.43
        assert 0.12 <= each["kappa_20"] <= 0.31
        assert 1 <= each["patch_median"] <= 2
        assert each["patch_area_weighted"] > 500
        assert 5 <= each["common_codes"] <= 11


def test_fuel_patches_lie_between_those_of_the_real_crops_or_close(
    figures: dict[str, dict[str, float]], real_landscapes: Path
) -> None:
    real = [describe(read_folder(real_landscapes / name)) for name in ("socal_a", "norcal_a", "vermont_a")]
    for name, slack in (("kappa_1", 0.08), ("kappa_5", 0.08), ("kappa_20", 0.05), ("patch_median", 0)):
        low, high = (bound(each[name] for each in real) for bound in (min, max))
        ours = np.mean([each[name] for each in figures.values()])
        assert low - slack <= ours <= high + slack, name


def test_regions_have_their_own_mix(figures: dict[str, dict[str, float]]) -> None:
    shares = {}
    for region in REGIONS:
        fuels = np.concatenate([tile.fuel_model.ravel() for tile in generate_set(2, 24, region=region)])
        shares[region] = np.bincount(fuels, minlength=256) / fuels.size
    assert shares["southern_california"][122] == pytest.approx(0.40, abs=0.08)  # GS2
    assert shares["northern_california"][165] == pytest.approx(0.36, abs=0.08)  # TU5: 30 to 41 % of real land
    assert shares["northern_california"][93] == pytest.approx(0.13, abs=0.08)  # NB3
    assert shares["new_england"][186] == pytest.approx(0.56, abs=0.08)  # TL6


def test_the_share_that_does_not_burn_is_that_of_real_land(
    tiles: list[Landscape], figures: dict[str, dict[str, float]]
) -> None:
    assert all(0.02 <= each["non_burnable"] <= 0.33 for each in figures.values())
    by_tile = [1 - tile.burnable.mean() for tile in tiles]
    assert max(by_tile) < 0.75
    assert 0.05 < np.median(by_tile) < 0.25


def test_roads_cross_from_edge_to_edge(tiles: list[Landscape]) -> None:
    def crossed(tile: Landscape) -> bool:
        road = tile.fuel_model == 91
        return bool(road.any(axis=0).all() or road.any(axis=1).all())

    assert 0.3 < np.mean([crossed(tile) for tile in tiles]) < 1


def test_a_lake_fills_the_lowest_ground_to_one_level(tiles: list[Landscape]) -> None:
    with_lake = [tile for tile in tiles if (tile.fuel_model == 98).sum() > 2 * 50]  # more than a stream
    assert with_lake
    for tile in with_lake:
        lowest = tile.elevation_m == tile.elevation_m.min()
        assert (tile.fuel_model == 98)[lowest].mean() > 0.7  # the rest is shore of the same metre, or bridges
        assert lowest.sum() > 0.4 * (tile.fuel_model == 98).sum()


# Canopy


def test_canopy_comes_in_landfire_classes(tiles: list[Landscape]) -> None:
    for tile in tiles:
        assert set(np.unique(tile.canopy_cover * 100).round().tolist()) <= {0, *range(15, 96, 10)}
        heights = set(np.unique(tile.canopy_height_m * 10).round().tolist())
        assert heights <= {0, 30, 70, 110, 150, 190, 230, 270, 310, 350, 390}
        assert tile.canopy_base_height_m.max() <= 10
        assert tile.canopy_bulk_density_kg_m3.max() <= 0.45


def test_cover_height_base_and_density_come_together(tiles: list[Landscape]) -> None:
    for tile in tiles:
        trees = tile.canopy_cover > 0
        np.testing.assert_array_equal(trees, tile.canopy_height_m > 0)
        np.testing.assert_array_equal(trees, tile.canopy_base_height_m > 0)
        np.testing.assert_array_equal(trees, tile.canopy_bulk_density_kg_m3 > 0)
        assert not trees[np.isin(tile.fuel_model, (91, 98))].any()
        assert not trees[np.isin(tile.fuel_model, (101, 103, 147))].any()


def test_timber_bears_trees_and_grass_mostly_does_not(tiles: list[Landscape]) -> None:
    def tree_share(codes: tuple[int, ...]) -> float:
        trees = [(tile.canopy_cover > 0)[np.isin(tile.fuel_model, codes)] for tile in tiles]
        return float(np.concatenate(trees).mean())

    assert tree_share((165, 184, 186)) > 0.95
    assert tree_share((101, 102, 122)) < 0.2


def test_conifer_bulk_density_is_that_of_the_real_layers(real_landscapes: Path) -> None:
    places = [read_folder(real_landscapes / name) for name in ("socal_a", "norcal_a", "vermont_a")]
    cover, height, density = (
        np.concatenate([getattr(place, field).ravel() for place in places]) * scale
        for field, scale in (
            ("canopy_cover", 100.0),
            ("canopy_height_m", 10.0),
            ("canopy_bulk_density_kg_m3", 100.0),
        )
    )
    conifer = density > 1.5
    ours = bulk_density(cover[conifer], height[conifer], np.zeros(int(conifer.sum()), dtype=bool))
    assert np.median(np.abs(ours / density[conifer] - 1)) < 0.05


# On disk


def test_the_command_writes_tiles_that_load_the_same_bytes_each_time(tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert main([str(tmp_path / name), "--count", "3", "--size", "20", "--seed", "4"]) == 0
    assert everything_in(tmp_path / "one") == everything_in(tmp_path / "two")
    for read, drawn in zip(load_landscapes(tmp_path / "one"), generate_set(4, 3, 20), strict=True):
        assert all(np.array_equal(getattr(read, field), getattr(drawn, field)) for field in FIELDS)


def test_the_command_runs_as_a_module_in_seconds(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "fuelbreak.synthetic", str(tmp_path / "out"), "--count", "8"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout == f"Wrote 8 tiles of 50x50 cells to {tmp_path / 'out'}\n"
    assert len(load_landscapes(tmp_path / "out")) == 8


def test_an_occupied_target_is_refused_unless_overwrite_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [str(tmp_path), "--size", "20", "--count"]
    assert main([*arguments, "3"]) == 0
    before = everything_in(tmp_path)
    assert main([*arguments, "2"]) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert everything_in(tmp_path) == before
    assert main([*arguments, "2", "--overwrite"]) == 0
    assert len(load_landscapes(tmp_path)) == 2


@pytest.mark.parametrize(
    "arguments", [["--count", "0"], ["--size", "5"], ["--seed", "-1"], ["--region", "atlantis"]]
)
def test_the_command_says_what_is_wrong_with_its_arguments(
    tmp_path: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([str(tmp_path / "out"), *arguments])
    assert arguments[0] in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_an_interrupted_set_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("fuelbreak.tile_sets.TileSetWriter.add", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_set(tmp_path / "out", 0, 3, 16)
    with pytest.raises(LandscapeError, match="no tile"):
        load_landscapes(tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []
