"""Whether a reset stands on every way from one episode to the next."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...analysis.episode_loops import EPISODE, EpisodeLoop, Loop, own_continues, words
from ...analysis.keys import Key
from ...analysis.script import Script, walk
from .carried import Carried, Origins

__all__ = ["dominating_reset", "in_handler"]

_RESETS = ("reset", "reset_wait")


def dominating_reset(script: Script, loop: EpisodeLoop, carried: list[Carried]) -> ast.stmt | None:
    """The statement of an episode loop that resets in every episode; None where some episode goes without.

    Args:
        script: The script.
        loop: The loop.
        carried: What a reset must give its first value; where that is nothing, any reset counts.
    """
    origins = Origins(script)
    body = list(_body(loop))
    made = next((s for s in body if _makes_anew(script, s) and s is not loop.inner), None)
    if made is not None and not any(
        _calls_reset(script, s) for s in walk(loop.outer) if isinstance(s, ast.Assign)
    ):
        return made
    found: ast.stmt | None = None
    wanted: list[Key | None] = [variable.key for variable in carried]
    for variable in wanted or [None]:
        statement = _always(script, origins, body, variable, loop)
        if statement is None:
            return None
        found = found or statement
    return found


def _makes_anew(script: Script, statement: ast.stmt) -> bool:
    """True for a statement that makes environments: nothing is carried over that could be stuck."""
    is_plain = isinstance(statement, ast.Assign | ast.AnnAssign | ast.With)
    return is_plain and any(node in script.constructions for node in walk(statement))


def _body(loop: EpisodeLoop) -> Iterator[ast.stmt]:
    """Statements of the loop that no `continue` above them can skip."""
    for statement in loop.outer.body:
        yield statement
        if any(jump in set(walk(statement)) for jump in own_continues(loop.outer)):
            return


def _always(
    script: Script, origins: Origins, body: list[ast.stmt], key: Key | None, loop: EpisodeLoop
) -> ast.stmt | None:
    """The first statement of a block after which a variable surely has a reset's value."""
    for statement in body:
        if statement is not loop.inner and _resets(script, origins, statement, key, loop):
            return statement
    return None


def _resets(
    script: Script, origins: Origins, statement: ast.stmt, key: Key | None, loop: EpisodeLoop
) -> bool:
    def always(body: list[ast.stmt]) -> bool:
        return _always(script, origins, body, key, loop) is not None

    if isinstance(statement, ast.If):
        return always(statement.body) and (_is_not_first(statement.test) or always(statement.orelse))
    if isinstance(statement, ast.With | ast.AsyncWith):
        return always(statement.body)
    if isinstance(statement, ast.Try):
        return always(statement.body) or always(statement.finalbody)
    if isinstance(statement, Loop | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Match):
        return False
    return _rebinds(script, origins, statement, key) if key is not None else _calls_reset(script, statement)


def _rebinds(script: Script, origins: Origins, statement: ast.stmt, key: Key) -> bool:
    """True for a statement that gives a variable a reset's value, itself or in a method that it calls."""
    for node in walk(statement):
        if script.key(node) == key and isinstance(getattr(node, "ctx", None), ast.Store):
            return origins.comes_from_reset(node, always=True)
        function = script.called_function(node) if isinstance(node, ast.Call) else None
        if function is not None and _method_rebinds(script, origins, function, key):
            return True
    return False


def _method_rebinds(script: Script, origins: Origins, function: ast.AST, key: Key) -> bool:
    """True where a method always gives an attribute of `self` a reset's value."""
    body = getattr(function, "body", [])
    return "." in key[1] and any(
        not isinstance(s, ast.If | Loop)
        and script.key(node) == key
        and origins.comes_from_reset(node, always=True)
        for s in body
        for node in walk(s)
        if isinstance(getattr(node, "ctx", None), ast.Store)
    )


def _calls_reset(script: Script, statement: ast.stmt) -> bool:
    """True for a statement that resets an environment, itself or in a function that always does."""
    resets = set(script.calls(*_RESETS))
    return any(
        isinstance(node, ast.Call) and (node in resets or _always_resets(script, node, resets))
        for node in walk(statement)
    )


def _always_resets(script: Script, call: ast.Call, resets: set[ast.Call]) -> bool:
    """True for a call of a function that resets outside of any condition."""
    function = script.called_function(call)
    plain = (s for s in function.body if not hasattr(s, "body")) if function is not None else ()
    return any(node in resets for statement in plain for node in walk(statement))


def _is_not_first(test: ast.expr) -> bool:
    """True for `ep > 0`, `ep >= 1`, `ep != 0` and plain `ep`: all episodes but the first, which is reset before."""
    if isinstance(test, ast.Name):
        return bool(words(test) & EPISODE)
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.comparators[0], ast.Constant):
        bound = (type(test.ops[0]), test.comparators[0].value)
        return isinstance(test.left, ast.Name) and bound in {(ast.Gt, 0), (ast.NotEq, 0), (ast.GtE, 1)}
    return False


def in_handler(script: Script, node: ast.AST, until: ast.AST) -> bool:
    """True where a node stands in an `except` clause below `until`."""
    for ancestor in script.names.ancestors(node):
        if isinstance(ancestor, ast.ExceptHandler):
            return True
        if ancestor is until:
            break
    return False
