"""What the tool makes of the project's own legacy script."""

from __future__ import annotations

from pathlib import Path

import pytest

from patches.fixes.registry import NAMES
from patches.run.plan import Plan, apply, make_plan
from patches.run.verify import verify
from tests.patches.tools import options


@pytest.fixture
def plan(legacy_script: Path) -> Plan:
    return make_plan(legacy_script.read_bytes(), options())


@pytest.fixture
def after(plan: Plan) -> str:
    data = apply(plan)
    verify(plan, data)
    return data.decode()


def test_every_fix_but_the_guard_it_has_already_has_something_to_do(plan: Plan) -> None:
    assert {edit.fix for edit in plan.edits} == NAMES - {"main-guard", "swap-subproc-vec-env"}
    assert not [diagnostic for diagnostic in plan.diagnostics if diagnostic.kind != "satisfied"]


@pytest.mark.parametrize(
    "line",
    [
        "from stablepool import StableProcessPoolEnv, terminate_children, valid_transitions",
        "N_ENVS = 32",
        "STEPS_PER_EP = 25",
        "BUFFER_CAP = 200_000  # transitions",
        "BATCH_SIZE = 64",
        "BUDGET = 250  # fuel break cells per episode",
        "SIMS = 1  # fires per step",
        "        test_action = np.zeros(HxW, dtype=np.int8)",
        "    actions = np.zeros((n, HxW), dtype=np.int8)",
        "    terminate_children()",
        "                next_obs, rewards, terminated, truncated, infos = vec_env.step_wait()",
        "                valid = valid_transitions(infos, N_ENVS)",
        "                    if valid[i]:",
        "            # Reset environments for next episode (CRITICAL FIX)",
        "            obs, infos = vec_env.reset()",
    ],
)
def test_line_of_the_patched_script(after: str, line: str) -> None:
    assert after.splitlines().count(line) == 1


def test_the_pool_is_made_with_a_deadline(after: str) -> None:
    assert "AsyncVectorEnv" not in after
    assert ", timeout=8.0)" in next(line for line in after.splitlines() if "StableProcessPoolEnv(" in line)


def test_nothing_uses_multiprocessing_any_more(after: str) -> None:
    assert "mp." not in after
    assert "multiprocessing" not in after
