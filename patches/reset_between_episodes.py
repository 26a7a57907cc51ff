"""reset-between-episodes: every episode starts from a reset, so that no environment stays stuck in "done"."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from patches._flavour import Flavour
from patches._idiom import in_handler, reset_idiom
from patches._loops import (
    EpisodeLoop,
    episode_loops,
    escapes,
    own_continues,
    resets_always,
    resets_in,
    unfollowed,
)
from patches._model import Case, Edit, Finding, Fix, Insert, Options, Remark
from patches._script import Script, walk
from patches._source import Place

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
        yield Remark(NAME, "notice", "escapes", script.place(outer), message, hint)
    for outer, call in unfollowed(script) if script.is_ours else ():
        message = f"nothing tells whether {script.text(call.func)} steps the environments that are swapped"
        hint = "if it does, see that every episode begins with a reset"
        yield Remark(NAME, "notice", "not-followed", script.place(outer), message, hint)


def _examine(script: Script, options: Options, loop: EpisodeLoop) -> Iterator[Finding]:
    place = script.place(loop.outer)
    if resets_always(script, loop.outer.body, skip=loop.inner) or _made_anew(script, loop):
        if loop.named:
            yield Remark(NAME, "satisfied", "resets", place, "every episode is reset")
        return
    reason = _doubt(script, loop)
    if reason is not None:
        yield Remark(NAME, "notice", *reason)
        return
    becomes_pair = "swap-vector-env" in options.selected and Flavour(script, NAME).is_four
    idiom = reset_idiom(script, loop, "()[0]" if becomes_pair else "()")
    if idiom is None:
        message = (
            "the episode loop never resets, and no reset of this script shows how its variables are bound"
        )
        yield Remark(
            NAME, "notice", "no-idiom", place, message, "add `obs, infos = envs.reset()` to the loop"
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


def _doubt(script: Script, loop: EpisodeLoop) -> tuple[str, Place, str, str] | None:
    """Why the loop is left to a person: code, place, message, hint."""
    place = script.place(loop.outer)
    hint = "if these are episodes, reset the environments at the end of each"
    if not loop.named:
        return "unclear-loop", place, "nothing says whether this loop counts episodes or rollouts", hint
    closed = [call for call in script.calls("close") if call in set(walk(*loop.outer.body))]
    if any(not in_handler(script, call, loop.outer) for call in closed):
        return "closed-inside", script.place(closed[0]), "the environments are closed inside the loop", hint
    inside = [call for call in resets_in(script, loop.inner) if not in_handler(script, call, loop.inner)]
    if inside:
        message = "a reset inside the step loop depends on a condition"
        return "conditional-reset", script.place(inside[0]), message, hint
    if not script.stands_alone(loop.outer.body[0], loop.outer.body[-1]):
        return "one-line-loop", place, "the loop has its body on one line", "give the body lines of its own"
    return None


def _edit(script: Script, loop: EpisodeLoop, idiom: str) -> Edit:
    """At the end of the episode; at its start where a `continue` could skip the end."""
    last = loop.outer.body[-1]
    skipped = any(own_continues(loop.outer)) or isinstance(last, ast.Break | ast.Return | ast.Raise)
    anchor = loop.outer.body[0] if skipped else last
    where = "start" if skipped else "end"
    insert = Insert(script.span(anchor), f"{_COMMENT}\n{idiom}", "before" if skipped else "after")
    message = f"resets at the {where} of each episode: {idiom.splitlines()[0]}"
    return Edit(NAME, script.place(loop.outer), message, (insert,))


CASES = (
    Case(
        "the reset comes at the end of each episode, in the script's own words",
        """\
from gymnasium.vector import AsyncVectorEnv

envs = AsyncVectorEnv(env_fns)
obs, infos = envs.reset(seed=1)
for episode in range(100):
    for step in range(25):
        next_obs, rewards, terminated, truncated, infos = envs.step(policy(obs))
        obs = next_obs
    print(episode)
""",
        """\
from gymnasium.vector import AsyncVectorEnv

envs = AsyncVectorEnv(env_fns)
obs, infos = envs.reset(seed=1)
for episode in range(100):
    for step in range(25):
        next_obs, rewards, terminated, truncated, infos = envs.step(policy(obs))
        obs = next_obs
    print(episode)
    # Reset environments for next episode (CRITICAL FIX)
    obs, infos = envs.reset()
""",
    ),
    Case(
        "where a `continue` could skip the end, the reset comes first; a conditional one does not count",
        """\
from gymnasium.vector import AsyncVectorEnv

envs = AsyncVectorEnv(env_fns)
obs = envs.reset()
if isinstance(obs, tuple):
    obs = obs[0]
for ep in range(100):
    if ep % 10 == 0:
        obs = envs.reset()[0]
    for step in range(25):
        obs, rewards, terminated, truncated, infos = envs.step(policy(obs))
    if not losses:
        continue
    print(ep, losses)
""",
        """\
from gymnasium.vector import AsyncVectorEnv

envs = AsyncVectorEnv(env_fns)
obs = envs.reset()
if isinstance(obs, tuple):
    obs = obs[0]
for ep in range(100):
    # Reset environments for next episode (CRITICAL FIX)
    obs = envs.reset()
    if isinstance(obs, tuple):
        obs = obs[0]
    if ep % 10 == 0:
        obs = envs.reset()[0]
    for step in range(25):
        obs, rewards, terminated, truncated, infos = envs.step(policy(obs))
    if not losses:
        continue
    print(ep, losses)
""",
    ),
    Case(
        "rollouts that go on where the last one stopped",
        """\
from gymnasium.vector import AsyncVectorEnv

envs = AsyncVectorEnv(env_fns)
next_obs, _ = envs.reset(seed=1)
for update in range(1, num_updates + 1):
    for step in range(num_steps):
        next_obs, reward, terminations, truncations, infos = envs.step(act(next_obs))
""",
    ),
    Case(
        "a loop until done that resets already",
        """\
from gymnasium.vector import AsyncVectorEnv

envs = AsyncVectorEnv(env_fns)
for episode in range(100):
    obs, _ = envs.reset()
    done = False
    while not done:
        obs, rewards, terminated, truncated, infos = envs.step(policy(obs))
        done = terminated.all()
""",
    ),
    Case(
        "nothing tells episodes from rollouts",
        """\
from gymnasium.vector import AsyncVectorEnv

envs = AsyncVectorEnv(env_fns)
obs, infos = envs.reset()
for i in range(100):
    for t in range(25):
        obs, rewards, terminated, truncated, infos = envs.step(policy(obs))
""",
        remarks=("unclear-loop",),
    ),
)

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
