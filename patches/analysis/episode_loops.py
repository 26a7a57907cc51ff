"""Loops over episodes around loops over steps."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from .script import Script, walk

__all__ = [
    "EPISODE",
    "EpisodeLoop",
    "Loop",
    "episode_loops",
    "escapes",
    "own_continues",
    "split_episodes",
    "step_helpers",
    "unfollowed",
    "words",
]

Loop = ast.For | ast.AsyncFor | ast.While

EPISODE = frozenset({"ep", "epi", "episode", "episodes", "game", "games", "trial", "trials"})
_ROLLOUT = frozenset({"update", "updates", "iteration", "iterations", "rollout", "rollouts"})
_STEP_WORDS = frozenset({"step", "steps", "t", "timestep", "timesteps"})
_RETRY = frozenset({"retry", "retries", "attempt", "attempts", "try", "tries"})
_ADVANTAGES = frozenset({"advantage", "advantages", "gae", "lastgaelam"})
_VECTORS = frozenset({"envs", "venv", "venvs", "vec", "vector"})
_STEPS = ("step", "step_async")
_RESETS = ("reset", "reset_wait")


@dataclass(frozen=True)
class EpisodeLoop:
    """A loop over episodes around a loop over steps.

    Attributes:
        outer: The loop over episodes.
        inner: The loop over steps, or the first of several.
        step: The call that steps the environment.
        named: True where the names say that these are episodes, not rollouts.
    """

    outer: Loop
    inner: Loop
    step: ast.Call
    named: bool


def episode_loops(script: Script) -> Iterator[EpisodeLoop]:
    """Every outermost-but-one loop that steps a vector environment, once each."""
    seen: set[ast.AST] = set()
    for step in _step_events(script):
        found = _around(script, step)
        if found is not None and found.outer not in seen:
            seen.add(found.outer)
            yield found


def _step_events(script: Script) -> Iterator[ast.Call]:
    """Calls that step an environment: directly, or through helpers of the script that do so once a call."""
    seen: dict[ast.Call, None] = {}
    waiting = [*script.calls(*_STEPS), *script.submitted("step")]
    while waiting:
        event = waiting.pop(0)
        if event not in seen:
            seen[event] = None
            waiting += [
                call for helper in step_helpers(script, event) for call in script.callees.calls(helper)
            ]
    return iter(seen)


def step_helpers(script: Script, call: ast.Call) -> Iterator[ast.AST]:
    """Functions around a step, up to the first loop: to call one is to step once."""
    for ancestor in script.names.ancestors(call):
        if isinstance(ancestor, Loop) and not _is_retry(script, ancestor, call):
            return
        if isinstance(ancestor, ast.FunctionDef | ast.AsyncFunctionDef):
            yield ancestor


def _is_retry(script: Script, loop: Loop, event: ast.Call) -> bool:
    """True for a loop that repeats one step until it succeeds: its name says so, or it is left after the step."""
    if isinstance(loop, ast.For) and words(loop.target) & _RETRY:
        return True
    statement = script.names.statement(event)
    block = script.names.block(statement)
    is_left = any(isinstance(each, ast.Break | ast.Return) for each in block[block.index(statement) :])
    return is_left and next(a for a in script.names.ancestors(event) if isinstance(a, Loop)) is loop


def _loops_around(script: Script, node: ast.AST) -> list[Loop]:
    """Loops around a node, the innermost first; a function defined inside a loop counts as part of it."""
    return [ancestor for ancestor in script.names.ancestors(node) if isinstance(ancestor, Loop)]


def _around(script: Script, step: ast.Call) -> EpisodeLoop | None:
    loops = [loop for loop in _loops_around(script, step) if not _is_retry(script, loop, step)]
    for inner, outer in pairwise(loops):
        kind = _kind(inner, outer)
        if kind == "rollout":
            return None
        if kind == "episode":
            return EpisodeLoop(outer, inner, step, named=True)
    if len(loops) > 1:
        return EpisodeLoop(loops[1], loops[0], step, named=False)
    return None


def _kind(inner: Loop, outer: Loop) -> str:
    """What the names say: "episode", "rollout" (the next update goes on where the last one stopped), or nothing."""
    about_outer, about_inner = words(*_head(outer)), words(*_head(inner))
    if (about_outer | about_inner) & _ROLLOUT or _is_counted_within(inner, outer):
        return "rollout"
    if words(*outer.body) & _ADVANTAGES:
        return ""
    target = words(outer.target) if not isinstance(outer, ast.While) else set[str]()
    if target & _STEP_WORDS and not target & EPISODE:
        return ""
    counted = words(*(s.target for s in outer.body if isinstance(s, ast.AugAssign)))
    return "episode" if (about_outer | about_inner | counted) & EPISODE else ""


def escapes(script: Script) -> Iterator[tuple[Loop, ast.Call]]:
    """Episode loops that hand an environment to a function outside the script, which may step it."""
    for call in script.names.calls:
        if _hands_over(script, call):
            loop = next(iter(_loops_around(script, call)), None)
            if loop is not None and words(*_head(loop)) & EPISODE and not _has_reset(loop):
                yield loop, call


def _is_counted_within(inner: Loop, outer: Loop) -> bool:
    """True for `while episodes < 100:` around steps that count the episodes: one rollout holds several of them."""
    if not isinstance(outer, ast.While):
        return False
    counted = {
        s.target.id
        for s in walk(*inner.body)
        if isinstance(s, ast.AugAssign) and isinstance(s.target, ast.Name)
    }
    asked = {node.id for node in walk(outer.test) if isinstance(node, ast.Name)}
    return any(words(ast.Name(name)) & EPISODE for name in counted & asked)


def split_episodes(script: Script) -> Iterator[tuple[Loop, ast.Call]]:
    """Episode loops that call a function of the script which holds the loop over steps."""
    for step in dict.fromkeys(_step_events(script)):
        loops = [loop for loop in _loops_around(script, step) if not _is_retry(script, loop, step)]
        function = script.names.function(loops[-1]) if loops else None
        if function is None or _has_reset(function):
            continue
        for call in script.callees.calls(function):
            outer = next(iter(_loops_around(script, call)), None)
            if outer is not None and words(*_head(outer)) & EPISODE and not _has_reset(outer):
                yield outer, call


def unfollowed(script: Script) -> Iterator[tuple[Loop, ast.Call]]:
    """Episode loops that step an environment of which nothing in the script tells where it comes from."""
    for call in script.names.calls:
        function = call.func
        if (
            not isinstance(function, ast.Attribute)
            or function.attr not in _STEPS
            or script.is_receiver(function.value)
        ):
            continue
        loops = _loops_around(script, call)
        kinds = [(_kind(inner, outer), outer) for inner, outer in pairwise(loops)]
        named = next((outer for kind, outer in kinds if kind == "episode"), None)
        if named is not None and words(function.value) & _VECTORS and not _has_reset(named):
            yield named, call


def _has_reset(root: ast.AST) -> bool:
    """True where anything in a loop or a function is reset."""
    return any(isinstance(node, ast.Attribute) and node.attr in _RESETS for node in walk(root))


def _hands_over(script: Script, call: ast.Call) -> bool:
    if script.called_function(call) is not None or not any(script.is_receiver(a) for a in call.args):
        return False
    return not (isinstance(call.func, ast.Name) and call.func.id in dir(builtins))


def _head(loop: Loop) -> list[ast.expr]:
    return [loop.test] if isinstance(loop, ast.While) else [loop.target, loop.iter]


def words(*roots: ast.AST) -> set[str]:
    """The words that the identifiers under some nodes consist of."""
    found: set[str] = set()
    for node in walk(*roots):
        name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
        found.update(part.lower() for part in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name))
    return found


def own_continues(loop: Loop) -> Iterator[ast.Continue]:
    """`continue` statements that go on with this very loop."""
    stack: list[ast.AST] = list(loop.body)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Continue):
            yield node
        elif isinstance(node, Loop):
            stack += node.orelse
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            stack += ast.iter_child_nodes(node)
