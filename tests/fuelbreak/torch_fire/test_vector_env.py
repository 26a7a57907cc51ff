"""The vector environment of tensors does what as many single environments do, to the last bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium.error import ResetNeeded
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from fuelbreak.env import FuelBreakEnv
from fuelbreak.errors import ActionError
from fuelbreak.fire.ignitions import all_ignitions
from fuelbreak.fire.scenarios import sample_weather
from fuelbreak.landscape import Landscape
from fuelbreak.synthetic import generate_landscape
from fuelbreak.torch_fire import FuelBreakVectorEnv, fires, stage

ENVS, SIZE = 3, 16
SETTINGS: dict[str, Any] = {"break_budget": 12, "break_step": 5, "num_simulations": 4, "max_steps": 3}
DAYS = sample_weather(3, np.random.default_rng(0))
WEST = np.tile(np.arange(SIZE)[::-1], (SIZE, 1)).astype(float)

Pair = tuple[FuelBreakVectorEnv, SyncVectorEnv]
MakePair = Callable[..., Pair]


@pytest.fixture(scope="module")
def landscapes() -> list[Landscape]:
    return [generate_landscape(seed, SIZE) for seed in range(4)]


@pytest.fixture
def tensors(landscapes: list[Landscape]) -> FuelBreakVectorEnv:
    return FuelBreakVectorEnv(landscapes, ENVS, **SETTINGS)


@pytest.fixture
def make_pair(landscapes: list[Landscape]) -> MakePair:
    """Ours, and Gymnasium's vector of single environments with the same arguments."""

    def make(mode: AutoresetMode = AutoresetMode.NEXT_STEP, **changes: Any) -> Pair:
        arguments = SETTINGS | changes
        singles = [lambda: FuelBreakEnv(landscapes, **arguments) for _ in range(ENVS)]
        ours = FuelBreakVectorEnv(landscapes, ENVS, **arguments, autoreset_mode=mode)
        return ours, SyncVectorEnv(singles, autoreset_mode=mode)

    return make


def assert_same_infos(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert set(ours) == set(theirs)
    for name, values in theirs.items():
        if name == "final_info":
            assert_same_infos(ours[name], values)
        elif name == "final_obs":
            for mine, yours in zip(ours[name], values, strict=True):
                assert (mine is yours is None) or np.array_equal(mine, yours)
        else:
            np.testing.assert_array_equal(ours[name], values, err_msg=name)
            assert ours[name].dtype == values.dtype, name


def assert_same_episodes(pair: Pair, steps: int, mode: AutoresetMode = AutoresetMode.NEXT_STEP) -> int:
    """Play both with the same drawn actions, surplus and illegal cells among them; how many episodes ended."""
    (ours, theirs), rng = pair, np.random.default_rng(0)
    (seen, our_infos), (expected, their_infos) = ours.reset(seed=5), theirs.reset(seed=5)
    assert np.array_equal(seen, expected)
    assert_same_infos(our_infos, their_infos)
    ends = 0
    for step in range(steps):
        actions = (rng.random((ENVS, SIZE * SIZE)) < (0.01 if step % 2 else 0.04)).astype(np.int8)
        mine, yours = ours.step(actions), theirs.step(actions)
        for one, other in zip(mine[:4], yours[:4], strict=True):
            assert one.tobytes() == other.tobytes()
            assert one.dtype == other.dtype
        assert_same_infos(mine[4], yours[4])
        assert ours.observation_space.contains(mine[0])
        over = mine[2] | mine[3]
        ends += int(over.sum())
        if mode is AutoresetMode.DISABLED and over.any():
            options = [{"reset_mask": over.copy()} for _ in range(2)]
            again, expected = ours.reset(options=options[0]), theirs.reset(options=options[1])
            assert np.array_equal(again[0], expected[0])
            assert_same_infos(again[1], expected[1])
    return ends


def test_spaces_are_those_of_a_gymnasium_vector_env(make_pair: MakePair) -> None:
    for layout in ("legacy", "full", "full+fires"):
        tensors, singles = make_pair(layout=layout)
        assert tensors.single_observation_space == singles.single_observation_space
        assert tensors.single_action_space == singles.single_action_space
        assert tensors.observation_space == singles.observation_space
        assert tensors.num_envs == ENVS


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_same_seeds_and_actions_give_the_same_episodes(make_pair: MakePair, mode: AutoresetMode) -> None:
    pair = make_pair(mode)
    assert pair[0].metadata["autoreset_mode"] is mode
    assert assert_same_episodes(pair, 9, mode) > ENVS


@pytest.mark.parametrize(
    "changes",
    [
        {"layout": "full"},
        {"layout": "full+fires", "weather": DAYS},
        {"weather": "legacy", "ignitions": WEST},
        {"ignitions": [[[3, 4], [8, 8]], [[5, 5], [1, 14]], [[2, 2], [9, 1]], [[0, 7], [15, 15]]]},
        {"ignitions": "all", "layout": "full+fires", "max_steps": 2},
        {"break_step": None, "max_steps": None, "weather": DAYS[0]},
    ],
    ids=["full", "full+fires, scenarios", "legacy weather, raster", "points", "all, full+fires", "defaults"],
)
@pytest.mark.filterwarnings("ignore:.*ignition points cannot burn")
def test_every_argument_means_what_it_means_to_one_environment(
    make_pair: MakePair, changes: dict[str, Any]
) -> None:
    if isinstance(changes.get("ignitions"), list):
        changes = changes | {"ignitions": [np.array(points) for points in changes["ignitions"]]}
    assert_same_episodes(make_pair(**changes), 4)


def test_options_choose_landscape_and_weather_of_all(make_pair: MakePair) -> None:
    ours, theirs = make_pair(weather=DAYS)
    chosen = {"landscape": 2, "weather": 1}
    (seen, infos), (expected, their_infos) = (
        env.reset(seed=3, options=dict(chosen)) for env in (ours, theirs)
    )
    assert np.array_equal(seen, expected)
    assert_same_infos(infos, their_infos)
    with pytest.raises(ValueError, match=r"options\['weather'\] is 7, but there are 3"):
        ours.reset(options={"weather": 7})


def test_one_seed_each_and_a_seed_for_the_first_reset(landscapes: list[Landscape]) -> None:
    ours = FuelBreakVectorEnv(landscapes, ENVS, **SETTINGS, seed=5)
    first, listed, other = (ours.reset(seed=seed)[1]["burned"] for seed in (None, [5, 6, 7], None))
    assert np.array_equal(first, listed)
    assert not np.array_equal(first, other)
    with pytest.raises(ValueError, match="2 seeds for 3 environments"):
        ours.reset(seed=[1, 2])


def test_more_fires_than_fit_at_once_burn_in_turn(
    make_pair: MakePair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "BURNING_BYTES", 1)
    monkeypatch.setattr(stage, "KEPT_BYTES", 1)
    assert_same_episodes(make_pair(layout="full+fires", weather=DAYS), 4)


def test_the_same_bytes_with_any_number_of_threads(landscapes: list[Landscape]) -> None:
    def trace() -> list[bytes]:
        env = FuelBreakVectorEnv(landscapes, ENVS, **SETTINGS, layout="full+fires")
        parts, rng = [env.reset(seed=2)[0].tobytes()], np.random.default_rng(1)
        for _ in range(4):
            actions = (rng.random((ENVS, SIZE * SIZE)) < 0.04).astype(np.int8)
            observations, rewards, *_ = env.step(actions)
            parts += [observations.tobytes(), rewards.tobytes()]
        return parts

    before = torch.get_num_threads()
    try:
        traces = []
        for threads in (1, 2):
            torch.set_num_threads(threads)
            traces.append(trace())
    finally:
        torch.set_num_threads(before)
    assert traces[0] == traces[1]


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
@pytest.mark.parametrize(
    "device",
    ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA"))],
)
def test_tensors_hold_the_same_as_arrays(
    landscapes: list[Landscape], mode: AutoresetMode, device: str
) -> None:
    arguments = SETTINGS | {"layout": "full+fires", "autoreset_mode": mode}
    arrays = FuelBreakVectorEnv(landscapes, ENVS, **arguments)
    tensors = FuelBreakVectorEnv(landscapes, ENVS, **arguments, device=device, as_tensors=True)
    assert np.array_equal(tensors.reset(seed=1)[0].cpu(), arrays.reset(seed=1)[0])
    for seed in range(4):
        actions = torch.rand((ENVS, SIZE * SIZE), generator=torch.Generator().manual_seed(seed)) < 0.04
        mine = tensors.step(actions.to(torch.int8).to(device))
        yours = arrays.step(actions.to(torch.int8).numpy())
        assert all(part.device.type == device for part in mine[:4])
        assert [part.dtype for part in mine[:4]] == [torch.float32, torch.float32, torch.bool, torch.bool]
        assert np.array_equal(mine[0].cpu(), yours[0])
        assert np.array_equal(mine[1].cpu(), yours[1].astype(np.float32))
        assert np.array_equal(mine[2].cpu() | mine[3].cpu(), yours[2] | yours[3])
        assert np.array_equal(mine[4]["action_mask"].cpu(), yours[4]["action_mask"])
        assert mine[4]["action_mask"].device.type == device
        assert np.array_equal(mine[4]["burned"], yours[4]["burned"])
    if mode is AutoresetMode.SAME_STEP:
        tensors.step(torch.zeros((ENVS, SIZE * SIZE), dtype=torch.int8, device=device))
        ended = tensors.step(torch.zeros((ENVS, SIZE * SIZE), dtype=torch.int8, device=device))[4]
        ended = ended if "final_obs" in ended else tensors.step(actions.to(torch.int8))[4]
        assert all(isinstance(seen, torch.Tensor) for seen in ended["final_obs"][ended["_final_obs"]])


@pytest.mark.parametrize("layout", ["legacy", "full", "full+fires"])
def test_nothing_is_left_on_the_cpu_by_mistake(
    landscapes: list[Landscape], layout: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the meta device, which has shapes and no values: tensors of two devices in one operation raise there, too."""
    monkeypatch.setattr(torch.Tensor, "cpu", lambda self: torch.ones(self.shape, dtype=self.dtype))
    monkeypatch.setattr(torch.Tensor, "__bool__", lambda self: True)
    monkeypatch.setattr(fires, "_relax", fires._swept)  # how long to go on is asked of values
    env = FuelBreakVectorEnv(landscapes, ENVS, **SETTINGS, layout=layout, device="meta", as_tensors=True)
    observations, infos = env.reset(seed=0)
    stepped = env.step(infos["action_mask"])
    assert {part.device.type for part in (observations, infos["action_mask"], *stepped[:4])} == {"meta"}
    assert observations.shape == stepped[0].shape == env.observation_space.shape


def test_masks_are_the_legal_cells(tensors: FuelBreakVectorEnv) -> None:
    _, infos = tensors.reset(seed=3)
    assert np.array_equal(infos["action_mask"], tensors.action_masks())
    actions = np.zeros((ENVS, SIZE * SIZE), np.int8)
    cells = [np.flatnonzero(mask)[:2] for mask in tensors.action_masks()]
    for row, own in zip(actions, cells, strict=True):
        row[own] = 1
    infos = tensors.step(actions)[4]
    assert not any(mask[own].any() for mask, own in zip(infos["action_mask"], cells, strict=True))
    assert (infos["new_cells"] == 2).all()


def test_wrong_actions_are_refused_and_change_nothing(landscapes: list[Landscape]) -> None:
    strict = FuelBreakVectorEnv(landscapes, ENVS, **SETTINGS, on_illegal="error")
    with pytest.raises(ResetNeeded):
        strict.step(np.zeros((ENVS, SIZE * SIZE), np.int8))
    _, infos = strict.reset(seed=0)
    with pytest.raises(ActionError, match=r"shape \(2, 256\), expected \(3, 256\)"):
        strict.step(np.zeros((2, SIZE * SIZE), np.int8))
    with pytest.raises(ActionError, match="other than 0 and 1"):
        strict.step(np.full((ENVS, SIZE * SIZE), 2, np.int8))
    surplus = np.zeros((ENVS, SIZE * SIZE), np.int8)
    surplus[0, np.flatnonzero(infos["action_mask"][0])[:2]] = 1
    surplus[2, np.flatnonzero(infos["action_mask"][2])] = 1
    with pytest.raises(ActionError, match="more than the 5"):
        strict.step(surplus)
    assert np.array_equal(strict.action_masks(), infos["action_mask"])


def test_an_end_without_a_reset_is_an_error_where_nothing_resets(landscapes: list[Landscape]) -> None:
    env = FuelBreakVectorEnv(
        landscapes, ENVS, **(SETTINGS | {"max_steps": 1}), autoreset_mode=AutoresetMode.DISABLED
    )
    env.reset(seed=0)
    idle = np.zeros((ENVS, SIZE * SIZE), np.int8)
    assert env.step(idle)[3].all()
    with pytest.raises(ResetNeeded):
        env.step(idle)
    with pytest.raises(ValueError, match=r"reset_mask'\] is int64 \(3,\); give bool \(3,\)"):
        env.reset(options={"reset_mask": np.array([1, 1, 1])})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"layout": "rgb"}, "layout 'rgb' is unknown"),
        ({"break_budget": 0}, "break_budget is 0"),
        ({"weather": "storm"}, "weather='storm' is none"),
        ({"num_envs": 0}, "num_envs is 0"),
        ({"landscapes": []}, "at least one landscape"),
        ({"on_illegal": "drop"}, "on_illegal is 'count' or 'error'"),
    ],
)
def test_arguments_out_of_range_are_named(
    landscapes: list[Landscape], changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        FuelBreakVectorEnv(**({"landscapes": landscapes, "num_envs": 2} | changes))


def test_all_ignitions_are_as_many_as_cells_that_burn(landscapes: list[Landscape]) -> None:
    env = FuelBreakVectorEnv(landscapes, 1, **SETTINGS, ignitions="all")
    env.reset(seed=0, options={"landscape": 1})
    assert len(env._stage._ignitions[0]) == len(all_ignitions(landscapes[1]))
