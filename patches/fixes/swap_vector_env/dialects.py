"""What a script's own lines need to speak the pool's dialect, and why some cannot be carried over."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from ...analysis.dialect import RENAMED, GymDialect
from ...analysis.receivers import receiver_in_scope
from ...analysis.script import Script
from ...analysis.surroundings import arrivals
from ...analysis.values import Unpacking
from ...syntax.edits import Diagnostic, Edit, Insert, ReplaceExpression

__all__ = ["dialect_edits", "dialect_refusals"]

NAME = "swap-vector-env"
_FINAL_INFOS, _FIRST, _LIST_INFOS = "final_infos", "first_observations", "list_infos"
_ARRAYS = frozenset({"r", "l", "t"})
"""What RecordEpisodeStatistics says of an episode: arrays of one number before Gymnasium 1.0, numbers since."""


def dialect_refusals(dialect: GymDialect) -> Iterator[Diagnostic]:
    """Why a script cannot be carried over.

    Args:
        dialect: The script's dialect.
    """
    yield from _own_refusals(dialect)
    yield from _departure_refusals(dialect)


def _own_refusals(dialect: GymDialect) -> Iterator[Diagnostic]:
    """What speaks against it in the script's own lines."""
    for call in dialect.results.steps:
        yield from _step_refusals(dialect, call)
    if dialect.is_four:
        for call in dialect.script.calls("seed"):
            message = "the pool has no seed(); Gymnasium seeds with the reset"
            yield _refusal(
                dialect, "seed-method", call, message, "pass the seed to the first reset(seed=...)"
            )
    yield from _list_refusals(dialect)
    yield from _reset_refusals(dialect)
    yield from _helper_refusals(dialect)


def _step_refusals(dialect: GymDialect, call: ast.Call) -> Iterator[Diagnostic]:
    script, unpackings = dialect.script, dialect.results.of(call)
    four = [unpacking for unpacking in unpackings if unpacking in dialect.four]
    odd = next((u for u in unpackings if u.count not in (None, 4, 5)), None)
    hint = "unpack observations, rewards, terminations, truncations, infos"
    if odd is not None or (four and (dialect.takes_five or not dialect.is_gym)):
        at = odd or four[0]
        message = f"the step is unpacked into {at.count} values; the pool returns Gymnasium's 5"
        yield _refusal(dialect, "step-unpacking", at.call, message, hint)
    elif four and (dialect.results.escapes(call, "step") or dialect.results.is_mixed(call)):
        message = "the step's four values are read in other places than where they are unpacked"
        yield _refusal(dialect, "step-unpacking", call, message, hint)
    elif four and not script.stands_alone(*(unpacking.statement for unpacking in four)):
        message = "the step is unpacked on a line with other statements"
        yield _refusal(dialect, "step-unpacking", call, message, "give it a line of its own")
    elif four and (others := _plain_values(dialect, call)):
        other = script.position(others[0])
        message = (
            f"what is stepped here may also come from line {other.line}, and that returns four values still"
        )
        hint = "give the two kinds of environment variables of their own, and step each in its own branch"
        yield _refusal(dialect, "mixed-receiver", call, message, hint)
    elif (
        dialect.is_gym
        and not unpackings
        and dialect.results.is_read(call)
        and not _is_known_to_take_five(dialect)
    ):
        message = "gym returned four values or five, and where this step is unpacked is not clear"
        hint = "unpack every step where it is taken, on a line of its own"
        yield _refusal(dialect, "step-unpacking", call, message, hint)


def _is_known_to_take_five(dialect: GymDialect) -> bool:
    """True where other steps of the script take five values, and none takes four alone."""
    return dialect.takes_five and not dialect.four


def _plain_values(dialect: GymDialect, call: ast.Call) -> list[ast.expr | ast.stmt]:
    """What a receiver holds that does not become the pool."""
    if isinstance(call.func, ast.Attribute) and dialect.script.is_receiver(call.func.value):
        return dialect.script.other_values(call.func.value)
    return []


def _list_refusals(dialect: GymDialect) -> Iterator[Diagnostic]:
    """Lists of infos that are read where no assignment of the script can convert them."""
    if not dialect.is_four:
        return
    converted = {unpacking.target.elts[-1] for unpacking in _convertible(dialect)}
    for node in dialect.lists:
        if not set(dialect.script.flow.definitions(node)) <= converted:
            message = (
                "infos is read as a list with one entry per environment; the pool returns a dict of arrays"
            )
            hint = "convert it where the step is unpacked: infos = stablepool.list_infos(infos, num_envs)"
            yield _refusal(dialect, "infos-list", node, message, hint)


def _convertible(dialect: GymDialect) -> list[Unpacking]:
    """Steps of old gym whose infos can be turned into a list where they are unpacked."""
    taken = dialect.four if dialect.is_four else [u for u in dialect.results.unpackings if u.count == 5]
    known = [
        u for u in taken if _receiver(dialect, u) is not None and isinstance(u.target.elts[-1], ast.Name)
    ]
    alone = [u for u in known if dialect.script.stands_alone(u.statement)]
    return alone if dialect.is_gym else []


def _receiver(dialect: GymDialect, unpacking: Unpacking) -> str | None:
    return receiver_in_scope(dialect.script, unpacking.call, unpacking.statement)


def _reset_refusals(dialect: GymDialect) -> Iterator[Diagnostic]:
    for call in dialect.results.resets:
        pairs = dialect.script.values.unpackings
        if dialect.is_four and any(
            u.call is call and not dialect.results.is_inspected(call, "reset") for u in pairs
        ):
            message = "the reset is unpacked as Gymnasium's pair, but the step into gym's four values"
            hint = "unpack observations, rewards, terminations, truncations, infos from the step"
            yield _refusal(dialect, "reset-contradicts-step", call, message, hint)


def _is_kept(dialect: GymDialect, call: ast.Call) -> bool:
    """True for `obs = envs.reset()`."""
    return isinstance(dialect.script.names.parents[call], ast.Assign)


def _departure_refusals(dialect: GymDialect) -> Iterator[Diagnostic]:
    """Environments that leave the file for code that speaks another dialect than the pool."""
    followed = set[ast.expr]()
    for node, other in arrivals(dialect.script):
        followed.add(node)
        yield from _arrival_refusals(dialect, node, other)
    for node in dialect.script.departures if dialect.is_gym and not dialect.results.steps else ():
        if node not in followed:
            message = (
                "the environments leave this file, and old gym's steps are unpacked into four values or five"
            )
            hint = "see that five values are unpacked there, and import AsyncVectorEnv from gymnasium.vector here"
            yield _refusal(dialect, "leaves-file", node, message, hint)


def _arrival_refusals(dialect: GymDialect, node: ast.expr, other: Script) -> Iterator[Diagnostic]:
    """What another file that gets the environments does with their steps."""
    there = GymDialect(other)
    surroundings = dialect.script.surroundings
    if surroundings is not None and surroundings.is_patched_too(other):
        for refusal in list(_own_refusals(there))[:1]:
            message = (
                f"the environments go to {other.name}:{refusal.position}, which is refused: {refusal.message}"
            )
            yield _refusal(dialect, "leaves-file", node, message, refusal.hint)
        return
    old: list[ast.expr | ast.stmt] = [unpacking.statement for unpacking in there.four if dialect.is_gym]
    for place in [*old, *there.old_keys, *there.final_infos][:1]:
        what = "unpacks four values of a step" if old else "reads infos as they were before Gymnasium 1.0"
        message = f"the environments go to {other.name}, whose line {other.position(place).line} {what}"
        hint = f"patch the two files together: name {other.name} on the command line as well"
        yield _refusal(dialect, "leaves-file", node, message, hint)


def _helper_refusals(dialect: GymDialect) -> Iterator[Diagnostic]:
    """A script with a function of its own by the name of a helper that the edits would import."""
    needed: tuple[tuple[str, Sequence[ast.expr]], ...] = (
        (_FINAL_INFOS, dialect.final_infos),
        (_FIRST, _whole_resets(dialect)),
        (_LIST_INFOS, dialect.lists if dialect.is_gym else []),
    )
    for name, nodes in needed:
        if nodes and not dialect.script.can_import(name):
            message = f"the script has a {name} of its own"
            yield _refusal(dialect, "name-taken", nodes[0], message, "rename it, then patch again")


def _refusal(
    dialect: GymDialect, code: str, node: ast.expr | ast.stmt, message: str, hint: str
) -> Diagnostic:
    return Diagnostic(NAME, "refused", code, dialect.script.position(node), message, hint)


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
    for call in _whole_resets(dialect):
        code = ReplaceExpression(script.span(call), f"{_FIRST}({script.text(call)})")
        message = "the reset returns observations and infos"
        yield Edit(NAME, script.position(call), message, (code,), (_FIRST,))


def _final_infos(script: Script, lookup: ast.expr) -> Edit:
    holder = lookup.value if isinstance(lookup, ast.Subscript) else None
    if isinstance(lookup, ast.Call) and isinstance(lookup.func, ast.Attribute):
        holder = lookup.func.value
    assert holder is not None
    code = ReplaceExpression(script.span(lookup), f"{_FINAL_INFOS}({script.text(holder)})")
    message = "final_info is a dict of arrays since Gymnasium 1.0; the script reads one dict per environment"
    return Edit(NAME, script.position(lookup), message, (code,), (_FINAL_INFOS,))


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
    for call in dialect.results.resets:
        if not dialect.results.is_taken_apart(call, "reset") and dialect.results.is_read(call):
            whole = ReplaceExpression(script.span(call), f"{script.text(call)}[0]")
            yield Edit(NAME, script.position(call), "the reset returns observations and infos", (whole,))


def _listed_infos(dialect: GymDialect) -> Iterator[Edit]:
    """Lines that turn infos into old gym's list, where the script reads them."""
    script = dialect.script
    for unpacking in _once(_convertible(dialect)):
        infos = unpacking.target.elts[-1]
        assert isinstance(infos, ast.Name)
        read_as_list = any(infos in script.flow.definitions(node) for node in dialect.lists)
        if read_as_list or (dialect.is_four and _goes_out_of_sight(script, infos)):
            text = script.text(infos)
            ends = _ends(dialect, unpacking)
            code = f"{text} = {_LIST_INFOS}({text}, {_receiver(dialect, unpacking)}.num_envs{ends})"
            message = "old gym's infos were a list with one dict per environment"
            operation = Insert(script.span(unpacking.statement), code)
            yield Edit(NAME, script.position(infos), message, (operation,), (_LIST_INFOS,))


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


def _whole_resets(dialect: GymDialect) -> list[ast.Call]:
    """Resets that old gym's scripts with tolerant steps take for observations, whatever they return."""
    if not dialect.is_gym or dialect.is_four or not dialect.takes_five:
        return []
    results = dialect.results
    return [c for c in results.resets if not results.is_taken_apart(c, "reset") and _is_kept(dialect, c)]
