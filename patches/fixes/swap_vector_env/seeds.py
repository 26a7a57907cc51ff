"""Old gym's `envs.seed(0)`: the pool has none, as Gymnasium seeds with the reset that follows."""

from __future__ import annotations

import ast

from ...analysis.script import Script, walk

__all__ = ["seeded_resets", "unplaced_seeds"]


def seeded_resets(script: Script) -> dict[ast.Call, ast.Call]:
    """The `seed()` that each reset can take the place of: both stand in one block, with no reset between."""
    found: dict[ast.Call, ast.Call] = {}
    for seed in script.calls("seed"):
        reset = _next_reset(script, seed)
        if reset is not None and reset not in found:
            found[reset] = seed
    return found


def unplaced_seeds(script: Script) -> list[ast.Call]:
    """Calls of `seed()` that no reset can take the place of."""
    placed = set(seeded_resets(script).values())
    return [seed for seed in script.calls("seed") if seed not in placed]


def _next_reset(script: Script, seed: ast.Call) -> ast.Call | None:
    statement = script.names.parents[seed]
    is_plain = isinstance(statement, ast.Expr) and len(seed.args) == 1 and not seed.keywords
    if not is_plain or not isinstance(statement, ast.Expr) or not script.stands_alone(statement):
        return None
    block = script.names.block(statement)
    resets = set(script.calls("reset"))
    for later in block[block.index(statement) + 1 :]:
        found = [node for node in walk(later) if node in resets]
        if found:
            return _fitting(script, seed, found[0], later)
    return None


def _fitting(script: Script, seed: ast.Call, reset: ast.AST, statement: ast.stmt) -> ast.Call | None:
    """The reset, where it is one of the same environments, has no arguments and always runs."""
    if not isinstance(reset, ast.Call) or reset.args or reset.keywords or hasattr(statement, "body"):
        return None
    assert isinstance(reset.func, ast.Attribute)
    assert isinstance(seed.func, ast.Attribute)
    return reset if script.key(reset.func.value) == script.key(seed.func.value) else None
