"""Which loops are over episodes: the line of the outer loop, and whether its names say so."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from patches.analysis.episode_loops import episode_loops, escapes, own_continues, unfollowed, words
from patches.analysis.receivers import environments, receiver_in_scope
from patches.analysis.script import Script
from patches.syntax.source import read_source

HEAD = "from gymnasium.vector import AsyncVectorEnv\nenvs = AsyncVectorEnv(fns)\n"
STEP = "obs, r, te, tr, i = envs.step(a)"


def script(text: str) -> Script:
    return Script(read_source((HEAD + dedent(text)).encode()))


def nested(outer: str, inner: str = "for t in range(5):", *, before: str = "", after: str = "") -> str:
    lines = [outer, *(f"    {line}" for line in before.splitlines()), f"    {inner}", f"        {STEP}"]
    return "\n".join([*lines, *(f"    {line}" for line in after.splitlines())]) + "\n"


# the script: outer loop, inner loop, and whether the names say that these are episodes
LOOPS = {
    nested("for episode in range(9):"): [(3, 4, True)],
    nested("for i_episode in range(9):"): [(3, 4, True)],
    nested("for iEpisode in x:"): [(3, 4, True)],
    nested("for ep in x:"): [(3, 4, True)],
    nested("for epoch in x:"): [(3, 4, False)],
    nested("for game in x:"): [(3, 4, True)],
    nested("for _ in range(args.episodes):"): [(3, 4, True)],
    nested("while episode < 9:"): [(3, 4, True)],
    nested("while True:"): [(3, 4, False)],
    nested("while True:", after="n_episode += 1"): [(3, 4, True)],
    nested("while True:", after="n_episode = 1"): [(3, 4, False)],
    nested("while True:", after="if a:\n    n_episode += 1"): [(3, 4, False)],
    nested("for i in x:", "for t in range(EP_LEN):"): [(3, 4, True)],
    nested("for i in x:", "while not done:"): [(3, 4, False)],
    nested("for i in x:", "while not episode_over:"): [(3, 4, True)],
    nested("for update in range(episodes):"): [],
    nested("for ep in x:", "for iteration in y:"): [],
    nested("for i in range(updates):"): [],
    nested("while rollouts < 3:"): [],
    nested("for step in range(episodes):"): [(3, 4, False)],
    nested("for t in range(episodes):"): [(3, 4, False)],
    nested("for step_ep in range(9):"): [(3, 4, True)],
    nested("for ep in x:", after="advantages = gae(r)"): [(3, 4, False)],
    nested("for ep in x:", before="lastgaelam = 0"): [(3, 5, False)],
    nested("while episodes < 9:", before="x = 1").replace(STEP, f"{STEP}\n        episodes += 1"): [],
    nested("while episodes < 9:").replace(STEP, f"{STEP}\n        self.episodes += 1"): [(3, 4, True)],
    nested("while episodes < 9:").replace(STEP, f"{STEP}\n        n += 1"): [(3, 4, True)],
    nested("for e in range(episodes):").replace(STEP, f"{STEP}\n        episodes += 1"): [(3, 4, True)],
    nested("async for episode in x:"): [(3, 4, True)],
    f"for ep in x:\n    {STEP}\n": [],
    f"for a in x:\n    for ep in y:\n        for t in z:\n            {STEP}\n": [(4, 5, True)],
    f"for ep in x:\n    for t in y:\n        for k in z:\n            {STEP}\n": [(3, 4, True)],
    f"for a in x:\n    for b in y:\n        for c in z:\n            {STEP}\n": [(4, 5, False)],
    f"for ep in x:\n    for t in y:\n        {STEP}\n    for t in z:\n        {STEP}\n": [(3, 4, True)],
    f"for ep in x:\n    for t in y:\n        {STEP}\nfor ep in x:\n    for t in z:\n        {STEP}\n": [
        (3, 4, True),
        (6, 7, True),
    ],
    # a loop that repeats one step until it succeeds is no loop over steps
    f"for ep in x:\n    for t in y:\n        for attempt in z:\n            {STEP}\n": [(3, 4, True)],
    f"for ep in x:\n    for t in y:\n        while True:\n            {STEP}\n            break\n": [
        (3, 4, True)
    ],
    f"for ep in x:\n    for attempt in y:\n        {STEP}\n": [],
    f"for ep in x:\n    for t in y:\n        {STEP}\n        break\n": [],
    f"for ep in x:\n    for t in y:\n        break\n        {STEP}\n": [(3, 4, True)],
    f"for ep in x:\n    while retry:\n        {STEP}\n": [(3, 4, True)],
    # helpers that step once
    "def step(a):\n    return envs.step(a)\nfor ep in x:\n    for t in y:\n        step(a)\n": [(5, 6, True)],
    "def step(a):\n    for k in z:\n        envs.step(a)\nfor ep in x:\n    for t in y:\n        step(a)\n": [],
    "def step(a):\n    for attempt in z:\n        envs.step(a)\nfor ep in x:\n    for t in y:\n        step(a)\n": [
        (6, 7, True)
    ],
    "def one(a):\n    envs.step(a)\ndef two(a):\n    one(a)\nfor ep in x:\n    for t in y:\n        two(a)\n": [
        (7, 8, True)
    ],
    "for ep in x:\n    for t in y:\n        envs.step_async(a)\n        envs.step_wait()\n": [(3, 4, True)],
    "for ep in x:\n    for t in y:\n        f = pool.submit(envs.step, a)\n": [(3, 4, True)],
    "for ep in x:\n    for t in y:\n        other.step(a)\n": [],
}


@pytest.mark.parametrize("text", LOOPS)
def test_loops(text: str) -> None:
    found = [(loop.outer.lineno, loop.inner.lineno, loop.named) for loop in episode_loops(script(text))]
    assert found == LOOPS[text]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("for ep in x:\n    run(envs)\n", [(3, 4)]),
        ("for ep in x:\n    run(n, envs)\n", [(3, 4)]),
        ("for ep in x:\n    run(n)\n", []),
        ("for i in x:\n    run(envs)\n", []),
        ("for i in x:\n    ep = run(envs)\n", []),
        ("while episodes:\n    run(envs)\n", [(3, 4)]),
        ("for ep in x:\n    run(envs)\n    envs.reset()\n", []),
        ("for ep in x:\n    run(envs)\n    envs.reset_wait()\n", []),
        ("for ep in x:\n    print(envs)\n", []),
        ("for ep in x:\n    a.print(envs)\n", [(3, 4)]),
        ("def run(e):\n    pass\nfor ep in x:\n    run(envs)\n", []),
        ("run(envs)\n", []),
    ],
)
def test_environments_handed_to_others(text: str, expected: list[tuple[int, int]]) -> None:
    assert [(loop.lineno, call.lineno) for loop, call in escapes(script(text))] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("for ep in x:\n    for t in y:\n        self.envs.step(a)\n", [3]),
        ("for ep in x:\n    for t in y:\n        venv.step_async(a)\n", [3]),
        ("for ep in x:\n    for t in y:\n        env.step(a)\n", []),
        ("for ep in x:\n    for t in y:\n        self.envs.render(a)\n", []),
        ("for ep in x:\n    for t in y:\n        envs.step(a)\n", []),
        ("for i in x:\n    for t in y:\n        self.envs.step(a)\n", []),
        ("for ep in x:\n    self.envs.step(a)\n", []),
        ("for ep in x:\n    self.envs.reset()\n    for t in y:\n        self.envs.step(a)\n", []),
        ("for ep in x:\n    for t in y:\n        venvs_step(a)\n", []),
    ],
)
def test_steps_of_nobody_knows_what(text: str, expected: list[int]) -> None:
    assert [loop.lineno for loop, _ in unfollowed(script(text))] == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("n_episodes", {"n", "episodes"}),
        ("NumEpisodes", {"num", "episodes"}),
        ("iEpisode", {"i", "episode"}),
        ("N_EP", {"n", "ep"}),
        ("a.maxSteps", {"a", "max", "steps"}),
        ("a[b]", {"a", "b"}),
        ("3", set()),
    ],
)
def test_words_of_names(name: str, expected: set[str]) -> None:
    assert words(ast.parse(name)) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("if a:\n        continue", 1),
        ("for t in x:\n        continue", 0),
        ("for t in x:\n        pass\n    else:\n        continue", 1),
        ("while x:\n        continue", 0),
        ("def f():\n        for t in x:\n            continue", 0),
        ("def f():\n        pass", 0),
        ("try:\n        continue\n    except E:\n        continue", 2),
        ("break", 0),
    ],
)
def test_continues_of_a_loop_itself(body: str, expected: int) -> None:
    loop = ast.parse(f"for ep in y:\n    {body}\n").body[0]
    assert isinstance(loop, ast.For)
    assert len(list(own_continues(loop))) == expected


# the script: how the environments that its last step steps are called near the last statement
RECEIVERS = {
    "x = envs.step(a)\ny = 1\n": "envs",
    "e = envs\nx = e.step(a)\nprint(e)\n": "e",
    "e = envs\nx = e.step(a)\ny = 1\n": "envs",
    "def f(e):\n    x = e.step(a)\n    y = 1\nf(envs)\n": "envs",
    "x = other.step(a)\ny = envs.step(a)\n": "envs",
}


@pytest.mark.parametrize("text", RECEIVERS)
def test_names_of_environments_at_a_statement(text: str) -> None:
    read = script(text)
    last = read.tree.body[-1]
    call = read.calls("step")[-1]
    assert len(environments(read, call)) == 1
    assert receiver_in_scope(read, call, last) == RECEIVERS[text]


def test_names_of_environments_within_a_function() -> None:
    read = script("def f(e):\n    x = e.step(a)\n    y = 1\ndef g():\n    return 1\nf(envs)\ng()\n")
    function, other = read.tree.body[2], read.tree.body[3]
    assert isinstance(function, ast.FunctionDef)
    assert isinstance(other, ast.FunctionDef)
    (call,) = read.calls("step")
    assert receiver_in_scope(read, call, function.body[1]) == "e"
    assert receiver_in_scope(read, call, other.body[0]) is None


def test_environments_of_a_helper() -> None:
    read = script(
        "more = AsyncVectorEnv(fns)\ndef a(e):\n    return e.step(1)\ndef b():\n    return a(envs)\nb()\nmore.step(2)\n"
    )
    helper, plain = (node.value for node in read.tree.body[-2:] if isinstance(node, ast.Expr))
    assert isinstance(helper, ast.Call)
    assert isinstance(plain, ast.Call)
    assert [call.lineno for call in environments(read, helper)] == [2]
    assert [call.lineno for call in environments(read, plain)] == [3]
    assert receiver_in_scope(read, helper, read.tree.body[-2]) is None
    assert receiver_in_scope(read, plain, read.tree.body[-2]) == "more"
