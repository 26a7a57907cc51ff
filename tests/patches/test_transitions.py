"""Where transitions are stored: which statements store them, in which loop, and whether they follow the step."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from patches.analysis.script import Script
from patches.analysis.transitions import (
    follows,
    index,
    indexes_results,
    loop_and_index,
    stored_together,
    stores,
)
from patches.analysis.transitions import steps as steps_of
from patches.syntax.source import read_source

HEAD = "import contextlib\nfrom gymnasium.vector import AsyncVectorEnv\nenvs = AsyncVectorEnv(fns)\n"
STEP = "obs, r, te, tr, infos = envs.step(a)\n"


def script(text: str) -> Script:
    return Script(read_source((HEAD + dedent(text)).encode()))


# statements after a step: does the last of them store transitions?
STORES = {
    "memory.push(o, a, r, obs)": True,
    "self.memory.push(o, a, r, obs)": True,
    "agent.store_transition(o, a, r, obs)": True,
    "agent.rememberAll(o, r, obs)": True,
    "buffer.extend(o, r, obs)": True,
    "buffer.look(o, r, obs)": False,
    "push(o, r, obs)": False,
    "x = memory.push(o, r, obs)": False,
    "memory.push(r, obs)": False,
    "memory.push(o, a, r)": False,
    "memory.push(o, a, obs, obs)": False,
    "memory.push(o, r, infos)": False,
    "memory.push(o, a, b, c)": False,
    "memory.push(o, r=r, obs=obs)": True,
    "memory.push((o, r, obs))": True,
    "memory.push([o, r, obs])": True,
    "memory.push({'o': o, 'r': r, 'n': obs})": True,
    "memory.push(Transition(o, r, n=obs))": True,
    "memory.push(Transition(o, r), obs)": False,
    "memory.push((r, obs))": False,
    "memory.push(r)": False,
    "memory.extend([(o[i], r[i], obs[i]) for i in range(n)])": True,
    "memory.extend((o[i], r[i], obs[i]) for i in range(n))": True,
    "memory.extend([(r[i], obs[i]) for i in range(n)])": False,
    "memory.extend({(o[i], r[i], obs[i]) for i in range(n)})": False,
    "memory.push(o, r + 1, torch.tensor(obs))": True,
    "writer.add(o, r, obs)": False,
    "self.logger.record(o, r, obs)": False,
    "stats.append((o, r, obs))": False,
    "memory.cache.observe(o, r, obs)": True,
    "for i in range(n):\n    memory.push(o[i], r[i], obs[i])": True,
}


@pytest.mark.parametrize("text", STORES)
def test_statements_that_store(text: str) -> None:
    read = script(STEP + text)
    (step,) = steps_of(read)
    last = read.tree.body[-1]
    last = last.body[0] if isinstance(last, ast.For) else last
    assert stores(read, step) == ([last] if STORES[text] else [])


def test_a_store_of_another_step_is_not_taken() -> None:
    read = script(STEP + "o2, r2, *_, i2 = envs.step(a)\nmemory.push(o2, r2, a)\nmemory.push(obs, r, a)\n")
    (step,) = steps_of(read)
    assert [store.lineno for store in stores(read, step)] == [7]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (STEP, [("r", "infos")]),
        ("obs, r, d, infos = envs.step(a)\n", [("r", "infos")]),
        ("obs, r, x = envs.step(a)\n", []),
        ("obs, r, *x = envs.step(a)\n", []),
        ("obs, infos = envs.reset()\n", []),
        ("x = envs.step(a)\nif n:\n    a, b, c, d = x\nelse:\n    f, g, h, k, m = x\n", [("g", "m")]),
        (
            "x = envs.step(a)\nif n:\n    a, b, c, d = x\nelse:\n    f, g, h, k = x\n",
            [("b", "d"), ("g", "k")],
        ),
    ],
)
def test_steps(text: str, expected: list[tuple[str, str]]) -> None:
    read = script(text)
    assert [(read.text(step.rewards), read.text(step.infos)) for step in steps_of(read)] == expected


# what a loop runs over: the variable that counts, whether what is pushed in it belongs to that environment
COUNTED = {
    ("for i in range(n):", "o[i], r[i], obs[i]"): ("i", True),
    ("for i in range(n):", "o[i], r, obs"): ("i", False),
    ("for i in range(n):", "o[j], r[j], obs[j]"): ("i", False),
    ("for i in range(n):", "o[i, 0], r[i, 0], obs[i, 0]"): ("i", True),
    ("for i in range(n):", "o[0, i], r[0, i], obs[0, i]"): ("i", False),
    ("for i in range(1, n):", "o[i], r[i], obs[i]"): (None, True),
    ("for i, j in range(n):", "o[i], r[i], obs[i]"): (None, True),
    ("for i in rows(n):", "o[i], r[i], obs[i]"): (None, True),
    ("for i in x.range(n):", "o[i], r[i], obs[i]"): (None, True),
    ("for i, x in enumerate(r):", "o[i], x, obs"): ("i", True),
    ("for i, x in enumerate(r):", "i, r, obs"): ("i", False),
    ("for i, x in enumerate(r, 1):", "o[i], x, obs"): (None, True),
    ("for i in enumerate(r):", "o, r, obs"): (None, False),
    ("for (i, j), x in enumerate(r):", "o, x, obs"): (None, True),
    ("for i, x in zip(o, r):", "o, x, obs"): (None, True),
    ("for x in o:", "o, r, obs"): (None, False),
}


@pytest.mark.parametrize(("head", "pushed"), COUNTED)
def test_loops_over_environments(head: str, pushed: str) -> None:
    read = script(STEP + f"{head}\n    memory.push({pushed})\n")
    (step,) = steps_of(read)
    loop = read.tree.body[-1]
    assert isinstance(loop, ast.For)
    store = loop.body[0]
    assert isinstance(store, ast.Expr)
    counter, belongs = COUNTED[head, pushed]
    assert index(loop) == counter
    assert loop_and_index(read, store, step) == (loop, counter)
    assert indexes_results(read, store, step, counter or "i") == belongs


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("x = r[i]\nmemory.push(o, x, obs)", True),
        ("x = r[j]\nmemory.push(o, x, obs)", False),
        ("x = float(r[i])\nmemory.push(o, x, obs)", True),
        ("x = o[i]\nmemory.push(o, x, obs)", False),
        ("if a:\n    x = r[i]\nelse:\n    x = r[0]\nmemory.push(o, x, obs)", False),
        ("if a:\n    x = r[i]\nelse:\n    x = te[i]\nmemory.push(o, x, obs)", True),
    ],
)
def test_rows_in_variables(lines: str, expected: bool) -> None:
    body = "\n    ".join(lines.splitlines())
    read = script(STEP + f"for i in range(n):\n    {body}\n")
    (step,) = steps_of(read)
    loop = read.tree.body[-1]
    assert isinstance(loop, ast.For)
    store = loop.body[-1]
    assert isinstance(store, ast.Expr)
    assert indexes_results(read, store, step, "i") == expected


@pytest.mark.parametrize(
    ("text", "has_loop"),
    [
        ("for i in x:\n    memory.push(o, r, obs)\n", True),
        ("for i in x:\n    if a:\n        with b:\n            memory.push(o, r, obs)\n", True),
        ("for i in x:\n    try:\n        memory.push(o, r, obs)\n    finally:\n        pass\n", False),
        ("while x:\n    memory.push(o, r, obs)\n", False),
        ("memory.push(o, r, obs)\n", False),
    ],
)
def test_the_loop_around_a_store(text: str, has_loop: bool) -> None:
    read = script(STEP + text)
    (step,) = steps_of(read)
    (store,) = stores(read, step)
    assert (loop_and_index(read, store, step)[0] is not None) == has_loop


def test_a_loop_that_steps_is_not_one_over_environments() -> None:
    read = script("for t in range(9):\n    " + STEP + "    memory.push(o, r, obs)\n")
    (step,) = steps_of(read)
    (store,) = stores(read, step)
    assert loop_and_index(read, store, step) == (None, None)


@pytest.mark.parametrize(
    ("given", "is_comprehension"),
    [
        ("[o for i in x]", True),
        ("(o for i in x)", True),
        ("{o for i in x}", False),
        ("o", False),
        ("o, [o for i in x]", False),
        ("", False),
    ],
)
def test_rows_that_are_stored_together(given: str, is_comprehension: bool) -> None:
    (store,) = ast.parse(f"memory.extend({given})").body
    assert isinstance(store, ast.Expr)
    assert (stored_together(store) is not None) == is_comprehension


# a script with one step and a call of `store`: does the store run only after this very step?
FOLLOWS = {
    "{step}\nstore()": True,
    "store()\n{step}": False,
    "{step}\nif a:\n    store()": True,
    "{step}\nfor x in y:\n    store()": True,
    "{step}\ndef f():\n    store()": False,
    "if a:\n    {step}\nstore()": False,
    "if a:\n    {step}\n    store()": True,
    "for t in x:\n    {step}\nstore()": False,
    "with a:\n    {step}\nstore()": True,
    "with a():\n    {step}\nstore()": True,
    "with contextlib.suppress(E):\n    {step}\nstore()": False,
    "with a(), contextlib.suppress(E):\n    {step}\nstore()": False,
    "try:\n    {step}\nexcept E:\n    pass\nstore()": False,
    "try:\n    {step}\nexcept E:\n    continue\nstore()": True,
    "try:\n    {step}\nexcept E:\n    break\nstore()": True,
    "try:\n    {step}\nexcept E:\n    raise\nstore()": True,
    "try:\n    {step}\nexcept E:\n    return\nstore()": True,
    "try:\n    {step}\nexcept E:\n    continue\n    x = 1\nstore()": False,
    "try:\n    {step}\nexcept E:\n    raise\nexcept F:\n    pass\nstore()": False,
    "try:\n    {step}\nexcept E:\n    if a:\n        raise\n    else:\n        continue\nstore()": True,
    "try:\n    {step}\nexcept E:\n    if a:\n        raise\nstore()": False,
    "try:\n    {step}\nexcept E:\n    if a:\n        raise\n    else:\n        pass\nstore()": False,
    "try:\n    {step}\nexcept E:\n    if a:\n        pass\n    else:\n        raise\nstore()": False,
    "try:\n    {step}\nfinally:\n    pass\nstore()": True,
    "try:\n    {step}\nfinally:\n    if a:\n        continue\nstore()": False,
    "try:\n    x = 1\nexcept E:\n    {step}\nstore()": False,
    "try:\n    {step}\n    store()\nexcept E:\n    pass": True,
    "if len(x) == 5:\n    {step}\nstore()": True,
    "if len(x) == 4:\n    {step}\nstore()": False,
    "if len(x) == 4:\n    pass\nelse:\n    {step}\nstore()": True,
    "if len(x) == 5:\n    pass\nelse:\n    {step}\nstore()": False,
    "if len(x) == 6:\n    {step}\nstore()": False,
    "if len(x) >= 5:\n    {step}\nstore()": False,
    "if size(x) == 5:\n    {step}\nstore()": False,
    "if a.len(x) == 5:\n    {step}\nstore()": False,
    "if len(x) == n:\n    {step}\nstore()": False,
    "if 5 == len(x):\n    {step}\nstore()": False,
}


@pytest.mark.parametrize("text", FOLLOWS)
def test_what_follows_a_step(text: str) -> None:
    lines = "\n        ".join(text.format(step=STEP.strip()).splitlines())
    read = script(f"def run():\n    while True:\n        {lines}\n")
    (step,) = steps_of(read)
    call = next(c for c in read.names.calls if read.text(c.func) == "store")
    assert follows(read, step.statement, read.names.statement(call)) == FOLLOWS[text]
