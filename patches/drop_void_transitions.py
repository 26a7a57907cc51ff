"""drop-void-transitions: what the pool reports as void is not stored for learning."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from patches._loops import step_helpers, words
from patches._model import Case, Edit, Finding, Fix, Guard, Insert, Options, Remark
from patches._script import POOL, Script, walk

__all__ = ["FIX"]

NAME = "drop-void-transitions"
_FUNCTION = "valid_transitions"
_STORING = frozenset({"push", "append", "add", "store", "remember"})
_LEAVING = (ast.Continue, ast.Break, ast.Return, ast.Raise)
_HINT = f"keep rows where stablepool.{_FUNCTION}(infos, num_envs) is True"


@dataclass(frozen=True)
class _Step:
    """One step and the names that its results go to."""

    statement: ast.Assign
    call: ast.Call
    results: frozenset[str]
    infos: ast.expr


def find(script: Script, options: Options) -> Iterator[Finding]:
    """Plan a guard around the one statement that stores a transition."""
    if not _is_pool(script, options):
        return
    for step in _steps(script):
        stores = _stores(script, step)
        if stores:
            yield _decide(script, step, stores)


def _is_pool(script: Script, options: Options) -> bool:
    """True where the script runs on the pool once all selected fixes are applied."""
    swapped = "swap-vector-env" in options.selected and bool(script.references or script.makers)
    return swapped or any(script.names.origins(call.func) & POOL for call in script.constructions)


def _steps(script: Script) -> Iterator[_Step]:
    """Statements that unpack a step: on the spot, from a helper that steps, or from a variable in between."""
    direct = script.calls("step", "step_wait")
    helpers = {function for call in direct for function in step_helpers(script, call)}
    for call in script.names.calls:
        if call not in direct and script.called_function(call) not in helpers:
            continue
        statement = script.names.parents[call]
        if isinstance(statement, ast.Assign) and statement.value is call:
            for unpacking in (statement, *_unpackings(script, statement.targets[0])):
                target = unpacking.targets[0]
                if isinstance(target, ast.Tuple) and len(target.elts) in (4, 5):
                    names = frozenset(e.id for e in target.elts if isinstance(e, ast.Name))
                    yield _Step(unpacking, call, names, target.elts[-1])


def _unpackings(script: Script, holder: ast.expr) -> Iterator[ast.Assign]:
    """`a, b, c, d, e = result`, for a variable that holds the result of a step."""
    key = script.key(holder)
    for node in script.names.order:
        if isinstance(node, ast.Assign) and key is not None and script.key(node.value) == key:
            target = node.targets[0]
            if isinstance(target, ast.Tuple) and len(target.elts) == 5:
                yield node


def _stores(script: Script, step: _Step) -> list[ast.Expr]:
    """Statements of the same function that store results of the step."""
    root = script.names.function(step.statement) or script.tree
    return [
        node
        for node in walk(root)
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Attribute)
        and node.value.func.attr in _STORING
        and _is_transition(script, node.value, step)
    ]


def _is_transition(script: Script, call: ast.Call, step: _Step) -> bool:
    """True where at least three values go into the call, two of them results of the step."""
    arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
    if len(arguments) == 1 and isinstance(arguments[0], ast.Tuple):
        arguments = arguments[0].elts
    infos = step.infos.id if isinstance(step.infos, ast.Name) else ""
    used = _names(*arguments)
    from_step = (step.results - {infos}) | _elements_of_results(script, call, step)
    return len(arguments) >= 3 and len(used & from_step) >= 2


def _elements_of_results(script: Script, node: ast.AST, step: _Step) -> set[str]:
    """Variables of the loops around a node that run over results of the step: `for o, r in zip(obs, rewards)`."""
    found: set[str] = set()
    for loop in script.names.ancestors(node):
        if isinstance(loop, ast.For) and _names(loop.iter) & step.results:
            found |= _names(loop.target)
    return found


def _names(*roots: ast.AST) -> set[str]:
    return {node.id for node in walk(*roots) if isinstance(node, ast.Name)}


def _decide(script: Script, step: _Step, stores: list[ast.Expr]) -> Finding:
    place = script.place(stores[0])
    if _is_guarded(script, stores[0]):
        return Remark(NAME, "satisfied", "guarded", place, "void transitions are dropped already")
    problem = _problem(script, step, stores)
    if problem is not None:
        code, message = problem
        return Remark(NAME, "notice", code, place, message, _HINT)
    loop, index = _loop_and_index(script, stores[0])
    assert loop is not None
    assert isinstance(step.infos, ast.Name)
    name = _free_name(script)
    count = _count(script, loop, step)
    code = f"{name} = {_FUNCTION}({step.infos.id}, {count})"
    operations = (
        Insert(script.span(step.statement), code),
        Guard(script.span(stores[0]), f"{name}[{index}]"),
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


def _problem(script: Script, step: _Step, stores: list[ast.Expr]) -> tuple[str, str] | None:
    """Why the shape is not understood: code and message."""
    loop, index = _loop_and_index(script, stores[0])
    if len(stores) > 1:
        return "several-stores", "transitions are stored in more than one place"
    if loop is None:
        return "batched-store", "transitions are stored a whole batch at a time"
    if index is None:
        return "no-index", "the loop that stores transitions has no index of the environment"
    if not isinstance(step.infos, ast.Name) or step.infos.id == "_":
        return "infos-discarded", "the step's infos are thrown away, and they say what is void"
    if not _indexes_results(script, stores[0], step, index):
        return "not-indexed", f"the stored values are not indexed by {index}"
    if not _follows(script, step.statement, loop):
        return "not-after-step", "the loop that stores transitions does not directly follow the step"
    if _count(script, loop, step) is None:
        return "no-count", "nothing names the number of environments"
    if not script.stands_alone(stores[0], step.statement):
        return "shared-line", "the statement shares its line with another"
    if not script.can_import(_FUNCTION):
        return "name-taken", f"the script has a {_FUNCTION} of its own"
    return None


def _loop_and_index(script: Script, store: ast.Expr) -> tuple[ast.For | None, str | None]:
    """The loop over environments around a statement, and the variable that counts them."""
    for ancestor in script.names.ancestors(store):
        if isinstance(ancestor, ast.For):
            return ancestor, _index(ancestor)
        if not isinstance(ancestor, ast.If | ast.With):
            break
    return None, None


def _index(loop: ast.For) -> str | None:
    if not isinstance(loop.iter, ast.Call) or not isinstance(loop.iter.func, ast.Name):
        return None
    if loop.iter.func.id == "range" and len(loop.iter.args) == 1 and isinstance(loop.target, ast.Name):
        return loop.target.id
    if loop.iter.func.id == "enumerate" and len(loop.iter.args) == 1 and isinstance(loop.target, ast.Tuple):
        first = loop.target.elts[0]
        return first.id if isinstance(first, ast.Name) else None
    return None


def _indexes_results(script: Script, store: ast.Expr, step: _Step, index: str) -> bool:
    """True where what is stored belongs to the environment that `index` counts."""
    if _names(store) & (_elements_of_results(script, store, step) - {index}):
        return True
    return any(
        isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and node.value.id in step.results
        and isinstance(node.slice, ast.Name)
        and node.slice.id == index
        for node in walk(store)
    )


def _follows(script: Script, step: ast.stmt, loop: ast.For) -> bool:
    """True where the loop runs only after this very step: later in the same block, or within it."""
    block = script.names.block(step)
    later = block[block.index(step) + 1 :]
    if any(loop in set(walk(statement)) for statement in later if not isinstance(statement, ast.FunctionDef)):
        return True
    attempt = script.names.parents[step]
    if isinstance(attempt, ast.If) and block is attempt.body and _asks_for_five(attempt.test):
        return _follows(script, attempt, loop)
    if not isinstance(attempt, ast.Try) or block is not attempt.body or attempt.finalbody:
        return False
    leaves = all(isinstance(handler.body[-1], _LEAVING) for handler in attempt.handlers)
    return leaves and _follows(script, attempt, loop)


def _asks_for_five(test: ast.expr) -> bool:
    """True for `len(result) == 5`, which the pool's steps always pass."""
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.left, ast.Call)
        and isinstance(test.left.func, ast.Name)
        and test.left.func.id == "len"
        and isinstance(test.ops[0], ast.Eq)
        and isinstance(test.comparators[0], ast.Constant)
        and test.comparators[0].value == 5
    )


def _free_name(script: Script) -> str:
    names = ("valid", "valid_rows", "is_valid_transition")
    numbered = (f"valid_{number}" for number in range(2, 1000))
    return next(name for name in (*names, *numbered) if not script.names.is_taken(name))


def _count(script: Script, loop: ast.For, step: _Step) -> str | None:
    """The script's own name for the number of environments, or the environments' own count."""
    assert isinstance(loop.iter, ast.Call)
    bound = loop.iter.args[0]
    is_range = isinstance(loop.iter.func, ast.Name) and loop.iter.func.id == "range"
    named = script.text(bound) if is_range and isinstance(bound, ast.Name | ast.Attribute) else None
    if named is not None and words(bound) & {"env", "envs"}:
        return named
    holders = [step.call.func.value] if isinstance(step.call.func, ast.Attribute) else step.call.args
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
