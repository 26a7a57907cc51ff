"""drop-void-transitions: what the pool reports as void is not stored for learning."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from patches._loops import words
from patches._model import Case, Edit, Finding, Fix, Guard, Insert, Options, Remark
from patches._script import POOL, Script, walk
from patches._transitions import Step, follows, indexes_results, loop_and_index, steps, stores

__all__ = ["FIX"]

NAME = "drop-void-transitions"
_FUNCTION = "valid_transitions"
_HINT = f"keep rows where stablepool.{_FUNCTION}(infos, num_envs) is True"


def find(script: Script, options: Options) -> Iterator[Finding]:
    """Plan a guard around the one statement that stores a transition."""
    if not _is_pool(script, options):
        return
    for step in steps(script):
        found = stores(script, step)
        if found:
            yield _decide(script, step, found)


def _is_pool(script: Script, options: Options) -> bool:
    """True where the script runs on the pool once all selected fixes are applied."""
    swapped = "swap-vector-env" in options.selected and bool(script.references or script.makers)
    return swapped or any(script.names.origins(call.func) & POOL for call in script.constructions)


def _decide(script: Script, step: Step, found: list[ast.Expr]) -> Finding:
    place = script.place(found[0])
    if _is_guarded(script, found[0]):
        return Remark(NAME, "satisfied", "guarded", place, "void transitions are dropped already")
    problem = _problem(script, step, found)
    if problem is not None:
        code, message = problem
        return Remark(NAME, "notice", code, place, message, _HINT)
    loop, index = loop_and_index(script, found[0], step)
    assert loop is not None
    assert isinstance(step.infos, ast.Name)
    name = _free_name(script)
    count = _count(script, loop, step)
    code = f"{name} = {_FUNCTION}({step.infos.id}, {count})"
    operations = (
        Insert(script.span(step.statement), code),
        Guard(script.span(found[0]), f"{name}[{index}]"),
    )
    return Edit(NAME, place, f"stores only what {_FUNCTION}() says is valid", operations, (_FUNCTION,))


def _is_guarded(script: Script, store: ast.Expr) -> bool:
    """True where a test between the statement and its loop reads a variable made by `valid_transitions`."""
    made = {
        key
        for node in script.names.order
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and script.names.origins(node.value.func) & {f"stablepool.{_FUNCTION}"}
        for target in node.targets
        if (key := script.key(target)) is not None
    }
    tests = [a.test for a in script.names.ancestors(store) if isinstance(a, ast.If)]
    return any(isinstance(node, ast.Name) and script.key(node) in made for node in walk(*tests))


def _problem(script: Script, step: Step, found: list[ast.Expr]) -> tuple[str, str] | None:
    """Why the shape is not understood: code and message."""
    loop, index = loop_and_index(script, found[0], step)
    if len(found) > 1:
        return "several-stores", "transitions are stored in more than one place"
    if loop is None:
        return "batched-store", "transitions are stored a whole batch at a time"
    if index is None:
        return "no-index", "the loop that stores transitions has no index of the environment"
    if not isinstance(step.infos, ast.Name) or step.infos.id == "_":
        return "infos-discarded", "the step's infos are thrown away, and they say what is void"
    if not indexes_results(script, found[0], step, index):
        return "not-indexed", f"the stored values are not indexed by {index}"
    if not follows(script, step.statement, loop):
        return "not-after-step", "the loop that stores transitions does not directly follow the step"
    if _count(script, loop, step) is None:
        return "no-count", "nothing names the number of environments"
    if not script.stands_alone(found[0], step.statement):
        return "shared-line", "the statement shares its line with another"
    if not script.can_import(_FUNCTION):
        return "name-taken", f"the script has a {_FUNCTION} of its own"
    return None


def _free_name(script: Script) -> str:
    names = ("valid", "valid_rows", "is_valid_transition")
    numbered = (f"valid_{number}" for number in range(2, 1000))
    return next(name for name in (*names, *numbered) if not script.names.is_taken(name))


def _count(script: Script, loop: ast.For, step: Step) -> str | None:
    """The script's own name for the number of environments, or the environments' own count."""
    assert isinstance(loop.iter, ast.Call)
    bound = loop.iter.args[0]
    is_range = isinstance(loop.iter.func, ast.Name) and loop.iter.func.id == "range"
    named = script.text(bound) if is_range and isinstance(bound, ast.Name | ast.Attribute) else None
    if named is not None and words(bound) & {"env", "envs"}:
        return named
    called = [step.call.func, *step.call.args]
    holders = [*called, *(part.value for part in called if isinstance(part, ast.Attribute))]
    receiver = next((holder for holder in holders if script.is_receiver(holder)), None)
    return f"{script.text(receiver)}.num_envs" if receiver is not None else named


CASES = (
    Case(
        "the one statement that stores is guarded",
        """\
from stablepool import StableProcessPoolEnv

envs = StableProcessPoolEnv(env_fns)
while training:
    next_obs, rewards, terminated, truncated, infos = envs.step(actions)
    for i in range(N_ENVS):
        memory.push(obs[i], actions[i], rewards[i], next_obs[i], terminated[i])
        returns[i] += rewards[i]
""",
        """\
from stablepool import StableProcessPoolEnv, valid_transitions

envs = StableProcessPoolEnv(env_fns)
while training:
    next_obs, rewards, terminated, truncated, infos = envs.step(actions)
    valid = valid_transitions(infos, N_ENVS)
    for i in range(N_ENVS):
        if valid[i]:
            memory.push(obs[i], actions[i], rewards[i], next_obs[i], terminated[i])
        returns[i] += rewards[i]
""",
    ),
    Case(
        "without a name for their number, the environments are asked; a name that is taken is left to its owner",
        """\
from stablepool import StableProcessPoolEnv

envs = StableProcessPoolEnv(env_fns)
valid = load_validation_set()
for step in range(1000):
    next_obs, rewards, terminated, truncated, infos = envs.step(actions)
    for i, reward in enumerate(rewards):
        buffer.append((obs[i], actions[i], reward, next_obs[i], terminated[i]))
""",
        """\
from stablepool import StableProcessPoolEnv, valid_transitions

envs = StableProcessPoolEnv(env_fns)
valid = load_validation_set()
for step in range(1000):
    next_obs, rewards, terminated, truncated, infos = envs.step(actions)
    valid_rows = valid_transitions(infos, envs.num_envs)
    for i, reward in enumerate(rewards):
        if valid_rows[i]:
            buffer.append((obs[i], actions[i], reward, next_obs[i], terminated[i]))
""",
    ),
    Case(
        "infos that are thrown away",
        """\
from stablepool import StableProcessPoolEnv

envs = StableProcessPoolEnv(env_fns)
next_obs, rewards, terminated, truncated, _ = envs.step(actions)
for i in range(N_ENVS):
    memory.push(obs[i], actions[i], rewards[i], next_obs[i], terminated[i])
""",
        remarks=("infos-discarded",),
    ),
    Case(
        "a whole batch stored at once",
        """\
from stablepool import StableProcessPoolEnv

envs = StableProcessPoolEnv(env_fns)
next_obs, rewards, terminated, truncated, infos = envs.step(actions)
buffer.add(obs, next_obs, actions, rewards, terminated, infos)
""",
        remarks=("batched-store",),
    ),
)

FIX = Fix(
    NAME,
    version=1,
    summary="transitions of failed environments are not stored",
    description=(
        "When an environment fails, the pool marks its row in `infos` as void: reward and observation say nothing "
        "about the action. The statement that stores transitions in a loop over environments is guarded by "
        "`valid_transitions(infos, num_envs)`. Other shapes are reported with the line to change."
    ),
    find=find,
    cases=CASES,
)
