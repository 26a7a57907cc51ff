"""Places that speak of AsyncVectorEnv and that the swap leaves alone: each is said once, with what to do."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...analysis.script import ASYNC, Script
from ...syntax.edits import Diagnostic

__all__ = ["looked_up_by_text", "other_libraries"]

NAME = "swap-vector-env"
_MODULES = frozenset({"gym.vector", "gymnasium.vector"})


def other_libraries(script: Script) -> Iterator[Diagnostic]:
    """Constructions of namesakes, which keep other contracts."""
    for call in script.names.calls:
        for origin in sorted(script.names.origins(call.func) - ASYNC):
            if origin.rpartition(".")[2] == "AsyncVectorEnv":
                message = f"{origin} keeps another contract than Gymnasium's AsyncVectorEnv"
                hint = "make the environments with gymnasium.vector.AsyncVectorEnv first, if that fits"
                yield Diagnostic(NAME, "notice", "other-library", script.position(call), message, hint)


def looked_up_by_text(script: Script) -> Iterator[Diagnostic]:
    """`getattr(gym.vector, f"{kind}VectorEnv")`."""
    for call in script.names.calls:
        if _looks_up(script, call):
            message = "a text decides which class of gym.vector this is; it may be AsyncVectorEnv"
            hint = "write StableProcessPoolEnv in its place by hand"
            yield Diagnostic(NAME, "notice", "class-by-text", script.position(call), message, hint)


def _looks_up(script: Script, call: ast.Call) -> bool:
    """True for `getattr(gym.vector, text)`, where the text may be "AsyncVectorEnv"."""
    if not (isinstance(call.func, ast.Name) and call.func.id == "getattr" and len(call.args) >= 2):
        return False
    module, text = call.args[:2]
    if isinstance(text, ast.Constant) and (text.value != "AsyncVectorEnv" or script.references):
        return False
    return bool(script.names.origins(module) & _MODULES)
