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
    split_episodes,
    unfollowed,
)
from ...analysis.script import Script, walk
from ...syntax.edits import Diagnostic, Edit, Finding, Insert
from ...syntax.source import Position
from ..model import Fix, Options
from .carried import Carried, Origins
from .cases import CASES
from .dominance import dominating_reset, in_handler
from .reset_style import reset_style

__all__ = ["FIX"]

NAME = "reset-between-episodes"
_COMMENT = "# Reset environments for next episode (CRITICAL FIX)"


def find(script: Script, options: Options) -> Iterator[Finding]:
    """Plan a reset for every episode loop in which some episode goes without."""
    if not script.is_ours:
        return
    found = [finding for loop in episode_loops(script) for finding in _examine(script, options, loop)]
    found += _out_of_sight(script)
    yield from found or _nothing_to_reset(script)


def _out_of_sight(script: Script) -> Iterator[Diagnostic]:
    """Episode loops whose steps are taken where the tool does not see them."""
    for outer, call in split_episodes(script):
        message = f"the loop over episodes calls {script.text(call.func)}(), which steps, and neither resets"
        hint = "reset the environments there before the first step of each episode"
        yield Diagnostic(NAME, "notice", "split-episode", script.position(outer), message, hint)
    for outer, call in escapes(script):
        message = f"the environment is handed to {script.text(call.func)}(), which may step it"
        hint = "see that it is reset there, or reset it at the end of each episode"
        yield Diagnostic(NAME, "notice", "escapes", script.position(outer), message, hint)
    for outer, call in unfollowed(script):
        message = f"nothing tells whether {script.text(call.func)} steps the environments that are swapped"
        hint = "if it does, see that every episode begins with a reset"
        yield Diagnostic(NAME, "notice", "not-followed", script.position(outer), message, hint)


def _nothing_to_reset(script: Script) -> Iterator[Diagnostic]:
    """Why no loop was looked at."""
    steps = [*script.calls("step", "step_async"), *script.submitted("step")]
    if steps:
        message = "no loop over episodes stands around the steps, so none needs a reset between them"
        yield Diagnostic(NAME, "satisfied", "no-episode-loop", script.position(steps[0]), message)
    for call in [] if steps else script.constructions[:1]:
        message = "no step of these environments is seen in this file, so no episode loop was looked at"
        hint = "where they are stepped, see that every episode begins with a reset"
        yield Diagnostic(NAME, "notice", "stepped-elsewhere", script.position(call), message, hint)


def _examine(script: Script, options: Options, loop: EpisodeLoop) -> Iterator[Finding]:
    if _is_endless(loop.inner):
        message = "the loop over steps never ends, so no second episode of this loop begins"
        yield Diagnostic(NAME, "satisfied", "endless", script.position(loop.inner), message)
        return
    carried = Origins(script).carried(loop)
    done = dominating_reset(script, loop, carried)
    if done is not None:
        yield Diagnostic(NAME, "satisfied", "resets", script.position(done), "every episode is reset here")
        return
    reason = _doubt(script, loop)
    if reason is not None:
        yield Diagnostic(NAME, "notice", *reason)
        return
    becomes_pair = "swap-vector-env" in options.selected and GymDialect(script).is_four
    style = reset_style(script, loop, carried, "()[0]" if becomes_pair else "()")
    if style is None:
        yield _no_style(script, loop, carried)
        return
    yield _edit(script, loop, *style)


def _is_endless(loop: ast.For | ast.AsyncFor | ast.While) -> bool:
    """True for `while True:` without a way out."""
    if not isinstance(loop, ast.While) or not isinstance(loop.test, ast.Constant) or not loop.test.value:
        return False
    return not any(isinstance(node, ast.Break | ast.Return | ast.Raise) for node in walk(*loop.body))


def _no_style(script: Script, loop: EpisodeLoop, carried: list[Carried]) -> Diagnostic:
    if carried:
        names = ", ".join(variable.text for variable in carried)
        message = (
            f"some episode goes without a reset, and how a reset gives {names} a first value is not clear"
        )
    else:
        message = "the episode loop never resets, and the environments have no name here"
    hint = "add a reset that binds the first observation at the end of the loop: obs, infos = envs.reset()"
    return Diagnostic(NAME, "notice", "no-idiom", script.position(loop.outer), message, hint)


def _doubt(script: Script, loop: EpisodeLoop) -> tuple[str, Position, str, str] | None:
    """Why the loop is left to a person: code, position, message, hint."""
    position = script.position(loop.outer)
    hint = "if these are episodes, reset the environments at the end of each"
    if not loop.named:
        return "unclear-loop", position, "nothing says whether this loop counts episodes or rollouts", hint
    closed = next((call for call in script.calls("close") if _stays_closed(script, call, loop)), None)
    if closed is not None:
        return "closed-inside", script.position(closed), "the environments are closed inside the loop", hint
    if not script.stands_alone(loop.outer.body[0], loop.outer.body[-1]):
        return (
            "one-line-loop",
            position,
            "the loop has its body on one line",
            "give the body lines of its own",
        )
    return None


def _stays_closed(script: Script, call: ast.Call, loop: EpisodeLoop) -> bool:
    """True for a `close()` in the loop after which the same block makes no new environments."""
    if call not in set(walk(*loop.outer.body)) or in_handler(script, call, loop.outer):
        return False
    statement = script.names.statement(call)
    for outer in (statement, *script.names.ancestors(statement)):
        if outer is loop.outer:
            break
        if isinstance(outer, ast.stmt):
            block = script.names.block(outer)
            after = block[block.index(outer) + 1 :]
            if any(node in script.constructions for node in walk(*after)) or _makes(script, after):
                return False
    return True


def _makes(script: Script, statements: list[ast.stmt]) -> bool:
    """True where statements bind environments that one of the script's functions makes."""
    return any(
        value.is_env
        for node in walk(*statements)
        if isinstance(getattr(node, "ctx", None), ast.Store)
        for value in script.values.given(node)
    )


def _edit(script: Script, loop: EpisodeLoop, code: str, imports: tuple[str, ...]) -> Edit:
    """At the end of the episode; at its start where a `continue` could skip the end."""
    last = loop.outer.body[-1]
    skipped = any(own_continues(loop.outer)) or isinstance(last, ast.Break | ast.Return | ast.Raise)
    anchor = loop.outer.body[0] if skipped else last
    where = "start" if skipped else "end"
    insert = Insert(script.span(anchor), f"{_COMMENT}\n{code}", "before" if skipped else "after")
    message = f"resets at the {where} of each episode: {code.splitlines()[0]}"
    return Edit(NAME, script.position(loop.outer), message, (insert,), imports)


FIX = Fix(
    NAME,
    version=1,
    summary="a mandatory reset between episodes",
    description=(
        'An episode loop around a step loop without a reset on its path leaves environments stuck in "done"; a reset '
        "under a condition does not count. The script's own reset is repeated at the end of each episode, or at its "
        "start where a `continue` could skip the end; where the script has none that binds what its step loop reads, "
        "`first_observations(envs.reset())` does. Rollout loops that rely on autoreset (PPO style) are left alone, and "
        "so are loops that may be either."
    ),
    find=find,
    cases=CASES,
)
