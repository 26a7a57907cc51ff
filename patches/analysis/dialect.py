"""Which Gym dialect a script speaks, read from how it unpacks `reset()` and `step()`, and what the swap owes it.

    dialect                 step    reset        after the end of an episode      last observation
    gym before 0.26         4       obs          resets within the same step      infos (a list of dicts)
    gym 0.26                5       obs, infos   resets within the same step      infos["final_observation"]
    gymnasium before 1.0    5       obs, infos   resets within the same step      infos["final_observation"]
    gymnasium 1.x           5       obs, infos   resets in the next step          infos["final_obs"]

The pool speaks the last one, and does the others' autoreset when it is asked to (`autoreset_mode="SameStep"`).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from ..syntax.edits import Diagnostic, Edit, Insert, ReplaceExpression
from .reset_results import is_taken_whole, is_whole_expression
from .script import Script
from .step_results import StepResults, elements

__all__ = ["GymDialect"]

_RENAMED = {"final_observation": "final_obs", "_final_observation": "_final_obs"}


@dataclass(frozen=True)
class GymDialect:
    """The dialect of one script.

    Attributes:
        script: The script.
        fix: The fix that asks, for its findings.
    """

    script: Script
    fix: str

    @cached_property
    def _steps(self) -> StepResults:
        return StepResults(self.script)

    @cached_property
    def is_four(self) -> bool:
        """True where steps are unpacked into four values."""
        return 4 in self._steps.arities

    @cached_property
    def old_keys(self) -> list[ast.Constant]:
        """Places that read `infos["final_observation"]` or its mask."""
        return [node for node in _info_keys(self.script) if node.value in _RENAMED]

    @cached_property
    def same_step(self) -> bool:
        """True where the script was written for environments that reset within the step that ends an episode."""
        return bool(self.old_keys) or self._is_gym

    @cached_property
    def _is_gym(self) -> bool:
        """True where the class comes from old gym, and from nowhere else."""
        origins = {origin for node in self.script.references for origin in self.script.names.origins(node)}
        made = (maker.is_gym for maker in self.script.makers)
        return all(origin.startswith("gym.") for origin in origins) and all(made)

    def refusals(self) -> Iterator[Diagnostic]:
        """Why the script cannot be carried over."""
        yield from self._step_refusals()
        yield from self._reset_refusals()
        for node in _info_keys(self.script):
            if node.value == "final_info" and _is_read_as_list(self.script, node):
                message = "final_info was a list of dicts before Gymnasium 1.0 and is a dict of arrays since"
                yield self._refusal("final-info", node, message, 'read infos["final_info"][key][i] instead')

    def _step_refusals(self) -> Iterator[Diagnostic]:
        mixed = self._steps.arities == {4, 5}
        for call in self._steps.calls:
            arity = self._steps.arity(call)
            if arity not in (None, 4, 5) or (self.is_four and (mixed or not self._is_gym)):
                count = arity or 4
                message = f"the step is unpacked into {count} values; the pool returns Gymnasium's 5"
                hint = "unpack observations, rewards, terminations, truncations, infos"
                yield self._refusal("step-unpacking", call, message, hint)
            elif self._is_gym and not (self._steps.is_followed(call) and self._stand_alone):
                message = "gym returned four values or five, and where this step is unpacked is not clear"
                hint = "unpack every step where it is taken, on a line of its own"
                yield self._refusal("step-unpacking", call, message, hint)
        if self.is_four:
            yield from self._old_api_refusals()

    @cached_property
    def _stand_alone(self) -> bool:
        """True where every line that would have to be rewritten has one statement."""
        return not self.is_four or self.script.stands_alone(*self._steps.statements)

    def _old_api_refusals(self) -> Iterator[Diagnostic]:
        for call in self.script.calls("seed"):
            message = "the pool has no seed(); Gymnasium seeds with the reset"
            yield self._refusal("seed-method", call, message, "pass the seed to the first reset(seed=...)")
        for node in _infos_as_list(self.script, self._steps.statements):
            message = (
                "infos is read as a list with one entry per environment; the pool returns a dict of arrays"
            )
            yield self._refusal("infos-list", node, message, "read infos[key][i] instead of infos[i][key]")

    def _reset_refusals(self) -> Iterator[Diagnostic]:
        for call in self.script.calls("reset", "reset_wait"):
            if 5 in self._steps.arities and is_taken_whole(self.script, call):
                message = "the reset is taken as one value, but the step is unpacked into Gymnasium's five"
                hint = "unpack the reset as well: observations, infos = envs.reset()"
                yield self._refusal("reset-contradicts-step", call, message, hint)
            elif self.is_four and not is_whole_expression(self.script, call):
                message = "the reset is unpacked as Gymnasium's pair, but the step into gym's four values"
                hint = "unpack observations, rewards, terminations, truncations, infos from the step"
                yield self._refusal("reset-contradicts-step", call, message, hint)

    def _refusal(self, code: str, node: ast.expr, message: str, hint: str) -> Diagnostic:
        return Diagnostic(self.fix, "refused", code, self.script.position(node), message, hint)

    def edits(self) -> Iterator[Edit]:
        """What the script's own lines need to speak the pool's dialect."""
        for node in self.old_keys:
            new = _RENAMED[str(node.value)]
            message = f"{node.value!r} is called {new!r} since Gymnasium 1.0"
            code = ReplaceExpression(self.script.span(node), f'"{new}"')
            yield Edit(self.fix, self.script.position(node), message, (code,))
        if self.is_four:
            yield from self._four_to_five()

    def _four_to_five(self) -> Iterator[Edit]:
        script = self.script
        terminated, truncated = _free(script, "terminated"), _free(script, "truncated")
        for statement in self._steps.statements:
            done = elements(statement)[2]
            text = script.text(done)
            both = ReplaceExpression(
                script.span(done), "_, _" if text == "_" else f"{terminated}, {truncated}"
            )
            joined = Insert(script.span(statement), f"{text} = {terminated} | {truncated}")
            operations = (both,) if text == "_" else (both, joined)
            yield Edit(self.fix, script.position(done), "the step has five values", operations)
        for call in script.calls("reset", "reset_wait"):
            whole = ReplaceExpression(script.span(call), f"{script.text(call)}[0]")
            yield Edit(self.fix, script.position(call), "the reset returns observations and infos", (whole,))


def _info_keys(script: Script) -> Iterator[ast.Constant]:
    """String constants that look something up: `x["key"]`, `"key" in x`, `x.get("key")`."""
    for node in script.names.order:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "final" in node.value:
            parent = script.names.parents[node]
            is_get = isinstance(parent, ast.Call) and isinstance(parent.func, ast.Attribute)
            if isinstance(parent, ast.Subscript | ast.Compare) or is_get:
                yield node


def _infos_as_list(script: Script, unpackings: list[ast.Assign]) -> Iterator[ast.expr]:
    """Uses of a step's infos by position: `infos[i]`, `for info in infos`."""
    keys = {script.key(elements(statement)[-1]) for statement in unpackings} - {None}
    for node in script.names.order:
        if isinstance(node, ast.Name) and script.key(node) in keys and _is_listed(script, node):
            yield node


def _is_listed(script: Script, node: ast.expr) -> bool:
    """True for `x` in `x[i]`, `for y in x`, `for i, y in enumerate(x)`."""
    parent = script.names.parents[node]
    if isinstance(parent, ast.Subscript):
        return parent.value is node and not _is_text(parent.slice)
    if isinstance(parent, ast.Call) and node in parent.args:
        is_wrapped = isinstance(parent.func, ast.Name) and parent.func.id in {"enumerate", "zip"}
        node, parent = parent, script.names.parents[parent]
        return is_wrapped and isinstance(parent, ast.For | ast.comprehension) and parent.iter is node
    return isinstance(parent, ast.For | ast.comprehension) and parent.iter is node


def _is_read_as_list(script: Script, key: ast.Constant) -> bool:
    """True where what a key looks up, or the variable that it is assigned to, is used as a list."""
    looked_up = script.names.parents[key]
    if not isinstance(looked_up, ast.Subscript | ast.Call):
        return False
    if _is_listed(script, looked_up):
        return True
    statement = script.names.parents[looked_up]
    held = script.key(statement.targets[0]) if isinstance(statement, ast.Assign) else None
    uses = (
        n
        for n in script.names.order
        if isinstance(n, ast.Name) and held is not None and script.key(n) == held
    )
    return any(_is_listed(script, use) for use in uses)


def _is_text(index: ast.expr) -> bool:
    return isinstance(index, ast.Constant) and isinstance(index.value, str)


def _free(script: Script, name: str) -> str:
    candidates = (name, *(f"{name}_{number}" for number in range(2, 1000)))
    return next(candidate for candidate in candidates if not script.names.is_taken(candidate))
