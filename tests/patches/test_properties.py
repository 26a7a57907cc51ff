"""What holds for every script, tried on generated ones."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from patches.run.plan import apply, make_plan
from patches.run.verify import verify
from tests.patches import test_matrix_guard, test_matrix_other, test_matrix_reset, test_matrix_swap
from tests.patches.tools import options

NEWLINES = st.sampled_from(["\n", "\r\n"])
LOOPS = st.sampled_from(
    [
        "for episode in range(100):\n    for step in range(STEPS_PER_EP):\n        BODY\n",
        "for ep in range(9):  # episodes\n    t = 0\n    while t < 9:\n        BODY\n        t += 1\n    if t:\n"
        "        continue\n    print(ep)\n",
        "for update in range(9):\n    for step in range(8):\n        BODY\n",
        "while True:\n    BODY\n",
    ]
)
BODIES = st.sampled_from(
    [
        "obs, rew, term, trunc, infos = envs.step(act(obs))",
        "envs.step_async(actions); obs, rew, term, trunc, infos = envs.step_wait()",
        "pass",
    ]
)
PARAMETERS = st.lists(
    st.sampled_from(
        ["N_ENVS = 16", "BATCH_SIZE = (32)  # b", "SIMS = 10", "BUDGET: int = 1_00", "BUFFER_CAP = int(1e4)"]
    ),
    unique=True,
).map("\n".join)
ENDINGS = st.sampled_from(
    [
        "",
        "import multiprocessing as mp\nfor p in mp.active_children():\n    p.terminate()  # bye\n",
        "a = np.zeros(H*W)\n",
    ]
)


@st.composite
def scripts(draw: st.DrawFn) -> bytes:
    """Training scripts of many shapes, some with comments at odd places."""
    body = draw(LOOPS).replace("BODY", draw(BODIES))
    text = "\n".join(
        [
            "# \u00e9 a script",
            "import numpy as np",
            draw(st.sampled_from(["from gymnasium.vector import AsyncVectorEnv  # env", "import os"])),
            draw(PARAMETERS),
            draw(
                st.sampled_from(
                    ["envs = AsyncVectorEnv(fns)", "envs = AsyncVectorEnv(\n    fns,  # f\n)", ""]
                )
            ),
            draw(st.sampled_from(["obs, infos = envs.reset(seed=1)", "obs = envs.reset()[0]"])),
            body + draw(ENDINGS),
        ]
    )
    return text.replace("\n", draw(NEWLINES)).encode()


@given(scripts())
@settings(max_examples=60, deadline=None)
def test_patching_twice_is_patching_once(data: bytes) -> None:
    plan = make_plan(data, options())
    after = apply(plan)
    verify(plan, after)
    again = make_plan(after, options())
    assert not again.operations
    assert apply(again) == after


PIECES = [
    *(head + before for _, head, before, _ in test_matrix_other.CHANGED.values()),
    *(head + script for _, head, script, _ in test_matrix_other.LEFT_ALONE.values()),
    *(test_matrix_reset.HEAD + before + loop for before, loop, _ in test_matrix_reset.AT_THE_END.values()),
    *(before for before, _ in test_matrix_swap.CHANGED.values() if "__future__" not in before),
    *(test_matrix_guard.HEAD + before for before, _ in test_matrix_guard.CHANGED.values()),
]


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=3), st.randoms(use_true_random=False), NEWLINES)
@settings(max_examples=60, deadline=None)
def test_any_mixture_of_cases_is_settled_after_one_run(
    pieces: list[str], random: Random, newline: str
) -> None:
    lines = "".join(pieces).splitlines()
    noisy = [f"{line}  # note {i}" if random.random() < 0.3 else line for i, line in enumerate(lines)]
    data = newline.join([*noisy, ""]).encode()
    plan = make_plan(data, options())
    if not plan.refusals:
        verify(plan, apply(plan))


@given(st.text(max_size=200))
@settings(max_examples=100, deadline=None)
def test_comments_and_strings_never_make_a_script_ours(text: str) -> None:
    data = f"AsyncVectorEnv = {text!r}\n# AsyncVectorEnv({text!a})\n".encode("utf-8", "replace")
    plan = make_plan(data, options())
    assert apply(plan) is data
