"""Episode loops: which resets count for every episode, and what is inserted where none does."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest

from patches.syntax.edits import Edit
from tests.patches.tools import patched

HEAD = "from gymnasium.vector import AsyncVectorEnv\nenvs = AsyncVectorEnv(fns)\n"
STEPS = "for t in range(5):\n    obs, r, te, tr, infos = envs.step(act(obs))\n"
RESET = "obs, infos = envs.reset()\n"
END = "end: obs, infos = envs.reset()"


def said(script: str, fixes: list[str] | None = None) -> list[str]:
    """What the fix says of a script: `code line`, or where it inserts which line."""
    _, plan = patched(HEAD + dedent(script), fixes or ["reset-between-episodes"])
    findings = [f for f in (*plan.edits, *plan.diagnostics) if f.fix == "reset-between-episodes"]
    return [
        f.message.removeprefix("resets at the ").replace(" of each episode", "")
        if isinstance(f, Edit)
        else f"{f.code} {f.position.line}"
        for f in findings
    ]


def loop(body: str, *, head: str = "for ep in range(9):", before: str = RESET) -> str:
    return f"{before}{head}\n{indent(body, '    ')}"


# the body of an episode loop whose first reset stands in line 3, in line 4 its head: what is said
BODIES = {
    RESET + STEPS: ["resets 5"],
    STEPS + RESET: ["resets 7"],
    STEPS: [END],
    STEPS + "envs.reset()\n": [END],
    STEPS + "if a:\n    " + RESET: [END],
    STEPS + "if a:\n    " + RESET + "else:\n    " + RESET: ["resets 7"],
    STEPS + "if a:\n    " + RESET + "else:\n    pass\n": [END],
    STEPS + "if a:\n    pass\nelse:\n    " + RESET: [END],
    "if ep > 0:\n    " + RESET + STEPS: ["resets 5"],
    "if ep >= 1:\n    " + RESET + STEPS: ["resets 5"],
    "if ep != 0:\n    " + RESET + STEPS: ["resets 5"],
    "if ep:\n    " + RESET + STEPS: ["resets 5"],
    "if ep > 1:\n    " + RESET + STEPS: [END],
    "if ep == 0:\n    " + RESET + STEPS: [END],
    "if ep < 0:\n    " + RESET + STEPS: [END],
    "if ep >= 0:\n    " + RESET + STEPS: [END],
    "if a:\n    " + RESET + STEPS: [END],
    "if 0 < ep < 5:\n    " + RESET + STEPS: [END],
    "if f(ep) > 0:\n    " + RESET + STEPS: [END],
    "if ep > n:\n    " + RESET + STEPS: [END],
    "with a:\n    " + RESET + STEPS: ["resets 5"],
    "try:\n    " + RESET + "except E:\n    pass\n" + STEPS: ["resets 5"],
    "try:\n    pass\nfinally:\n    " + RESET + STEPS: ["resets 5"],
    "try:\n    pass\nexcept E:\n    " + RESET + STEPS: [END],
    "for x in y:\n    " + RESET + STEPS: [END],
    "while x:\n    " + RESET + STEPS: [END],
    "def f():\n    " + RESET + STEPS: [END],
    "match x:\n    case 1:\n        " + RESET + STEPS: [END],
    "if a:\n    continue\n" + RESET + STEPS: ["start: obs, infos = envs.reset()"],
    RESET + "if a:\n    continue\n" + STEPS: ["resets 5"],
    STEPS + "if a:\n    continue\n" + RESET: ["start: obs, infos = envs.reset()"],
    STEPS + "    continue\n" + RESET: ["resets 8"],
    STEPS + "break\n": ["start: obs, infos = envs.reset()"],
    STEPS + "if a:\n    break\n": [END],
    "envs = AsyncVectorEnv(fns)\n" + STEPS: ["resets 5"],
    "with AsyncVectorEnv(fns) as envs:\n    pass\n" + STEPS: ["resets 5"],
    "if a:\n    envs = AsyncVectorEnv(fns)\n" + STEPS: [END],
    "more = envs\n" + STEPS: [END],
    STEPS + "obs = envs.reset()\n": ["resets 7"],
    STEPS + "obs = envs.reset()[0]\n": ["resets 7"],
    STEPS + "obs = prepare(envs.reset())\n": ["resets 7"],
    STEPS + "obs = first\n": [END],
    STEPS + "x, _ = envs.reset()\nobs = x\n": ["resets 8"],
    STEPS + "x, _ = envs.reset()\nobs = np.zeros(x.shape)\n": [END],
    STEPS + "x, _ = envs.reset()\nobs = np.zeros(len(x))\n": [END],
    STEPS + "x = envs.reset()\nif a:\n    x = envs.step(b)\nobs = x\n": [END],
    STEPS + "obs = envs.step(b)[0]\n": [END],
    STEPS + "envs.close()\n": ["closed-inside 7"],
    STEPS + "if a:\n    envs.close()\n": ["closed-inside 8"],
    STEPS + "try:\n    pass\nexcept E:\n    envs.close()\n": [END],
    STEPS + "if a:\n    envs.close()\n    envs = AsyncVectorEnv(fns)\n": [END],
    STEPS + "if a:\n    envs.close()\nenvs = AsyncVectorEnv(fns)\n": ["resets 9"],
}


@pytest.mark.parametrize("body", BODIES)
def test_resets_in_every_episode(body: str) -> None:
    assert said(loop(body)) == BODIES[body]


# a whole script: what is said
SCRIPTS = {
    loop(STEPS, head="for i in range(9):"): ["unclear-loop 4"],
    loop(STEPS, head="for update in range(9):"): ["no-episode-loop 6"],
    "for ep in x: envs.step(a)\n": ["no-episode-loop 3"],
    "for ep in x:\n    for t in y: envs.step(a)\n": ["end: envs.reset()"],
    "for ep in x:\n    for t in y:\n        envs.step(a)\n": ["end: envs.reset()"],
    "for ep in x:\n    for t in y:\n        print(envs.step(a))\n": ["end: envs.reset()"],
    "for ep in x:\n    pass; envs.reset()\n    for t in y:\n        envs.step(a)\n": ["resets 4"],
    "print(envs)\n": ["stepped-elsewhere 2"],
    "envs.step(a)\n": ["no-episode-loop 3"],
    "for ep in x:\n    run(envs)\n": ["escapes 3"],
    "for ep in x:\n    for t in y:\n        self.envs.step(a)\n": ["not-followed 3"],
    # what a reset must bind
    loop(STEPS, before="obs = envs.reset()\n"): ["end: obs = envs.reset()"],
    loop(STEPS, before="obs = envs.reset(seed=3)[0]\n"): ["end: obs = envs.reset()[0]"],
    loop(STEPS, before="envs.reset_async()\nobs, infos = envs.reset_wait()\n"): [END],
    loop(STEPS, before="x = envs.reset()\nobs = x[0]\n"): ["end: x = envs.reset()"],
    loop(STEPS, before="obs, infos = envs.reset(); n = 0\n"): ["end: obs = first_observations(envs.reset())"],
    loop(STEPS, before="obs = None\n"): ["no-idiom 4"],
    loop(STEPS, before=""): ["no-idiom 3"],
    loop(STEPS.replace("(obs)", "(x)"), before=RESET): ["end: envs.reset()"],
    loop(STEPS.replace("act(obs)", "act(obs, h)") + "    h = f(h)\n", before=RESET + "h = 0\n"): [END],
    loop(STEPS.replace("act(obs)", "act(obs, last)") + "    last = obs\n", before=RESET + "last = obs\n"): [
        END
    ],
    loop(
        STEPS.replace("act(obs)", "act(last)") + "    last = prepare(obs)\n",
        before=RESET + "last = prepare(obs)\n",
    ): [END],
    loop(
        STEPS.replace("act(obs)", "act(last)") + "    last = prepare(obs)\n",
        before=RESET + "n = 0\nlast = obs\n",
    ): ["end: last = first_observations(envs.reset())"],
    loop(STEPS + "    total = total + r\n", before=RESET + "total = np.zeros(len(obs))\n"): [END],
    loop(STEPS + "    total += r\n", before=RESET + "total = np.zeros(obs.shape)\n"): [END],
    loop(STEPS, before="try:\n    obs, infos = envs.reset()\nexcept E:\n    pass\n"): [END],
    loop(STEPS, before="try:\n    pass\nexcept E:\n    obs, infos = envs.reset(seed=3)\n"): [END],
    loop(STEPS, before="more = AsyncVectorEnv(fns)\nobs, infos = more.reset()\n"): [
        "end: obs = first_observations(envs.reset())"
    ],
    "def start():\n    return envs.reset()\n" + loop(STEPS, before="obs, infos = start()\n"): [
        "end: obs, infos = start()"
    ],
    "def start():\n    envs.reset()\n" + loop("start()\n" + STEPS.replace("(obs)", "(x)"), before=""): [
        "resets 6"
    ],
    "def start():\n    if a:\n        envs.reset()\n"
    + loop("start()\n" + STEPS.replace("(obs)", "(x)"), before=""): ["end: envs.reset()"],
}


@pytest.mark.parametrize("script", SCRIPTS)
def test_what_is_said(script: str) -> None:
    assert said(script) == SCRIPTS[script]


METHODS = """
    class Trainer:
        def __init__(self):
            self.envs = AsyncVectorEnv(fns)
            {init}
        def begin(self):
            {begin}
        def train(self):
            {first}
            for ep in range(9):
                {inside}
                for t in range(5):
                    self.obs, r, te, tr, infos = self.envs.step(act(self.obs))
"""


OWN = "self.obs, _ = self.envs.reset()"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ({"first": OWN}, f"end: {OWN}"),
        ({"init": OWN}, f"end: {OWN}"),
        ({"begin": OWN, "inside": "self.begin()"}, "resets 13"),
        ({"begin": "self.obs = self.envs.reset()[0]", "inside": "self.begin()"}, "resets 13"),
        (
            {"begin": f"if a: {OWN}", "inside": "self.begin()"},
            "end: self.obs = first_observations(self.envs.reset())",
        ),
        ({"begin": "return self.envs.reset()", "inside": "self.obs, _ = self.begin()"}, "resets 13"),
        (
            {"begin": "return self.envs.reset()", "first": "self.obs, _ = self.begin()"},
            "end: self.obs, _ = self.begin()",
        ),
    ],
)
def test_attributes_of_a_trainer(lines: dict[str, str], expected: str) -> None:
    parts = dict.fromkeys(("init", "begin", "first", "inside"), "pass") | lines
    assert said(METHODS.format(**parts)) == [expected]


def test_old_gym_takes_the_observations_of_the_pair() -> None:
    script = HEAD.replace("gymnasium", "gym") + loop(
        STEPS.replace("te, tr", "d"), before="obs = envs.reset()\n"
    )
    result, _ = patched(script, ["reset-between-episodes", "swap-vector-env"])
    assert result.count("obs = envs.reset()[0]") == 2
