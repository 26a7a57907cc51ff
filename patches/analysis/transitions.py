"""Where a script stores transitions: the step that they come from and the loop over environments around it."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from .episode_loops import words
from .results import Results
from .script import Script, walk

__all__ = [
    "BOOKS",
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
    | {"cache", "observe", "collect", "appendleft"}
)
BOOKS = frozenset(
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
    """One step, where its result is taken apart.

    Attributes:
        statement: The assignment that takes it apart.
        call: The step.
        rewards: The target of its rewards.
        infos: The target of its infos.
    """

    statement: ast.Assign
    call: ast.Call
    rewards: ast.expr
    infos: ast.expr


def steps(script: Script) -> list[Step]:
    """Statements that unpack a step into four or five values; of alternatives the one that takes five."""
    results = Results(script)
    found: list[Step] = []
    for unpacking in results.unpackings:
        counts = {other.count for other in results.of(unpacking.call)}
        if unpacking.count in (4, 5) and not (unpacking.count == 4 and 5 in counts):
            elements = unpacking.target.elts
            found.append(Step(unpacking.statement, unpacking.call, elements[1], elements[-1]))
    return found


def stores(script: Script, step: Step) -> list[ast.Expr]:
    """Statements that store results of the step, in the order of the text."""
    return [
        node
        for node in script.names.order
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and _is_storing(node.value.func)
        and _is_transition(script, node.value, step)
    ]


def _is_storing(function: ast.expr) -> bool:
    """True for `memory.push` and `agent.store_transition`, not for `writer.add_scalars`."""
    if not isinstance(function, ast.Attribute) or words(function.value) & BOOKS:
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
    if isinstance(row, ast.Tuple | ast.List):
        arguments = row.elts
    elif isinstance(row, ast.Dict):
        arguments = row.values
    elif isinstance(row, ast.Call):
        arguments = [*row.args, *(keyword.value for keyword in row.keywords)]
    items = {item for argument in arguments for item in _items(script, argument, step)}
    return len(arguments) >= 3 and len(items) >= 2


def _items(script: Script, root: ast.AST, step: Step) -> set[str]:
    """Which parts of the step's result stand under a node; infos do not count."""
    return {
        value.item
        for node in walk(root)
        for value in script.values.of(node)
        if value.kind == "step" and value.call is step.call and value.item not in ("", "infos")
    }


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
    loops = [
        a
        for a in [*script.names.ancestors(store), *walk(store)]
        if isinstance(a, ast.For | ast.comprehension)
    ]
    elements = {
        node.id
        for loop in loops
        if _items(script, loop.iter, step)
        for node in walk(loop.target)
        if isinstance(node, ast.Name)
    }
    return any(
        (isinstance(node, ast.Name) and node.id in elements - {index})
        or (
            isinstance(node, ast.Subscript)
            and _counts(node, index)
            and bool(_items(script, node.value, step))
        )
        or (isinstance(node, ast.Name) and _is_row(script, node, step, index))
        for node in walk(store)
    )


def _is_row(script: Script, name: ast.Name, step: Step, index: str) -> bool:
    """True for `reward` after `reward = rewards[i]`."""
    statements = [script.names.statement(d) for d in script.flow.definitions(name)]
    values = [s.value for s in statements if isinstance(s, ast.Assign)]
    return bool(values) and all(
        any(
            isinstance(node, ast.Subscript)
            and _counts(node, index)
            and bool(_items(script, node.value, step))
            for node in walk(value)
        )
        for value in values
    )


def _counts(node: ast.Subscript, index: str) -> bool:
    first = node.slice.elts[0] if isinstance(node.slice, ast.Tuple) and node.slice.elts else node.slice
    return isinstance(first, ast.Name) and first.id == index


def follows(script: Script, step: ast.stmt, loop: ast.stmt) -> bool:
    """True where the loop runs only after this very step: later in its block, or around it where errors leave."""
    block = script.names.block(step)
    later = block[block.index(step) + 1 :]
    if any(loop in set(walk(statement)) for statement in later if not isinstance(statement, ast.FunctionDef)):
        return True
    attempt = script.names.parents[step]
    if isinstance(attempt, ast.With) and not _may_swallow(script, attempt):
        return follows(script, attempt, loop)
    if isinstance(attempt, ast.If) and _asks_for_five(attempt.test) == (block is attempt.body):
        return _asks_for_five(attempt.test) is not None and follows(script, attempt, loop)
    if not isinstance(attempt, ast.Try) or block is not attempt.body or _leaves(*attempt.finalbody):
        return False
    leaves = all(_always_leaves(handler.body) for handler in attempt.handlers)
    return leaves and follows(script, attempt, loop)


def _always_leaves(body: list[ast.stmt]) -> bool:
    """True for a block that ends in a jump, or in an `if` of which both branches do."""
    last = body[-1]
    if isinstance(last, ast.If):
        return bool(last.orelse) and _always_leaves(last.body) and _always_leaves(last.orelse)
    return isinstance(last, _LEAVING)


def _may_swallow(script: Script, block: ast.With) -> bool:
    """True for `with suppress(...)`: what follows may run although the block did not."""
    calls = [item.context_expr for item in block.items if isinstance(item.context_expr, ast.Call)]
    return any("contextlib.suppress" in script.names.origins(call.func) for call in calls)


def _leaves(*statements: ast.stmt) -> bool:
    """True where statements may jump away, which in a `finally` would drop an error."""
    return any(isinstance(node, _LEAVING) for node in walk(*statements))


def _asks_for_five(test: ast.expr) -> bool | None:
    """True for `len(result) == 5`, which the pool's steps always pass, False for `== 4`; None for any other test."""
    if (
        isinstance(test, ast.Compare)
        and isinstance(test.left, ast.Call)
        and isinstance(test.left.func, ast.Name)
        and test.left.func.id == "len"
        and isinstance(test.ops[0], ast.Eq)
        and isinstance(test.comparators[0], ast.Constant)
    ):
        count = test.comparators[0].value
        return count == 5 if count in (4, 5) else None
    return None
