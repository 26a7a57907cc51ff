"""Pyretechnics behind our interface: its figures where it is installed, and a process boundary that holds anywhere."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest

from fuelbreak.errors import SimulationError
from fuelbreak.fire.oracle import PyretechnicsSimulator
from fuelbreak.fire.oracle_process import OracleProcess, find_oracle
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape

Make = Callable[..., Landscape]

HOUR = Weather(duration_min=60.0)


@pytest.fixture
def oracle_python() -> Path:
    python = find_oracle()
    if python is None:
        pytest.skip("no interpreter with pyretechnics (make oracle)")
    return python


def stub(tmp_path: Path, script: str) -> Path:
    """An interpreter that does something else."""
    file = tmp_path / "python"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


def test_the_reference_fires_come_out_as_they_were_recorded(
    oracle: Path, oracle_python: Path, real_tile: Callable[[str, int, int], Landscape]
) -> None:
    data = np.load(oracle / "arrival.npz")
    windy = Weather(20.0, 45.0, 0.05, 0.06, 0.08, 0.60, 0.90, 1.00, duration_min=1440.0)
    tile, row, column, weather, has_breaks, ignition_row, ignition_column = data["meta"][14]
    assert weather == "windy"
    assert has_breaks == "1"
    ignition = (49 - int(ignition_row), int(ignition_column))
    with PyretechnicsSimulator(
        real_tile(tile, int(row), int(column)), windy, python=oracle_python
    ) as simulator:
        times = simulator.arrival_time_min(ignition, data[f"breaks_{tile}"][::-1])
    recorded = data["toa30m_14"][::-1]
    assert np.array_equal(np.isfinite(times), np.isfinite(recorded))
    np.testing.assert_allclose(times[np.isfinite(times)], recorded[np.isfinite(times)], atol=0.01)


def test_both_simulators_take_wind_and_rows_alike(oracle_python: Path, make_landscape: Make) -> None:
    landscape = make_landscape((31, 31))
    north_east = Weather(30.0, 45.0, duration_min=60.0)
    ours = np.isfinite(FireSimulator(landscape, north_east).arrival_time_min((15, 15)))
    with PyretechnicsSimulator(landscape, north_east, python=oracle_python) as simulator:
        theirs = np.isfinite(simulator.arrival_time_min((15, 15)))
        counts = simulator.burned_cells(np.array([[15, 15], [16, 15]]))
    assert (ours & theirs).sum() > 0.6 * (ours | theirs).sum()
    assert counts[0] == theirs.sum()


def test_a_fire_may_start_as_a_square(oracle_python: Path, make_landscape: Make) -> None:
    landscape = make_landscape((31, 31))
    times = []
    for lit_cells in (1, 3):
        with PyretechnicsSimulator(landscape, HOUR, python=oracle_python, lit_cells=lit_cells) as simulator:
            times.append(simulator.arrival_time_min((15, 15)))
    point, square = times
    assert (square[14:17, 14:17] <= point[14:17, 14:17]).all()
    assert np.isfinite(square).sum() > np.isfinite(point).sum()


def test_a_worker_without_the_library_is_an_error_with_its_reason(make_landscape: Make) -> None:
    with (
        PyretechnicsSimulator(make_landscape(), HOUR, python=Path(sys.executable)) as simulator,
        pytest.raises(SimulationError, match="pyretechnics failed: ModuleNotFoundError"),
    ):
        simulator.arrival_time_min((5, 5))


def test_a_worker_that_hangs_is_killed_at_its_deadline(make_landscape: Make, tmp_path: Path) -> None:
    python = stub(tmp_path, "exec sleep 60")
    with (
        PyretechnicsSimulator(make_landscape(), HOUR, python=python, timeout_s=0.3) as simulator,
        pytest.raises(SimulationError, match=r"ended with code -9; .* \(a fire has 0.3 s\)"),
    ):
        simulator.arrival_time_min((5, 5))


def test_a_worker_that_dies_is_an_error(make_landscape: Make, tmp_path: Path) -> None:
    with (
        PyretechnicsSimulator(make_landscape(), HOUR, python=stub(tmp_path, "exit 3")) as simulator,
        pytest.raises(SimulationError, match="ended with code 3"),
    ):
        simulator.arrival_time_min((5, 5))


def test_a_process_that_ended_is_started_anew_by_the_next_call(make_landscape: Make, tmp_path: Path) -> None:
    once = tmp_path / "ran"
    python = stub(tmp_path, f"test -e {once} && exec {sys.executable} $1; touch {once}; exit 3")
    with PyretechnicsSimulator(make_landscape(), HOUR, python=python) as simulator:
        with pytest.raises(SimulationError, match="ended with code 3"):
            simulator.arrival_time_min((5, 5))
        with pytest.raises(SimulationError, match="ModuleNotFoundError"):
            simulator.arrival_time_min((5, 5))


def test_simulators_share_a_process_that_outlives_them(make_landscape: Make, tmp_path: Path) -> None:
    started = tmp_path / "started"
    process = OracleProcess(stub(tmp_path, f"echo >> {started}; exec {sys.executable} $1"))
    for _ in range(2):
        with (
            PyretechnicsSimulator(make_landscape(), HOUR, process=process) as simulator,
            pytest.raises(SimulationError, match="ModuleNotFoundError"),
        ):
            simulator.arrival_time_min((5, 5))
    process.close()
    assert len(started.read_text().splitlines()) == 1


def test_a_forgotten_process_ends_with_its_owner(make_landscape: Make, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    simulator = PyretechnicsSimulator(
        make_landscape(), HOUR, python=stub(tmp_path, f"echo $$ > {pid}; exec {sys.executable} $1")
    )
    with pytest.raises(SimulationError, match="ModuleNotFoundError"):
        simulator.arrival_time_min((5, 5))
    assert psutil.pid_exists(int(pid.read_text()))
    del simulator
    gc.collect()
    assert not psutil.pid_exists(int(pid.read_text()))


def test_what_we_refuse_never_reaches_the_library(make_landscape: Make, tmp_path: Path) -> None:
    python = stub(tmp_path, "exec sleep 60")
    with PyretechnicsSimulator(make_landscape(), HOUR, python=python) as simulator:
        with pytest.raises(SimulationError, match="outside the grid"):
            simulator.burned_cells(np.array([[99, 0]]))
        blocked = np.ones((21, 21), bool)
        assert simulator.burned_cells(np.array([[5, 5]]), blocked) == [0]


def test_without_an_interpreter_the_remedy_is_named(
    make_landscape: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FUELBREAK_ORACLE_PYTHON", "/nowhere/python")
    with pytest.raises(SimulationError, match="make oracle"):
        PyretechnicsSimulator(make_landscape(), HOUR)
