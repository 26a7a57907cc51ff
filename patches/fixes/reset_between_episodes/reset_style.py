"""How a script resets its environments: the statements that bind what its step loop carries."""

from __future__ import annotations

import ast
import textwrap

from ...analysis.episode_loops import EpisodeLoop
from ...analysis.receivers import environments, held, receiver_in_scope
from ...analysis.script import Script, walk
from .carried import Carried, Origins, is_measured, stored_variables
from .dominance import in_handler

__all__ = ["HELPER", "Style", "reset_style"]

HELPER = "first_observations"
_RESETS = ("reset", "reset_wait")
Style = tuple[str, tuple[str, ...]]
"""Statements, and the names of stablepool that they use."""


def reset_style(script: Script, loop: EpisodeLoop, carried: list[Carried], call_text: str) -> Style | None:
    """Statements that reset the loop's environments and bind what it carries.

    Args:
        script: The script.
        loop: The loop.
        carried: What the statements must bind.
        call_text: The arguments of the reset, and what follows them.

    Returns:
        The script's own statements, where it has some that bind everything; else one line that takes any form of a
        reset's result apart, where one observation is all that is carried; else None.
    """
    own = _own_style(script, loop, carried, call_text)
    if own is not None:
        return own, ()
    receiver = receiver_in_scope(script, loop.step, loop.outer)
    if receiver is None:
        return None
    if not carried:
        return None if Origins(script).reads_observations(loop) else (f"{receiver}.reset()", ())
    if len(carried) == 1 and carried[0].is_plain and script.can_import(HELPER):
        return f"{carried[0].text} = {HELPER}({receiver}.reset())", (HELPER,)
    return None


def _own_style(script: Script, loop: EpisodeLoop, carried: list[Carried], call_text: str) -> str | None:
    wanted = {variable.key for variable in carried}
    texts = {variable.text for variable in carried}
    best: str | None = None
    for call in _resets_nearby(script, loop, carried) if carried else []:
        statement = script.names.statement(call)
        if not _same_environment(script, call, loop.step) or not script.stands_alone(statement):
            continue
        block = _with_followers(script, statement, texts)
        if block and wanted <= set(stored_variables(script, *block)):
            code = _code(script, call, block, call_text)
            if not in_handler(script, call, script.tree):
                return code
            best = best or code
    return best


def _resets_nearby(script: Script, loop: EpisodeLoop, carried: list[Carried]) -> list[ast.Call]:
    """Resets of the loop's own function; elsewhere only attributes of `self` are the same variables."""
    home = script.names.function(loop.outer)
    helpers = {f for call in script.calls(*_RESETS) if (f := script.names.function(call)) is not None}
    resets = set(script.calls(*_RESETS))
    found = [
        call
        for call in script.names.calls
        if call in resets or (script.called_function(call) in helpers and not _makes(script, call))
    ]
    near = [call for call in found if script.names.function(call) is home]
    shared = all("." in variable.text for variable in carried)
    return near + ([call for call in found if call not in near] if shared else [])


def _makes(script: Script, call: ast.Call) -> bool:
    """True for a call of a function that makes environments, or that steps them."""
    function = script.called_function(call)
    others = {*script.constructions, *script.calls("step", "step_async")}
    return function is not None and any(node in others for node in walk(function))


def _same_environment(script: Script, reset: ast.Call, step: ast.Call) -> bool:
    """True where both calls may have the same receiver, or go through helpers that do not tell."""
    if not isinstance(reset.func, ast.Attribute) or not script.is_receiver(reset.func.value):
        return True
    return bool(held(script, reset.func.value) & environments(script, step))


def _with_followers(script: Script, statement: ast.stmt, carried: set[str]) -> list[ast.stmt]:
    """The reset and the statements right after it that prepare its result, such as the isinstance dance."""
    if not isinstance(statement, ast.Assign | ast.AnnAssign):
        return []
    block = script.names.block(statement)
    found: list[ast.stmt] = [statement]
    for follower in block[block.index(statement) + 1 :]:
        bound = _stored(*found)
        stored = _stored(follower)
        prepares = _uses_values(script, follower, bound) and stored and _named(stored) <= bound | carried
        if not (prepares and _is_plain(follower) and script.stands_alone(follower)):
            break
        found.append(follower)
    return found


def _named(variables: set[str]) -> set[str]:
    """Variables without those that nobody is to read."""
    return {name for name in variables if not name.startswith("_")}


def _uses_values(script: Script, statement: ast.stmt, names: set[str]) -> bool:
    """True where a statement reads the values of variables, not only their shape: counters are not to be reset."""
    return any(
        _variable(node, ast.Load) in names and not is_measured(script, node)
        for node in walk(statement)
        if isinstance(node, ast.Name | ast.Attribute)
    )


def _is_plain(statement: ast.stmt) -> bool:
    """True for an assignment, or an `if` that holds nothing but assignments."""
    if isinstance(statement, ast.If):
        return all(_is_plain(inner) for inner in [*statement.body, *statement.orelse])
    return isinstance(statement, ast.Assign | ast.AnnAssign)


def _stored(*roots: ast.AST) -> set[str]:
    return _variables(ast.Store, roots)


def _variables(context: type[ast.expr_context], roots: tuple[ast.AST, ...]) -> set[str]:
    """Variables that are read or written, attributes of `self` included."""
    return {name for node in walk(*roots) if (name := _variable(node, context))}


def _variable(node: ast.AST, context: type[ast.expr_context]) -> str:
    """The name of a variable that a node reads or writes; empty for anything else."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, context):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, context) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return ""


def _code(script: Script, call: ast.Call, block: list[ast.stmt], call_text: str) -> str:
    """The statements as written, dedented, the reset's own arguments left out: a seed belongs to the first reset."""
    first, *followers = block
    text = script.text(first)
    if isinstance(call.func, ast.Attribute) and script.is_receiver(call.func.value):
        text = _without_arguments(script, first, call, call_text)
    pieces = [_dedented(script, first, text), *(_dedented(script, s, script.text(s)) for s in followers)]
    return "\n".join(pieces)


def _without_arguments(script: Script, statement: ast.stmt, call: ast.Call, call_text: str) -> str:
    """The statement with a plain `reset` in place of its call, which may be `reset_wait` after a `reset_async`."""
    assert isinstance(call.func, ast.Attribute)
    whole, part, holder = script.span(statement), script.span(call), script.span(call.func.value)
    utf8 = script.source.utf8
    before, between, after = (
        utf8[start:end].decode()
        for start, end in (
            (whole.start, holder.end),
            (holder.end, script.span(call.func).end),
            (part.end, whole.end),
        )
    )
    return f"{before}{between.removesuffix('_wait')}{call_text}{after}"


def _dedented(script: Script, statement: ast.stmt, text: str) -> str:
    """A statement's text moved to the left margin; continuation lines move with it."""
    indent = script.source.line(statement.lineno)[: statement.col_offset]
    return textwrap.dedent("\n".join((indent + text).splitlines()))
