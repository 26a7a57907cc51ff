"""Where a script stores transitions: the step that they come from and the loop over environments around it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from .episode_loops import step_helpers, words
from .script import Script, walk

__all__ = [
    "Comprehension",
    "Step",
    "follows",
    "index",
    "indexes_results",
    "loop_and_index",
    "steps",
    "stored_together",
    "stores",
]

_STORING = frozenset(
    {"push", "append", "add", "store", "remember", "put", "insert", "save", "record", "extend", "memorize"}
)
_BOOKS = frozenset(
    {
        "log",
        "logs",
        "logger",
        "writer",
        "stats",
        "statistics",
        "history",
        "metrics",
        "results",
        "table",
        "tracker",
    }
    | {"monitor", "plot", "recorder", "wandb"}
)
"""Words of variables that keep statistics: nobody learns from them."""

Comprehension = ast.ListComp | ast.GeneratorExp
_LEAVING = (ast.Continue, ast.Break, ast.Return, ast.Raise)


@dataclass(frozen=True)
class Step:
    """One step and the names that its results go to."""

    statement: ast.Assign
    call: ast.Call
    results: frozenset[str]
    infos: ast.expr


def steps(script: Script) -> Iterator[Step]:
    """Statements that unpack a step: on the spot, from a helper that steps, or from a variable in between."""
    direct = [*script.calls("step", "step_wait"), *script.submitted("step")]
    helpers = {function for call in direct for function in step_helpers(script, call)}
    for call in script.names.calls:
        if call not in direct and script.called_function(call) not in helpers:
            continue
        statement = script.names.parents[call]
        if isinstance(statement, ast.Assign) and statement.value is call:
            for unpacking in (statement, *_unpackings(script, statement.targets[0])):
                target = unpacking.targets[0]
                if isinstance(target, ast.Tuple) and _is_result(target):
                    names = frozenset(e.id for e in target.elts if isinstance(e, ast.Name))
                    yield Step(unpacking, call, names, target.elts[-1])


def _is_result(target: ast.Tuple) -> bool:
    """True for four or five targets without a star."""
    return len(target.elts) in (4, 5) and not any(isinstance(e, ast.Starred) for e in target.elts)


def _unpackings(script: Script, holder: ast.expr) -> list[ast.Assign]:
    """`a, b, c, d, e = result`, for a variable that holds a step's result or its future; four values, if never five."""
    key = script.key(holder)
    by_count: dict[int, list[ast.Assign]] = {}
    for node in script.names.order:
        if isinstance(node, ast.Assign) and key is not None and script.key(_awaited(node.value)) == key:
            target = node.targets[0]
            if isinstance(target, ast.Tuple):
                by_count.setdefault(len(target.elts), []).append(node)
    return by_count.get(5) or by_count.get(4) or []


def _awaited(value: ast.expr) -> ast.expr:
    """`future` for `future.result(...)`."""
    is_call = isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute)
    if is_call and isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
        return value.func.value if value.func.attr == "result" else value
    return value


def stores(script: Script, step: Step) -> list[ast.Expr]:
    """Statements of the same function that store results of the step."""
    root = script.names.function(step.statement) or script.tree
    return [
        node
        for node in walk(root)
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and _is_storing(node.value.func)
        and _is_transition(script, node.value, step)
    ]


def _is_storing(function: ast.expr) -> bool:
    """True for `memory.push` and `agent.store_transition`, not for `writer.add_scalars`."""
    if not isinstance(function, ast.Attribute) or words(function.value) & _BOOKS:
        return False
    return bool(words(ast.Name(function.attr)) & _STORING)


def stored_together(store: ast.Expr) -> Comprehension | None:
    """The comprehension in `memory.extend([... for i in range(n)])`."""
    assert isinstance(store.value, ast.Call)
    given = store.value.args[0] if len(store.value.args) == 1 else None
    return given if isinstance(given, Comprehension) else None


def _is_transition(script: Script, call: ast.Call, step: Step) -> bool:
    """True where at least three values go into the call, two of them results of the step."""
    arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
    row = arguments[0] if len(arguments) == 1 else None
    row = row.elt if isinstance(row, Comprehension) else row
    if isinstance(row, ast.Tuple):
        arguments = row.elts
    elif isinstance(row, ast.Call):
        arguments = [*row.args, *(keyword.value for keyword in row.keywords)]
    infos = step.infos.id if isinstance(step.infos, ast.Name) else ""
    used = _names(*arguments)
    from_step = (step.results - {infos}) | _elements_of_results(script, call, step)
    return len(arguments) >= 3 and len(used & from_step) >= 2


def _elements_of_results(script: Script, node: ast.AST, step: Step) -> set[str]:
    """Variables of the loops around a node that run over results of the step: `for o, r in zip(obs, rewards)`."""
    found: set[str] = set()
    for loop in [*script.names.ancestors(node), *walk(node)]:
        if isinstance(loop, ast.For | ast.comprehension) and _names(loop.iter) & step.results:
            found |= _names(loop.target)
    return found


def _names(*roots: ast.AST) -> set[str]:
    return {node.id for node in walk(*roots) if isinstance(node, ast.Name)}


def loop_and_index(script: Script, store: ast.Expr, step: Step) -> tuple[ast.For | None, str | None]:
    """The loop over environments around a statement, and the variable that counts them."""
    for ancestor in script.names.ancestors(store):
        if isinstance(ancestor, ast.For):
            repeats_step = any(loop is ancestor for loop in script.names.ancestors(step.statement))
            return (None, None) if repeats_step else (ancestor, index(ancestor))
        if not isinstance(ancestor, ast.If | ast.With):
            break
    return None, None


def index(loop: ast.For | ast.comprehension) -> str | None:
    """The variable that counts in `for i in range(n)` and `for i, x in enumerate(xs)`."""
    if not isinstance(loop.iter, ast.Call) or not isinstance(loop.iter.func, ast.Name):
        return None
    if loop.iter.func.id == "range" and len(loop.iter.args) == 1 and isinstance(loop.target, ast.Name):
        return loop.target.id
    if loop.iter.func.id == "enumerate" and len(loop.iter.args) == 1 and isinstance(loop.target, ast.Tuple):
        first = loop.target.elts[0]
        return first.id if isinstance(first, ast.Name) else None
    return None


def indexes_results(script: Script, store: ast.Expr, step: Step, index: str) -> bool:
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


def follows(script: Script, step: ast.stmt, loop: ast.stmt) -> bool:
    """True where the loop runs only after this very step: later in its block, or around it where errors leave."""
    block = script.names.block(step)
    later = block[block.index(step) + 1 :]
    if any(loop in set(walk(statement)) for statement in later if not isinstance(statement, ast.FunctionDef)):
        return True
    attempt = script.names.parents[step]
    if isinstance(attempt, ast.With) and not _may_swallow(script, attempt):
        return follows(script, attempt, loop)
    if isinstance(attempt, ast.If) and block is attempt.body and _asks_for_five(attempt.test):
        return follows(script, attempt, loop)
    if not isinstance(attempt, ast.Try) or block is not attempt.body or _leaves(*attempt.finalbody):
        return False
    leaves = all(isinstance(handler.body[-1], _LEAVING) for handler in attempt.handlers)
    return leaves and follows(script, attempt, loop)


def _may_swallow(script: Script, block: ast.With) -> bool:
    """True for `with suppress(...)`: what follows may run although the block did not."""
    calls = [item.context_expr for item in block.items if isinstance(item.context_expr, ast.Call)]
    return any("contextlib.suppress" in script.names.origins(call.func) for call in calls)


def _leaves(*statements: ast.stmt) -> bool:
    """True where statements may jump away, which in a `finally` would drop an error."""
    return any(isinstance(node, _LEAVING) for node in walk(*statements))


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
