"""Which import a name stands for."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from patches.syntax.names import Names


def origins(script: str) -> set[str]:
    """What the marked name, `x` of the call `mark(x)`, may stand for."""
    tree = ast.parse(dedent(script))
    names = Names(tree)
    (call,) = [call for call in names.calls if isinstance(call.func, ast.Name) and call.func.id == "mark"]
    return set(names.origins(call.args[0]))


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("import a\nmark(a)", {"a"}),
        ("import a.b\nmark(a.b.c)", {"a.b.c"}),
        ("import a.b as c\nmark(c.d)", {"a.b.d"}),
        ("from a import b\nmark(b)", {"a.b"}),
        ("from a import b as c\nmark(c)", {"a.b"}),
        ("from . import b\nmark(b)", {"..b"}),
        ("from a import *\nmark(b)", set()),
        ("mark(print)", set()),
        ("import a\na = 1\nmark(a)", set()),
        ("import a\nfor a in []: pass\nmark(a)", set()),
        ("import a\nwith f() as a: pass\nmark(a)", set()),
        ("import a\ntry: pass\nexcept E as a: pass\nmark(a)", set()),
        ("import a\nmatch v:\n    case [a]: pass\nmark(a)", set()),
        ("import a\ndef a(): pass\nmark(a)", set()),
        ("import a\nclass a: pass\nmark(a)", set()),
        ("import a\n[a for a in v]\nmark(a)", {"a"}),
        ("import a\n[(a := 1) for b in v]\nmark(a)", set()),
        ("try:\n    import a\nexcept E:\n    import b as a\nmark(a)", {"a", "b"}),
        ("import a\ndef f():\n    mark(a)", {"a"}),
        ("import a\ndef f(a):\n    mark(a)", set()),
        ("import a\ndef f(*a):\n    mark(a)", set()),
        ("import a\ndef f(**a):\n    mark(a)", set()),
        ("import a\ndef f(*, a=1):\n    mark(a)", set()),
        ("import a\ndef f(a, /):\n    mark(a)", set()),
        ("import a\nf = lambda a: mark(a)", set()),
        ("import a\ndef f():\n    a = 1\nmark(a)", {"a"}),
        ("import a\ndef f():\n    global a\n    a = 1\nmark(a)", set()),
        ("def f():\n    global a\n    import a\ndef g():\n    mark(a)", {"a"}),
        ("def f():\n    import a\n    def g():\n        nonlocal a\n        a = 1\n    mark(a)", set()),
        (
            "def f():\n    import a\n    def g():\n        def h():\n            nonlocal a\n            mark(a)",
            {"a"},
        ),
        ("def f():\n    import a\n    def g():\n        mark(a)", {"a"}),
        ("def f():\n    import a\nmark(a)", set()),
        ("class C:\n    import a\n    mark(a)", {"a"}),
        ("class C:\n    import a\n    def f(self):\n        mark(a)", set()),
        ("import a\nclass C:\n    a = 1\n    def f(self):\n        mark(a)", {"a"}),
        ("import a\n@mark(a)\ndef f(a): pass", {"a"}),
        ("import a\nclass C(mark(a)):\n    a = 1", {"a"}),
        ("import a\ndef f(a) -> mark(a): pass", {"a"}),
    ],
)
def test_origins(script: str, expected: set[str]) -> None:
    assert origins(script) == expected


def test_uncertain_names_keep_the_imports_among_their_origins() -> None:
    tree = ast.parse("import a\na = None\na.b")
    expression = tree.body[2]
    assert isinstance(expression, ast.Expr)
    assert Names(tree).origins(expression.value, certain=False) == {"a.b"}


def test_statements_and_blocks_are_found() -> None:
    tree = ast.parse("if x:\n    pass\nelse:\n    a = 1\n    b = f(2)\n")
    names = Names(tree)
    (call,) = names.calls
    statement = names.statement(call)
    assert ast.unparse(statement) == "b = f(2)"
    assert [ast.unparse(s) for s in names.block(statement)] == ["a = 1", "b = f(2)"]


@pytest.mark.parametrize(
    "use", ["x", "def x(): pass", "import x", "import y as x", "def f(x): pass", "class x: pass"]
)
def test_names_that_are_taken(use: str) -> None:
    assert Names(ast.parse(use)).is_taken("x")
    assert not Names(ast.parse(use)).is_taken("z")
