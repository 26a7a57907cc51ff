"""What a script's own lines need to speak the pool's dialect."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...analysis.dialect import RENAMED, GymDialect
from ...analysis.receivers import receiver_in_scope
from ...analysis.script import Script
from ...analysis.value import Unpacking
from ...syntax.edits import AddKeyword, Edit, Insert, RemoveStatements, ReplaceExpression
from .old_spaces import space_edits
from .seeds import seeded_resets
from .vector_wrappers import wrapper_edits

__all__ = ["FINAL_INFOS", "FIRST", "LIST_INFOS", "convertible", "dialect_edits", "whole_resets"]

NAME = "swap-vector-env"
FINAL_INFOS, FIRST, LIST_INFOS = "final_infos", "first_observations", "list_infos"
_ARRAYS = frozenset({"r", "l", "t"})
"""What RecordEpisodeStatistics says of an episode: arrays of one number before Gymnasium 1.0, numbers since."""


def dialect_edits(dialect: GymDialect) -> Iterator[Edit]:
    """What a script's own lines need to speak the pool's dialect.

    Args:
        dialect: The script's dialect.
    """
    script = dialect.script
    for key in dialect.old_keys:
        new = RENAMED[str(key.value)]
        message = f"{key.value!r} is called {new!r} since Gymnasium 1.0"
        yield Edit(NAME, script.position(key), message, (ReplaceExpression(script.span(key), f'"{new}"'),))
    for lookup in dialect.final_infos:
        yield _final_infos(script, lookup)
        yield from _numbers(script, lookup)
    if dialect.is_four:
        yield from _four_to_five(dialect)
    yield from _listed_infos(dialect)
    yield from _seeds(dialect)
    yield from wrapper_edits(script)
    yield from space_edits(script)
    for call in whole_resets(dialect):
        code = ReplaceExpression(script.span(call), f"{FIRST}({_reset_text(script, call)})")
        message = "the reset returns observations and infos"
        yield Edit(NAME, script.position(call), message, (code,), (FIRST,))


def _final_infos(script: Script, lookup: ast.expr) -> Edit:
    holder = lookup.value if isinstance(lookup, ast.Subscript) else None
    if isinstance(lookup, ast.Call) and isinstance(lookup.func, ast.Attribute):
        holder = lookup.func.value
    assert holder is not None
    code = ReplaceExpression(script.span(lookup), f"{FINAL_INFOS}({script.text(holder)})")
    message = "final_info is a dict of arrays since Gymnasium 1.0; the script reads one dict per environment"
    return Edit(NAME, script.position(lookup), message, (code,), (FINAL_INFOS,))


def _numbers(script: Script, lookup: ast.expr) -> Iterator[Edit]:
    """`info["episode"]["r"][0]`, for an `info` of a loop over the final infos."""
    loop = next((a for a in script.names.ancestors(lookup) if isinstance(a, ast.For)), None)
    infos = {n.id for n in ast.walk(loop.target) if isinstance(n, ast.Name)} if loop is not None else set()
    for node in ast.walk(loop) if loop is not None else ():
        if isinstance(node, ast.Subscript) and _is_first(node) and _is_statistic(node.value, infos):
            code = ReplaceExpression(script.span(node), script.text(node.value))
            message = "RecordEpisodeStatistics returns numbers since Gymnasium 1.0"
            yield Edit(NAME, script.position(node), message, (code,))


def _is_first(node: ast.Subscript) -> bool:
    return isinstance(node.slice, ast.Constant) and node.slice.value == 0


def _is_statistic(node: ast.expr, infos: set[str]) -> bool:
    """True for `info["episode"]["r"]`."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.value, ast.Subscript):
        return False
    episode = node.value
    keys = [s.value for s in (node.slice, episode.slice) if isinstance(s, ast.Constant)]
    return (
        len(keys) == 2
        and keys[0] in _ARRAYS
        and keys[1] == "episode"
        and isinstance(episode.value, ast.Name)
        and episode.value.id in infos
    )


def _four_to_five(dialect: GymDialect) -> Iterator[Edit]:
    script = dialect.script
    terminated, truncated = script.free_name("terminated"), script.free_name("truncated")
    for unpacking in _once(dialect.four):
        done = unpacking.target.elts[2]
        text = script.text(done)
        both = ReplaceExpression(script.span(done), "_, _" if text == "_" else f"{terminated}, {truncated}")
        joined = Insert(script.span(unpacking.statement), f"{text} = {terminated} | {truncated}")
        operations = (both,) if text == "_" else (both, joined)
        yield Edit(NAME, script.position(unpacking.statement), "the step has five values", operations)
    for call in _kept_whole(dialect):
        whole = ReplaceExpression(script.span(call), f"{_reset_text(script, call)}[0]")
        yield Edit(NAME, script.position(call), "the reset returns observations and infos", (whole,))


def _kept_whole(dialect: GymDialect) -> list[ast.Call]:
    """Resets whose result a script with four values takes for the observations."""
    results = dialect.results
    return [c for c in results.resets if not results.is_taken_apart(c, "reset") and results.is_read(c)]


def _seeds(dialect: GymDialect) -> Iterator[Edit]:
    """`envs.seed(0)` goes, and the reset after it gets the seed."""
    script = dialect.script
    rewritten = {*whole_resets(dialect), *(_kept_whole(dialect) if dialect.is_four else [])}
    for reset, seed in seeded_resets(script).items():
        gone = RemoveStatements((script.span(script.names.statement(seed)),))
        given = AddKeyword(script.span(reset), "seed", script.text(seed.args[0]))
        operations = (gone,) if reset in rewritten else (gone, given)
        yield Edit(NAME, script.position(seed), "the seed goes to the reset", operations)


def _reset_text(script: Script, reset: ast.Call) -> str:
    """A reset with the seed that it takes over."""
    seed = seeded_resets(script).get(reset)
    return (
        f"{script.text(reset.func)}(seed={script.text(seed.args[0])})"
        if seed is not None
        else script.text(reset)
    )


def _listed_infos(dialect: GymDialect) -> Iterator[Edit]:
    """Lines that turn infos into old gym's list, where the script reads them."""
    script = dialect.script
    for unpacking in _once(convertible(dialect)):
        infos = unpacking.target.elts[-1]
        assert isinstance(infos, ast.Name)
        read_as_list = any(infos in script.flow.definitions(node) for node in dialect.lists)
        if read_as_list or (dialect.is_four and _goes_out_of_sight(script, infos)):
            text = script.text(infos)
            ends = _ends(dialect, unpacking)
            code = f"{text} = {LIST_INFOS}({text}, {_receiver(dialect, unpacking)}.num_envs{ends})"
            message = "old gym's infos were a list with one dict per environment"
            operation = Insert(script.span(unpacking.statement), code)
            yield Edit(NAME, script.position(infos), message, (operation,), (LIST_INFOS,))


def _goes_out_of_sight(script: Script, infos: ast.Name) -> bool:
    """True where other code gets the infos, and the script itself does not read them by key."""
    parents = [script.names.parents[use] for use in script.flow.uses(infos)]
    by_key = any(isinstance(parent, ast.Subscript | ast.Compare | ast.Attribute) for parent in parents)
    return not by_key and any(isinstance(parent, ast.Call | ast.keyword | ast.Return) for parent in parents)


def _ends(dialect: GymDialect, unpacking: Unpacking) -> str:
    """The arguments that say which episodes a time limit has ended, where the script keeps them."""
    script = dialect.script
    if unpacking in dialect.four:
        if script.text(unpacking.target.elts[2]) == "_":
            return ""
        terminated, truncated = script.free_name("terminated"), script.free_name("truncated")
    else:
        terminated, truncated = (script.text(element) for element in unpacking.target.elts[2:4])
    if not (terminated.isidentifier() and truncated.isidentifier()) or "_" in (terminated, truncated):
        return ""
    return f", terminations={terminated}, truncations={truncated}"


def _once(unpackings: list[Unpacking]) -> list[Unpacking]:
    """One unpacking for each statement: several steps may arrive at it."""
    return list({unpacking.statement: unpacking for unpacking in unpackings}.values())


def whole_resets(dialect: GymDialect) -> list[ast.Call]:
    """Resets that old gym's scripts with tolerant steps take for observations, whatever they return."""
    if not dialect.is_gym or dialect.is_four or not dialect.takes_five:
        return []
    results = dialect.results
    return [c for c in results.resets if not results.is_taken_apart(c, "reset") and _is_kept(dialect, c)]


def convertible(dialect: GymDialect) -> list[Unpacking]:
    """Steps of old gym whose infos can be turned into a list where they are unpacked."""
    taken = dialect.four if dialect.is_four else [u for u in dialect.results.unpackings if u.count == 5]
    known = [
        u for u in taken if _receiver(dialect, u) is not None and isinstance(u.target.elts[-1], ast.Name)
    ]
    alone = [u for u in known if dialect.script.stands_alone(u.statement)]
    return alone if dialect.is_gym else []


def _receiver(dialect: GymDialect, unpacking: Unpacking) -> str | None:
    return receiver_in_scope(dialect.script, unpacking.call, unpacking.statement)


def _is_kept(dialect: GymDialect, call: ast.Call) -> bool:
    """True for `obs = envs.reset()`."""
    return isinstance(dialect.script.names.parents[call], ast.Assign)
