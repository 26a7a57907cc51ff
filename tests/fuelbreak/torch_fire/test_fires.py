"""Fires as tensors equal the compiled ones to the last bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from fuelbreak.errors import SimulationError
from fuelbreak.fire.ignitions import sample_ignitions
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import LEGACY_WEATHER, Weather
from fuelbreak.synthetic import generate_landscape
from fuelbreak.torch_fire import TorchFires

WEATHERS = [Weather(), LEGACY_WEATHER, replace(Weather(), upwind_direction_deg=200.0, duration_min=400.0)]
FIRES = 5


@pytest.fixture(scope="module")
def simulators() -> list[FireSimulator]:
    return [FireSimulator(generate_landscape(seed, 24), weather) for seed, weather in enumerate(WEATHERS)]


@pytest.fixture(scope="module")
def ignitions(simulators: list[FireSimulator]) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.stack([sample_ignitions(simulator.landscape, FIRES, rng) for simulator in simulators])


@pytest.fixture
def breaks(simulators: list[FireSimulator]) -> np.ndarray:
    return np.random.default_rng(1).random((len(simulators), 24, 24)) < 0.15


def compiled(simulators: list[FireSimulator], ignitions: np.ndarray, breaks: np.ndarray | None) -> np.ndarray:
    return np.stack(
        [
            [
                simulator.arrival_time_min(tuple(start), None if breaks is None else breaks[e])
                for start in ignitions[e]
            ]
            for e, simulator in enumerate(simulators)
        ]
    )


def test_arrival_times_equal_the_compiled_ones(
    simulators: list[FireSimulator], ignitions: np.ndarray
) -> None:
    times = TorchFires(simulators).arrival_time_min(ignitions).numpy()
    assert times.dtype == np.float32
    assert np.array_equal(times, compiled(simulators, ignitions, None))


def test_arrival_times_behind_breaks_equal_the_compiled_ones(
    simulators: list[FireSimulator], ignitions: np.ndarray, breaks: np.ndarray
) -> None:
    fires = TorchFires(simulators)
    expected = compiled(simulators, ignitions, breaks)
    assert np.array_equal(fires.arrival_time_min(ignitions, torch.as_tensor(breaks)).numpy(), expected)
    burned = fires.burned_cells(ignitions, torch.as_tensor(breaks)).numpy()
    assert np.array_equal(burned, np.isfinite(expected).sum(axis=(2, 3)))
    assert np.array_equal(fires.arrival_time_min(ignitions).numpy(), compiled(simulators, ignitions, None))


def test_one_landscape_under_several_plans(simulators: list[FireSimulator], ignitions: np.ndarray) -> None:
    plans = np.random.default_rng(2).random((4, 24, 24)) < 0.1
    same = np.repeat(ignitions[:1], 4, axis=0)
    burned = TorchFires(simulators[:1] * 4).burned_cells(same, torch.as_tensor(plans)).numpy()
    assert np.array_equal(burned, [simulators[0].burned_cells(ignitions[0], plan) for plan in plans])


def test_a_fire_that_would_start_on_a_break_burns_nothing(
    simulators: list[FireSimulator], ignitions: np.ndarray
) -> None:
    breaks = torch.zeros((3, 24, 24), dtype=torch.bool)
    row, column = ignitions[0, 0]
    breaks[0, row, column] = True
    assert TorchFires(simulators).burned_cells(ignitions, breaks)[0, 0] == 0


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_the_gpu_gives_the_same_bits(
    simulators: list[FireSimulator], ignitions: np.ndarray, breaks: np.ndarray
) -> None:
    there = TorchFires(simulators, "cuda").arrival_time_min(ignitions, torch.as_tensor(breaks, device="cuda"))
    assert np.array_equal(there.cpu().numpy(), compiled(simulators, ignitions, breaks))


def test_what_does_not_fit_is_refused(simulators: list[FireSimulator], ignitions: np.ndarray) -> None:
    fires = TorchFires(simulators)
    with pytest.raises(SimulationError, match=r"give \(3, fires, 2\)"):
        fires.burned_cells(ignitions[:2])
    with pytest.raises(SimulationError, match="outside the grid"):
        fires.burned_cells(ignitions + 24)
    with pytest.raises(SimulationError, match=r"give bool of \(3, 24, 24\)"):
        fires.burned_cells(ignitions, torch.zeros((3, 24, 24)))
    with pytest.raises(SimulationError, match="one grid shape"):
        TorchFires([*simulators, FireSimulator(generate_landscape(0, 20))])
    with pytest.raises(SimulationError, match="one grid shape, not of none"):
        TorchFires([])
