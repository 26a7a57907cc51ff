"""Which Gym dialect a script speaks, and how it takes results apart."""

from __future__ import annotations

from textwrap import dedent

import pytest

from patches.analysis.dialect import GymDialect
from patches.analysis.script import Script
from patches.syntax.source import read_source

GYM = "from gym.vector import AsyncVectorEnv\nenvs = AsyncVectorEnv(fns)\n"
NEW = GYM.replace("gym.", "gymnasium.")
FIVE = "o, r, te, tr, i = envs.step(a)\n"
FOUR = "o, r, d, i = envs.step(a)\n"


def dialect(script: str, head: str = NEW) -> GymDialect:
    return GymDialect(Script(read_source((head + dedent(script)).encode())))


# the script: how many unpackings into four, whether five are taken
TAKEN = {
    FIVE: (0, True),
    FOUR: (1, False),
    FOUR + FIVE: (1, True),
    FOUR + FOUR: (2, False),
    "o, r, *x = envs.step(a)\n": (0, False),
    "a, b, c = envs.step(a)\n": (0, False),
    "o, i = envs.reset()\n": (0, False),
    "x = envs.step(a)\nif len(x) == 5:\n    a, b, c, d, e = x\nelse:\n    a, b, c, d = x\n": (0, True),
    "x = envs.step(a)\nn = len(x)\nif n == 2:\n    a, b, c, d, e = x\nelse:\n    a, b, c, d = x\n": (0, True),
    "x = envs.step(a)\nn = len(x) == 5\nif n:\n    a, b, c, d, e = x\nelse:\n    a, b, c, d = x\n": (0, True),
    "x = envs.step(a)\nif n == 5:\n    a, b, c, d, e = x\nelse:\n    a, b, c, d = x\n": (1, True),
    "x = envs.step(a)\nn = 5\nif n == 5:\n    a, b, c, d, e = x\nelse:\n    a, b, c, d = x\n": (1, True),
    "x = envs.step(a)\nn = len(x)\nn = 3\nif n:\n    a, b, c, d, e = x\nelse:\n    a, b, c, d = x\n": (
        1,
        True,
    ),
    "x = envs.step(a)\nif len(x) == 4:\n    a, b, c, d = x\n": (1, False),
    "x = envs.step(a)\ntry:\n    a, b, c, d, e = x\nexcept ValueError:\n    a, b, c, d = x\n": (0, True),
    "x = envs.step(a)\ntry:\n    a, b, c, d = x\nexcept ValueError:\n    a, b, c, d, e = x\n": (0, True),
    "x = envs.step(a)\ntry:\n    a, b, c, d = x\nfinally:\n    pass\na, b, c, d, e = x\n": (1, True),
    "x = envs.step(a)\ntry:\n    y = 1\nexcept E:\n    a, b, c, d = x\na, b, c, d, e = x\n": (0, True),
    "x = envs.step(a)\nif len(x) > 4:\n    def f():\n        a, b, c, d = x\na, b, c, d, e = x\n": (1, True),
    "def f(x):\n    a, b, c, d = x\n    a, b, c, d, e = x\nf(envs.step(a))\n": (1, True),
}


@pytest.mark.parametrize("script", TAKEN)
def test_values_that_steps_are_unpacked_into(script: str) -> None:
    for head, is_gym in ((NEW, False), (GYM, True)):
        found = dialect(script, head)
        assert (len(found.four), found.takes_five) == TAKEN[script]
        assert found.is_four == (TAKEN[script][0] > 0 and not TAKEN[script][1])
        assert found.is_gym == found.same_step == is_gym


# the script after a step: lines that read a key of the old names, lookups of final_info as a list, infos as a list
READ = {
    "i['final_observation']": ([4], [], []),
    "i.get('final_observation')": ([4], [], []),
    "i['final_observation'] = 1": ([], [], []),
    "i.pop('_final_observation', 0)": ([4], [], []),
    "i.update('final_observation')": ([], [], []),
    "i.get(0, 'final_observation')": ([], [], []),
    "'final_observation' in i": ([4], [], []),
    "'final_observation' not in i.keys()": ([4], [], []),
    "'final_observation' in i.values()": ([], [], []),
    "'final_observation' in get(i)": ([], [], []),
    "'final_observation' == i": ([], [], []),
    "i in 'final_observation'": ([], [], []),
    "i['final_obs']": ([], [], []),
    "i['observation']": ([], [], []),
    "j['final_observation']": ([], [], []),
    "o['final_observation']": ([], [], []),
    "print('final_observation', i)": ([], [], []),
    "i['final_info'][0]": ([], [4], []),
    "i['final_info']['r']": ([], [], []),
    "i['final_info']": ([], [], []),
    "'final_info' in i": ([], [], []),
    "for x in i['final_info']:\n    pass": ([], [4], []),
    "for n, x in enumerate(i.get('final_info', [])):\n    pass": ([], [4], []),
    "z = [x for x in i['final_info']]": ([], [4], []),
    "x = i['final_info']\nx[0]": ([], [4], []),
    "x = i['final_info']\nx['r']": ([], [], []),
    "x = i['final_info']\nx[0] = 1": ([], [], []),
    "x: list = i['final_info']\nx[0]": ([], [4], []),
    "i[0]": ([], [], [4]),
    "i[n]": ([], [], [4]),
    "i['k']": ([], [], []),
    "i[0] = 1": ([], [], []),
    "x[i]": ([], [], []),
    "for x in i:\n    pass": ([], [], [4]),
    "for n, x in enumerate(i):\n    pass": ([], [], [4]),
    "for n, x in zip(r, i):\n    pass": ([], [], [4]),
    "for n, x in other(i):\n    pass": ([], [], []),
    "for n, x in o.zip(i):\n    pass": ([], [], []),
    "x = zip(r, i)": ([], [], []),
    "for n in range(9):\n    zip(i)": ([], [], []),
    "for n in x:\n    i": ([], [], []),
    "z = [x['a'] for x in i]": ([], [], [4]),
    "o[0]": ([], [], []),
}


@pytest.mark.parametrize("script", READ)
def test_infos_that_are_read(script: str) -> None:
    found = dialect(FIVE + script)
    places = [found.script.position(node).line for node in found.old_keys]
    lists = [found.script.position(node).line for node in found.final_infos]
    assert (places, lists, [found.script.position(node).line for node in found.lists]) == READ[script]
    assert found.same_step == bool(places or lists)


# the script: whether its step is read, taken apart and inspected, goes out of sight, and is read in several ways
RESULTS = {
    "envs.step(a)\n": (False, False, False, [], False),
    "x = envs.step(a)\n": (True, False, False, [], False),
    FIVE: (True, True, False, [], False),
    "x = envs.step(a)[0]\n": (True, True, False, [], True),
    "x = envs.step(a)\nif isinstance(x, tuple):\n    pass\n": (True, True, True, [], False),
    "x = envs.step(a)\nlen(x)\n": (True, False, False, [], False),
    "x = envs.step(a)\nn += len(x)\n": (True, False, False, [], False),
    "x = envs.step(a)\nif len(x) == 2:\n    pass\n": (True, True, True, [], False),
    "x = envs.step(a)\nif len(x) == n:\n    pass\n": (True, False, False, [], False),
    "x = envs.step(a)\nn = len(x)\nif n == 2:\n    pass\n": (True, True, True, [], False),
    "x = envs.step(a)\nn = len(x)\nn = 2\nif n == 2:\n    pass\n": (True, False, False, [], False),
    "x = envs.step(a)\nother.look(x)\n": (True, False, False, ["x"], False),
    "x = envs.step(a)\nisinstance(tuple, x)\n": (True, False, False, [], False),
    "x = envs.step(a)\nprint(x)\n": (True, False, False, [], False),
    "x = envs.step(a)\nother(x)\n": (True, False, False, ["x"], False),
    "def f():\n    return envs.step(a)\nx = f()\n": (True, False, False, [], False),
    "def f():\n    if a:\n        return 1, 2\n    return envs.step(a)\nx = f()\n": (
        True,
        False,
        False,
        [],
        True,
    ),
    "def f():\n    if a:\n        return 1\n    return envs.step(a)\nx = f()\n": (
        True,
        False,
        False,
        [],
        False,
    ),
}


@pytest.mark.parametrize("script", RESULTS)
def test_results_of_a_step(script: str) -> None:
    found = dialect(script)
    results, (call,) = found.results, found.results.steps
    assert (
        results.is_read(call),
        results.is_taken_apart(call, "step"),
        results.is_inspected(call, "step"),
        [found.script.text(node) for node in results.escapes(call, "step")],
        results.is_mixed(call),
    ) == RESULTS[script]
    assert not results.resets


def test_resets_are_told_from_steps() -> None:
    found = dialect("o, i = envs.reset()\nx = envs.reset()\nprint(o, i)\n" + FIVE)
    first, second = found.results.resets
    assert found.results.is_taken_apart(first, "reset")
    assert not found.results.is_taken_apart(first, "step")
    assert not found.results.is_taken_apart(second, "reset")
    assert [found.script.text(n) for n in found.results.parts(first, "reset") if n.lineno == 5] == ["o", "i"]  # type: ignore[attr-defined]
    assert len(found.results.parts(first, "reset", "infos")) == 1
    assert [len(found.results.wholes(call, "reset")) for call in (first, second)] == [1, 1]
    assert [u.statement.lineno for u in found.results.unpackings] == [6]


@pytest.mark.parametrize(
    ("script", "is_gym"),
    [
        ("import gym\nenvs = gym.vector.AsyncVectorEnv(fns)\n", True),
        ("import gymnasium as gym\nenvs = gym.vector.AsyncVectorEnv(fns)\n", False),
        ("import gym\nenvs = gym.vector.make('A', num_envs=2)\n", True),
        ("import gymnasium as gym\nenvs = gym.vector.make('A', num_envs=2)\n", False),
        (
            "import gym\nfrom gymnasium.vector import AsyncVectorEnv\ngym.vector.make('A')\nAsyncVectorEnv(f)\n",
            False,
        ),
        (
            "try:\n    import gymnasium as gym\nexcept E:\n    import gym\ngym.vector.AsyncVectorEnv(f)\n",
            False,
        ),
    ],
)
def test_old_gym(script: str, is_gym: bool) -> None:
    assert dialect(script, "").is_gym == is_gym
