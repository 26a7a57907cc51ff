"""What an expression of a training script may hold of environments and their results."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

__all__ = ["FIVE", "FOUR", "RESETS", "STEPS", "Unpacking", "Value", "item_at", "items"]

FIVE = ("observation", "reward", "terminated", "truncated", "infos")
FOUR = ("observation", "reward", "done", "infos")
_RESET = ("observation", "infos")
STEPS = frozenset({"step", "step_wait"})
RESETS = frozenset({"reset", "reset_wait"})


@dataclass(frozen=True)
class Value:
    """What an expression may hold.

    Attributes:
        kind: A vector environment, a method of one ("bound"), or what a reset or a step returned.
        call: The call that made the environment, or that resets or steps it.
        item: Which part of a result ("reward"); empty for the whole; the method's name for "bound".
        converted: True where the part went through a conversion or arithmetic.
        boxed: What it is inside of, the outermost first: an index in a tuple, or "container" for a queue, a list or
            a future.
    """

    kind: Literal["env", "bound", "reset", "step"]
    call: ast.Call
    item: str = ""
    converted: bool = False
    boxed: tuple[int | str, ...] = ()

    @property
    def is_env(self) -> bool:
        """True for a vector environment itself."""
        return self.kind == "env" and not self.boxed

    def is_whole(self, kind: str) -> bool:
        """True for the whole result of a step or a reset."""
        return self.kind == kind and not self.item and not self.boxed

    def unboxed(self) -> Value:
        """The value without its outermost box."""
        return replace(self, boxed=self.boxed[1:])


@dataclass(frozen=True)
class Unpacking:
    """A statement that takes the whole result of a step or a reset apart.

    Attributes:
        statement: The assignment.
        target: Its tuple of targets.
        call: The step or the reset.
        kind: Which of them.
    """

    statement: ast.Assign
    target: ast.Tuple | ast.List
    call: ast.Call
    kind: str

    @property
    def count(self) -> int | None:
        """Into how many values; None where a starred target takes any number."""
        starred = any(isinstance(element, ast.Starred) for element in self.target.elts)
        return None if starred else len(self.target.elts)


def items(kind: str, targets: list[ast.expr]) -> Iterator[tuple[ast.expr, str]]:
    """Targets of an unpacked result with the parts that they get."""
    names = _RESET if kind == "reset" else FIVE if len(targets) != len(FOUR) else FOUR
    starred = next((i for i, t in enumerate(targets) if isinstance(t, ast.Starred)), None)
    if starred is None:
        yield from zip(targets, names, strict=False)
        return
    yield from zip(targets[:starred], names, strict=False)
    if targets[starred + 1 :]:
        yield targets[-1], "infos"


def item_at(kind: str, index: object) -> str:
    """The part of a result at an index; empty where it cannot be told."""
    names = _RESET if kind == "reset" else FIVE
    if not isinstance(index, int) or isinstance(index, bool) or not -1 <= index < len(names):
        return ""
    return names[index]
