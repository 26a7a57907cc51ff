"""A fix that looked at a script says so: what it did, that there is nothing to do, or why it left something alone."""

from __future__ import annotations

import pytest

from tests.patches.tools import check_noop, check_transformed, reported

ASYNC = "from gymnasium.vector import AsyncVectorEnv\nenvs = AsyncVectorEnv(fns)\n"
POOL = "from stablepool import StableProcessPoolEnv\nenvs = StableProcessPoolEnv(fns, timeout=8.0)\n"
VISIBLE = ["int8-actions", "main-guard", "process-cleanup", "step-timeouts"]

NUMPY = "import numpy as np\nfrom fuelbreak import FuelBreakEnv\n" + POOL

# name: (script, codes of all remarks)
ACTIONS = {
    "discrete": ("import numpy as np\n" + POOL + "envs.step(np.array(picks))\n", ["nothing-to-do"]),
    "continuous": (
        "import numpy as np\n" + POOL + "action = np.zeros(n_joints)\naction[0] = 0.5\nenv.step(action)\n",
        ["no-mask"],
    ),
    "a cast in continuous control": (
        "import numpy as np\n" + POOL + "envs.step(actions.astype(np.float32))\n",
        ["nothing-to-do"],
    ),
    "samples of a binary space": (NUMPY + "envs.step(envs.action_space.sample())\n", ["nothing-to-do"]),
    "samples in a variable": (
        NUMPY + "actions = envs.action_space.sample()\nenvs.step(actions)\n",
        ["nothing-to-do"],
    ),
    "masks from elsewhere": (NUMPY + "envs.step(policy(obs))\nenvs.step(policy(obs))\n", ["no-mask-found"]),
    "ones": (NUMPY + "action = np.ones(HxW)\nenv.step(action)\n", ["other-array"]),
    "ones of int8": (NUMPY + "action = np.ones(HxW, dtype=np.int8)\nenv.step(action)\n", ["int8-already"]),
    "an empty array": (NUMPY + "action = np.empty(HxW)\naction[:] = 0\nenv.step(action)\n", ["other-array"]),
    "full of ones": (NUMPY + "action = np.full(HxW, 1.0)\nenv.step(action)\n", ["other-array"]),
    "a list": (NUMPY + "action = [0] * HxW\naction[i] = 1\nenv.step(action)\n", ["other-array"]),
    "a tensor": ("import torch\n" + NUMPY + "env.step(torch.zeros(HxW).numpy())\n", ["other-array"]),
    "a cast to floats": (NUMPY + "envs.step(actions.astype(np.float32))\n", ["other-array"]),
    "a mask of unknown length": (NUMPY + "action = np.zeros(k)\naction[0] = 1\n", ["unsure-mask"]),
    "a space by its name": (
        "import gymnasium as gym\n" + POOL + "gym.make('fuelbreak:FuelBreak-v0')\nenvs.step(a)\n",
        ["no-mask-found"],
    ),
}


@pytest.mark.parametrize("fix", VISIBLE)
@pytest.mark.parametrize("script", [ASYNC, POOL], ids=["async", "pool"])
def test_a_script_with_nothing_to_do_is_not_passed_over(fix: str, script: str) -> None:
    plan = check_noop(script, [fix])
    assert plan.diagnostics
    assert not reported(plan)


@pytest.mark.parametrize("fix", VISIBLE)
def test_a_script_without_vector_environments_is_left_without_a_word(fix: str) -> None:
    assert not check_noop("# no AsyncVectorEnv here\nimport numpy as np\n", [fix]).diagnostics


@pytest.mark.parametrize("name", ACTIONS)
def test_actions_that_are_no_zeros_are_said(name: str) -> None:
    script, codes = ACTIONS[name]
    plan = check_noop(script, ["int8-actions"])
    assert [diagnostic.code for diagnostic in plan.diagnostics] == codes


def test_a_mask_beside_another_array() -> None:
    made = NUMPY + "action = np.zeros(HxW{})\naction[i] = 1\nenv.step(np.ones(HxW))\n"
    plan = check_transformed(made.format(""), made.format(", dtype=np.int8"), ["int8-actions"])
    assert reported(plan) == ("other-array",)
