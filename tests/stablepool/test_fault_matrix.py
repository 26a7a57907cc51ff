"""Every fault, in every phase, alone and beside others on a worker, in every autoreset mode, once and again and again.

One pool meets many faults at the same moment, each on a worker of its own: one deadline serves for all that hang, and
each fault proves that it leaves the others alone. The suite takes a sample of the product; ``make test-faults`` takes
all of it (``STABLEPOOL_FAULTS=all``).
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from pool_envs import EPISODE_STEPS, Plan, make

import stablepool.recruit
import stablepool.startup
from stablepool import EnvironmentStartError, StableProcessPoolEnv, WorkerFaultError, valid_transitions
from stablepool.channel import PipeBell

IS_WHOLE = os.environ.get("STABLEPOOL_FAULTS") == "all"
TIMEOUT_S = 1.5
START_TIMEOUT_S = 60.0 if IS_WHOLE else 20.0
HANG_IN_START_S = 10.0 if IS_WHOLE else 3.0  # longer than a healthy worker takes to start
GRACE_S = 30.0  # for starting processes on a busy machine; a hang that is not noticed lasts an hour

ERRORS = [
    "raise", "raise-unpicklable", "interrupt", "recurse", "sys.exit", "memory-error", "wrong-shape", "wrong-dtype",
    "no-observation", "unpicklable-info",
]  # fmt: skip
CRASHES = {
    "os._exit": 7, "SIGKILL": -9, "SIGSEGV": -11, "SIGTERM": -15, "abort": -6, "out-of-memory": -9, "orphan": -9,
}  # fmt: skip
HANGS = ["sleep", "hold-gil", "SIGSTOP", "become-another", "grandchild"]
HARMLESS = [
    "chatter", "endless-thread", "huge-info", "fork", "escape-by-fork", "close-standard-streams", "use-up-descriptors",
    "pause",
]  # fmt: skip
LIES = [
    "wrong-shape",
    "wrong-dtype",
    "no-observation",
    "unpicklable-info",
    "huge-info",
]  # where nothing is returned
FAULTS = [*ERRORS, *CRASHES, *HANGS]


@dataclass(frozen=True)
class Case:
    """Which faults meet in which circumstances; each worker has ``crew`` environments, the faulty one in the middle."""

    faults: tuple[str, ...]
    mode: AutoresetMode = AutoresetMode.NEXT_STEP
    crew: int = 1
    times: int = 1

    def __str__(self) -> str:
        return f"{self.mode.value}-{self.crew}-{self.times}x-{len(self.faults)}faults"

    @property
    def rows(self) -> dict[str, int]:
        """Index of the environment that has a fault, by fault; the workers after that are healthy."""
        return {how: place * self.crew + self.crew // 2 for place, how in enumerate(self.faults)}

    @property
    def healthy(self) -> list[int]:
        """Environments of the one worker that has no fault."""
        return list(range(len(self.faults) * self.crew, (len(self.faults) + 1) * self.crew))

    def crewmates(self, row: int) -> tuple[list[int], list[int]]:
        """Environments of the same worker that are stepped before and after a row."""
        first = row - self.crew // 2
        return list(range(first, row)), list(range(row + 1, first + self.crew))

    @contextmanager
    def pool(self, folder: Path, where: str, at: int = 1, **kwargs: Any) -> Iterator[StableProcessPoolEnv]:
        """A pool in which each fault waits for its moment."""
        plans: dict[int, Plan] = {}
        for how, row in self.rows.items():
            (folder / how).mkdir()
            plans[row] = Plan(where, how, folder / how, at=at, times=self.times, armed=where != "construct")
        count = (len(self.faults) + 1) * self.crew
        envs = StableProcessPoolEnv(
            [make(index, plans.get(index)) for index in range(count)],
            len(self.faults) + 1,
            TIMEOUT_S,
            autoreset_mode=self.mode,
            start_timeout=START_TIMEOUT_S,
            max_restarts=99,
            **kwargs,
        )
        try:
            yield envs
        finally:
            envs.close()

    def actions(self) -> np.ndarray:
        return np.ones(((len(self.faults) + 1) * self.crew, 4), np.int8)

    def untroubled(self, steps: int) -> list[np.ndarray]:
        """What the healthy worker's environments show, from the reset on."""
        envs = SyncVectorEnv([make(index) for index in self.healthy], autoreset_mode=self.mode)
        seen = [envs.reset(seed=5 + self.healthy[0])[0]]
        return seen + [envs.step(self.actions()[self.healthy])[0] for _ in range(steps)]


def kind_of(how: str) -> str | None:
    if how in HARMLESS:
        return None
    return "error" if how in ERRORS else "crash" if how in CRASHES else "timeout"


def check_fault(case: Case, how: str, before: np.ndarray, result: tuple[Any, ...]) -> None:
    """What one fault in a step looks like to a learner."""
    observations, rewards, terminations, truncations, infos = result
    row = case.rows[how]
    earlier, later = case.crewmates(row)
    if kind_of(how) is None:
        assert not infos["_fault"][[*earlier, row, *later]].any(), (how, infos["fault"][row])
        return
    record = infos["fault"][row]
    assert (record.kind, record.env_index) == (kind_of(how), row), (how, record)
    assert record.exit_code == CRASHES.get(how), (how, record)
    assert (rewards[row], terminations[row], truncations[row]) == (0.0, False, True), how
    shown = infos["final_obs"][row] if case.mode is AutoresetMode.SAME_STEP else observations[row]
    assert np.array_equal(shown, before[row]), how
    goes_on = (
        kind_of(how) == "error"
    )  # an exception does not keep the worker from stepping the next environment
    valid = valid_transitions(infos, len(observations))
    assert valid[[*earlier, row, *later]].tolist() == [True] * len(earlier) + [False] + [goes_on] * len(
        later
    ), how
    assert {infos["fault"][mate].kind for mate in [*earlier, *later]} <= {"collateral"}, how
    assert truncations[[*earlier, *later]].all(), how


def bring_back(case: Case, envs: StableProcessPoolEnv, result: tuple[Any, ...]) -> tuple[Any, ...]:
    """Step, or reset, until replacements show their first observation; return what they show and how it came."""
    if case.mode is AutoresetMode.SAME_STEP:
        return result[0], result[4]
    if case.mode is AutoresetMode.DISABLED:
        return envs.reset(options={"reset_mask": result[3]})
    result = envs.step(case.actions())
    return result[0], result[4]


def lost_rows(case: Case) -> list[int]:
    rows = [row for how, row in case.rows.items() if kind_of(how)]
    return sorted({mate for row in rows for mate in (row, *itertools.chain(*case.crewmates(row)))})


def sample(*full: Case, quick: list[Case]) -> Any:
    cases = list(full) if IS_WHOLE else quick
    return pytest.mark.parametrize("case", cases, ids=str)


def product(*faults: str) -> list[Case]:
    return [Case(faults, mode, crew, times) for mode in AutoresetMode for crew in (1, 3) for times in (1, 99)]


@sample(
    *product(*FAULTS, *HARMLESS),
    quick=[
        Case(
            ("interrupt", "memory-error", "abort", "become-another", "hold-gil"), AutoresetMode.SAME_STEP, 3
        ),
        Case(("recurse", "sys.exit", "SIGTERM", "out-of-memory", "sleep"), AutoresetMode.DISABLED, 3),
        Case(("no-observation", "raise", "SIGSEGV", "SIGSTOP"), AutoresetMode.SAME_STEP, 1, times=99),
        Case(("escape-by-fork", "close-standard-streams", "use-up-descriptors", "raise"), crew=3),
    ],
)
@pytest.mark.timeout(600 if IS_WHOLE else 120)
def test_faults_in_a_step(case: Case, tmp_path: Path) -> None:
    with case.pool(tmp_path, "step", at=2) as envs:
        seen = [envs.reset(seed=5)[0]]
        for _ in range(1 if case.times == 1 else 2):
            result = envs.step(case.actions())
            assert "fault" not in result[4]
            seen.append(result[0])
            started = time.monotonic()
            result = envs.step(case.actions())
            assert time.monotonic() - started < TIMEOUT_S + GRACE_S
            for how in case.faults:
                check_fault(case, how, seen[-1], result)
            if case.mode is not AutoresetMode.SAME_STEP:
                seen.append(result[0])
            observations, infos = bring_back(case, envs, result)
            if case.mode is not AutoresetMode.DISABLED:
                seen.append(observations)
            assert case.mode is AutoresetMode.SAME_STEP or "fault" not in infos
            lost = lost_rows(case)
            assert observations[lost, :2].tolist() == [[row, 0] for row in lost]
        if case.times == 1:
            result = envs.step(case.actions())
            assert "fault" not in result[4]
            assert result[0][lost_rows(case), 1].tolist() == [1] * len(lost_rows(case))
            seen.append(result[0])
        untroubled = case.untroubled(len(seen) - 1)
        assert all(
            np.array_equal(ours[case.healthy], theirs) for ours, theirs in zip(seen, untroubled, strict=True)
        )


@sample(
    *[case for case in product(*FAULTS, *HARMLESS) if case.times == 1],
    quick=[Case(("interrupt", "memory-error", "wrong-shape", "abort", "become-another", "SIGSTOP"), crew=3)],
)
@pytest.mark.timeout(600 if IS_WHOLE else 120)
def test_faults_in_the_first_reset(case: Case, tmp_path: Path) -> None:
    with case.pool(tmp_path, "reset") as envs:
        observations, infos = envs.reset(seed=5)
        for how, row in case.rows.items():
            if kind := kind_of(how):
                record = infos["fault"][row]
                assert (record.kind, record.phase, record.transition_valid) == (kind, record.phase, True), how
        assert np.array_equal(observations[case.healthy], case.untroubled(0)[0])
        assert observations[:, :2].tolist() == [[row, 0] for row in range(len(observations))]
        result = envs.step(case.actions())
        assert "fault" not in result[4]
        assert (result[0][:, 1] == 1).all()


@sample(
    *product(*FAULTS, *HARMLESS),
    quick=[Case(("raise", "unpicklable-info", "os._exit", "grandchild"), AutoresetMode.SAME_STEP, 3)],
)
@pytest.mark.timeout(600 if IS_WHOLE else 120)
def test_faults_in_an_autoreset(case: Case, tmp_path: Path) -> None:
    if case.mode is AutoresetMode.DISABLED:
        pytest.skip("no autoreset in this mode: a reset by the learner is the test above")
    with case.pool(tmp_path, "reset", at=2) as envs:
        envs.reset(seed=5)
        steps = EPISODE_STEPS + (case.mode is AutoresetMode.NEXT_STEP)
        for step in range(steps):
            result = envs.step(case.actions())
            assert ("fault" in result[4]) == (step == steps - 1)
        for how, row in case.rows.items():
            if kind := kind_of(how):
                record = result[4]["fault"][row]
                assert (record.kind, record.env_index) == (kind, row), how
                assert not record.transition_valid
        observations, _ = bring_back(case, envs, result)
        lost = lost_rows(case)
        assert observations[lost, :2].tolist() == [[row, 0] for row in lost]
        assert envs.step(case.actions())[0][lost, 1].tolist() == [1] * len(lost)


@sample(
    *[case for case in product(*FAULTS, *HARMLESS) if case.times == 1],
    quick=[Case(("sys.exit", "SIGKILL"), AutoresetMode.DISABLED, 3)],
)
@pytest.mark.timeout(600 if IS_WHOLE else 120)
def test_faults_in_the_construction_of_a_replacement(case: Case, tmp_path: Path) -> None:
    faults = tuple(how for how in case.faults if how not in LIES)
    case = Case(faults, case.mode, case.crew, case.times)
    with case.pool(tmp_path, "construct") as envs:
        envs.reset(seed=5)
        envs.step(case.actions())
        for how in case.faults:
            (tmp_path / how / "armed").touch()
        for pid in envs.worker_pids[:-1]:
            os.kill(pid, 9)
        kinds: dict[str, list[str]] = {how: [] for how in case.faults}
        for _ in range(6):
            result = envs.step(case.actions())
            for how, row in case.rows.items():
                if "fault" in result[4] and (record := result[4]["fault"][row]):
                    kinds[how].append(f"{record.kind} in {record.phase}")
            assert "fault" not in result[4] or not result[4]["_fault"][case.healthy].any()
        for how, seen in kinds.items():
            assert seen[0] == "crash in idle"
            assert seen[1:] == ([f"{kind_of(how)} in construct"] if kind_of(how) else []), how


@pytest.mark.parametrize(
    "how",
    [how for how in FAULTS if how not in LIES]
    if IS_WHOLE
    else ["interrupt", "memory-error", "abort", "become-another"],
)
@pytest.mark.parametrize("crew", [1, 3])
def test_a_fault_in_the_first_construction_ends_the_start(how: str, crew: int, tmp_path: Path) -> None:
    env_fns = [
        make(index, Plan("construct", how, tmp_path) if index == 1 else None) for index in range(1 + crew)
    ]
    limit_s = HANG_IN_START_S if how in HANGS else START_TIMEOUT_S
    started = time.monotonic()
    with pytest.raises(EnvironmentStartError, match="environment 1 could not be started") as caught:
        StableProcessPoolEnv(env_fns, 2 if crew == 1 else 1, start_timeout=limit_s)
    assert time.monotonic() - started < limit_s + GRACE_S
    assert (caught.value.fault.kind, caught.value.fault.phase) == (kind_of(how), "construct")


def test_a_reset_that_fails_in_every_life_raises_and_the_pool_can_still_be_closed(tmp_path: Path) -> None:
    case = Case(("raise", "SIGKILL", "sleep"), times=99)
    with (
        case.pool(tmp_path, "reset") as envs,
        pytest.raises(WorkerFaultError, match="no observation to go on from"),
    ):
        envs.reset(seed=5)


def test_faults_are_the_same_where_the_system_has_no_eventfd(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (stablepool.recruit, stablepool.startup):
        monkeypatch.setattr(module, "make_bell", PipeBell)
    test_faults_in_a_step(Case(("raise", "SIGKILL", "hold-gil", "chatter", "fork"), crew=3), tmp_path)
