"""Where the result of a vector step is taken apart: on the spot, from a variable, from a future, behind a helper."""

from __future__ import annotations

import ast
from functools import cached_property

from .episode_loops import step_helpers
from .script import Script, walk
from .transitions import Step, steps

__all__ = ["StepResults", "elements"]


class StepResults:
    """The steps of a script and the statements that unpack them.

    Args:
        script: The script.
    """

    def __init__(self, script: Script) -> None:
        self._script = script

    @cached_property
    def calls(self) -> list[ast.Call]:
        """Calls that step."""
        return [*self._script.calls("step", "step_wait"), *self._script.submitted("step")]

    @cached_property
    def _unpacked(self) -> list[Step]:
        return list(steps(self._script))

    @cached_property
    def statements(self) -> list[ast.Assign]:
        """Statements that unpack a step into four or five values, once each."""
        return list(dict.fromkeys(step.statement for step in self._unpacked))

    @cached_property
    def arities(self) -> set[int]:
        """Into how many values steps are unpacked, four or five."""
        return {len(elements(statement)) for statement in self.statements}

    def arity(self, call: ast.Call) -> int | None:
        """How many values a script unpacks from a step; None where it does not unpack in place."""
        statement = self._script.names.parents[call]
        if isinstance(statement, ast.Assign) and statement.value is call:
            found = elements(statement)
            if found and not any(isinstance(element, ast.Starred) for element in found):
                return len(found)
        return None

    def is_followed(self, call: ast.Call) -> bool:
        """True where all that becomes of a step's result is known: statements take it apart, or nobody reads it.

        Args:
            call: A step.
        """
        if isinstance(self._script.names.parents[call], ast.Expr):
            return True
        own = [step.statement for step in self._unpacked if step.call is call]
        if own:
            return self.arity(call) is not None or self._is_only_unpacked(call, own)
        return any(self._hands_result_on(function) for function in step_helpers(self._script, call))

    def _is_only_unpacked(self, call: ast.Call, unpackings: list[ast.Assign]) -> bool:
        """True where a variable that holds a result is read by the statements that unpack it alone."""
        holder = self._script.names.parents[call]
        key = self._script.key(holder.targets[0]) if isinstance(holder, ast.Assign) else None
        inside = set(walk(*(statement.value for statement in unpackings)))
        return key is not None and all(
            node in inside
            for node in self._script.names.order
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and self._script.key(node) == key
        )

    def _hands_result_on(self, function: ast.AST) -> bool:
        """True where every call of a function unpacks its result, and it returns no tuple of its own making."""
        unpacked = {step.call for step in self._unpacked}
        calls = [call for call in self._script.names.calls if self._script.called_function(call) is function]
        returns = (node.value for node in walk(function) if isinstance(node, ast.Return))
        makes_own = any(isinstance(value, ast.Tuple) for value in returns)
        return bool(calls) and not makes_own and all(call in unpacked for call in calls)


def elements(statement: ast.Assign) -> list[ast.expr]:
    """The targets of an unpacking assignment; empty for any other."""
    target = statement.targets[0]
    return target.elts if len(statement.targets) == 1 and isinstance(target, ast.Tuple | ast.List) else []
