"""How a function names the environments that a call steps or resets, and what such a name may hold besides."""

from __future__ import annotations

import ast

from ..syntax.callees import pair_arguments
from .episode_loops import step_helpers
from .script import Script, walk

__all__ = ["environments", "held", "other_values", "receiver_in_scope"]


def held(script: Script, node: ast.AST) -> set[ast.Call]:
    """Where the environments that an expression holds are made."""
    return {value.call for value in script.values.of(node) if value.is_env}


def environments(script: Script, event: ast.Call) -> set[ast.Call]:
    """Where the environments are made that a call steps, itself or in a helper."""
    found: set[ast.Call] = set()
    for call in [*script.calls("step", "step_async", "step_wait"), *script.submitted("step")]:
        if call is event or _is_run_by(script, call, event):
            found |= {made for node in walk(call) for made in held(script, node)}
    return found


def _is_run_by(script: Script, step: ast.Call, event: ast.Call) -> bool:
    """True where a call runs a helper, through others perhaps, that takes a step."""
    waiting, seen = [step], set[ast.Call]()
    while waiting:
        call = waiting.pop()
        if call is event:
            return True
        if call not in seen:
            seen.add(call)
            waiting += [c for helper in step_helpers(script, call) for c in script.callees.calls(helper)]
    return False


def receiver_in_scope(script: Script, event: ast.Call, near: ast.stmt) -> str | None:
    """The name that the environments of a call have in the function of another statement.

    Args:
        script: The script.
        event: A call that steps environments, itself or in a helper.
        near: The statement; names that it reads itself come first.
    """
    stepped = environments(script, event)
    home = script.names.function(near)
    for root in (near, home or script.tree):
        for node in walk(root):
            if not isinstance(node, ast.Name | ast.Attribute) or not isinstance(node.ctx, ast.Load):
                continue
            if script.names.function(node) is home and stepped & held(script, node):
                return script.text(node)
    return None


def other_values(script: Script, expression: ast.expr) -> list[ast.expr | ast.stmt]:
    """What a receiver may hold besides vector environments that become the pool: statements that bind it.

    Args:
        script: The script.
        expression: A variable for which `Script.is_receiver` holds.
    """
    if isinstance(expression, ast.Name):
        bound = script.flow.definitions(expression)
        given = [
            other for node in bound if isinstance(node, ast.arg) for other in _other_arguments(script, node)
        ]
        if given:
            return given
    else:
        key = script.key(expression)
        bound = list(script.keys.stores(key)) if key is not None else []
    branches = [other for node in bound for other in _other_branches(script, node)]
    if branches:
        return branches
    found = (node for node in bound if not any(value.is_env for value in script.values.given(node)))
    return [script.names.statement(node) for node in found if not _binds_none(script.names.statement(node))]


def _other_branches(script: Script, target: ast.AST) -> list[ast.expr | ast.stmt]:
    """What `a or b` and `a if c else b` may give a target besides environments that become the pool."""
    statement = script.names.statement(target) if isinstance(target, ast.expr) else None
    value = statement.value if isinstance(statement, ast.Assign | ast.AnnAssign) else None
    parts = value.values if isinstance(value, ast.BoolOp) else []
    parts = [value.body, value.orelse] if isinstance(value, ast.IfExp) else parts
    if isinstance(value, ast.Call) and (function := script.called_function(value)) is not None:
        return _other_results(script, function)
    plain = [part for part in parts if not script.values.of(part) and not isinstance(part, ast.Constant)]
    return [*plain] if len(plain) < len(parts) else []


def _other_results(script: Script, function: ast.AST) -> list[ast.expr | ast.stmt]:
    """What a function returns besides environments that become the pool; one that returns tuples is not asked."""
    returns = [
        node.value for node in walk(function) if isinstance(node, ast.Return) and node.value is not None
    ]
    found: list[ast.expr | ast.stmt] = []
    for value in returns:
        if script.is_receiver(value):
            found += other_values(script, value) if isinstance(value, ast.Name) else []
        elif not isinstance(value, ast.Tuple | ast.Constant):
            found.append(value)
    return found


def _other_arguments(script: Script, parameter: ast.arg) -> list[ast.expr | ast.stmt]:
    """What calls in the script pass for a parameter besides vector environments that become the pool."""
    function = script.names.function(parameter)
    if function is None:
        return []
    return [
        value
        for call in script.callees.calls(function)
        for name, value in pair_arguments(call, function)
        if name == parameter.arg and not script.is_receiver(value)
    ]


def _binds_none(statement: ast.stmt) -> bool:
    """True for `envs = None`."""
    return isinstance(statement, ast.Assign | ast.AnnAssign) and (
        statement.value is None
        or (isinstance(statement.value, ast.Constant) and statement.value.value is None)
    )
