"""Wrappers of single environments around a vector environment: Gymnasium 1.0 gave these a module of their own."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...analysis.script import Script
from ...syntax.edits import Diagnostic, Edit, ReplaceExpression

__all__ = ["wrapper_edits", "wrapper_refusals"]

NAME = "swap-vector-env"
_COUNTERPARTS = frozenset(
    {"ClipAction", "FlattenObservation", "NormalizeObservation", "NormalizeReward", "RecordEpisodeStatistics"}
    | {"RescaleAction", "TransformObservation", "TransformReward"}
)
"""Wrappers that `gymnasium.wrappers.vector` has under the same name, with the same arguments."""


def _wrapped(script: Script) -> Iterator[tuple[ast.Call, str, str]]:
    """Calls that wrap a vector environment in a wrapper for single ones: the call, the package, the wrapper."""
    for call in script.names.calls:
        given = [*call.args[:1], *(keyword.value for keyword in call.keywords if keyword.arg == "env")]
        if not given or not script.is_receiver(given[0]):
            continue
        for origin in script.names.origins(call.func):
            package, _, rest = origin.partition(".wrappers.")
            if package in ("gym", "gymnasium") and rest.isidentifier() and rest != "vector":
                yield call, package, rest


def wrapper_refusals(script: Script) -> Iterator[Diagnostic]:
    """Wrappers that cannot stand around the pool."""
    for call, package, wrapper in _wrapped(script):
        if package == "gymnasium" and wrapper in _COUNTERPARTS and isinstance(call.func, ast.Attribute):
            continue
        message = f"{wrapper} wraps single environments since Gymnasium 1.0, and the pool needs that"
        hint = f"use gymnasium.wrappers.vector.{wrapper}"
        if wrapper not in _COUNTERPARTS:
            hint = "wrap each environment in the function that makes it"
        yield Diagnostic(NAME, "refused", "single-wrapper", script.position(call), message, hint)


def wrapper_edits(script: Script) -> Iterator[Edit]:
    """`gym.wrappers.ClipAction(envs)` as `gym.wrappers.vector.ClipAction(envs)`."""
    for call, _, wrapper in _wrapped(script):
        assert isinstance(call.func, ast.Attribute)
        code = f"{script.text(call.func.value)}.vector.{wrapper}"
        operation = ReplaceExpression(script.span(call.func), code)
        message = f"{wrapper} of vector environments has a module of its own since Gymnasium 1.0"
        yield Edit(NAME, script.position(call), message, (operation,))
