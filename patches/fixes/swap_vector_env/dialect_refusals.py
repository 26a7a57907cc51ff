"""Why the dialect of a script cannot be carried over."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from ...analysis.dialect import GymDialect
from ...analysis.receivers import other_values
from ...analysis.results import Results
from ...analysis.script import Script
from ...analysis.surroundings import arrivals, consumers
from ...syntax.edits import Diagnostic
from .dialect_edits import FINAL_INFOS, FIRST, LIST_INFOS, convertible, whole_resets
from .old_spaces import space_remarks
from .seeds import unplaced_seeds
from .vector_wrappers import wrapper_refusals

__all__ = ["dialect_refusals"]

NAME = "swap-vector-env"


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
    for call in unplaced_seeds(dialect.script):
        message = "the pool has no seed(); Gymnasium seeds with the reset"
        yield _refusal(dialect, "seed-method", call, message, "pass the seed to the first reset(seed=...)")
    yield from wrapper_refusals(dialect.script, same_step=dialect.same_step)
    yield from space_remarks(dialect.script)
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
        return other_values(dialect.script, call.func.value)
    return []


def _list_refusals(dialect: GymDialect) -> Iterator[Diagnostic]:
    """Lists of infos that are read where no assignment of the script can convert them."""
    if not dialect.is_four:
        return
    converted = {unpacking.target.elts[-1] for unpacking in convertible(dialect)}
    for node in dialect.lists:
        if not set(dialect.script.flow.definitions(node)) <= converted:
            message = (
                "infos is read as a list with one entry per environment; the pool returns a dict of arrays"
            )
            hint = "convert it where the step is unpacked: infos = stablepool.list_infos(infos, num_envs)"
            yield _refusal(dialect, "infos-list", node, message, hint)


def _reset_refusals(dialect: GymDialect) -> Iterator[Diagnostic]:
    for call in dialect.results.resets:
        pairs = dialect.script.values.unpackings
        if dialect.is_four and any(
            u.call is call and not dialect.results.is_inspected(call, "reset") for u in pairs
        ):
            message = "the reset is unpacked as Gymnasium's pair, but the step into gym's four values"
            hint = "unpack observations, rewards, terminations, truncations, infos from the step"
            yield _refusal(dialect, "reset-contradicts-step", call, message, hint)


def _departure_refusals(dialect: GymDialect) -> Iterator[Diagnostic]:
    """Environments that leave the file for code that speaks another dialect than the pool."""
    script = dialect.script
    if not script.references and not script.makers:
        return
    found = [*arrivals(script), *((script.constructions[0], other) for other in consumers(script))]
    for node, other in found:
        yield from _arrival_refusals(dialect, node, other)
    yield from _old_readers(dialect)
    steps = [*dialect.results.steps, *(step for _, other in found for step in Results(other).steps)]
    gone = [*script.departures, *script.given_away] if dialect.is_gym and not steps else []
    if dialect.is_gym:
        gone += [node for each in (script, *(other for _, other in found)) for node in _returned_on(each)]
    for node in gone[:1]:
        message = (
            "the environments leave this file, and old gym's steps are unpacked into four values or five"
        )
        hint = "see that five values are unpacked there, and import AsyncVectorEnv from gymnasium.vector here"
        yield _refusal(dialect, "leaves-file", node, message, hint)


def _old_readers(dialect: GymDialect) -> Iterator[Diagnostic]:
    """Files that read infos as before Gymnasium 1.0, where environments leave this one for nobody knows where.

    Today's environments have no `final_info` unless their mode is given, so who reads it was written before 1.0.
    """
    script = dialect.script
    is_given = any(
        keyword.arg == "autoreset_mode" for call in script.constructions for keyword in call.keywords
    )
    followed = {node for node, other in arrivals(script) if Results(other).steps}
    if any(Results(other).steps for other in consumers(script)):
        followed |= {n for n in script.departures if isinstance(script.names.parents[n], ast.Return)}
    gone = [node for node in (*script.departures, *script.given_away) if node not in followed]
    if script.surroundings is None or dialect.same_step or dialect.results.steps or is_given or not gone:
        return
    for name, line in script.surroundings.readers_of_old_infos(script)[:1]:
        message = f"the environments leave this file, and {name}:{line} reads infos as before Gymnasium 1.0"
        hint = 'pass autoreset_mode="SameStep", and read final_obs and stablepool.final_infos(infos) there'
        yield _refusal(dialect, "old-infos", gone[0], message, hint)


def _returned_on(script: Script) -> list[ast.expr]:
    """Environments that a function returns to callers that are not known."""
    if any(True for _ in consumers(script)):
        return []
    returns = (ast.Return, ast.Yield)
    return [node for node in script.departures if isinstance(script.names.parents[node], returns)]


def _arrival_refusals(dialect: GymDialect, node: ast.expr, other: Script) -> Iterator[Diagnostic]:
    """What another file that gets the environments does with their steps."""
    there = GymDialect(other)
    surroundings = dialect.script.surroundings
    if surroundings is not None and surroundings.is_patched_too(other):
        for refusal in [each for each in _own_refusals(there) if each.kind == "refused"][:1]:
            message = (
                f"the environments go to {other.name}:{refusal.position}, which is refused: {refusal.message}"
            )
            yield _refusal(dialect, "leaves-file", node, message, refusal.hint)
        return
    old: list[ast.expr | ast.stmt] = [unpacking.statement for unpacking in there.four if dialect.is_gym]
    for place in [*old, *there.old_keys, *there.final_infos][:1]:
        what = "unpacks four values of a step" if old else "reads infos as they were before Gymnasium 1.0"
        message = f"the environments go to {other.name}, whose line {other.position(place).line} {what}"
        hint = f"name {other.name} on the command line as well, and have the file that makes the environments call it"
        yield _refusal(dialect, "leaves-file", node, message, hint)


def _helper_refusals(dialect: GymDialect) -> Iterator[Diagnostic]:
    """A script with a function of its own by the name of a helper that the edits would import."""
    needed: tuple[tuple[str, Sequence[ast.expr]], ...] = (
        (FINAL_INFOS, dialect.final_infos),
        (FIRST, whole_resets(dialect)),
        (LIST_INFOS, dialect.lists if dialect.is_gym else []),
    )
    for name, nodes in needed:
        if nodes and not dialect.script.can_import(name):
            message = f"the script has a {name} of its own"
            yield _refusal(dialect, "name-taken", nodes[0], message, "rename it, then patch again")


def _refusal(
    dialect: GymDialect, code: str, node: ast.expr | ast.stmt, message: str, hint: str
) -> Diagnostic:
    return Diagnostic(NAME, "refused", code, dialect.script.position(node), message, hint)
