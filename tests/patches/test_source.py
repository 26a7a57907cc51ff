"""Reading scripts: true places for what is wrong, and every byte kept for what is right."""

from __future__ import annotations

import sys

import pytest

from patches.fixes.model import Options
from patches.run.plan import apply, make_plan
from patches.syntax.source import UnreadableError, read_source
from tests.patches.tools import options

SCRIPT = (
    "from gymnasium.vector import AsyncVectorEnv\n\nenvs = AsyncVectorEnv(env_fns)\nfor x in y:\n    pass\n"
)


@pytest.mark.parametrize(
    ("data", "position", "reason"),
    [
        (b"x = 1\ny = (2,\nz = 3 +\n", "2:5", "never closed"),
        (b"def f():\n\treturn 1\n        return 2\n", "3:1", "inconsistent use of tabs"),
        (b"x = '\xc3\xa4'; y = = 2\n", "1:14", "invalid syntax"),
        (b"print 'hello'\n", "1:1", "Missing parentheses"),
        (b"ok = 1\ns = '\xff'\n", "2:6", "0xff"),
        (b"s = '\xff'\n", "1:6", "utf-8"),
        (b"# -*- coding: no-such-codec -*-\n", "1:1", "unknown encoding"),
        (b"x = 1\n\0\n", "2:1", "null bytes"),
        (b"(" * 1000 + b")" * 1000, "1:201", "too many nested"),
    ],
)
def test_what_cannot_be_read_is_placed(data: bytes, position: str, reason: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        read_source(data)
    assert str(caught.value.position) == position
    assert reason in caught.value.reason
    assert caught.value.hint


def rewritten(data: bytes, chosen: Options | None = None) -> bytes:
    return apply(make_plan(data, chosen or options()))


EXPECTED = (
    "from stablepool import StableProcessPoolEnv\n\nenvs = StableProcessPoolEnv(env_fns, timeout=8.0)\n"
    "for x in y:\n    pass\n"
)


def test_line_ends_of_windows() -> None:
    assert rewritten(SCRIPT.replace("\n", "\r\n").encode()) == EXPECTED.replace("\n", "\r\n").encode()


def test_mixed_line_ends_stay_where_they_are() -> None:
    mixed = SCRIPT.replace("\n", "\r\n", 2).encode()
    assert rewritten(mixed) == EXPECTED.replace("\n", "\r\n", 2).encode()


def test_a_byte_order_mark() -> None:
    assert rewritten(b"\xef\xbb\xbf" + SCRIPT.encode()) == b"\xef\xbb\xbf" + EXPECTED.encode()


def test_latin_1() -> None:
    head = "# -*- coding: latin-1 -*-\n# Stra\xdfe \xe9\n"
    assert rewritten((head + SCRIPT).encode("latin-1")) == (head + EXPECTED).encode("latin-1")


def test_tabs() -> None:
    assert rewritten(SCRIPT.replace("    ", "\t").encode()) == EXPECTED.replace("    ", "\t").encode()


def test_no_final_newline() -> None:
    assert rewritten(SCRIPT.rstrip("\n").encode()) == EXPECTED.rstrip("\n").encode()


def test_wide_characters_do_not_shift_places() -> None:
    text = (
        "from gymnasium.vector import AsyncVectorEnv\nname = '\U0001f525\u00e9'; envs = AsyncVectorEnv(fns)\n"
    )
    plan = make_plan(text.encode(), options(["swap-vector-env"]))
    assert str(plan.edits[1].position) == "2:21"
    assert b"envs = StableProcessPoolEnv(fns)" in apply(plan)


@pytest.mark.parametrize("data", [b"\x0c" + SCRIPT.encode(), SCRIPT.replace("\n", "\r").encode()])
def test_what_libcst_would_not_keep_is_not_touched(data: bytes) -> None:
    plan = make_plan(data, options())
    with pytest.raises(UnreadableError, match="every byte") as caught:
        apply(plan)
    assert caught.value.position is not None
    assert caught.value.hint


def test_a_script_with_nothing_to_do_comes_back_as_the_same_object() -> None:
    data = b"\x0cprint('nothing to see')\r"
    assert rewritten(data) is data


@pytest.mark.parametrize("cookie", ["rot13", "hex", "base64", "undefined", "idna", "zip"])
def test_codecs_that_are_no_text_encodings(cookie: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        read_source(f"# coding: {cookie}\n{SCRIPT}".encode())
    assert str(caught.value.position) == "1:1"
    assert caught.value.reason
    assert caught.value.hint


def test_a_codec_that_does_not_give_the_bytes_back() -> None:
    with pytest.raises(UnreadableError, match="every byte"):
        read_source(rb"# coding: unicode_escape" + b"\n" + rb"x = '\x41'" + b"\n")


@pytest.mark.parametrize("cookie", ["latin-1", "cp1252", "ascii"])
def test_another_encoding_beside_a_byte_order_mark(cookie: str) -> None:
    data = b"\xef\xbb\xbf" + f"# coding: {cookie}\n{SCRIPT}".encode()
    with pytest.raises(SyntaxError) as python:
        compile(data, "<script>", "exec")
    with pytest.raises(UnreadableError) as caught:
        read_source(data)
    assert caught.value.reason == python.value.msg


@pytest.mark.parametrize(
    ("line", "column", "words"),
    [
        ("print 'hello'", 1, "this is Python 2: it has print statements"),
        ("exec 'x = 1'", 1, "exec statements"),
        ("raise ValueError, 'no'", 17, "raise with a comma"),
        ("x = 0777", 5, "octal numbers"),
        ("x = 10L", 6, "long integers"),
        ("if x <> 1: pass", 6, "the operator <>"),
    ],
)
def test_scripts_for_python_2_are_named_as_such(line: str, column: int, words: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        read_source(f"# a script\n\n{line}\n".encode())
    assert words in caught.value.reason
    assert caught.value.reason.startswith("this is Python 2")
    assert str(caught.value.position) == f"3:{column}"
    assert "convert" in caught.value.hint


@pytest.mark.parametrize(
    ("line", "version", "words"),
    [
        ("def first[T](x: T) -> T: return x", (3, 12), "type parameters"),
        ("class Box[T = int]: pass", (3, 13), "type parameters with defaults"),
        ("type Pair = tuple[int, int]", (3, 12), "type statements"),
        ('print(f"{names["a"]}")', (3, 12), "quotes inside f-strings"),
        ('print(f"{chr(10).join(x) + "\\n"}")', (3, 12), "f-strings"),
        ('x = t"hello {name}"', (3, 14), "template strings"),
        ("lazy import json", (3, 15), "lazy imports"),
    ],
)
def test_scripts_for_a_newer_python_say_which(line: str, version: tuple[int, int], words: str) -> None:
    data = f"import os\n\n{line}\n".encode()
    if sys.version_info[:2] >= version:
        read_source(data)
        return
    with pytest.raises(UnreadableError) as caught:
        read_source(data)
    assert words in caught.value.reason
    assert f"which Python {version[0]}.{version[1]} added; the tool runs on" in caught.value.reason
    assert caught.value.position is not None
    assert caught.value.position.line == 3


def test_exceptions_without_parentheses() -> None:
    data = b"try:\n    pass\nexcept OSError, ValueError:\n    pass\n"
    if sys.version_info[:2] >= (3, 14):
        read_source(data)
        return
    with pytest.raises(UnreadableError, match=r"Python 3\.14"):
        read_source(data)
    with pytest.raises(UnreadableError, match="Python 2"):
        read_source(data.replace(b"ValueError", b"error"))


@pytest.mark.parametrize("line", ["x = f'{a b}'", "def f(x: print(1", "x = = 't'", "class A[", "f'{'"])
def test_what_is_only_wrong_is_called_wrong(line: str) -> None:
    with pytest.raises(UnreadableError, match=r"not valid Python: ") as caught:
        read_source(f"import os\n\n{line}\n".encode())
    assert caught.value.position is not None
    assert caught.value.position.line == 3
