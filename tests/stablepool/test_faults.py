"""Real faults: what is reported is true, what is elsewhere goes on, and the run goes on."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from pool_checks import runs, settles_to
from pool_envs import Plan, make

from stablepool import StableProcessPoolEnv, WorkerFaultError, valid_transitions

ACTIONS = np.ones((4, 4), np.int8)
TIMEOUT_S = 0.6
FAULTY = 2  # lives on worker 1 of 2, before environment 3

KINDS = {
    "raise": ("error", None),
    "raise-unpicklable": ("error", None),
    "sys.exit": ("error", None),
    "wrong-shape": ("error", None),
    "wrong-dtype": ("error", None),
    "unpicklable-info": ("error", None),
    "sleep": ("timeout", None),
    "hold-gil": ("timeout", None),
    "SIGSTOP": ("timeout", None),
    "grandchild": ("timeout", None),
    "os._exit": ("crash", 7),
    "SIGKILL": ("crash", -9),
    "SIGSEGV": ("crash", -11),
    "orphan": ("crash", -9),
}
HARMLESS = ["chatter", "endless-thread", "huge-info", "pause", "fork"]


def pool(plan: Plan | None, workers: int = 2, mode: AutoresetMode = AutoresetMode.NEXT_STEP, **kwargs):
    env_fns = [make(index, plan if index == FAULTY else None) for index in range(4)]
    return StableProcessPoolEnv(env_fns, workers, TIMEOUT_S, autoreset_mode=mode, **kwargs)


def untroubled(steps: int, mode: AutoresetMode = AutoresetMode.NEXT_STEP) -> list[np.ndarray]:
    """The observations of the same environments without a fault."""
    envs = SyncVectorEnv([make(index) for index in range(4)], autoreset_mode=mode)
    seen = [envs.reset(seed=5)[0]]
    seen += [envs.step(ACTIONS)[0] for _ in range(steps)]
    return seen


@pytest.mark.parametrize("how", KINDS)
def test_a_fault_in_a_step_is_reported_once_and_the_environment_comes_back(how: str, tmp_path: Path) -> None:
    envs = pool(Plan("step", how, tmp_path, at=3))
    try:
        seen = [envs.reset(seed=5)[0]]
        seen += [envs.step(ACTIONS)[0] for _ in range(2)]
        started = time.monotonic()
        observations, rewards, terminations, truncations, infos = envs.step(ACTIONS)
        assert time.monotonic() - started < TIMEOUT_S + 1.5
        record = infos["fault"][FAULTY]
        kind, exit_code = KINDS[how]
        assert record.kind == kind
        assert record.phase in ("step", "reply")
        assert record.env_index == FAULTY
        assert not record.transition_valid
        assert (record.generation, record.restarts) == (0, 1)
        assert record.exit_code == exit_code
        assert int((tmp_path / "fired-0").read_text()) == record.pid
        assert list(infos["_fault"]) == [False, False, True, True]
        assert infos["fault"][3].kind == "collateral"
        # nothing is invented: the last observation that was real, no reward, an end that is no termination
        assert np.array_equal(observations[FAULTY], seen[-1][FAULTY])
        assert (rewards[FAULTY], terminations[FAULTY], truncations[FAULTY]) == (0.0, False, True)
        seen.append(observations)
        observations, rewards, terminations, truncations, infos = envs.step(ACTIONS)
        assert "fault" not in infos
        assert observations[FAULTY][:2].tolist() == [FAULTY, 0]
        assert (rewards[FAULTY], terminations[FAULTY], truncations[FAULTY]) == (0.0, False, False)
        seen.append(observations)
        seen += [envs.step(ACTIONS)[0] for _ in range(3)]
        assert seen[-1][FAULTY][1] == 3  # and it steps
        for ours, theirs in zip(seen, untroubled(7), strict=True):
            assert np.array_equal(ours[:2], theirs[:2])  # the other worker never noticed
        assert envs.counters["pool/restarts"] == 1
    finally:
        envs.close()


@pytest.mark.parametrize("how", HARMLESS)
def test_what_is_no_fault_is_not_made_one(how: str, tmp_path: Path) -> None:
    envs = pool(Plan("step", how, tmp_path, at=2))
    try:
        seen = [envs.reset(seed=5)[0]]
        for _ in range(4):
            observations, _, _, _, infos = envs.step(ACTIONS)
            assert "fault" not in infos
            seen.append(observations)
        assert all(np.array_equal(a, b) for a, b in zip(seen, untroubled(4), strict=True))
    finally:
        envs.close()


@pytest.mark.parametrize("mode", list(AutoresetMode))
@pytest.mark.parametrize("how", ["raise", "sleep", "SIGKILL"])
def test_void_transitions_under_each_autoreset_mode(how: str, mode: AutoresetMode, tmp_path: Path) -> None:
    envs = pool(Plan("step", how, tmp_path, at=3), mode=mode)
    try:
        envs.reset(seed=5)
        envs.step(ACTIONS)
        before = envs.step(ACTIONS)[0]
        observations, rewards, _, truncations, infos = envs.step(ACTIONS)
        shown = infos["final_obs"][FAULTY] if mode is AutoresetMode.SAME_STEP else observations[FAULTY]
        assert np.array_equal(shown, before[FAULTY])
        assert (rewards[FAULTY], bool(truncations[FAULTY])) == (0.0, True)
        if mode is AutoresetMode.SAME_STEP:
            assert observations[FAULTY][:2].tolist() == [FAULTY, 0]
        if mode is AutoresetMode.DISABLED:
            fresh, _ = envs.reset(options={"reset_mask": truncations})
            assert fresh[FAULTY][:2].tolist() == [FAULTY, 0]
            assert np.array_equal(fresh[:2], observations[:2])
        after, _, _, _, infos = envs.step(ACTIONS)
        assert "fault" not in infos
        assert after[FAULTY][1] == (0 if mode is AutoresetMode.NEXT_STEP else 1)
    finally:
        envs.close()


def test_a_neighbour_that_had_finished_its_step_keeps_it(tmp_path: Path) -> None:
    env_fns = [
        make(index, Plan("step", "SIGKILL", tmp_path, at=2) if index == 1 else None) for index in range(3)
    ]
    envs = StableProcessPoolEnv(env_fns, 1, TIMEOUT_S)
    try:
        envs.reset(seed=5)
        envs.step(ACTIONS[:3])
        observations, rewards, _, truncations, infos = envs.step(ACTIONS[:3])
        kinds = [record.kind for record in infos["fault"]]
        assert kinds == ["collateral", "crash", "collateral"]
        assert valid_transitions(infos, 3).tolist() == [True, False, False]
        assert observations[:, 1].tolist() == [2, 1, 1]
        assert rewards.tolist() == [4, 0, 0]
        assert truncations.all()
    finally:
        envs.close()


@pytest.mark.parametrize("how", ["grandchild", "orphan", "daemon"])
def test_what_an_environment_started_ends_with_its_worker(how: str, tmp_path: Path) -> None:
    envs = pool(Plan("step", how, tmp_path))
    try:
        envs.reset(seed=5)
        infos = envs.step(ACTIONS)[4]
        assert infos["_fault"][FAULTY]
        grandchild = int((tmp_path / "grandchild").read_text())
        assert settles_to(lambda: runs(grandchild), False)
    finally:
        envs.close()


def test_a_worker_that_loses_its_descriptors_is_lost_after_its_environments_had_finished(
    tmp_path: Path,
) -> None:
    envs = pool(Plan("step", "close-descriptors", tmp_path, at=2))
    try:
        envs.reset(seed=5)
        envs.step(ACTIONS)
        observations, rewards, _, truncations, infos = envs.step(ACTIONS)
        assert [record and record.kind for record in infos["fault"]] == [None, None, "crash", "crash"]
        assert infos["fault"][FAULTY].phase in ("reply", "idle")
        assert valid_transitions(infos, 4).all()
        assert np.array_equal(observations, untroubled(2)[2])
        assert rewards.tolist() == [4.0] * 4
        assert truncations.tolist() == [False, False, True, True]
    finally:
        envs.close()


@pytest.mark.parametrize("how", ["raise", "sleep", "SIGKILL"])
def test_a_fault_in_reset_is_retried_with_the_same_seed(how: str, tmp_path: Path) -> None:
    envs = pool(Plan("reset", how, tmp_path))
    try:
        observations, infos = envs.reset(seed=5)
        assert np.array_equal(observations, untroubled(0)[0])
        assert infos["fault"][FAULTY].phase == "reset"
        assert infos["fault"][FAULTY].transition_valid
        assert valid_transitions(infos, 4).all()
        assert "fault" not in envs.step(ACTIONS)[4]
    finally:
        envs.close()


def test_a_first_reset_that_keeps_failing_raises_for_there_is_no_observation_to_show(tmp_path: Path) -> None:
    envs = pool(Plan("reset", "raise", tmp_path, times=99))
    try:
        with pytest.raises(WorkerFaultError, match="the environment raised"):
            envs.reset(seed=5)
    finally:
        envs.close()


def test_an_autoreset_that_hangs_is_a_fault_of_that_step(tmp_path: Path) -> None:
    envs = pool(Plan("reset", "sleep", tmp_path, at=2))
    try:
        envs.reset(seed=5)
        for _ in range(6):
            last = envs.step(ACTIONS)
        assert last[2].all()
        observations, _, _, truncations, infos = envs.step(ACTIONS)
        assert infos["fault"][FAULTY].phase == "reset"
        assert truncations.tolist() == [False, False, True, True]
        assert np.array_equal(observations[FAULTY], last[0][FAULTY])
        assert envs.step(ACTIONS)[0][FAULTY][1] == 0
    finally:
        envs.close()


@pytest.mark.parametrize("how", ["sleep", "SIGKILL"])
def test_a_worker_lost_in_a_call_raises_and_the_next_step_reports_it(how: str, tmp_path: Path) -> None:
    envs = pool(Plan("call", how, tmp_path))
    try:
        before, _ = envs.reset(seed=5)
        with pytest.raises(WorkerFaultError):
            envs.call("work", 2)
        assert envs.call("work", 2) == (0, 2, 4, 6)
        observations, _, _, truncations, infos = envs.step(ACTIONS)
        assert infos["fault"][FAULTY].phase == "call"
        assert truncations.tolist() == [False, False, True, True]
        assert np.array_equal(observations[FAULTY], before[FAULTY])
        assert observations[0][1] == 1
        assert envs.step(ACTIONS)[0][:, 1].tolist() == [2, 2, 0, 0]
    finally:
        envs.close()


def test_a_worker_killed_between_steps_is_noticed_by_the_next(tmp_path: Path) -> None:
    envs = pool(None)
    try:
        envs.reset(seed=5)
        psutil.Process(envs.worker_pids[1]).kill()
        infos = envs.step(ACTIONS)[4]
        assert [record and record.kind for record in infos["fault"]] == [None, None, "crash", "crash"]
        assert infos["fault"][FAULTY].phase == "idle"
        assert infos["fault"][FAULTY].exit_code == -9
        assert "fault" not in envs.step(ACTIONS)[4]
    finally:
        envs.close()


def test_every_worker_hung_at_once_costs_one_deadline(tmp_path: Path) -> None:
    folders = [tmp_path / str(index) for index in range(4)]
    for folder in folders:
        folder.mkdir()
    envs = StableProcessPoolEnv(
        [make(index, Plan("step", "hold-gil", folder)) for index, folder in enumerate(folders)], 4, TIMEOUT_S
    )
    try:
        envs.reset(seed=5)
        started = time.monotonic()
        infos = envs.step(ACTIONS)[4]
        assert time.monotonic() - started < TIMEOUT_S + 1.5
        assert [record.kind for record in infos["fault"]] == ["timeout"] * 4
        assert envs.step(ACTIONS)[0][:, 1].tolist() == [0] * 4
    finally:
        envs.close()


@pytest.mark.parametrize("check_finite", [True, False])
def test_nan_is_an_error_where_that_is_asked_for(check_finite: bool, tmp_path: Path) -> None:
    envs = pool(Plan("step", "nan", tmp_path), check_finite=check_finite)
    try:
        envs.reset(seed=5)
        observations, *_, infos = envs.step(ACTIONS)
        assert ("fault" in infos) == check_finite
        assert bool(np.isnan(observations).any()) != check_finite
        if check_finite:
            assert "the observation holds NaN" in infos["fault"][FAULTY].traceback
    finally:
        envs.close()


def test_trivial_environments_are_told_to_step_serially(caplog: pytest.LogCaptureFixture) -> None:
    envs = StableProcessPoolEnv([make(0)], 1)
    try:
        envs.reset(seed=5)
        envs._block.started_ns[:] = envs._block.finished_ns - 5_000
        envs._conductor._advise()
        assert "SyncVectorEnv" in caplog.text
        caplog.clear()
        envs._block.started_ns[:] = envs._block.finished_ns - 500_000
        envs._conductor._advise()
        assert caplog.text == ""
    finally:
        envs.close()
