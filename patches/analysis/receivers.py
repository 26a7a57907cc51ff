"""How a function names the environments that a call steps or resets."""

from __future__ import annotations

import ast

from .episode_loops import step_helpers
from .script import Script, walk

__all__ = ["environments", "held", "receiver_in_scope"]


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
