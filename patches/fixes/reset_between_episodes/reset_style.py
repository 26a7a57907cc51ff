"""How a script itself resets its environments: the statements that bind what its step loop reads."""

from __future__ import annotations

import ast
import textwrap

from ...analysis.episode_loops import EpisodeLoop, resets_in
from ...analysis.script import Script, walk

__all__ = ["in_handler", "reset_style"]


def reset_style(script: Script, loop: EpisodeLoop, call_text: str) -> str | None:
    """How the script itself resets this environment and binds what the step loop reads."""
    carried = (_loaded(loop.inner) & _stored(loop.inner)) | _observation(script, loop.step)
    best: str | None = None
    for call in _resets_by_distance(script, loop):
        statement = script.names.statement(call)
        if not _same_environment(script, call, loop.step) or not script.stands_alone(statement):
            continue
        block = _with_followers(script, statement, carried)
        if block and _stored(*block) & carried:
            code = _code(script, call, block, call_text)
            if not in_handler(script, call, script.tree):
                return code
            best = best or code
    return best


def _resets_by_distance(script: Script, loop: EpisodeLoop) -> list[ast.Call]:
    """Resets of the loop's own function first: elsewhere the variables may have other names."""
    near = resets_in(script, script.names.function(loop.outer) or script.tree)
    return [*near, *(call for call in resets_in(script, script.tree) if call not in near)]


def _observation(script: Script, step: ast.Call) -> set[str]:
    """The variable that the first result of the step goes to."""
    statement = script.names.parents[step]
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Tuple):
        return _stored(statement.targets[0].elts[0])
    return set()


def _same_environment(script: Script, reset: ast.Call, step: ast.Call) -> bool:
    """True where both calls have the same receiver, or go through helpers that do not tell."""
    receivers = {
        script.key(call.func.value)
        for call in (reset, step)
        if isinstance(call.func, ast.Attribute) and script.is_receiver(call.func.value)
    }
    return len(receivers) < 2


def _with_followers(script: Script, statement: ast.stmt, carried: set[str]) -> list[ast.stmt]:
    """The reset and the statements right after it that prepare its result, such as the isinstance dance."""
    if not isinstance(statement, ast.Assign | ast.AnnAssign):
        return []
    block = script.names.block(statement)
    found: list[ast.stmt] = [statement]
    for follower in block[block.index(statement) + 1 :]:
        bound = _stored(*found)
        stored = _stored(follower)
        prepares = _uses_values(script, follower, bound) and stored and stored <= bound | carried
        if not (prepares and _is_plain(follower) and script.stands_alone(follower)):
            break
        found.append(follower)
    return found


def _uses_values(script: Script, statement: ast.stmt, names: set[str]) -> bool:
    """True where a statement reads the values of variables, not only their shape: counters are not to be reset."""
    return any(
        _variable(node, ast.Load) in names and not _is_measured(script, node)
        for node in walk(statement)
        if isinstance(node, ast.Name | ast.Attribute)
    )


def _is_measured(script: Script, node: ast.expr) -> bool:
    """True for `x` in `x.shape`, `len(x)` and `np.zeros_like(x)`."""
    parent = script.names.parents[node]
    if isinstance(parent, ast.Attribute):
        return parent.attr in {"shape", "dtype", "size", "ndim"}
    name = ""
    if isinstance(parent, ast.Call) and parent.func is not node:
        function = parent.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name == "len" or name.endswith("_like")


def _is_plain(statement: ast.stmt) -> bool:
    """True for an assignment, or an `if` that holds nothing but assignments."""
    if isinstance(statement, ast.If):
        return all(_is_plain(inner) for inner in [*statement.body, *statement.orelse])
    return isinstance(statement, ast.Assign | ast.AnnAssign)


def _stored(*roots: ast.AST) -> set[str]:
    return _variables(ast.Store, roots)


def _loaded(*roots: ast.AST) -> set[str]:
    return _variables(ast.Load, roots)


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


def in_handler(script: Script, node: ast.AST, until: ast.AST) -> bool:
    """True where a node stands in an `except` clause below `until`."""
    for ancestor in script.names.ancestors(node):
        if isinstance(ancestor, ast.ExceptHandler):
            return True
        if ancestor is until:
            break
    return False
