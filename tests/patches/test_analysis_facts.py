"""What the analysis says of single lines: makers by id, uses of a class, literals, imports that go."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from patches.analysis.literals import constant, dict_entries, expanded_keys, is_none
from patches.analysis.make_vec import find_makers, hidden_modes, package_name, wrapper_list
from patches.analysis.script import Script
from patches.analysis.unused_imports import unused_imports
from patches.syntax.source import read_source

GYMS = "import functools, gym, gymnasium\nfrom wrappers import A, B\n"
AT_RUN_TIME = "whether it is asynchronous is decided at run time"
STARRED = "starred arguments hide what is passed"
WRAPPERS = "the wrappers are not written out in the call"


def script(text: str) -> Script:
    return Script(read_source(dedent(text).encode()))


# the call: why it cannot be written with functions; None where it makes no AsyncVectorEnv
MAKERS = {
    "gym.vector.make('A', num_envs=2)": "",
    "gym.vector.make('A', 2, True)": "",
    "gym.vector.make('A', 2, False)": None,
    "gym.vector.make('A', 2, 0)": None,
    "gym.vector.make('A', asynchronous=n)": AT_RUN_TIME,
    "gym.vector.make('A', asynchronous=f())": AT_RUN_TIME,
    "gym.vector.make('A', 2, True, None, True)": "",
    "gym.vector.make('A', 2, True, None, True, 1)": "there are more positional arguments than can be named",
    "gym.vector.make(*a)": STARRED,
    "gym.vector.make('A', **a)": STARRED,
    "gym.vector.make(num_envs=2)": "the environment's id is not named",
    "gym.vector.make(e.spec)": "the specification may be that of a vector environment",
    "gym.vector.make(e.name)": "",
    "gym.vector.make('A', wrappers=A)": "",
    "gym.vector.make('A', wrappers=[A, B])": "",
    "gym.vector.make('A', wrappers=[])": WRAPPERS,
    "gym.vector.make('A', wrappers=w)": WRAPPERS,
    "gym.vector.make('A', vector_kwargs=n)": "",
    "gym.make_vec('A', vectorization_mode='async')": None,
    "gymnasium.make_vec('A', 2)": None,
    "gymnasium.make_vec('A', 2, 'async')": "",
    "gymnasium.make_vec('A', 2, 'sync')": None,
    "gymnasium.make_vec('A', 2, vectorization_mode=gymnasium.VectorizeMode.ASYNC)": "",
    "gymnasium.make_vec('A', 2, vectorization_mode=gymnasium.VectorizeMode.SYNC)": None,
    "gymnasium.make_vec('A', 2, vectorization_mode=x.ASYNC)": AT_RUN_TIME,
    "gymnasium.make_vec('A', 2, vectorization_mode=mode)": AT_RUN_TIME,
    "gymnasium.make_vec('A', 2, vectorization_mode=sync)": None,
    "gymnasium.make_vec('A', 2, vectorization_mode=other)": AT_RUN_TIME,
    "gymnasium.make_vec('A', **a)": None,
    "gymnasium.make_vec(*a)": None,
    "gymnasium.make_vec('A', vectorization_mode='async', **a)": STARRED,
    "gymnasium.make_vec('A', 2, 'async', wrappers=A)": WRAPPERS,
    "gymnasium.make_vec('A', 2, 'async', None, [A])": "",
    "gymnasium.make_vec('A', 2, 'async', wrappers=None)": "",
    "gymnasium.make_vec('A', 2, 'async', {'copy': False})": "",
    "gymnasium.make_vec('A', 2, 'async', dict(copy=False, daemon=True))": "",
    "gymnasium.make_vec('A', 2, 'async', None)": "",
    "gymnasium.make_vec('A', 2, 'async', k)": "vector_kwargs is not written out as a dict",
    "gymnasium.make_vec('A', 2, 'async', {'worker': w, 'copy': True})": (
        "vector_kwargs has 'worker', which the pool does not take"
    ),
    "gymnasium.make_vec('A', 2, 'async', {'context': c})": (
        "the pool starts its workers by spawn, whatever the context in vector_kwargs"
    ),
    "gymnasium.make_vec('A', 2, 'async', {'context': 'fork'})": "",
    "other.make_vec('A', 2, 'async')": None,
}


@pytest.mark.parametrize("call", MAKERS)
def test_makers_by_id(call: str) -> None:
    read = script(f"{GYMS}mode = 'async'\nsync = 'sync'\n{call}\n")
    found = list(find_makers(read.names))
    assert [maker.problem for maker in found] == ([] if MAKERS[call] is None else [MAKERS[call]])
    for maker in found:
        assert maker.is_gym == call.startswith("gym.")
        assert maker.is_old == (".vector." in call)
        assert maker.arguments.keys() <= {
            "id", "num_envs", "asynchronous", "wrappers", "disable_env_checker", "vectorization_mode", "vector_kwargs",
        }  # fmt: skip


def test_arguments_by_position_and_by_name() -> None:
    (old, new) = find_makers(
        script(
            f"{GYMS}gym.vector.make('A', 3, wrappers=A)\ngymnasium.make_vec('A', 4, 'async', None, [A])\n"
        ).names
    )
    assert {name: ast.unparse(value) for name, value in old.arguments.items()} == {
        "id": "'A'",
        "num_envs": "3",
        "wrappers": "A",
    }
    assert {name: ast.unparse(value) for name, value in new.arguments.items()} == {
        "id": "'A'",
        "num_envs": "4",
        "vectorization_mode": "'async'",
        "vector_kwargs": "None",
        "wrappers": "[A]",
    }


def test_a_class_body_is_not_seen_by_functions() -> None:
    (maker,) = find_makers(script(f"{GYMS}class C:\n    n = 2\n    envs = gym.vector.make('A', n)\n").names)
    assert maker.problem == "a function does not see the names of the class body that it stands in"


@pytest.mark.parametrize(
    ("call", "is_hidden"),
    [
        ("gymnasium.make_vec('A', **a)", True),
        ("gymnasium.make_vec(*a)", True),
        ("gymnasium.make_vec('A', 2, 'async', **a)", False),
        ("gymnasium.make_vec('A', 2)", False),
        ("gym.vector.make('A', **a)", False),
    ],
)
def test_modes_that_are_hidden(call: str, is_hidden: bool) -> None:
    assert bool(list(hidden_modes(script(f"{GYMS}{call}\n").names))) == is_hidden


@pytest.mark.parametrize(
    ("given", "may_be_one", "count"),
    [
        ("None", False, 0),
        ("[A]", False, 1),
        ("(A, B)", False, 2),
        ("[]", True, None),
        ("A", True, 1),
        ("A", False, None),
        ("[lambda e: e]", False, 1),
        ("[functools.partial(A, n=1)]", False, 1),
        ("[functools.partial(unknown, n=1)]", False, None),
        ("[A(1)]", False, None),
        ("[A, unknown]", False, None),
        ("[unknown, A]", False, None),
        ("[mine]", False, 1),
        ("[Mine]", False, 1),
        ("[value]", False, None),
        ("[twice]", False, None),
        ("[gym.wrappers.X]", False, 1),
        ("[value.X]", False, None),
        ("3", True, None),
    ],
)
def test_wrappers_of_a_call(given: str, may_be_one: bool, count: int | None) -> None:
    head = f"{GYMS}def mine(e):\n    pass\nclass Mine:\n    pass\nvalue = 3\ntwice = 3\ndef twice(e):\n    pass\n"
    read = script(f"{head}x = {given}\n")
    last = read.tree.body[-1]
    assert isinstance(last, ast.Assign)
    found = wrapper_list(read.names, last.value, may_be_one)
    assert (None if found is None else len(found)) == count


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("import gym\ngym.vector.make('A')", "gym"),
        ("import gymnasium as g\ng.vector.make('A')", "g"),
        ("import gymnasium as g\ng.make_vec('A')", "g"),
        ("import gymnasium as g\nfrom gymnasium.vector import make\nmake('A')", "g"),
        ("import gymnasium as g\nfrom gymnasium import vector\nvector.make('A')", "g"),
        ("from gymnasium.vector import make\nmake('A')", None),
        ("import gym\nfrom gymnasium.vector import make\nmake('A')", None),
        ("import gym as gymnasium\nimport gymnasium\nfrom gymnasium.vector import make\nmake('A')", None),
    ],
)
def test_the_package_that_makes_one_environment(text: str, name: str | None) -> None:
    read = script(text)
    assert package_name(read.names, read.names.calls[-1]) == name


# the expression: its constant, its entries as a dict, the keys that it may expand to
LITERALS: dict[str, tuple[object, list[str] | None, list[str] | None]] = {
    "1": (1, None, None),
    "None": (None, None, None),
    "one": (1, None, None),
    "two": ("-", None, None),
    "computed": ("-", None, None),
    "unknown": ("-", None, None),
    "chained": ("-", None, None),
    "first": ("-", None, None),
    "{'a': 1, 'b': 2}": ("-", ["a", "b"], ["a", "b"]),
    "{}": ("-", [], []),
    "{1: 2}": ("-", None, None),
    "{**one}": ("-", None, None),
    "{'a': 1, n: 2}": ("-", None, None),
    "dict(a=1)": ("-", ["a"], ["a"]),
    "dict()": ("-", [], []),
    "dict([], a=1)": ("-", None, None),
    "dict(**one)": ("-", None, None),
    "dict(a=1, **one)": ("-", None, None),
    "x.dict(a=1)": ("-", None, None),
    "list(a=1)": ("-", None, None),
    "{'a': 1} if c else {'b': 1}": ("-", None, ["a", "b"]),
    "{'a': 1} if c else n": ("-", None, None),
    "n if c else {'a': 1}": ("-", None, None),
    "expanded": ("-", None, ["k"]),
    "changed": ("-", None, None),
    "passed": ("-", None, None),
}


@pytest.mark.parametrize("text", LITERALS)
def test_literals(text: str) -> None:
    head = (
        "one = 1\ntwo = 1\ntwo = 2\ncomputed = f()\nchained = other = {'a': 1}\nfirst, second = 1, 2\n"
        "expanded = {'k': 1}\nf(**expanded)\nchanged = {'k': 1}\nchanged['x'] = 1\npassed = {'k': 1}\nf(k=passed)\n"
    )
    read = script(f"{head}result = {text}\n")
    last = read.tree.body[-1]
    assert isinstance(last, ast.Assign)
    found, entries = constant(read.names, last.value), dict_entries(read.names, last.value)
    keys = expanded_keys(read.names, last.value)
    assert ("-" if found is None else found.value) == LITERALS[text][0]
    assert (None if entries is None else list(entries)) == LITERALS[text][1]
    assert (None if keys is None else sorted(keys)) == LITERALS[text][2]
    assert is_none(last.value) == (text == "None")


def test_dict_may_be_another_function() -> None:
    read = script("def dict(**k):\n    pass\nx = dict(a=1)\n")
    last = read.tree.body[-1]
    assert isinstance(last, ast.Assign)
    assert dict_entries(read.names, last.value) is None
    assert not is_none(None)


# a script whose last line is removed: the lines of the imports of psutil that go with it
UNUSED = {
    "import psutil\nx = 1\npsutil.x()": [1],
    "import psutil as p\nx = 1\np.x()": [1],
    "from psutil import x\ny = 1\nx()": [1],
    "from psutil import x as y\nz = 1\ny()": [1],
    "import psutil\npsutil.y()\npsutil.x()": [],
    "import psutil\nx = 'psutil'\npsutil.x()": [],
    "import psutil\nx = 'psutil.y'\npsutil.x()": [1],
    "import psutil, os\npsutil.x()": [],
    "import os\npsutil.x()": [],
    "from . import psutil\npsutil.x()": [],
    "import psutil  # here\nx = 1\npsutil.x()": [],
    "# above\nimport psutil\nx = 1\npsutil.x()": [],
    "x = 1  # above\nimport psutil\npsutil.x()": [2],
    "import psutil; x = 1\npsutil.x()": [],
    "import psutil\nimport psutil\npsutil.x()": [],
    "try:\n    import psutil\nexcept E:\n    pass\npsutil.x()": [],
    "def f():\n    global psutil\nimport psutil\npsutil.x()": [],
    "def f():\n    global os\nimport psutil\npsutil.x()": [3],
    "import psutil.tests\nx = 1\npsutil.x()": [],
    "from psutil import (\n    x,\n)\ny = 1\nx()": [1],
    "from psutil import (  # some\n    x,\n)\ny = 1\nx()": [1],
    "from psutil import (\n    x,\n)  # some\ny = 1\nx()": [],
}


@pytest.mark.parametrize("text", UNUSED)
def test_imports_that_nothing_uses(text: str) -> None:
    read = script(text)
    found = unused_imports(read, [read.tree.body[-1]], "psutil")
    assert [statement.lineno for statement in found] == UNUSED[text]


# a script that names the class once: kind of use, calls, whether shared
USES = {
    "X(f)": ("call", 1, False),
    "C = X\nC(f)": ("choice", 1, False),
    "C = X\nC = Y\nC(f)": ("choice", 1, True),
    "C = X\nC(f)\nC(g)": ("choice", 2, False),
    "C = X": ("value", 0, False),
    "C: type = X\nC(f)": ("choice", 1, False),
    "C = D = X\nC(f)": ("value", 0, False),
    "(C := X)(f)": ("value", 0, False),
    "(C := X)(f)\nC(g)": ("choice", 2, False),
    "(X if a else Y)(f)": ("choice", 1, True),
    "(Y if X else Y)(f)": ("value", 0, False),
    "C = a or X\nC(f)": ("choice", 1, True),
    "T = {'a': X, 'b': Y}\nT['a'](f)": ("choice", 1, True),
    "T = {'a': X, 'b': Y}\nT['b'](f)": ("value", 0, False),
    "T = {'a': X, 'b': Y}\nT[n](f)": ("choice", 1, True),
    "T = {'a': X, 'b': Y}\nT.get(n)(f)": ("choice", 1, True),
    "T = {'a': X}\nlen(T)\nT.keys()\nfor k in T:\n    T[k](f)": ("choice", 1, True),
    "T = {'a': X}\nother(T)\nT[k](f)": ("value", 0, False),
    "{'a': X}['a'](f)": ("choice", 1, True),
    "T.x = {'a': X}\nT.x['a'](f)": ("value", 0, False),
    "for C in (X, Y):\n    C(f)": ("choice", 1, True),
    "for C in [X]:\n    C(f)": ("choice", 1, True),
    "Cs = [X, Y]\nCs[0](f)": ("value", 0, False),
    "def m(C):\n    return C(f)\nm(X)": ("choice", 1, True),
    "def m(a, *, C):\n    return C(f)\nm(1, C=X)": ("choice", 1, True),
    "def m(*C):\n    return C[0](f)\nm(X)": ("value", 0, False),
    "def m(C=X):\n    return C(f)": ("choice", 1, True),
    "def m(a, *, C=X, d=None):\n    return C(f)": ("choice", 1, True),
    "def m(a, b=1, C=X):\n    return C(f)": ("choice", 1, True),
    "m = lambda C=X: C(f)": ("value", 0, False),
    "def m():\n    return X\nm()(f)": ("choice", 1, True),
    "def m():\n    return X\nC = m": ("value", 0, False),
    "@d\ndef m():\n    return X\nm()(f)": ("value", 0, False),
    "class A:\n    def m(self):\n        return X\nA().m()(f)": ("value", 0, False),
    "other(X)": ("value", 0, False),
    "other(C=X)": ("value", 0, False),
    "import functools\nC = functools.partial(X, a=1)\nC(f)": ("choice", 1, False),
    "import functools\nC = functools.partial(g, X)\nC(f)": ("value", 0, False),
    "x: X = 1": ("annotation", 0, False),
    "def g(x: X):\n    pass": ("annotation", 0, False),
    "def g() -> X:\n    pass": ("annotation", 0, False),
    "from typing import Union\nT = Union[X, Y]": ("annotation", 0, False),
    "from typing import cast\nx = cast(X, y)": ("annotation", 0, False),
    "T = X | None": ("annotation", 0, False),
    "isinstance(x, X)": ("test", 0, False),
    "isinstance(x, (X, Y))": ("test", 0, False),
    "isinstance(x, X | Y)": ("test", 0, False),
    "other(x, (X, Y))": ("value", 0, False),
    "x is X": ("test", 0, False),
    "C = X\nif C is Y:\n    C(f)": ("choice", 1, False),
    "C = X\nif C:\n    C(f)": ("choice", 1, False),
    "C = X\nprint(C, f'{C}')\nC(f)": ("choice", 1, False),
    "class Mine(X):\n    pass": ("base", 0, False),
    "class A:\n    C = X\n    def m(self):\n        return self.C(f)": ("value", 0, False),
    "class A:\n    def __init__(self):\n        self.C = X\n    def m(self):\n        self.C(f)": (
        "choice",
        1,
        False,
    ),
    "[X]": ("value", 0, False),
    "x = X.y": ("value", 0, False),
}


@pytest.mark.parametrize("text", USES)
def test_uses_of_the_class(text: str) -> None:
    read = script(f"from gymnasium.vector import AsyncVectorEnv as X\n{text}\n")
    (reference,) = read.references
    use = read.class_uses[reference]
    assert (use.kind, len(use.calls), use.shared) == USES[text]
    assert use.makes == (use.kind not in ("annotation", "test"))
    assert (use.stop is not None) == (use.kind == "value")
