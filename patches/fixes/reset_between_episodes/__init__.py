"""reset-between-episodes: every episode starts from a reset, so that no environment stays stuck in "done"."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...analysis.dialect import GymDialect
from ...analysis.episode_loops import (
    EpisodeLoop,
    episode_loops,
    escapes,
    own_continues,
    resets_always,
    resets_in,
    unfollowed,
)
from ...analysis.script import Script, walk
from ...syntax.edits import Diagnostic, Edit, Finding, Insert
from ...syntax.source import Position
from ..model import Fix, Options
from .cases import CASES
from .reset_style import in_handler, reset_style

__all__ = ["FIX"]

NAME = "reset-between-episodes"
_COMMENT = "# Reset environments for next episode (CRITICAL FIX)"


def find(script: Script, options: Options) -> Iterator[Finding]:
    """Plan a reset for every episode loop whose path has none."""
    for loop in episode_loops(script):
        yield from _examine(script, options, loop)
    for outer, call in escapes(script):
        message = f"the environment is handed to {script.text(call.func)}(), which may step it"
        hint = "see that it is reset there, or reset it at the end of each episode"
        yield Diagnostic(NAME, "notice", "escapes", script.position(outer), message, hint)
    for outer, call in unfollowed(script) if script.is_ours else ():
        message = f"nothing tells whether {script.text(call.func)} steps the environments that are swapped"
        hint = "if it does, see that every episode begins with a reset"
        yield Diagnostic(NAME, "notice", "not-followed", script.position(outer), message, hint)


def _examine(script: Script, options: Options, loop: EpisodeLoop) -> Iterator[Finding]:
    position = script.position(loop.outer)
    if resets_always(script, loop.outer.body, skip=loop.inner) or _made_anew(script, loop):
        if loop.named:
            yield Diagnostic(NAME, "satisfied", "resets", position, "every episode is reset")
        return
    reason = _doubt(script, loop)
    if reason is not None:
        yield Diagnostic(NAME, "notice", *reason)
        return
    becomes_pair = "swap-vector-env" in options.selected and GymDialect(script).is_four
    idiom = reset_style(script, loop, "()[0]" if becomes_pair else "()")
    if idiom is None:
        message = (
            "the episode loop never resets, and no reset of this script shows how its variables are bound"
        )
        yield Diagnostic(
            NAME, "notice", "no-idiom", position, message, "add `obs, infos = envs.reset()` to the loop"
        )
        return
    yield _edit(script, loop, idiom)


def _made_anew(script: Script, loop: EpisodeLoop) -> bool:
    """True where each episode makes its environment: nothing is carried over that could be stuck."""
    return any(
        isinstance(node, ast.Call) and node in script.constructions
        for statement in loop.outer.body
        if not isinstance(statement, ast.Try) and statement is not loop.inner
        for node in walk(statement)
    )


def _doubt(script: Script, loop: EpisodeLoop) -> tuple[str, Position, str, str] | None:
    """Why the loop is left to a person: code, place, message, hint."""
    position = script.position(loop.outer)
    hint = "if these are episodes, reset the environments at the end of each"
    if not loop.named:
        return "unclear-loop", position, "nothing says whether this loop counts episodes or rollouts", hint
    closed = [call for call in script.calls("close") if call in set(walk(*loop.outer.body))]
    if any(not in_handler(script, call, loop.outer) for call in closed):
        return (
            "closed-inside",
            script.position(closed[0]),
            "the environments are closed inside the loop",
            hint,
        )
    inside = [call for call in resets_in(script, loop.inner) if not in_handler(script, call, loop.inner)]
    if inside:
        message = "a reset inside the step loop depends on a condition"
        return "conditional-reset", script.position(inside[0]), message, hint
    if not script.stands_alone(loop.outer.body[0], loop.outer.body[-1]):
        return (
            "one-line-loop",
            position,
            "the loop has its body on one line",
            "give the body lines of its own",
        )
    return None


def _edit(script: Script, loop: EpisodeLoop, idiom: str) -> Edit:
    """At the end of the episode; at its start where a `continue` could skip the end."""
    last = loop.outer.body[-1]
    skipped = any(own_continues(loop.outer)) or isinstance(last, ast.Break | ast.Return | ast.Raise)
    anchor = loop.outer.body[0] if skipped else last
    where = "start" if skipped else "end"
    insert = Insert(script.span(anchor), f"{_COMMENT}\n{idiom}", "before" if skipped else "after")
    message = f"resets at the {where} of each episode: {idiom.splitlines()[0]}"
    return Edit(NAME, script.position(loop.outer), message, (insert,))


FIX = Fix(
    NAME,
    version=1,
    summary="a mandatory reset between episodes",
    description=(
        'An episode loop around a step loop without a reset on its path leaves environments stuck in "done". The '
        "script's own reset is repeated at the end of each episode, or at its start where a `continue` could skip the "
        "end. Rollout loops that rely on autoreset (PPO style) are left alone, and so are loops that may be either."
    ),
    find=find,
    cases=CASES,
)
