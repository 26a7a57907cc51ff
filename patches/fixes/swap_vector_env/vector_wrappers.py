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

_NEXT_STEP = frozenset({"NormalizeObservation"})
"""Those of them that take no environment which resets within the step that ends an episode."""

_RENAMED = frozenset({"deque_size", "f", "new_step_api"})
"""Arguments that Gymnasium 1.0 has given another name, or taken away."""


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


_SINGLE = frozenset(
    f"{package}.{name}" for package in ("gym", "gymnasium") for name in ("Wrapper", "core.Wrapper")
)


def _wrapping_classes(script: Script) -> Iterator[ast.Call]:
    """`super().__init__(envs)` in a class of the script that wraps single environments."""
    for call in script.names.calls:
        is_init = isinstance(call.func, ast.Attribute) and call.func.attr == "__init__"
        home = next((a for a in script.names.ancestors(call) if isinstance(a, ast.ClassDef)), None)
        made = _class_of(script, call.func)
        is_wrapper = home is not None and _wraps_single(script, home) and is_init
        if any(map(script.is_receiver, call.args)) and (is_wrapper or (made and _wraps_single(script, made))):
            yield call


def _class_of(script: Script, function: ast.expr) -> ast.ClassDef | None:
    """The class of this script that a call makes an instance of."""
    bound = [b.node for b in script.names.bindings(function)] if isinstance(function, ast.Name) else []
    return bound[0] if len(bound) == 1 and isinstance(bound[0], ast.ClassDef) else None


def _wraps_single(script: Script, home: ast.ClassDef) -> bool:
    return any(script.names.origins(base) & _SINGLE for base in home.bases)


def wrapper_refusals(script: Script, *, same_step: bool) -> Iterator[Diagnostic]:
    """Wrappers that cannot stand around the pool.

    Args:
        script: The script.
        same_step: Whether its environments reset within the step that ends an episode.
    """
    for call in _wrapping_classes(script):
        message = "gym.Wrapper wraps single environments since Gymnasium 1.0, and the pool needs that"
        hint = "derive the class from gymnasium.vector.VectorWrapper"
        yield Diagnostic(NAME, "refused", "single-wrapper", script.position(call), message, hint)
    for call, package, wrapper in _wrapped(script):
        renamed = {keyword.arg for keyword in call.keywords} & _RENAMED
        is_known = (
            package == "gymnasium" and wrapper in _COUNTERPARTS and isinstance(call.func, ast.Attribute)
        )
        waits = same_step and wrapper in _NEXT_STEP
        if is_known and not waits and not renamed:
            continue
        message = f"{wrapper} wraps single environments since Gymnasium 1.0, and the pool needs that"
        hint = f"use gymnasium.wrappers.vector.{wrapper}"
        if waits or wrapper not in _COUNTERPARTS:
            hint = "wrap each environment in the function that makes it"
        if renamed and not waits:
            hint += f", without {', '.join(sorted(map(str, renamed)))}"
        yield Diagnostic(NAME, "refused", "single-wrapper", script.position(call), message, hint)


def wrapper_edits(script: Script) -> Iterator[Edit]:
    """`gym.wrappers.ClipAction(envs)` as `gym.wrappers.vector.ClipAction(envs)`."""
    for call, _, wrapper in _wrapped(script):
        assert isinstance(call.func, ast.Attribute)
        code = f"{script.text(call.func.value)}.vector.{wrapper}"
        operation = ReplaceExpression(script.span(call.func), code)
        message = f"{wrapper} of vector environments has a module of its own since Gymnasium 1.0"
        yield Edit(NAME, script.position(call), message, (operation,))
