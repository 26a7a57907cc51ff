"""What an episode of `FuelBreakEnv` is made of: layouts, ignitions, weather, simulators, threads."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env

from fuelbreak.env import FuelBreakEnv
from fuelbreak.errors import SimulationError
from fuelbreak.fire.ignitions import all_ignitions
from fuelbreak.fire.oracle_process import ENVIRONMENT_VARIABLE, find_oracle
from fuelbreak.fire.scenarios import sample_weather
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import LEGACY_WEATHER, Weather
from fuelbreak.landscape import Landscape
from fuelbreak.observation import LAYOUTS, LayoutName, break_mask, legal_cells
from fuelbreak.plans._trees import downstream_cells
from fuelbreak.synthetic import generate_landscape
from stablepool import StableProcessPoolEnv

BUDGET, STEP, SIZE = 30, 10, 24
DAYS = sample_weather(4, np.random.default_rng(0))


@pytest.fixture(scope="module")
def landscapes() -> list[Landscape]:
    return [generate_landscape(seed, SIZE) for seed in (1, 2, 3)]


@pytest.fixture
def make_env(landscapes: list[Landscape]) -> Callable[..., FuelBreakEnv]:
    """Environments of 24 x 24 cells with four fires; keyword arguments change them."""

    def make(**changes: Any) -> FuelBreakEnv:
        arguments: dict[str, Any] = {"break_budget": BUDGET, "break_step": STEP, "num_simulations": 4}
        return FuelBreakEnv(**({"raster": landscapes[0]} | arguments | changes))

    return make


def action_on(env: FuelBreakEnv, cells: np.ndarray) -> np.ndarray:
    action = np.zeros(env.action_space.n, dtype=np.int8)
    action[cells] = 1
    return action


def play(env: FuelBreakEnv, seed: int, choices: int = 0) -> list[object]:
    """Everything that an episode of drawn actions returns, as bytes."""
    rng = np.random.default_rng(choices)
    observation, info = env.reset(seed=seed)
    trace: list[object] = [observation.tobytes(), info["burned"], info["landscape"], info["weather"]]
    done = False
    while not done:
        action = (rng.random(env.action_space.n) < 0.04).astype(np.int8)
        observation, reward, terminated, truncated, info = env.step(action)
        trace += [observation.tobytes(), reward, info["burned"], info["action_mask"].tobytes()]
        done = terminated or truncated
    return trace


# Layouts


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_passes_gymnasiums_checker(landscapes: list[Landscape], layout: LayoutName) -> None:
    env = gym.make("fuelbreak:FuelBreak-v1", raster=landscapes[0], break_budget=BUDGET, layout=layout)
    check_env(env.unwrapped, skip_render_check=True)
    assert env.observation_space.shape == (LAYOUTS[layout].num_channels, SIZE, SIZE)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_breaks_and_legal_cells_are_those_of_the_observation(
    make_env: Callable[..., FuelBreakEnv], layout: LayoutName
) -> None:
    env = make_env(layout=layout)
    env.reset(seed=1)
    observation, *_, info = env.step(action_on(env, np.flatnonzero(env.action_masks())))
    assert break_mask(observation, layout).sum() == info["breaks"] == STEP
    assert np.array_equal(legal_cells(observation, layout), env.action_masks())


def test_the_layout_changes_nothing_but_the_observation(make_env: Callable[..., FuelBreakEnv]) -> None:
    rewards = [
        [part for part in play(make_env(layout=layout), 5) if isinstance(part, float)] for layout in LAYOUTS
    ]
    assert rewards[0] == rewards[1] == rewards[2]


def test_the_remaining_budget_is_observed(make_env: Callable[..., FuelBreakEnv]) -> None:
    env = make_env(layout="full")
    channel = LAYOUTS["full"].budget_channel
    left = [env.reset(seed=1)[0][channel]]
    for _ in range(BUDGET // STEP):
        left.append(env.step(action_on(env, np.flatnonzero(env.action_masks())))[0][channel])
    for plane, breaks in zip(left, (BUDGET, BUDGET - STEP, BUDGET - 2 * STEP, 0), strict=True):
        assert (plane == np.float32(math.sqrt(breaks / plane.size))).all()


def test_the_budget_may_change_between_episodes(make_env: Callable[..., FuelBreakEnv]) -> None:
    env = make_env(layout="full")
    channel = LAYOUTS["full"].budget_channel
    for budget, step in ((7, 3), (BUDGET, STEP)):
        env.episode_budget = budget, step
        observation, _ = env.reset(seed=1)
        assert (observation[channel] == np.float32(math.sqrt(budget / observation[channel].size))).all()
        placed, terminated = [], False
        while not terminated:
            wanted = action_on(env, np.flatnonzero(env.action_masks()))
            observation, _, terminated, _, info = env.step(wanted)
            placed.append(info["new_cells"])
        assert placed == [min(step, budget - done) for done in range(0, budget, step)]
    with pytest.raises(ValueError, match="break_step is 0"):
        env.episode_budget = 5, 0
    assert env.episode_budget == (BUDGET, STEP)


def test_the_fires_that_are_observed_are_those_of_the_episode(
    make_env: Callable[..., FuelBreakEnv], landscapes: list[Landscape]
) -> None:
    env = make_env(layout="full+fires")
    _, info = env.reset(seed=1)
    at_reset = info["burned"]
    observation, *_ = env.step(action_on(env, np.flatnonzero(env.action_masks())))
    ignitions = np.array(json.loads(env.snapshot())["ignitions"])
    breaks = break_mask(observation, "full+fires").reshape(SIZE, SIZE)
    simulator = FireSimulator(landscapes[0])
    assert np.array_equal(observation[-2], simulator.burn_probability(ignitions, breaks))
    through = downstream_cells(simulator, ignitions, breaks) / at_reset
    np.testing.assert_allclose(observation[-1], through, rtol=1e-6)
    assert 0 < observation[-1].max() <= 1


# Ignitions


def test_all_ignitions_give_the_expectation_without_noise(
    make_env: Callable[..., FuelBreakEnv], landscapes: list[Landscape]
) -> None:
    env = make_env(ignitions="all")
    burned = {env.reset(seed=seed)[1]["burned"] for seed in (1, 2)}
    expected = FireSimulator(landscapes[0]).burned_cells(all_ignitions(landscapes[0])).mean()
    assert burned == {expected}
    assert len(env.snapshot()) < 700


def test_points_are_the_fires_of_every_episode(
    make_env: Callable[..., FuelBreakEnv], landscapes: list[Landscape]
) -> None:
    points = all_ignitions(landscapes[0])[[3, 50, 200]]
    env = make_env(ignitions=points)
    burned = [env.reset(seed=seed)[1]["burned"] for seed in (1, 2)]
    assert burned == [FireSimulator(landscapes[0]).burned_cells(points).mean()] * 2


def test_a_raster_says_where_fires_are_likely(
    make_env: Callable[..., FuelBreakEnv], landscapes: list[Landscape]
) -> None:
    corner = np.zeros((SIZE, SIZE))
    corner[:6, :6] = 1.0
    env = make_env(ignitions=corner, num_simulations=40)
    env.reset(seed=1)
    ignitions = np.array(json.loads(env.snapshot())["ignitions"])
    assert (ignitions < 6).all()
    assert landscapes[0].burnable[tuple(ignitions.T)].all()
    assert len(np.unique(ignitions, axis=0)) > 10


# Weather


def test_each_reset_draws_a_day_from_the_scenarios(make_env: Callable[..., FuelBreakEnv]) -> None:
    env = make_env(weather=DAYS)
    drawn = [env.reset(seed=seed)[1]["weather"] for seed in range(30)]
    assert set(drawn) == {0, 1, 2, 3}
    env = make_env(weather=DAYS[2:3])
    assert play(env, 7)[1] == play(make_env(weather=DAYS[2]), 7)[1]


def test_the_same_seed_has_the_same_weather_and_fires_for_every_plan(
    make_env: Callable[..., FuelBreakEnv], landscapes: list[Landscape]
) -> None:
    one, other = (make_env(raster=landscapes, weather=DAYS) for _ in range(2))
    for seed in range(5):
        assert play(one, seed, choices=1)[:4] == play(other, seed, choices=2)[:4]


def test_options_choose_landscape_and_weather(
    make_env: Callable[..., FuelBreakEnv], landscapes: list[Landscape]
) -> None:
    env = make_env(raster=landscapes, weather=DAYS, ignitions="all")
    _, info = env.reset(seed=1, options={"landscape": 2, "weather": 3})
    assert (info["landscape"], info["weather"]) == (2, 3)
    every = FireSimulator(landscapes[2], DAYS[3]).burned_cells(all_ignitions(landscapes[2]))
    assert info["burned"] == every.mean()
    with pytest.raises(ValueError, match=r"options\['weather'\] is 4, but there are 4: give 0 to 3"):
        env.reset(options={"weather": 4})


def test_the_legacy_weather_has_a_name(make_env: Callable[..., FuelBreakEnv]) -> None:
    assert play(make_env(weather="legacy"), 3) == play(make_env(weather=LEGACY_WEATHER), 3)
    assert play(make_env(weather="legacy"), 3) != play(make_env(), 3)


def test_without_wind_canopy_layers_have_no_effect(
    make_env: Callable[..., FuelBreakEnv], landscape_with: Callable[..., Landscape]
) -> None:
    dense = np.where(np.arange(8) >= 4, 0.4, 0.0) * np.ones((6, 1))
    windy = Weather(wind_speed_10m_km_h=60.0, duration_min=10.0)
    burned = {
        name: [
            make_env(raster=land, weather=day, ignitions="all").reset(seed=1)[1]["burned"]
            for land in (landscape_with(), landscape_with(canopy_bulk_density_kg_m3=dense))
        ]
        for name, day in (("legacy", "legacy"), ("windy", windy))
    }
    assert burned["legacy"][0] == burned["legacy"][1]
    assert burned["windy"][0] < burned["windy"][1]


# Determinism


@pytest.mark.parametrize("layout", ["legacy", "full+fires"])
def test_the_same_seed_gives_the_same_bytes_with_any_number_of_threads(
    make_env: Callable[..., FuelBreakEnv], layout: LayoutName
) -> None:
    traces = [play(make_env(num_threads=n, num_simulations=70, layout=layout), 4) for n in (1, 2, 5)]
    assert traces[0] == traces[1] == traces[2]


def test_the_same_seeds_give_the_same_bytes_on_any_number_of_workers(landscapes: list[Landscape]) -> None:
    def trace(workers: int) -> list[bytes]:
        make = lambda: FuelBreakEnv(  # noqa: E731
            landscapes, BUDGET, STEP, 4, weather=DAYS, layout="full", max_steps=3
        )
        pool = StableProcessPoolEnv([make] * 3, max_workers=workers, timeout=60.0)
        try:
            observations, _ = pool.reset(seed=9)
            parts = [observations.tobytes()]
            rng = np.random.default_rng(0)
            for _ in range(6):
                actions = (rng.random((3, SIZE * SIZE)) < 0.04).astype(np.int8)
                observations, rewards, *_ = pool.step(actions)
                parts += [observations.tobytes(), rewards.tobytes()]
        finally:
            pool.close()
        return parts

    assert trace(1) == trace(2)


@pytest.mark.parametrize(
    "changes",
    [
        {"layout": "full+fires", "weather": DAYS},
        {"ignitions": "all"},
        {"ignitions": np.array([[4, 5], [9, 9]])},
        {"ignitions": np.ones((SIZE, SIZE)), "weather": "legacy"},
    ],
    ids=["full+fires, scenarios", "all", "points", "raster, legacy weather"],
)
@pytest.mark.filterwarnings("ignore:.*ignition points cannot burn")
def test_a_snapshot_covers_what_an_episode_is_made_of(
    make_env: Callable[..., FuelBreakEnv], landscapes: list[Landscape], changes: dict[str, Any]
) -> None:
    original, other = (make_env(raster=landscapes, **changes) for _ in range(2))
    original.reset(seed=6)
    other.reset(seed=7)
    surplus = action_on(original, np.arange(SIZE * SIZE))
    original.step(surplus)
    snapshot = original.snapshot()
    assert len(snapshot) < 1000
    other.restore(snapshot)
    assert other.snapshot() == snapshot
    for _ in range(2):
        expected, actual = original.step(surplus), other.step(surplus)
        assert expected[0].tobytes() == actual[0].tobytes()
        assert expected[1:4] == actual[1:4]
    assert original.reset()[0].tobytes() == other.reset()[0].tobytes()
    assert original.snapshot() == other.snapshot()


# Simulators


def test_an_environment_of_the_oracle_without_it_names_the_remedy(
    make_env: Callable[..., FuelBreakEnv], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, "/nowhere/python")
    with pytest.raises(SimulationError, match="run `make oracle`"):
        make_env(simulator="pyretechnics")


def test_an_oracle_that_fails_is_an_error_with_its_landscape(
    make_env: Callable[..., FuelBreakEnv], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexit 3\n")
    python.chmod(0o755)
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, str(python))
    env = make_env(simulator="pyretechnics")
    with pytest.raises(SimulationError, match="synthetic-1: pyretechnics ended with code 3"):
        env.reset(seed=1)
    env.close()


def test_an_episode_by_the_oracle_is_like_ours(make_env: Callable[..., FuelBreakEnv]) -> None:
    if find_oracle() is None:
        pytest.skip("no interpreter with pyretechnics (make oracle)")
    ours, theirs = make_env(), make_env(simulator="pyretechnics")
    try:
        infos = [env.reset(seed=2)[1] for env in (ours, theirs)]
        assert infos[1]["burned"] == pytest.approx(infos[0]["burned"], rel=0.25)
        cells = np.flatnonzero(theirs.action_masks())[::50][:STEP]
        steps = [env.step(action_on(env, cells)) for env in (ours, theirs)]
        assert np.array_equal(steps[0][0], steps[1][0])
        again = make_env(simulator="pyretechnics")
        again.restore(theirs.snapshot())
        assert again.step(action_on(again, cells))[4]["burned"] == steps[1][4]["burned"]
        again.close()
    finally:
        theirs.close()


# Scenes


def test_many_landscapes_and_weathers_take_a_bounded_memory(
    make_env: Callable[..., FuelBreakEnv], landscapes: list[Landscape], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fuelbreak.scenes.KEPT_BYTES", 500_000)
    env = make_env(raster=landscapes, weather=DAYS)
    traces = [play(env, seed) for seed in range(12)]
    kept = env._scenes._kept.values()
    assert 1 < len(kept) < 12
    assert sum(scene.nbytes for scene in kept) <= 500_000
    assert traces == [play(make_env(raster=landscapes, weather=DAYS), seed) for seed in range(12)]


# Mistakes


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"layout": "rgb"}, "layout 'rgb' is unknown; choose one of"),
        ({"layout": "full+fires", "simulator": "pyretechnics"}, "needs simulator='travel-time'"),
        ({"simulator": "flammap"}, "simulator is 'travel-time' or 'pyretechnics', not 'flammap'"),
        ({"num_threads": 0}, "num_threads is 0, must be a whole number, at least 1"),
        ({"break_budget": 2.5}, "break_budget is 2.5, must be a whole number"),
        ({"weather": "days.csv"}, "fuelbreak.fire.scenarios.read_weather_csv reads one"),
        ({"weather": []}, "weather=[] is none; give 'legacy', a fuelbreak.fire.weather.Weather"),
        ({"weather": [20.0, 45.0]}, "weather=[20.0, 45.0] is none"),
        ({"weather": 20}, "weather=20 is none"),
        ({"raster": "data/default"}, "raster is the path 'data/default'; read it first"),
        ({"raster": np.zeros((50, 50))}, "raster holds a ndarray; give fuelbreak.landscape.Landscape"),
        ({"raster": {"slp": 1}}, "raster holds a str"),
    ],
)
def test_arguments_that_are_none_are_named_with_the_remedy(
    make_env: Callable[..., FuelBreakEnv], changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError) as caught:
        make_env(**changes)
    assert message in str(caught.value)


@pytest.mark.parametrize("use", ["snapshot", "render", "action_masks"])
def test_what_needs_an_episode_says_so(make_env: Callable[..., FuelBreakEnv], use: str) -> None:
    env = make_env(render_mode="rgb_array")
    with pytest.raises(ResetNeeded, match=rf"FuelBreakEnv\.{use}\(\) before the first episode: call reset"):
        getattr(env, use)()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"landscpe": 0}, r"options \['landscpe'\] are unknown; known are 'landscape' and 'weather'"),
        ({"landscape": 1}, r"options\['landscape'\] is 1, but there are 1: give 0 to 0"),
        ({"weather": -1}, r"options\['weather'\] is -1"),
    ],
)
def test_reset_options_that_are_none_are_named(
    make_env: Callable[..., FuelBreakEnv], options: dict[str, int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        make_env().reset(options=options)


@pytest.mark.parametrize(
    "arguments",
    [{"raster": generate_landscape(1, 20)}, {"weather": DAYS[:1]}],
    ids=["smaller landscape", "fewer days"],
)
def test_a_snapshot_of_other_arguments_is_refused(
    make_env: Callable[..., FuelBreakEnv], arguments: dict[str, Any]
) -> None:
    env = make_env(weather=DAYS)
    env.reset(seed=1, options={"weather": 3})
    with pytest.raises(ValueError, match="restore it in an environment with the same arguments"):
        make_env(**arguments).restore(env.snapshot())
    with pytest.raises(ValueError, match="Expecting value"):
        env.restore(b"")
