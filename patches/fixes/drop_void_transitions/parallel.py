"""Lists that are filled side by side: a row that one of them leaves out, all of them must leave out."""

from __future__ import annotations

import ast

from ...analysis.episode_loops import Loop, words
from ...analysis.script import Script, walk
from ...analysis.transitions import BOOKS, Step

__all__ = ["unguarded", "with_parallel"]

_FILLS = frozenset({"append", "extend"})
_LEARNED_FROM = frozenset({"prob", "probs", "pi", "pis", "logits", "values"})
"""Words that make a list of "log_probs" no log."""


def with_parallel(script: Script, found: list[ast.Expr]) -> list[ast.Expr]:
    """Statements that store transitions, with those of the same block that fill other lists of the same environment.

    Args:
        script: The script.
        found: The statements that store transitions.
    """
    if _receiver(found[0]) is None or not isinstance(_receiver(found[0]), ast.Subscript):
        return found
    block = script.names.block(found[0])
    beside = [s for s in block if isinstance(s, ast.Expr) and _fills(s) and _index(s) == _index(found[0])]
    return [s for s in block if isinstance(s, ast.Expr) and (s in found or s in beside)] or found


def unguarded(script: Script, step: Step, found: list[ast.Expr]) -> ast.stmt | None:
    """A statement that fills a list in every step, beside the lists that would be guarded; None where there is none.

    A replay memory stands alone. Lists, and buffers of one environment each, are read side by side.

    Args:
        script: The script.
        step: The step.
        found: The statements that would be guarded.
    """
    receiver = _receiver(found[0])
    if receiver is None or not (isinstance(receiver, ast.Subscript) or _is_list(script, receiver)):
        return None
    if isinstance(receiver, ast.Subscript) and not _fills(found[0]):
        return found[0]
    loop = next((a for a in script.names.ancestors(step.statement) if isinstance(a, Loop)), None)
    for node in walk(loop) if loop is not None else ():
        if isinstance(node, ast.Expr) and node not in found and _fills(node):
            other = _receiver(node)
            if isinstance(other, ast.Subscript) or (other is not None and _is_list(script, other)):
                return node
    return None


def _receiver(statement: ast.Expr) -> ast.expr | None:
    call = statement.value
    return call.func.value if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) else None


def _fills(statement: ast.Expr) -> bool:
    """True for `values.append(v)`, but for statistics."""
    call = statement.value
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return False
    named = words(call.func.value)
    return call.func.attr in _FILLS and not (named & BOOKS and not named & _LEARNED_FROM)


def _index(statement: ast.Expr) -> str | None:
    receiver = _receiver(statement)
    return ast.unparse(receiver.slice) if isinstance(receiver, ast.Subscript) else None


def _is_list(script: Script, receiver: ast.expr) -> bool:
    """True for a variable that is a list, by an assignment of the script."""
    key = script.key(receiver)
    stores = script.keys.stores(key) if key is not None else []
    values = (getattr(script.names.statement(store), "value", None) for store in stores)
    made = (part for value in values for part in (value.elts if isinstance(value, ast.Tuple) else [value]))
    return any(isinstance(part, ast.List | ast.ListComp) for part in made)
