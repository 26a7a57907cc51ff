"""Tests for old gym's spaces, which those of the pool do not pass: they are Gymnasium's."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...analysis.script import Script
from ...syntax.edits import Diagnostic, Edit, ReplaceExpression

__all__ = ["space_edits", "space_remarks"]

NAME = "swap-vector-env"
_OLD, _NEW = "gym.spaces.", "gymnasium.spaces"


def _tests(script: Script) -> Iterator[tuple[ast.expr, ast.expr, str]]:
    """What is tested, each class of old gym that it is tested for, and the name of that class."""
    for call in script.names.calls:
        if not isinstance(call.func, ast.Name) or call.func.id != "isinstance" or len(call.args) != 2:
            continue
        classes = call.args[1].elts if isinstance(call.args[1], ast.Tuple) else [call.args[1]]
        for each in classes:
            for origin in script.names.origins(each):
                if origin.startswith(_OLD):
                    yield call.args[0], each, origin.rpartition(".")[2]


def _is_of_pool(script: Script, space: ast.expr) -> bool:
    """True for `envs.single_action_space`."""
    return isinstance(space, ast.Attribute) and "space" in space.attr and script.is_receiver(space.value)


def space_remarks(script: Script) -> Iterator[Diagnostic]:
    """Tests that cannot be carried over, and tests of spaces that may be the pool's."""
    for space, each, name in _tests(script):
        position = script.position(each)
        message = f"the pool's spaces are Gymnasium's, and this is a test for old gym's {name}"
        hint = f"test for {_NEW}.{name}"
        if not _is_of_pool(script, space):
            hint = f"where it gets a space of the pool, test for {_NEW}.{name} as well"
            yield Diagnostic(NAME, "notice", "old-space", position, message, hint)
        elif not isinstance(each, ast.Attribute) or not script.can_import(name, _NEW):
            yield Diagnostic(NAME, "refused", "old-space", position, message, hint)


def space_edits(script: Script) -> Iterator[Edit]:
    """`isinstance(envs.single_action_space, gym.spaces.Discrete)` with Gymnasium's class."""
    for space, each, name in _tests(script):
        if _is_of_pool(script, space):
            message = f"the pool's spaces are Gymnasium's: tests for {_NEW}.{name}"
            operation = ReplaceExpression(script.span(each), name)
            yield Edit(NAME, script.position(each), message, (operation,), (f"{_NEW}:{name}",))
