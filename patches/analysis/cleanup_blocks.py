"""Blocks that end child processes and do nothing else."""

from __future__ import annotations

import ast

from .script import Key, Script, walk

__all__ = ["announcement", "clean_up_block", "ends_processes", "worker_lists"]

_ENDING = frozenset({"terminate", "kill"})
_HARMLESS = frozenset({"terminate", "kill", "join", "close", "is_alive", "wait", "is_running"})
_SPEECH = frozenset({"debug", "info", "warning", "warn", "error", "exception"})
_SENDS = frozenset({"os.kill"})
_OURSELVES = frozenset({"multiprocessing.current_process", "os.getpid"})
_AWAITS = frozenset({"psutil.wait_procs"})
_PAUSES = frozenset({"time.sleep"})


def worker_lists(script: Script) -> list[ast.Attribute]:
    """Uses of `envs.processes`, the processes of an AsyncVectorEnv."""
    return [
        node
        for node in script.names.order
        if isinstance(node, ast.Attribute) and node.attr == "processes" and script.is_receiver(node.value)
    ]


def clean_up_block(script: Script, children: ast.expr) -> list[ast.stmt] | None:
    """The statements that a clean-up consists of; None where they do anything else.

    Args:
        script: The script.
        children: A call of `active_children()` or of `psutil.Process().children(...)`, or `envs.processes`.
    """
    source = _listed(script, children)
    statement = script.names.statement(children)
    if isinstance(statement, ast.While):
        return [statement] if _goes_on_while(script, statement, source) else None
    if isinstance(statement, ast.For) and statement.iter is source:
        block: list[ast.stmt] = [statement]
    elif isinstance(statement, ast.Expr) and _is_comprehension_over(statement.value, source):
        return [statement] if script.stands_alone(statement) else None
    elif isinstance(statement, ast.Assign) and statement.value is source and len(statement.targets) == 1:
        block = _loops_over(script, statement)
    else:
        return None
    loops = [loop for loop in block if isinstance(loop, ast.For)]
    silent = all(not _said_first(loop) for loop in loops[1:])
    if not silent or not ends_processes(script, *loops):
        return None
    if not all(_only_ends_processes(script, loop) for loop in loops):
        return None
    return block if script.stands_alone(*block) else None


def _goes_on_while(script: Script, loop: ast.While, source: ast.expr) -> bool:
    """True for `while active_children():` around nothing but loops over the same list that end it, and pauses."""
    test = loop.test
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Gt | ast.NotEq):
        test = test.left if _is_zero(test.comparators[0]) else test
    if isinstance(test, ast.Call) and isinstance(test.func, ast.Name) and test.func.id == "len":
        test = test.args[0] if test.args else test
    same = test is source and not loop.orelse and script.stands_alone(loop)
    parts = [_ends_or_pauses(script, statement, source) for statement in loop.body]
    return same and all(parts) and ends_processes(script, *loop.body)


def _is_zero(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value == 0


def _ends_or_pauses(script: Script, statement: ast.stmt, source: ast.expr) -> bool:
    if isinstance(statement, ast.For):
        over = statement.iter
        if isinstance(over, ast.Call) and getattr(over.func, "id", "") in {"list", "tuple"} and over.args:
            over = over.args[0]
        silent = not _said_first(statement)
        return ast.dump(over) == ast.dump(source) and silent and _only_ends_processes(script, statement)
    value = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(value, ast.Call) and bool(script.names.origins(value.func) & _PAUSES)


def ends_processes(script: Script, *roots: ast.AST) -> bool:
    """True where anything under some nodes ends a process."""
    return any(
        (isinstance(node, ast.Attribute) and node.attr in _ENDING)
        or (isinstance(node, ast.Call) and bool(script.names.origins(node.func) & _SENDS))
        for node in walk(*roots)
    )


def announcement(script: Script, loop: ast.stmt) -> str:
    """What a loop says of each process before it ends it, as a loop of its own; empty where it says nothing.

    Args:
        script: The script.
        loop: The first statement of a clean-up block.
    """
    if not isinstance(loop, ast.For) or not (said := _said_first(loop)):
        return ""
    lines = [f"for {script.text(loop.target)} in {script.text(loop.iter)}:"]
    lines += [f"    {script.text(statement)}" for statement in said]
    return "".join(f"{line}\n" for line in lines)


def _said_first(loop: ast.For) -> list[ast.stmt]:
    """Messages at the head of a loop, each on one line."""
    said: list[ast.stmt] = []
    for statement in loop.body:
        if not _is_message(statement) or statement.lineno != statement.end_lineno:
            break
        said.append(statement)
    return said


def _listed(script: Script, call: ast.expr) -> ast.expr:
    """`list(active_children())` for `active_children()`, where it is copied on the spot."""
    parent = script.names.parents[call]
    is_copy = isinstance(parent, ast.Call) and isinstance(parent.func, ast.Name) and len(parent.args) == 1
    if is_copy and isinstance(parent, ast.Call) and getattr(parent.func, "id", "") in {"list", "tuple"}:
        return parent
    return call


def _is_comprehension_over(value: ast.expr, source: ast.expr) -> bool:
    """True for `[p.terminate() for p in active_children()]`."""
    if not isinstance(value, ast.ListComp) or len(value.generators) != 1:
        return False
    (loop,) = value.generators
    plain = loop.iter is source and not loop.ifs and isinstance(loop.target, ast.Name)
    ends = isinstance(value.elt, ast.Call) and isinstance(value.elt.func, ast.Attribute)
    return (
        plain
        and ends
        and isinstance(loop.target, ast.Name)
        and _is_child_call(value.elt, loop.target.id)
        and any(isinstance(node, ast.Attribute) and node.attr in _ENDING for node in walk(value.elt))
    )


def _loops_over(script: Script, assignment: ast.Assign) -> list[ast.stmt]:
    """`children = active_children()` with the loops over it; without it where the list is counted before.

    Empty where the list is used after the loops or between them.
    """
    key = script.key(assignment.targets[0])
    if key is None:
        return []
    uses = _uses(script, {key})
    first = next((n for n in uses if isinstance(script.names.parents[n], ast.For)), None)
    start = script.names.statement(first) if first is not None else None
    if start is None or not _is_reached_from(script, assignment, start):
        return []
    loops, keys = _consecutive_loops(script, start, key)
    begin, end = script.span(loops[0]).start, script.span(loops[-1]).end if loops else 0
    before = [n for n in uses if script.span(n).start < begin and isinstance(n.ctx, ast.Load)]
    stored = [n for n in uses if isinstance(n.ctx, ast.Store)]
    if len(stored) > 1 or any(script.span(n).start >= end for n in _uses(script, keys)):
        return []
    block = script.names.block(assignment)
    follows = block is script.names.block(start) and block.index(start) == block.index(assignment) + 1
    needed = bool(before or (isinstance(loops[0], ast.For) and _said_first(loops[0])))
    return [*loops] if needed or not follows else [assignment, *loops]


def _uses(script: Script, keys: set[Key]) -> list[ast.Name]:
    return [n for n in script.names.order if isinstance(n, ast.Name) and script.key(n) in keys]


def _is_reached_from(script: Script, assignment: ast.Assign, loop: ast.stmt) -> bool:
    """True where a loop stands below an assignment, in its block or in an `if` of it."""
    block = script.names.block(assignment)
    while not any(loop is statement for statement in block):
        parent = script.names.parents[loop]
        if not isinstance(parent, ast.If):
            return False
        loop = parent
    return script.span(assignment).end <= script.span(loop).start


def _consecutive_loops(script: Script, start: ast.stmt, key: Key) -> tuple[list[ast.stmt], set[Key]]:
    """Loops over a list one after the other, and `gone, alive = psutil.wait_procs(list)` with loops over these."""
    block, keys = script.names.block(start), {key}
    found: list[ast.stmt] = []
    for statement in block[block.index(start) :]:
        awaited = _awaited(script, statement, keys)
        if not (isinstance(statement, ast.For) and script.key(statement.iter) in keys) and awaited is None:
            break
        keys |= awaited or set()
        found.append(statement)
    return found, keys


def _awaited(script: Script, statement: ast.stmt, keys: set[Key]) -> set[Key] | None:
    """The variables that a call of `psutil.wait_procs` fills; None for any other statement."""
    value = statement.value if isinstance(statement, ast.Assign | ast.Expr) else None
    if not isinstance(value, ast.Call) or not script.names.origins(value.func) & _AWAITS:
        return None
    reacts = any(keyword.arg != "timeout" for keyword in value.keywords)
    if reacts or not value.args or script.key(value.args[0]) not in keys:
        return None
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    names = [node for node in walk(*targets) if isinstance(node, ast.Name) and node.id != "_"]
    return {found for node in names if (found := script.key(node)) is not None}


def _only_ends_processes(script: Script, loop: ast.For) -> bool:
    if not isinstance(loop.target, ast.Name) or loop.orelse:
        return False
    body = loop.body[len(_said_first(loop)) :]
    return _all_harmless(script, body, loop.target.id)


def _all_harmless(script: Script, body: list[ast.stmt], child: str) -> bool:
    return all(_is_harmless(script, statement, child) for statement in body)


def _is_harmless(script: Script, statement: ast.stmt, child: str) -> bool:
    """True for a statement that only ends, awaits or asks after the child process."""
    if isinstance(statement, ast.Pass | ast.Continue):
        return True
    if isinstance(statement, ast.Expr):
        value = statement.value
        return _is_child_call(value, child) or isinstance(value, ast.Constant) or _sends(script, value, child)
    if isinstance(statement, ast.If):
        parts = [*statement.body, *statement.orelse]
        asks = _is_child_call(statement.test, child) or _is_another(script, statement, child)
        return asks and _all_harmless(script, parts, child)
    if isinstance(statement, ast.Try):
        handled = [s for handler in statement.handlers for s in handler.body if not _is_message(s)]
        parts = [*statement.body, *handled, *statement.orelse, *statement.finalbody]
        return _all_harmless(script, parts, child)
    return False


def _is_another(script: Script, statement: ast.If, child: str) -> bool:
    """True for `if child is not current_process():` and `if child.pid != os.getpid():`, which always hold."""
    test = statement.test
    if (
        not isinstance(test, ast.Compare)
        or not isinstance(test.ops[0], ast.IsNot | ast.NotEq)
        or statement.orelse
    ):
        return False
    sides = [test.left, *test.comparators]
    ours = [s for s in sides if any(_is_ourselves(script, node) for node in walk(s))]
    theirs = [s for s in sides if any(isinstance(n, ast.Name) and n.id == child for n in walk(s))]
    return len(sides) == 2 and len(ours) == 1 and len(theirs) == 1


def _is_ourselves(script: Script, node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and bool(script.names.origins(node.func) & _OURSELVES)


def _sends(script: Script, value: ast.expr, child: str) -> bool:
    """True for `os.kill(child.pid, signal.SIGKILL)`."""
    return (
        isinstance(value, ast.Call)
        and bool(script.names.origins(value.func) & _SENDS)
        and len(value.args) == 2
        and isinstance(value.args[0], ast.Attribute)
        and isinstance(value.args[0].value, ast.Name)
        and value.args[0].value.id == child
    )


def _is_message(statement: ast.stmt) -> bool:
    """True for `print(...)` and `logger.warning(...)`."""
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
        return False
    function = statement.value.func
    if isinstance(function, ast.Attribute):
        return function.attr in _SPEECH
    return isinstance(function, ast.Name) and function.id == "print"


def _is_child_call(value: ast.expr, child: str) -> bool:
    if isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not):
        value = value.operand
    return (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Attribute)
        and isinstance(value.func.value, ast.Name)
        and value.func.value.id == child
        and value.func.attr in _HARMLESS
    )
